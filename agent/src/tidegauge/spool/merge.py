"""Makes sealed segments smaller without a loss: frames that were never attempted become fewer, coarser ones.

What frames add up to is not known here: a pure function over payloads says it. The new segment is written whole under a temporary
name, synced, and named after the numbers that it stands for; from that moment those are void, so that a crash leaves the old
state or the new one. A segment that does not get smaller is only renamed likewise, so that it is tried once.
"""

import itertools
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tidegauge.spool.crash_points import crash_here
from tidegauge.spool.directory import EpochDirectory, delete_segments, delete_void, last_seqs
from tidegauge.spool.disk import FILE_MODE, ONLY_THIS, opened_for_reading, read_at, sync_directory, write_all
from tidegauge.spool.holes import HoleJournal
from tidegauge.spool.position import is_position_damaged, read_position
from tidegauge.spool.record import (
    FORMAT_VERSION,
    HEADER_SIZE,
    Hole,
    Record,
    Tail,
    decode_header,
    encode_header,
    encode_record,
    hole_of,
    hole_record,
    records_of,
    scan,
)
from tidegauge.spool.segment import MAX_SEGMENT_BYTES, Segment, merged_name

REASON_MERGED = "merged"
GROW_TO_BYTES = 1024 * 1024  # a merged segment up to this size is merged on with the one behind it
WORTH_IT = 0.9  # a merge that leaves more than this of the bytes is not worth the writing

Merge = Callable[[Sequence[Record]], Sequence[bytes | None]]
"""For each record the payload that its number has now; None: it went into one behind it. The last is never None."""


@dataclass(frozen=True, slots=True)
class Merged:
    """What merging has done: bytes freed, frames that went into others, segments of which nothing could be made."""

    freed_bytes: int = 0
    frames: int = 0
    failures: int = 0

    def __add__(self, other: "Merged") -> "Merged":
        return Merged(self.freed_bytes + other.freed_bytes, self.frames + other.frames, self.failures + other.failures)


def merge_epoch(epoch: EpochDirectory, merge: Merge, excess: int, at_most: int) -> tuple[Merged, int]:
    """Merge the oldest segments of an epoch until `excess` bytes are freed; return what was done and how many were tried.

    Only what lies above the attempted seq is touched; nothing where that is not known. The caller holds the maintenance lock.
    Raises OSError.
    """
    total, tried = Merged(), 0
    if is_position_damaged(epoch.path):
        return total, tried
    delete_void(epoch.path)
    floor = _floor(epoch.path)
    before: Segment | None = None
    for segment, last_seq in last_seqs(epoch):
        if total.freed_bytes >= excess or tried >= at_most:
            break
        is_settled = segment.is_sealed and last_seq is not None and last_seq > floor
        if is_settled and segment.merged_to is None:
            tried += 1
            done, before = _merge_segments(epoch, _run(before, segment), floor, merge)
            total += done
        else:
            before = segment if is_settled else None
    return total, tried


def _floor(directory: Path) -> int:
    """The last number that must stay as it is: attempted, or given up already."""
    position, journal = read_position(directory), HoleJournal(directory)
    journal.refresh()
    return max(position.attempted_seq, journal.last_seq)


def _run(before: Segment | None, segment: Segment) -> list[Segment]:
    """The segment, with the small merged one before it: what belongs to one hour often lies in both."""
    is_next = before is not None and before.merged_to is not None and before.merged_to + 1 == segment.number
    return [before, segment] if before and is_next and before.size_bytes() <= GROW_TO_BYTES else [segment]


