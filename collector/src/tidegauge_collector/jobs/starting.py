"""What the intake knows when it begins: the marks of everything durable, and how much of it waits to be folded."""

from pathlib import Path

from tidegauge_collector.ingest.framelog import LogPosition
from tidegauge_collector.ingest.logreader import LogReader
from tidegauge_collector.ingest.marks import Marks
from tidegauge_collector.telemetry.extent import log_position, marks
from tidegauge_collector.telemetry.store import TelemetryStore


def marks_at_start(telemetry: TelemetryStore, log_directory: Path) -> tuple[Marks, int]:
    """Marks of what is folded and of what lies in the log behind it; the bytes of the latter."""
    done = log_position(telemetry)
    reader = LogReader(log_directory, LogPosition(done.log_epoch, done.log_seq) if done is not None else None)
    found = Marks({epoch: one.mark for epoch, one in marks(telemetry).items()})
    unfolded_bytes = 0
    while pairs := reader.read():
        for _, entry in pairs:
            unfolded_bytes += len(entry.frame)
            found.advance(entry.epoch, entry.last_seq)
            if entry.closed:
                found.close(entry.epoch)
    return found, unfolded_bytes
