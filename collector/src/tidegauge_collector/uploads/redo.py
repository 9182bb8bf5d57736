"""Frames of one request before they are sent: a few in memory, more in a file, and all in a durable file where it must survive a kill.

    <directory>/<name>.redo     magic, then each frame as | length u32 | crc32 u32 | frame |

The file gets its name when it is whole and on disk; what lies under another name is of a request that never counted.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from tidegauge.wire.codec import MAX_BATCH_BYTES
from tidegauge_collector.ingest.batch import MAX_FRAMES

MAX_HELD_BYTES = MAX_BATCH_BYTES
ENDING = ".redo"
_MAGIC = b"tidegauge redo 1\n"
_HEADER = struct.Struct("<II")


class RedoDamaged(Exception):  # noqa: N818 - says what is the case
    """A redo file is not as it was written."""


class FrameBuffer:
    """Gathers the frames of one request."""

    def __init__(self, path: Path) -> None:
        """`path` is where the frames lie that have no room in memory; nothing is made there before."""
        self._path = path
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._file: BinaryIO | None = None
        self.frames = 0
        self.size_bytes = 0

    def add(self, frame: bytes) -> None:
        """Take in one more."""
        self._held.append(frame)
        self._held_bytes += len(frame)
        self.frames += 1
        self.size_bytes += len(frame)
        if self._held_bytes > MAX_HELD_BYTES:
            self._spill()

    @property
    def is_small(self) -> bool:
        """Whether one batch carries all of it."""
        return self._file is None and self.frames <= MAX_FRAMES

    def held(self) -> list[bytes]:
        """All frames of a small one."""
        return self._held

    def store(self, path: Path) -> None:
        """Make all of it durable under a name. Raises OSError where the disk refuses."""
        self._spill()
        assert self._file is not None  # noqa: S101 - _spill opens it
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._path.replace(path)
        sync_directory(path.parent)

    def discard(self) -> None:
        """Forget everything that was not stored."""
        if self._file is not None:
            self._file.close()
        self._path.unlink(missing_ok=True)

    def _spill(self) -> None:
        if self._file is None:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            self._file = os.fdopen(descriptor, "wb")
            self._file.write(_MAGIC)
        for frame in self._held:
            self._file.write(_HEADER.pack(len(frame), zlib.crc32(frame)) + frame)
        self._held, self._held_bytes = [], 0


def read_redo(path: Path) -> Iterator[list[bytes]]:
    """The frames of a file, as many at once as a batch carries. Raises RedoDamaged, OSError."""
    with path.open("rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            raise RedoDamaged(f"{path.name} is no redo file of this version")
        part: list[bytes] = []
        size = 0
        for frame in _frames(file, path.name):
            if part and (size + len(frame) > MAX_BATCH_BYTES or len(part) >= MAX_FRAMES):
                yield part
                part, size = [], 0
            part.append(frame)
            size += len(frame)
        if part:
            yield part


def _frames(file: BinaryIO, name: str) -> Iterator[bytes]:
    while header := file.read(_HEADER.size):
        if len(header) < _HEADER.size:
            raise RedoDamaged(f"{name} ends within a header")
        length, crc = _HEADER.unpack(header)
        frame = file.read(length)
        if len(frame) < length or zlib.crc32(frame) != crc:
            raise RedoDamaged(f"{name} holds a frame of {length} bytes that is not as it was written")
        yield frame


def sync_directory(directory: Path) -> None:
    """Make names in a directory durable."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