def _merge_segments(epoch: EpochDirectory, run: list[Segment], floor: int, merge: Merge) -> tuple[Merged, Segment]:
    """Merge a run of segments; return what was done and the segment that is there now."""
    records = _intact_records(run, epoch)
    if not records and len(run) > 1:
        return _merge_segments(epoch, run[-1:], floor, merge)
    tail = [record for record in records if record.seq > floor]
    payloads = _tried(merge, tail) if tail else []
    if payloads:
        head = b"".join(map(encode_record, records[: len(records) - len(tail)]))
        content = encode_header(epoch.epoch, _first_seq(records[0])) + head + _encoded(tail, payloads)
        size = sum(segment.size_bytes() for segment in run)
        if len(content) <= WORTH_IT * size:
            named = _put_in_place(epoch.path, run, content)
            return Merged(size - len(content), sum(payload is None for payload in payloads)), named
    return Merged(failures=payloads is None), _mark_tried(epoch.path, run[-1])


def _intact_records(run: list[Segment], epoch: EpochDirectory) -> list[Record]:
    """All records of consecutive segments; none where anything in them is damaged, foreign, missing or newer."""
    records: list[Record] = []
    for segment in run:
        with opened_for_reading(segment.path) as descriptor:
            content = read_at(descriptor, MAX_SEGMENT_BYTES, 0)
        header = decode_header(content)
        if header is None or header.epoch != epoch.epoch or header.version > FORMAT_VERSION:
            return []
        found = scan(content, HEADER_SIZE, after_seq=header.first_seq - 1)
        if found.damaged or found.tail is not Tail.END:
            return []
        records += records_of(content, found.spans)
    follows = all(_first_seq(after) == before.seq + 1 for before, after in itertools.pairwise(records))
    return records if follows else []


def _first_seq(record: Record) -> int:
    hole = hole_of(record)
    return hole.first_seq if hole else record.seq


def _tried(merge: Merge, records: list[Record]) -> Sequence[bytes | None] | None:
    """What the payloads become, None where the function failed: then they stay as they are."""
    try:
        payloads = merge(records)
    except Exception:  # noqa: BLE001 - counted by the caller; what cannot be merged must not hold up the quota
        return None
    return payloads if len(payloads) == len(records) and payloads and payloads[-1] is not None else None


def _encoded(records: list[Record], payloads: Sequence[bytes | None]) -> bytes:
    """The records with their new payloads; those that went into others are holes `merged`, neighbours in one."""
    parts: list[bytes] = []
    hole: Hole | None = None
    for record, payload in zip(records, payloads, strict=True):
        gone = _merged_hole(record, payload)
        if gone:
            hole = Hole(hole.first_seq if hole else gone.first_seq, gone.last_seq, REASON_MERGED)
        elif payload is not None:
            if hole:
                parts.append(encode_record(hole_record(hole)))
                hole = None
            parts.append(encode_record(record._replace(payload=payload)))
    return b"".join(parts)


def _merged_hole(record: Record, payload: bytes | None) -> Hole | None:
    """The hole that a record leaves, or already is."""
    if payload is None:
        return Hole(record.seq, record.seq, REASON_MERGED)
    hole = hole_of(record)
    return hole if hole and hole.reason == REASON_MERGED else None


def _put_in_place(directory: Path, run: list[Segment], content: bytes) -> Segment:
    number, last_number = run[0].number, run[-1].last_number
    path = directory / merged_name(number, last_number)
    temporary = directory / f".{path.name}.new"
    newest_ns = run[-1].path.stat().st_mtime_ns
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | ONLY_THIS
    descriptor = os.open(temporary, flags, FILE_MODE)
    try:
        write_all(descriptor, content)
        os.utime(descriptor, ns=(newest_ns, newest_ns))  # its age is that of its frames
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    crash_here("merge.written")
    temporary.rename(path)
    sync_directory(directory)
    crash_here("merge.named")
    delete_segments(directory, run)
    crash_here("merge.deleted")
    return Segment(number, path, is_sealed=True, merged_to=last_number)


def _mark_tried(directory: Path, segment: Segment) -> Segment:
    path = directory / merged_name(segment.number, segment.number)
    segment.path.rename(path)
    sync_directory(directory)
    return Segment(segment.number, path, is_sealed=True, merged_to=segment.number)
