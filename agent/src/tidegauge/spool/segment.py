"""Segment files: their names, their headers, and the one that is being written.

`NNNNNNNN.open` is being written, or was when its writer died or met an error; what is torn at its end was never durable.
`NNNNNNNN.seg` is sealed: all of it is durable, and what is invalid in it is damage.
"""

import contextlib
import os
import re
import uuid
from dataclasses import dataclass
from pathlib import Path

from tidegauge.spool.disk import create_file, opened_for_reading, sync_data, write_all
from tidegauge.spool.record import HEADER_SIZE, SegmentHeader, decode_header, encode_header

MAX_SEGMENT_BYTES = 64 * 1024 * 1024  # no segment is longer; what is longer is not ours
_NAME = re.compile(r"(\d{8,})\.(open|seg)")


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment file as found in its directory."""

    number: int
    path: Path
    is_sealed: bool

    def header(self) -> SegmentHeader | None:
        """Read the header; None where there is none, or it is damaged, or the file is gone."""
        try:
            with opened_for_reading(self.path) as descriptor:
                return decode_header(os.pread(descriptor, HEADER_SIZE, 0))
        except OSError:
            return None  # callers look at the next segment instead

    def size_bytes(self) -> int:
        """Return the size of the file, 0 when it is gone."""
        try:
            return self.path.stat(follow_symlinks=False).st_size
        except FileNotFoundError:
            return 0


def segment_name(number: int, *, is_sealed: bool) -> str:
    """Return the file name of a segment."""
    return f"{number:08d}.{'seg' if is_sealed else 'open'}"


def list_segments(directory: Path) -> list[Segment]:
    """Return the segment files of an epoch directory in order; links and other things under such a name are not segments."""
    found: dict[int, Segment] = {}
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                match = _NAME.fullmatch(entry.name)
                if match and entry.is_file(follow_symlinks=False):
                    segment = Segment(int(match[1]), Path(entry.path), match[2] == "seg")
                    if segment.is_sealed or segment.number not in found:
                        found[segment.number] = segment
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [found[number] for number in sorted(found)]


class OpenSegment:
    """The segment that a writer appends to. After an OSError only `abandon` may follow: the descriptor cannot be trusted."""

    def __init__(self, directory: int, number: int, epoch: uuid.UUID, first_seq: int) -> None:
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
        sync_data(self._descriptor)
        if self._unwritten_header:
            os.fsync(self._directory)
            self._unwritten_header = b""
        self.size_bytes += len(data)

    def seal(self) -> None:
        """Close the file and give it its final name; on an OSError it keeps the old one, which readers understand."""
        os.close(self._descriptor)
        names = (segment_name(self._number, is_sealed=sealed) for sealed in (False, True))
        os.rename(*names, src_dir_fd=self._directory, dst_dir_fd=self._directory)
        os.fsync(self._directory)

    def abandon(self) -> None:
        """Close the file after an error; delete it where nothing in it is durable."""
        with contextlib.suppress(OSError):  # the error that matters was raised by the write
            os.close(self._descriptor)
        if self._unwritten_header:
            with contextlib.suppress(OSError):  # a left-over without durable records is read as a cut
                os.unlink(segment_name(self._number, is_sealed=False), dir_fd=self._directory)

    def close_inherited(self) -> None:
        """Close the descriptor in a forked child; the file stays the parent's."""
        os.close(self._descriptor)
