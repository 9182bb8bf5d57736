"""The journal of deliberate losses of an epoch: the file `holes`, a segment header and hole records.

A journaled loss is decided: readers yield the hole in its place even where the records still lie there, because the file is
written, and durable, before the segment is deleted.
"""

import os
import uuid
from operator import attrgetter
from pathlib import Path

from tidegauge.spool.disk import FILE_MODE, ONLY_THIS, opened_for_reading, read_at, sync_directory, write_all
from tidegauge.spool.record import (
    HEADER_SIZE,
    Hole,
    decode_header,
    encode_header,
    encode_record,
    hole_of,
    hole_record,
    records_of,
    scan,
)

HOLES_NAME = "holes"
_MAX_JOURNAL_BYTES = 64 * 1024 * 1024


def journal_size(directory: Path) -> int:
    """Return the size of the journal, 0 where there is none: it grows with every loss."""
    try:
        return (directory / HOLES_NAME).lstat().st_size
    except FileNotFoundError:
        return 0


class HoleJournal:
    """The journaled holes of an epoch directory, read again when the file has changed."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / HOLES_NAME
        self._size = -1
        self._holes: list[Hole] = []

    def refresh(self) -> None:
        """Read the file if it has another size than before; an unreadable one leaves what is known."""
        try:
            with opened_for_reading(self._path) as descriptor:
                size = os.fstat(descriptor).st_size
                if size == self._size:
                    return
                content = read_at(descriptor, min(size, _MAX_JOURNAL_BYTES), 0)
        except OSError:
            return  # without a journal the lost numbers are reported as missing instead
        start = HEADER_SIZE if decode_header(content) else 0
        records = records_of(content, scan(content, start).spans)
        # sorted: one that was passed over at first (a newer format, say) may have gone after later ones
        self._holes = sorted((hole for record in records if (hole := hole_of(record))), key=attrgetter("first_seq"))
        self._size = size

    @property
    def last_seq(self) -> int:
        """The highest seq that was given up, 0 for none."""
        return self._holes[-1].last_seq if self._holes else 0

    def touching(self, first_seq: int, last_seq: int) -> list[Hole]:
        """Return the holes that touch the range, whole."""
        return [hole for hole in self._holes if hole.first_seq <= last_seq and hole.last_seq >= first_seq]


def append_holes(directory: Path, epoch: uuid.UUID, holes: list[Hole]) -> None:
    """Journal losses durably; the caller holds the root's maintenance lock. Raises OSError."""
    path = directory / HOLES_NAME
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | ONLY_THIS
    descriptor = os.open(path, flags, FILE_MODE)
    try:
        is_new = os.fstat(descriptor).st_size == 0
        content = b"".join(encode_record(hole_record(hole)) for hole in holes)
        write_all(descriptor, encode_header(epoch, holes[0].first_seq) + content if is_new else content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if is_new:
        sync_directory(directory)
