"""A real collector's intake in a thread: gRPC on a port, a frame log on disk; it can be ended and begun again."""

import asyncio
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Self

from tidegauge_collector.ingest.framelog import NO_FRAME, FrameLog, LogEntry
from tidegauge_collector.ingest.grpcserver import start_grpc
from tidegauge_collector.ingest.logreader import LogReader
from tidegauge_collector.ingest.marks import Marks
from tidegauge_collector.ingest.service import TelemetryService


class Intake:
    """Takes frames in and keeps them; its marks come from the log alone, as after a restart."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="intake")
        self.port = 0

    def __enter__(self) -> Self:
        self._thread.start()
        self._wait(self._begin())
        return self

    def __exit__(self, *_: object) -> None:
        self._wait(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def address(self) -> str:
        """Where agents ship to."""
        return f"grpc://127.0.0.1:{self.port}"

    def restart(self) -> None:
        """End it, whatever is under way, and begin again on the same port."""
        self._wait(self._end())
        self._wait(self._begin())

    def entries(self) -> list[LogEntry]:
        """What the log holds, each number once."""
        reader, marks, found = LogReader(self._directory / "log"), dict[bytes, int](), list[LogEntry]()
        while more := reader.read():
            for _, entry in more:
                if entry.kind != NO_FRAME and entry.first_seq > marks.get(entry.epoch, 0):
                    assert entry.first_seq == marks.get(entry.epoch, 0) + 1, "a hole in the log"
                    marks[entry.epoch] = entry.last_seq
                    found.append(entry)
        assert reader.lost_records == reader.strange_records == 0
        return found

    async def _begin(self) -> None:
        self._log = FrameLog(self._directory / "log", reserve_bytes=0)
        self._service = TelemetryService(
            self._log,
            Marks({}, self.entries()),
            quarantine=self._directory / "quarantine",
            configurations=lambda _known, _wanted: (0, []),
            on_frames=lambda: None,
            now_us=lambda: 0,
        )
        self._server, self.port = await start_grpc(self._service, "127.0.0.1", self.port)

    async def _end(self) -> None:
        await self._server.stop(None)
        self._service.close()
        self._log.close()

    def _wait(self, what: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(what, self._loop).result(120)
