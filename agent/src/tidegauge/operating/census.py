"""Counts what lies in a spool root: per epoch every number that was ever given, and what became of it."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tidegauge.errors import UsageError, WireError
from tidegauge.operating.looking import LOST, EpochLook, epochs_in
from tidegauge.shipper.carried import read_carried
from tidegauge.shipper.destination import Destination, read_destination
from tidegauge.shipper.lock import Holder, is_held, read_holder
from tidegauge.shipper.status import ShipperStatus, read_status
from tidegauge.spool import Hole, Record, read_position
from tidegauge.spool.directory import read_epoch_directory
from tidegauge.spool.holes import HoleJournal
from tidegauge.spool.lock import WriterState, writer_state
from tidegauge.spool.quarantine import QUARANTINE_NAME
from tidegauge.wire.codec import decode_frame
from tidegauge.wire.kinds import FrameKind, frame_rows

TRIES = 5
Progress = Callable[[int], None]
"""Told of the bytes that were read since the last time."""


def no_progress(_: int) -> None:
    """Tell nobody."""


@dataclass(slots=True)
class Contents:
    """Frames and lost numbers that were met in a reading."""

    frames: Counter[str] = field(default_factory=Counter)  # by kind
    rows: Counter[str] = field(default_factory=Counter)  # by kind, as far as the frames tell
    frame_bytes: int = 0
    undecodable: int = 0
    oldest_us: int | None = None  # when the first frame was sealed
    holes: Counter[str] = field(default_factory=Counter)  # numbers by reason
    hole_rows: Counter[str] = field(default_factory=Counter)
    last_seq: int = 0

    def take(self, item: Record | Hole) -> None:
        """Count one more."""
        if isinstance(item, Hole):
            self.holes[item.reason] += item.last_seq - item.first_seq + 1
            self.hole_rows[item.reason] += item.rows
            self.last_seq = item.last_seq
        else:
            self._take_record(item)
            self.last_seq = item.seq

    def _take_record(self, record: Record) -> None:
        self.frame_bytes += len(record.payload)
        try:
            frame = decode_frame(record.payload)
        except WireError:
            self.undecodable += 1
            self.frames["unknown"] += 1
            return
        name = str(frame.WhichOneof("body"))
        self.frames[name] += 1
        self.rows[name] += frame_rows(frame)
        if self.oldest_us is None and frame.sealed_at_us:
            self.oldest_us = frame.sealed_at_us


@dataclass(frozen=True, slots=True)
class EpochCensus:
    """One epoch. `created` = `acknowledged` + `carried` + `spooled` + `dropped` + `quarantined`, or `unaccounted` is not 0."""

    epoch: str
    writer: str  # live, closed (ended well), orphan (died)
    segments: int
    size_bytes: int
    attempted_seq: int
    acknowledged_seq: int
    last_seq: int
    contents: Contents
    dropped: Mapping[str, int]  # numbers given up, by reason, also those told to the collector
    quarantined: int
    carried: int

    @property
    def spooled(self) -> int:
        """Frames that wait here."""
        return sum(self.contents.frames.values())

    @property
    def acknowledged(self) -> int:
        """Frames that the collector has acknowledged."""
        told = sum(self.dropped.values()) - sum(self.contents.holes.values())
        return self.acknowledged_seq - self.carried - told - self.quarantined

    @property
    def unaccounted(self) -> int:
        """Numbers of which nothing says where they are."""
        known = self.acknowledged + self.carried + self.spooled + sum(self.dropped.values()) + self.quarantined
        return self.last_seq - known

    @property
    def lost(self) -> int:
        """Numbers that wait to be reported as gone although nobody gave them up."""
        return sum(count for reason, count in self.contents.holes.items() if reason in LOST)


@dataclass(frozen=True, slots=True)
class RootCensus:
    """A spool root: its epochs, its shipper, its quarantine."""

    root: Path
    destination: Destination | None
    destination_problem: str | None  # why there is none
    holder: Holder | None  # who ships now
    status: ShipperStatus | None  # what a shipper last said
    epochs: tuple[EpochCensus, ...]
    quarantine_files: int
    quarantine_bytes: int

    @property
    def size_bytes(self) -> int:
        """Bytes of segments."""
        return sum(epoch.size_bytes for epoch in self.epochs)

    @property
    def spooled(self) -> int:
        """Frames that wait here."""
        return sum(epoch.spooled for epoch in self.epochs)


def take_root_census(root: Path, progress: Progress = no_progress) -> RootCensus:
    """Read a root; raises SpoolError where it is a link or written by a newer version, OSError where it cannot be read."""
    epochs = [found for path in epochs_in(root) if (found := take_census(path, progress)) is not None]
    quarantine = [entry for entry in _entries(root / QUARANTINE_NAME) if entry.is_file()]
    destination, problem = _destination(root)
    return RootCensus(
        root=root,
        destination=destination,
        destination_problem=problem,
        holder=read_holder(root) if is_held(root) else None,
        status=read_status(root),
        epochs=tuple(epochs),
        quarantine_files=len(quarantine),
        quarantine_bytes=sum(entry.stat().st_size for entry in quarantine),
    )


def _destination(root: Path) -> tuple[Destination | None, str | None]:
    try:
        return read_destination(root), None
    except UsageError as error:
        return None, str(error)


def take_census(directory: Path, progress: Progress = no_progress) -> EpochCensus | None:
    """Read an epoch directory; None where it has gone. Reads again where a shipper has deleted something meanwhile."""
    for _ in range(TRIES):
        state, position = writer_state(directory), read_position(directory)
        contents = _read(directory, position.acknowledged_seq, progress)
        if not directory.is_dir():
            return None
        has_moved = read_position(directory).acknowledged_seq != position.acknowledged_seq
        if not (has_moved and LOST & contents.holes.keys()):
            break
    epoch = read_epoch_directory(directory)
    carried = read_carried(directory.parent).get(directory.name)
    return EpochCensus(
        epoch=directory.name,
        writer=_writer(state),
        segments=len(epoch.segments),
        size_bytes=epoch.size_bytes,
        attempted_seq=position.attempted_seq,
        acknowledged_seq=position.acknowledged_seq,
        last_seq=max(contents.last_seq, position.acknowledged_seq, state.last_known_seq),
        contents=contents,
        dropped=contents.holes + _told_holes(directory, position.acknowledged_seq),
        quarantined=sum(1 for _ in _refused(directory, position.acknowledged_seq)),
        carried=min(carried.last_seq, position.acknowledged_seq) - carried.acknowledged_seq if carried else 0,
    )


def age_s(sealed_at_us: int | None, now_us: int | None = None) -> float | None:
    """Seconds since a frame was sealed."""
    if sealed_at_us is None:
        return None
    return ((time.time_ns() // 1_000 if now_us is None else now_us) - sealed_at_us) / 1e6


def _read(directory: Path, after_seq: int, progress: Progress) -> Contents:
    contents, counted = Contents(), 0
    for item in EpochLook(directory, after_seq=after_seq).items():
        contents.take(item)
        if contents.frame_bytes - counted > 1024 * 1024:
            progress(contents.frame_bytes - counted)
            counted = contents.frame_bytes
    progress(contents.frame_bytes - counted)
    return contents


def _writer(state: WriterState) -> str:
    if state.is_live:
        return "live"
    return "orphan" if state.closed_seq is None else "closed"


def _told_holes(directory: Path, acknowledged_seq: int) -> Counter[str]:
    """Numbers that were dropped, and of which the collector knows, by reason."""
    journal, told = HoleJournal(directory), Counter[str]()
    journal.refresh()
    for hole in journal.touching(1, acknowledged_seq):
        told[hole.reason] += min(hole.last_seq, acknowledged_seq) - hole.first_seq + 1
    return told


def _refused(directory: Path, acknowledged_seq: int) -> list[Path]:
    """Frames of an epoch that the collector refused, and that were reported as gaps since."""
    kept = (directory.parent / QUARANTINE_NAME).glob(f"{directory.name}-*.refused")
    numbered = ((path, path.stem.rpartition("-")[2]) for path in kept)
    return [path for path, number in numbered if number.isdecimal() and int(number) <= acknowledged_seq]


def _entries(directory: Path) -> list[Path]:
    return list(directory.iterdir()) if directory.is_dir() else []


KINDS = tuple(kind.name.lower() for kind in FrameKind)
