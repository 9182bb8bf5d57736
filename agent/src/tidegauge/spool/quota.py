"""Keeps a spool root within its quota and its age limit.

What is acknowledged goes first; over the quota frames that were never attempted are merged into coarser ones, then the oldest
segments go. Each loss is journaled before its segment is deleted.
"""

import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from tidegauge.spool.crash_points import crash_here
from tidegauge.spool.directory import (
    EpochDirectory,
    delete_acknowledged,
    delete_segments,
    delete_void,
    last_seqs,
    list_epochs,
    read_epoch_directory,
    segment_records,
)
from tidegauge.spool.holes import HoleJournal, append_holes
from tidegauge.spool.lock import maintenance
from tidegauge.spool.merge import Merge, Merged, merge_epoch
from tidegauge.spool.position import Position, read_position
from tidegauge.spool.record import Hole, Record, hole_of
from tidegauge.spool.segment import Segment

REASON_QUOTA = "quota"
REASON_AGE = "age"
MERGES_AT_ONCE = 16  # segments tried in one call: it is made in a host's process
LOOK_EVERY_S = 3600.0
AGE_GRACE_S = 3600.0  # a process may be started before the clock is set: it lets shippers have their chance first
SECOND_NS = 1_000_000_000
RowsOf = Callable[[Record], int]


@dataclass(frozen=True, slots=True)
class Dropped:
    """A loss that the quota or the age limit caused, as it was journaled."""

    epoch: uuid.UUID
    hole: Hole


@dataclass(frozen=True, slots=True)
class Limits:
    """What a root may hold; None: any amount, any age. `rows_of` must not raise; without `merge` nothing is merged."""

    quota_bytes: int | None
    max_age_s: float | None
    rows_of: RowsOf
    merge: Merge | None = None


