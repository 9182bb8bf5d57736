"""A collector that only takes frames in, and dies where it is told: `ingest_only.py DIR PORT [CRASH_POINT FRAMES]`.

Prints its port, then the number of entries in the log after each commit.
"""

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

from tidegauge_collector.ingest.framelog import FrameLog, LogEntry, LogPosition
from tidegauge_collector.ingest.grpcserver import start_grpc
from tidegauge_collector.ingest.logreader import LogReader
from tidegauge_collector.ingest.marks import Marks
from tidegauge_collector.ingest.service import TelemetryService


class MortalLog(FrameLog):
    """Kills its own process, as kill -9 does, when so many frames have been appended in its life."""

    def __init__(self, directory: Path, crash_point: str, frames: int) -> None:
        super().__init__(directory)
        self._crash_point = crash_point
        self._frames_left = frames

    def append(self, entry: LogEntry) -> LogPosition:
        self._frames_left -= 1
        return super().append(entry)

    def commit(self) -> LogPosition:
        self._crash_here("before commit")
        position = super().commit()
        self._crash_here("after commit, before the ack")
        print(position.log_seq, flush=True)
        return position

    def _crash_here(self, name: str) -> None:
        if name == self._crash_point and self._frames_left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)


async def main(directory: Path, port: int, crash_point: str, frames: int) -> None:
    reader, entries = LogReader(directory / "log"), list[LogEntry]()
    while more := reader.read():
        entries += [entry for _, entry in more]
    log = MortalLog(directory / "log", crash_point, frames)
    service = TelemetryService(
        log,
        Marks({}, entries),
        quarantine=directory / "quarantine",
        configurations=lambda _known, _wanted: (0, []),
        on_frames=lambda: None,
        now_us=lambda: time.time_ns() // 1_000,
    )
    _, bound = await start_grpc(service, "127.0.0.1", port)
    print(bound, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    crash = sys.argv[3:] or ["", "0"]
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), crash[0], int(crash[1])))
