"""A collector's intake on a port, which a test can end and begin again, and whose arrivals it can wait for."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from tidegauge.shipper.lock import is_held, read_holder
from tidegauge.shipper.start import _is_shipper
from tidegauge.spool.writer import SpoolWriter
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.kinds import FrameKind
from tidegauge_collector.ingest.framelog import NO_FRAME, FrameLog, LogEntry
from tidegauge_collector.ingest.grpcserver import start_grpc
from tidegauge_collector.ingest.logreader import LogReader
from tidegauge_collector.ingest.marks import Marks
from tidegauge_collector.ingest.service import TelemetryService


class Lighthouse:
    """Ingest on a real port and a real log."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port = 0
        self._arrived = asyncio.Event()

    async def begin(self) -> None:
        self._log = FrameLog(self.directory / "log", reserve_bytes=0)
        self.marks = Marks({}, self.entries())
        self.service = TelemetryService(
            self._log,
            self.marks,
            quarantine=self.directory / "quarantine",
            configurations=lambda _known, _wanted: (0, []),
            on_frames=self._arrived.set,
            now_us=lambda: time.time_ns() // 1_000,
        )
        self._server, self.port = await start_grpc(self.service, "127.0.0.1", self.port)

    async def end(self) -> None:
        await self._server.stop(None)
        self.service.close()
        self._log.close()

    @property
    def address(self) -> str:
        return f"grpc://127.0.0.1:{self.port}"

    def entries(self) -> list[LogEntry]:
        reader, found = LogReader(self.directory / "log"), list[LogEntry]()
        while more := reader.read():
            found += [entry for _, entry in more]
        return found

    def frames(self, epoch: bytes) -> list[bytes]:
        return [one.frame for one in self.entries() if one.epoch == epoch and one.kind != NO_FRAME]

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Return when something is so; looks again whenever frames have come."""
        while not is_so():
            self._arrived.clear()
            async with asyncio.timeout(120):
                await self._arrived.wait()


@pytest.fixture
async def lighthouse(tmp_path: Path) -> AsyncIterator[Lighthouse]:
    lighthouse = Lighthouse(tmp_path / "collector")
    await lighthouse.begin()
    yield lighthouse
    await lighthouse.end()


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """A spool root; a shipper process that is left over at the end is killed."""
    root = tmp_path / "root"
    root.mkdir()
    yield root
    holder = read_holder(root)
    if holder and is_held(root) and holder.pid != os.getpid() and _is_shipper(holder.pid, root):
        os.kill(holder.pid, signal.SIGKILL)


def event(text: str) -> bytes:
    return pb.Frame(deployment="shop", event=pb.Event(name="note", text=text)).SerializeToString()


@pytest.fixture
def seal() -> Callable[..., list[bytes]]:
    """Seals events in a spool and returns their frames."""

    def seal(writer: SpoolWriter, *texts: str) -> list[bytes]:
        for text in texts:
            writer.append(FrameKind.EVENT, event(text))
        writer.commit()
        return [event(text) for text in texts]

    return seal
