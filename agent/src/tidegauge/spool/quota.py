"""Keeps a spool root within its quota: what is acknowledged goes first, then the oldest segments, each loss journaled."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tidegauge.spool.directory import (
    EpochDirectory,
    delete_acknowledged,
    delete_segments,
    last_seqs,
    list_epochs,
    read_epoch_directory,
    segment_records,
)
from tidegauge.spool.holes import HoleJournal, append_holes
from tidegauge.spool.lock import maintenance
from tidegauge.spool.position import Position, read_position
from tidegauge.spool.record import Hole, Record, hole_of
from tidegauge.spool.segment import Segment

REASON_QUOTA = "quota"


@dataclass(frozen=True, slots=True)
class Dropped:
    """A loss that the quota caused, as it was journaled."""

    epoch: uuid.UUID
    hole: Hole


def drop_oldest(root: Path, quota_bytes: int, rows_of: Callable[[Record], int]) -> list[Dropped]:
    """Bring the segments of a root below `quota_bytes` and return what was lost; nothing while another process is at it.

    `rows_of` counts the rows of a frame and must not raise. The segment that a living writer appends to stays. Raises OSError.
    """
    with maintenance(root, wait=False) as is_ours:
        epochs = list_epochs(root) if is_ours else []
        excess = sum(epoch.size_bytes for epoch in epochs) - quota_bytes
        if excess <= 0:
            return []
        for epoch in epochs:
            excess -= delete_acknowledged(epoch, read_position(epoch.path).acknowledged_seq)
        # The seam for merging: frames never attempted are to be made coarser here before whole segments go.
        dropped: list[Dropped] = []
        for epoch in epochs:
            if excess <= 0:
                break
            freed, holes = _drop_segments(read_epoch_directory(epoch.path), excess, rows_of)
            excess -= freed
            dropped += [Dropped(epoch.epoch, hole) for hole in holes]
        return dropped


def _drop_segments(epoch: EpochDirectory, excess: int, rows_of: Callable[[Record], int]) -> tuple[int, list[Hole]]:
    """Drop the oldest segments of one epoch until `excess` bytes are freed or only the one being written is left."""
    position = read_position(epoch.path)
    journal = HoleJournal(epoch.path)
    journal.refresh()
    floor = max(position.acknowledged_seq, journal.last_seq)  # up to here nothing is left to lose
    freed, dropped = 0, []
    for segment, last_seq in last_seqs(epoch):
        if freed >= excess:
            break
        if last_seq is None or (epoch.is_live and not segment.is_sealed):
            continue
        header = segment.header()
        first_seq = max(floor + 1, header.first_seq if header else 0)
        holes = _holes_of(segment, epoch.epoch, range(first_seq, last_seq + 1), position, rows_of)
        if holes:
            append_holes(epoch.path, epoch.epoch, holes)
        freed += delete_segments(epoch.path, [segment])
        floor = max(floor, last_seq)
        dropped += holes
    return freed, dropped


def _holes_of(
    segment: Segment, epoch: uuid.UUID, lost: range, position: Position, rows_of: Callable[[Record], int]
) -> list[Hole]:
    """Return the holes that the loss of a segment makes of the numbers `lost`.

    A frame that was attempted gets its own hole, because the other side may already hold it: a reader then starts between
    holes, never within one. Holes that lie in the segment as records keep their reason.
    """
    holes: list[Hole] = []
    first, rows = lost.start, 0

    def end_run(last: int) -> None:
        nonlocal first, rows
        if first <= last:
            holes.append(Hole(first, last, REASON_QUOTA, rows))
        first, rows = max(first, last + 1), 0

    for record in segment_records(segment, epoch) or []:
        if record.seq not in lost:
            continue
        earlier = hole_of(record)
        if earlier:
            end_run(earlier.first_seq - 1)
            holes.append(Hole(max(earlier.first_seq, first), earlier.last_seq, earlier.reason, earlier.rows))
            first = record.seq + 1
        elif record.seq <= position.attempted_seq:
            end_run(record.seq - 1)
            rows = rows_of(record)
            end_run(record.seq)
        else:
            rows += rows_of(record)
    end_run(lost.stop - 1)
    return holes
