"""Who writes an epoch directory, how far its records are durable, and whether it was closed.

    lock     flock'ed for the writer's life; holds | durable seq u64 | crc32 u32 |, rewritten after each fdatasync
    closed   written at a clean end;         holds | last seq u64    | crc32 u32 |

The number in `lock` keeps readers from records that are written but not yet durable. It is never synced and only a hint: the
segments alone say what is there. A lost hint costs nothing but the notice of a hole behind the very last record.
"""

import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tidegauge.errors import SpoolLocked
from tidegauge.spool import locking
from tidegauge.spool.disk import (
    FILE_MODE,
    ONLY_THIS,
    DirectoryHandle,
    open_within,
    opened_for_reading,
    read_small_file,
    rename_within,
    replace_file,
    write_at,
)

LOCK_NAME = "lock"
CLOSED_NAME = "closed"
MAINTENANCE_NAME = "maintenance"
_SEQ = struct.Struct("<Q")
_SEALED_SEQ = struct.Struct("<QI")


@dataclass(frozen=True, slots=True)
class WriterState:
    """What a reader can know of the writer: alive or not, the last durable seq and the last seq at a clean end (None: unknown)."""

    is_live: bool
    durable_seq: int | None
    closed_seq: int | None

    @property
    def last_known_seq(self) -> int:
        """The highest seq that must exist, 0 where nothing is known."""
        return max(self.durable_seq or 0, self.closed_seq or 0)


class WriterLock:
    """The lock file of a writer, held from `take` to `release`."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def take(cls, directory: DirectoryHandle, durable_seq: int = 0) -> "WriterLock":
        """Put a locked lock file into the open directory; it appears under its name already locked, where open files can be renamed."""
        temporary = f".{LOCK_NAME}.new" if isinstance(directory, int) else LOCK_NAME
        descriptor = open_within(directory, temporary, os.O_RDWR | os.O_CREAT)
        try:
            locking.lock(descriptor)
            write_at(descriptor, _seal(durable_seq), 0)
            if temporary != LOCK_NAME:
                rename_within(directory, temporary, LOCK_NAME)
        except BlockingIOError as error:
            os.close(descriptor)
            raise SpoolLocked("another process is making this epoch directory: start the writer again") from error
        except BaseException:
            os.close(descriptor)
            raise
        return cls(descriptor)

    def publish(self, durable_seq: int) -> None:
        """Let readers see the records up to `durable_seq`."""
        write_at(self._descriptor, _seal(durable_seq), 0)

    @property
    def is_deleted(self) -> bool:
        """Say whether somebody deleted the file under us."""
        return os.fstat(self._descriptor).st_nlink == 0

    def release(self) -> None:
        """Unlock, also for children that inherited the descriptor, and close."""
        locking.unlock(self._descriptor)
        os.close(self._descriptor)

    def abandon(self) -> None:
        """Close without unlocking: in a forked child the lock stays the parent's."""
        os.close(self._descriptor)


def mark_closed(directory: Path, last_seq: int) -> None:
    """Say durably that nothing follows `last_seq`."""
    replace_file(directory / CLOSED_NAME, _seal(last_seq))


def writer_state(directory: Path) -> WriterState:
    """Look at the writer of an epoch directory; look here first, at the segments after: what a dead writer left is all."""
    closed_seq = _unseal(read_small_file(directory / CLOSED_NAME))
    is_live = closed_seq is None and _is_locked(directory / LOCK_NAME)
    return WriterState(is_live, durable_seq(directory), closed_seq)


def durable_seq(directory: Path) -> int | None:
    """Return the last seq that the writer said is durable, None where that cannot be read."""
    return _unseal(read_small_file(directory / LOCK_NAME))


def _is_locked(path: Path) -> bool:
    try:
        with opened_for_reading(path) as descriptor:
            locking.lock(descriptor, shared=True)  # shared: two who look do not see each other
    except BlockingIOError:
        return True
    except PermissionError:
        return True  # another user's: not ours to judge, so it is left alone
    except OSError:
        return False  # missing, a link, no file: no writer of ours is there
    return False


def _seal(seq: int) -> bytes:
    return _SEALED_SEQ.pack(seq, zlib.crc32(_SEQ.pack(seq)))


def _unseal(content: bytes) -> int | None:
    if len(content) != _SEALED_SEQ.size:
        return None
    seq, crc = _SEALED_SEQ.unpack(content)
    return int(seq) if crc == zlib.crc32(_SEQ.pack(seq)) else None


@contextmanager
def maintenance(root: Path, *, wait: bool) -> Iterator[bool]:
    """Hold the root's maintenance lock, under which segments are deleted and losses journaled; False: another holds it.

    Raises OSError where the root cannot be written.
    """
    flags = os.O_RDWR | os.O_CREAT | ONLY_THIS
    descriptor = os.open(root / MAINTENANCE_NAME, flags, FILE_MODE)
    try:
        try:
            locking.lock(descriptor, wait=wait)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)
