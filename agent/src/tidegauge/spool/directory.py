"""What lies in a spool root: epoch directories in the order of their epochs, and the deletion of what is no longer needed.

<root>/<epoch>/lock, closed, position, holes, NNNNNNNN.seg, NNNNNNNN-MMMMMMMM.seg, NNNNNNNN.open     one writer's life
<root>/quarantine/                                                            copies of damaged bytes
<root>/maintenance                                                            lock of whoever deletes
"""

import contextlib
import os
import uuid
from dataclasses import dataclass
from pathlib import Path

from tidegauge.errors import SpoolError
from tidegauge.spool.crash_points import crash_here
from tidegauge.spool.disk import opened_for_reading, read_at, refuse_link, sync_directory
from tidegauge.spool.epoch import epoch_of
from tidegauge.spool.holes import HOLES_NAME, HoleJournal
from tidegauge.spool.lock import CLOSED_NAME, LOCK_NAME, maintenance, writer_state
from tidegauge.spool.position import POSITION_NAME, Position, read_position, write_position
from tidegauge.spool.record import FORMAT_VERSION, HEADER_SIZE, Record, decode_header, records_of, scan
from tidegauge.spool.segment import MAX_SEGMENT_BYTES, Segment, list_segments, list_void


@dataclass(frozen=True, slots=True)
class EpochDirectory:
    """One epoch directory as it was found; `is_live`: its writer holds the lock."""

    path: Path
    epoch: uuid.UUID
    is_live: bool
    size_bytes: int
    segments: tuple[Segment, ...]


def list_epochs(root: Path) -> list[EpochDirectory]:
    """Return the epoch directories of a root, oldest first; none where the root is missing.

    Links and everything with another name are passed over. Raises SpoolError where the root is a symbolic link.
    """
    refuse_link(root)
    try:
        with os.scandir(root) as entries:
            names = [entry.name for entry in entries if epoch_of(entry.name) and entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []
    return [read_epoch_directory(root / name) for name in sorted(names)]


def read_epoch_directory(path: Path) -> EpochDirectory:
    """Look at one epoch directory; raises SpoolError where it is a link or its name is not that of an epoch."""
    refuse_link(path)
    epoch = epoch_of(path.name)
    if epoch is None:
        raise SpoolError(f"spool {path}: is not an epoch directory: its name must be a UUID in lower case")
    is_live = writer_state(path).is_live
    segments = tuple(list_segments(path))
    return EpochDirectory(path, epoch, is_live, sum(segment.size_bytes() for segment in segments), segments)


def release(directory: Path, up_to_seq: int) -> int:
    """Store that everything up to `up_to_seq` is acknowledged, then delete the segments below it; return the bytes freed.

    Idempotent; never takes a position back. Raises OSError where the directory cannot be written.
    """
    if not directory.is_dir():
        return 0
    with maintenance(directory.parent, wait=True):
        before = read_position(directory)
        position = Position(max(before.acknowledged_seq, up_to_seq), max(before.attempted_seq, up_to_seq))
        if position != before:
            write_position(directory, position)
        crash_here("release.stored")
        freed = delete_acknowledged(read_epoch_directory(directory), position.acknowledged_seq)
        crash_here("release.deleted")
        return freed


def delete_acknowledged(epoch: EpochDirectory, acknowledged_seq: int) -> int:
    """Delete the segments all of whose records are acknowledged; the caller holds the maintenance lock."""
    done = [segment for segment, last_seq in last_seqs(epoch) if last_seq is not None and last_seq <= acknowledged_seq]
    return delete_segments(epoch.path, done)


def delete_void(directory: Path) -> None:
    """Delete durably what a merge has left that was cut short; the caller holds the maintenance lock."""
    for half_written in directory.glob(".*.seg.new"):
        half_written.unlink(missing_ok=True)
    _unlink(directory, list_void(directory))


def delete_segments(directory: Path, segments: list[Segment]) -> int:
    """Delete segment files durably and return the bytes freed; the caller holds the maintenance lock.

    What is void goes first: it would count again without the merged segment that stands for it.
    """
    if any(segment.merged_to is not None for segment in segments):
        delete_void(directory)
    freed = sum(segment.size_bytes() for segment in segments)
    _unlink(directory, segments)
    return freed


def _unlink(directory: Path, segments: list[Segment]) -> None:
    for segment in segments:
        segment.path.unlink(missing_ok=True)
    if segments:
        sync_directory(directory)


def last_seqs(epoch: EpochDirectory) -> list[tuple[Segment, int | None]]:
    """Pair every segment with a seq that none of its records exceeds; None: it must stay, whatever is acknowledged.

    A segment ends before the first seq of the next one, so that only the last one has to be read.
    """
    paired: list[tuple[Segment, int | None]] = []
    following: int | None = None  # first seq of the nearest later segment with a header
    for segment in reversed(epoch.segments):
        header = segment.header()
        is_ours = header is not None and header.epoch == epoch.epoch
        if is_ours and header and header.version > FORMAT_VERSION:
            paired.append((segment, None))
        elif following is not None:
            paired.append((segment, following - 1))
        elif epoch.is_live and not segment.is_sealed:
            paired.append((segment, None))
        else:
            records = segment_records(segment, epoch.epoch)
            paired.append((segment, None if records is None else max((record.seq for record in records), default=0)))
        if is_ours and header:
            following = header.first_seq
    return paired[::-1]


def segment_records(segment: Segment, epoch: uuid.UUID) -> list[Record] | None:
    """Read all valid records of a segment, none where it is of another epoch; None where it cannot be read."""
    try:
        with opened_for_reading(segment.path) as descriptor:
            content = read_at(descriptor, MAX_SEGMENT_BYTES, 0)
    except OSError:
        return None
    header = decode_header(content)
    if header and header.epoch != epoch:
        return []
    return records_of(content, scan(content, HEADER_SIZE if header else 0).spans)


def remove_if_finished(directory: Path) -> bool:
    """Delete an epoch directory whose writer is gone and of which everything is acknowledged; say whether it is gone."""
    if not directory.is_dir():
        return True
    with maintenance(directory.parent, wait=True):
        state = writer_state(directory)
        epoch = read_epoch_directory(directory)
        acknowledged_seq = read_position(directory).acknowledged_seq
        journal = HoleJournal(directory)
        journal.refresh()
        if state.is_live or epoch.is_live or max(state.last_known_seq, journal.last_seq) > acknowledged_seq:
            return False
        for segment, last_seq in last_seqs(epoch):
            is_newer = last_seq is None and segment.header() is not None  # else it cannot be read, and never will be
            if is_newer or (last_seq or 0) > acknowledged_seq:
                return False
        return _remove(epoch)


def _remove(epoch: EpochDirectory) -> bool:
    """Delete our files, the position last: without it what is left would be read, and reported as lost, once more."""
    delete_void(epoch.path)
    delete_segments(epoch.path, list(epoch.segments))
    for name in (HOLES_NAME, CLOSED_NAME, LOCK_NAME):
        (epoch.path / name).unlink(missing_ok=True)
    sync_directory(epoch.path)
    for temporary in epoch.path.glob(".*.new"):
        temporary.unlink(missing_ok=True)
    if any(entry.name != POSITION_NAME for entry in epoch.path.iterdir()):
        return False  # somebody else's files: not ours to delete
    crash_here("remove.emptied")
    (epoch.path / POSITION_NAME).unlink(missing_ok=True)
    with contextlib.suppress(FileNotFoundError):
        epoch.path.rmdir()
    sync_directory(epoch.path.parent)
    return True
