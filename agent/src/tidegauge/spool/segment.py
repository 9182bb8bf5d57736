"""Segment files: their names, their headers, and the one that is being written.

`NNNNNNNN.open` is being written, or was when its writer died or met an error; what is torn at its end was never durable.
`NNNNNNNN.seg` is sealed: all of it is durable, and what is invalid in it is damage.
`NNNNNNNN-MMMMMMMM.seg` is merged: it stands for the segments N to M, which are void from the moment it has its name, whether they
are deleted yet or not. A range that is merged again grows, so that a name never comes twice.
"""

import contextlib
import os
import re
import uuid
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from tidegauge.spool.crash_points import crash_here
from tidegauge.spool.disk import (
    DirectoryHandle,
    create_file,
    opened_for_reading,
    read_at,
    rename_within,
    sync_data,
    sync_names,
    unlink_within,
    write_all,
)
from tidegauge.spool.record import HEADER_SIZE, SegmentHeader, decode_header, encode_header

MAX_SEGMENT_BYTES = 64 * 1024 * 1024  # no segment is longer; what is longer is not ours
_NAME = re.compile(r"(\d{8,})(?:-(\d{8,}))?\.(open|seg)")


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment file as found in its directory."""

    number: int
    path: Path
    is_sealed: bool
    merged_to: int | None = None  # the last of the numbers that a merged segment stands for

    @property
    def last_number(self) -> int:
        """The last number that this file stands for."""
        return self.number if self.merged_to is None else self.merged_to

    def holds(self, other: "Segment") -> bool:
        """Say whether this merged segment stands for another file's numbers."""
        return self.merged_to is not None and self.number <= other.number and other.last_number <= self.merged_to

    def header(self) -> SegmentHeader | None:
        """Read the header; None where there is none, or it is damaged, or the file is gone."""
        try:
            with opened_for_reading(self.path) as descriptor:
                return decode_header(read_at(descriptor, HEADER_SIZE, 0))
        except OSError:
            return None  # callers look at the next segment instead

    def size_bytes(self) -> int:
        """Return the size of the file, 0 when it is gone."""
        try:
            return self.path.stat(follow_symlinks=False).st_size
        except FileNotFoundError:
            return 0

    def written_ns(self) -> int:
        """Return when the file was last written, in nanoseconds since 1970; the end of time when it is gone."""
        try:
            return self.path.stat(follow_symlinks=False).st_mtime_ns
        except FileNotFoundError:
            return 1 << 63


def segment_name(number: int, *, is_sealed: bool) -> str:
    """Return the file name of a segment."""
    return f"{number:08d}.{'seg' if is_sealed else 'open'}"


def merged_name(number: int, last_number: int) -> str:
    """Return the file name of the merged segment that stands for the segments `number` to `last_number`."""
    return f"{number:08d}-{last_number:08d}.seg"


def list_segments(directory: Path) -> list[Segment]:
    """Return the segment files of an epoch directory in order; links and other things under such a name are not segments."""
    return _sorted_out(_found_in(directory))[0]


def list_void(directory: Path) -> list[Segment]:
    """Return the segment files that a merged segment stands for; a crash has left them."""
    return _sorted_out(_found_in(directory))[1]


def _found_in(directory: Path) -> list[Segment]:
    found: dict[tuple[int, int], Segment] = {}
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                segment = _segment_of(entry)
                if segment and (segment.is_sealed or (segment.number, -1) not in found):
                    found[segment.number, -1 if segment.merged_to is None else segment.merged_to] = segment
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [found[numbers] for numbers in sorted(found)]


def _segment_of(entry: os.DirEntry[str]) -> Segment | None:
    match = _NAME.fullmatch(entry.name)
    if match is None or not entry.is_file(follow_symlinks=False):
        return None
    merged_to = int(match[2]) if match[2] else None
    is_sealed = match[3] == "seg"
    if merged_to is not None and not (is_sealed and int(match[1]) <= merged_to):
        return None
    return Segment(int(match[1]), Path(entry.path), is_sealed, merged_to)


def _sorted_out(found: list[Segment]) -> tuple[list[Segment], list[Segment]]:
    """Part what counts from what is void. A merged segment without a header is passed over where it would hide others."""
    void: set[Segment] = set()
    passed_over: set[Segment] = set()
    for place, segment in enumerate(found):
        held = _held_by(segment, found[place + 1 :], found[:place][::-1]) if segment.merged_to is not None else []
        if held and segment.header():
            void.update(held)
        elif held:
            passed_over.add(segment)
    kept = [segment for segment in found if segment not in void and segment not in passed_over]
    return kept, [segment for segment in found if segment in void]


def _held_by(segment: Segment, after: list[Segment], before: list[Segment]) -> list[Segment]:
    """The files of the numbers that a merged segment stands for; they lie beside it, as all are sorted by their first numbers."""
    near = [
        *takewhile(lambda other: other.number == segment.number, before),
        *takewhile(lambda other: other.number <= segment.last_number, after),
    ]
    return [other for other in near if segment.holds(other)]


class OpenSegment:
    """The segment that a writer appends to. After an OSError only `abandon` may follow: the descriptor cannot be trusted."""

    def __init__(self, directory: DirectoryHandle, number: int, epoch: uuid.UUID, first_seq: int) -> None:
        self._directory = directory
        self._number = number
        self._descriptor = create_file(directory, segment_name(number, is_sealed=False))
        self._unwritten_header = encode_header(epoch, first_seq)
        self.size_bytes = HEADER_SIZE

    @property
    def is_deleted(self) -> bool:
        """Say whether somebody deleted the file under us."""
        return os.fstat(self._descriptor).st_nlink == 0

    def append_durably(self, data: bytes) -> None:
        """Write whole records and return when they, and the file's name, survive a power loss."""
        write_all(self._descriptor, self._unwritten_header + data if self._unwritten_header else data)
        crash_here("writer.written")
        sync_data(self._descriptor)
        crash_here("writer.durable")
        if self._unwritten_header:
            sync_names(self._directory)
            self._unwritten_header = b""
        self.size_bytes += len(data)

    def seal(self) -> None:
        """Close the file and give it its final name; on an OSError it keeps the old one, which readers understand."""
        os.close(self._descriptor)
        names = [segment_name(self._number, is_sealed=sealed) for sealed in (False, True)]
        rename_within(self._directory, *names)
        sync_names(self._directory)

    def abandon(self) -> None:
        """Close the file after an error; delete it where nothing in it is durable."""
        with contextlib.suppress(OSError):  # the error that matters was raised by the write
            os.close(self._descriptor)
        if self._unwritten_header:
            with contextlib.suppress(OSError):  # a left-over without durable records is read as a cut
                unlink_within(self._directory, segment_name(self._number, is_sealed=False))

    def close_inherited(self) -> None:
        """Close the descriptor in a forked child; the file stays the parent's."""
        os.close(self._descriptor)
