"""Reads epochs as a shipper would, and leaves everything as it is: no copy to the quarantine, no position, no lock."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tidegauge.spool import Hole, Record, SpoolReader, list_epochs, read_position
from tidegauge.spool.epoch import epoch_of
from tidegauge.spool.quarantine import Quarantine
from tidegauge.spool.segment import list_segments

LOST = frozenset({"corrupt", "missing"})
"""Reasons of holes that nobody decided: what is gone without having been dropped."""


@dataclass(frozen=True, slots=True)
class DamagedBytes:
    """A byte range [start, end) of a segment file that holds no valid record."""

    path: Path
    start: int
    end: int


class _Notes(Quarantine):
    """Remembers where damage was met instead of keeping copies."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory.parent)
        self._epoch_directory = directory
        self.damaged: list[DamagedBytes] = []

    def keep(self, name: str, source: int, start: int, end: int) -> None:  # noqa: ARG002 - nothing is copied
        stem = name.removeprefix(f"{self._epoch_directory.name}-").rpartition("-")[0]
        found = (self._epoch_directory / f"{stem}{suffix}" for suffix in (".seg", ".open"))
        path = next((one for one in found if one.exists()), self._epoch_directory)
        self.damaged.append(DamagedBytes(path, start, end))


class EpochLook:
    """One reading of an epoch directory; `damaged` and `reader.counters` say what was met on the way."""

    def __init__(self, directory: Path, *, after_seq: int) -> None:
        self.reader = SpoolReader(directory, after_seq=after_seq)
        self._notes = _Notes(directory)
        self.reader.quarantine = self._notes

    @property
    def damaged(self) -> list[DamagedBytes]:
        """The damaged ranges that were passed so far."""
        return self._notes.damaged

    def items(self) -> Iterator[Record | Hole]:
        """What is there, in order, up to what is durable now; call it again for what has come since."""
        while found := self.reader.read():
            yield from found


def first_seq_on_disk(directory: Path, epoch: uuid.UUID) -> int:
    """The number that the oldest segment begins with, 0 where that is not known."""
    headers = (segment.header() for segment in list_segments(directory))
    return next((header.first_seq for header in headers if header and header.epoch == epoch), 0)


def unacknowledged(directory: Path) -> EpochLook:
    """A reading of what a shipper would still send."""
    return EpochLook(directory, after_seq=read_position(directory).acknowledged_seq)


def roots_in(spool: Path) -> list[Path]:
    """The spool roots in a spool directory: what names a collector or holds an epoch. Links are passed over."""
    if not spool.is_dir():
        return []
    return sorted(path for path in spool.iterdir() if path.is_dir() and not path.is_symlink() and is_root(path))


def is_root(path: Path) -> bool:
    """Say whether a directory is a spool root."""
    return (path / "collector.json").is_file() or any(epoch_of(entry.name) for entry in path.iterdir())


def epochs_in(root: Path) -> list[Path]:
    """The epoch directories of a root, oldest first. Raises SpoolError where the root is a link."""
    return [epoch.path for epoch in list_epochs(root)]