class Keeper:
    """Keeps a root within its limits, for the life of a writer. Raises OSError and SpoolError where the disk refuses.

    Ages are measured by the clock as it was at the start, and by the time that has run since: a step of the clock drops nothing.
    """

    def __init__(
        self,
        root: Path,
        limits: Limits,
        *,
        wall_ns: Callable[[], int] = time.time_ns,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._root = root
        self._limits = limits
        self._monotonic_s = monotonic_s
        self._began_ns, self._began_s = wall_ns(), monotonic_s()
        self._looked_s = float("-inf")
        self.merged = Merged()
        self.quota_rows = 0
        self.age_rows = 0

    def is_due(self) -> bool:
        """Say whether it is time to look, whatever was written."""
        return self._monotonic_s() - self._looked_s >= LOOK_EVERY_S

    def keep(self) -> None:
        """Merge and drop what is too much, drop what is too old."""
        limits, self._looked_s = self._limits, self._monotonic_s()
        running_s = self._looked_s - self._began_s
        if limits.max_age_s is not None and running_s >= AGE_GRACE_S:
            before_ns = self._began_ns + int((running_s - limits.max_age_s) * SECOND_NS)
            self.age_rows += _rows(drop_aged(self._root, before_ns, limits.rows_of))
        if limits.quota_bytes is not None:
            merged, dropped = keep_quota(self._root, limits.quota_bytes, limits.rows_of, merge=limits.merge)
            self.merged += merged
            self.quota_rows += _rows(dropped)


def _rows(dropped: list[Dropped]) -> int:
    return sum(loss.hole.rows for loss in dropped if loss.hole.reason in {REASON_QUOTA, REASON_AGE})


def drop_oldest(root: Path, quota_bytes: int, rows_of: RowsOf) -> list[Dropped]:
    """Bring the segments of a root below `quota_bytes` and return what was lost; nothing while another process is at it.

    `rows_of` counts the rows of a frame and must not raise. The segment that a living writer appends to stays. Raises OSError.
    """
    return keep_quota(root, quota_bytes, rows_of)[1]


def keep_quota(
    root: Path, quota_bytes: int, rows_of: RowsOf, *, merge: Merge | None = None
) -> tuple[Merged, list[Dropped]]:
    """The same, but merge before dropping; return also what was merged."""
    with maintenance(root, wait=False) as is_ours:
        epochs = list_epochs(root) if is_ours else []
        excess = sum(epoch.size_bytes for epoch in epochs) - quota_bytes
        if excess <= 0:
            return Merged(), []
        for epoch in epochs:
            excess -= delete_acknowledged(epoch, read_position(epoch.path).acknowledged_seq)
        merged = _merge_oldest(epochs, excess, merge) if merge and excess > 0 else Merged()
        return merged, _drop_until(epochs, excess - merged.freed_bytes, rows_of)


def drop_aged(root: Path, written_before_ns: int, rows_of: RowsOf) -> list[Dropped]:
    """Drop the segments last written before a time (nanoseconds since 1970) and return what was lost; see `drop_oldest`."""
    with maintenance(root, wait=False) as is_ours:
        dropped: list[Dropped] = []
        for epoch in list_epochs(root) if is_ours else []:
            delete_acknowledged(epoch, read_position(epoch.path).acknowledged_seq)
            fresh = read_epoch_directory(epoch.path)
            aged = list(takewhile(lambda pair: pair[0].written_ns() < written_before_ns, last_seqs(fresh)))
            holes = [hole for _, found in _drop_segments(fresh, aged, rows_of, REASON_AGE) for hole in found]
            dropped += [Dropped(epoch.epoch, hole) for hole in holes]
        return dropped


def _merge_oldest(epochs: list[EpochDirectory], excess: int, merge: Merge) -> Merged:
    total, left = Merged(), MERGES_AT_ONCE
    for epoch in epochs:
        if total.freed_bytes >= excess or not left:
            break
        done, tried = merge_epoch(read_epoch_directory(epoch.path), merge, excess - total.freed_bytes, left)
        total, left = total + done, left - tried
    return total


def _drop_until(epochs: list[EpochDirectory], excess: int, rows_of: RowsOf) -> list[Dropped]:
    """Drop the oldest segments until `excess` bytes are freed or only those being written are left."""
    dropped: list[Dropped] = []
    for epoch in epochs:
        if excess <= 0:
            break
        fresh = read_epoch_directory(epoch.path)
        for freed, holes in _drop_segments(fresh, last_seqs(fresh), rows_of, REASON_QUOTA):
            dropped += [Dropped(epoch.epoch, hole) for hole in holes]
            excess -= freed
            if excess <= 0:
                break
    return dropped


def _drop_segments(
    epoch: EpochDirectory, segments: list[tuple[Segment, int | None]], rows_of: RowsOf, reason: str
) -> Iterable[tuple[int, list[Hole]]]:
    """Drop segments of one epoch one after the other, oldest first; yield the bytes freed and the holes of each.

    The one that is being written, and those that cannot be judged, have no last number and stay.
    """
    position = read_position(epoch.path)
    journal = HoleJournal(epoch.path)
    journal.refresh()
    floor = position.acknowledged_seq  # up to here nothing is left to lose
    delete_void(epoch.path)
    for segment, last_seq in segments:
        if last_seq is None:
            continue
        header = segment.header()
        first_seq = max(floor + 1, header.first_seq if header else 0)
        records = segment_records(segment, epoch.epoch) or []
        parts = _not_in(journal.touching(first_seq, last_seq), first_seq, last_seq)
        holes = [hole for part in parts for hole in _holes_of(records, _Loss(part, position, reason), rows_of)]
        if holes:
            append_holes(epoch.path, epoch.epoch, holes)
        crash_here("quota.journaled")
        freed = delete_segments(epoch.path, [segment])
        crash_here("quota.deleted")
        floor = max(floor, last_seq)
        yield freed, holes


def _not_in(journaled: list[Hole], first_seq: int, last_seq: int) -> Iterable[range]:
    """The numbers from `first_seq` to `last_seq` whose loss is not told yet: a crash may have come before the deletion."""
    for hole in journaled:
        if first_seq < hole.first_seq:
            yield range(first_seq, hole.first_seq)
        first_seq = max(first_seq, hole.last_seq + 1)
    if first_seq <= last_seq:
        yield range(first_seq, last_seq + 1)


@dataclass(frozen=True, slots=True)
class _Loss:
    """Numbers that go, how far they were attempted, and why they go."""

    numbers: range
    position: Position
    reason: str


def _holes_of(records: list[Record], lost: _Loss, rows_of: RowsOf) -> list[Hole]:
    """Return the holes that the loss of a segment's records makes.

    A frame that was attempted gets its own hole, because the other side may already hold it: a reader then starts between
    holes, never within one. Holes that lie in the segment as records keep their reason.
    """
    holes: list[Hole] = []
    first, rows = lost.numbers.start, 0

    def end_run(last: int) -> None:
        nonlocal first, rows
        if first <= last:
            holes.append(Hole(first, last, lost.reason, rows))
        first, rows = max(first, last + 1), 0

    for record in records:
        if record.seq not in lost.numbers:
            continue
        earlier = hole_of(record)
        if earlier:
            end_run(earlier.first_seq - 1)
            holes.append(Hole(max(earlier.first_seq, first), earlier.last_seq, earlier.reason, earlier.rows))
            first = record.seq + 1
        elif record.seq <= lost.position.attempted_seq:
            end_run(record.seq - 1)
            rows = rows_of(record)
            end_run(record.seq)
        else:
            rows += rows_of(record)
    end_run(lost.numbers.stop - 1)
    return holes
