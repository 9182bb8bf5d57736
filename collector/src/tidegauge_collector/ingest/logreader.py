"""The reading end of the frame log: entries of all log epochs in order, following the one that is being written."""

from pathlib import Path

from tidegauge.spool.directory import list_epochs
from tidegauge.spool.reader import SpoolReader
from tidegauge.spool.record import Hole, Record
from tidegauge_collector.ingest.framelog import MIB, LogEntry, LogPosition, decode_entry


class LogReader:
    """Reads behind a position. Two counters tell of damage: `lost_records` (gone from the disk), `strange_records` (not entries)."""

    def __init__(self, directory: Path, after: LogPosition | None = None) -> None:
        self._directory = directory
        self._after = after or LogPosition(b"", 0)
        self._reader: SpoolReader | None = None
        self._log_epoch = b""
        self.lost_records = 0
        self.strange_records = 0

    def read(self, max_bytes: int = 4 * MIB) -> list[tuple[LogPosition, LogEntry]]:
        """Return the next entries, about `max_bytes` of them; an empty list says that there is nothing new for now."""
        while self._reader is not None or self._open_next():
            assert self._reader is not None  # noqa: S101  _open_next says so
            found = self._reader.read(max_bytes=max_bytes)
            entries = [pair for item in found if (pair := self._entry(item))]
            if entries:
                return entries
            if not found:
                if not (self._reader.finished and self._has_next()):
                    return []
                self._reader = None
        return []

    def _entry(self, item: Record | Hole) -> tuple[LogPosition, LogEntry] | None:
        if isinstance(item, Hole):
            self.lost_records += item.last_seq - item.first_seq + 1
            self._after = LogPosition(self._log_epoch, item.last_seq)
            return None
        self._after = LogPosition(self._log_epoch, item.seq)
        entry = decode_entry(item.payload)
        if entry is None:
            self.strange_records += 1
            return None
        return self._after, entry

    def _has_next(self) -> bool:
        return any(epoch.epoch.bytes > self._log_epoch for epoch in list_epochs(self._directory))

    def _open_next(self) -> bool:
        """Open the first log epoch that is not done: the one of the position, else the next after it."""
        wanted, done = self._after.log_epoch, self._log_epoch
        for epoch in list_epochs(self._directory):
            name = epoch.epoch.bytes
            if name >= wanted and name > done:
                after_seq = self._after.log_seq if name == wanted else 0
                self._reader, self._log_epoch = SpoolReader(epoch.path, after_seq=after_seq), name
                return True
        return False
