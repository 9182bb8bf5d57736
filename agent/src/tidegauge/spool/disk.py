"""The few file operations a crash-safe directory needs: private, without following symbolic links, durable when they return.

Errors of the operating system pass through as OSError; only what an operator has to mend becomes a SpoolError.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tidegauge.errors import SpoolError
from tidegauge.spool.crash_points import crash_here

DIRECTORY_MODE = 0o700
FILE_MODE = 0o600

sync_data = getattr(os, "fdatasync", os.fsync)  # macOS has no fdatasync
_STDERR = 2
_SHORTAGE = {errno.EMFILE, errno.ENFILE, errno.ENOMEM}
ONLY_THIS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
"""No symbolic link, not for children, every byte as it is: as far as the system knows of these."""
_READ = (
    os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | ONLY_THIS
)  # O_NONBLOCK: a named pipe in the place of a file must not hang us


def refuse_link(path: Path) -> None:
    """Raise SpoolError where the path is a symbolic link."""
    if path.is_symlink():
        raise SpoolError(f"spool {path}: is a symbolic link, which is refused: name the directory it points to")


def open_directory(path: Path) -> int:
    """Open a directory; raise SpoolError where the path is a symbolic link."""
    try:
        return os.open(path, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | ONLY_THIS)
    except OSError:
        refuse_link(path)
        raise


def make_root(path: Path) -> None:
    """Make the root of a spool, private and durable; raise SpoolError where it is a link, no directory or not to be made."""
    refuse_link(path)
    try:
        is_new = not path.exists()
        path.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
        if is_new:
            sync_directory(path.parent)
    except OSError as error:
        raise SpoolError(f"spool {path}: cannot be made ({error}): make it or choose another directory") from error


def beyond_stdio(descriptor: int) -> int:
    """The same file under a number above 2: where a host has closed its stdout, what it prints must not land in ours."""
    if descriptor > _STDERR:
        return descriptor
    low = [descriptor]
    try:
        while (moved := os.dup(low[-1])) <= _STDERR:
            low.append(moved)
        return moved
    finally:
        for one in low:
            os.close(one)


def create_file(directory: int, name: str) -> int:
    """Create a file that must not exist yet, for writing; the directory is a descriptor."""
    return beyond_stdio(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | ONLY_THIS, FILE_MODE, dir_fd=directory))


@contextmanager
def opened_for_reading(path: Path) -> Iterator[int]:
    """Open a regular file for reading; anything else there is an OSError.

    A shortage of descriptors or memory is a SpoolError, so that no one takes it for a fault of the file.
    """
    try:
        descriptor = os.open(path, _READ)
    except OSError as error:
        if error.errno not in _SHORTAGE:
            raise
        raise SpoolError(f"{path}: cannot be opened now ({error}): raise the limit or try again later") from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise IsADirectoryError(f"{path} is not a regular file")
        yield descriptor
    finally:
        os.close(descriptor)


def read_small_file(path: Path, limit: int = 4096) -> bytes:
    """Return at most `limit` bytes of a file, b"" where it is missing or cannot be read."""
    try:
        with opened_for_reading(path) as descriptor:
            return os.pread(descriptor, limit, 0)
    except OSError:
        return b""  # the callers' files are hints: missing and unreadable ones mean the same


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of `data`; os.write may take less at a time."""
    written = os.write(descriptor, data)
    while written < len(data):
        written += os.write(descriptor, memoryview(data)[written:])


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable."""
    descriptor = open_directory(path)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_file(path: Path, content: bytes) -> None:
    """Put `content` in the place of a file, durably and at once: a crash leaves the old one or the new one."""
    temporary = path.with_name(f".{path.name}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | ONLY_THIS, FILE_MODE)
    try:
        write_all(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    crash_here("file.written")
    temporary.replace(path)
    sync_directory(path.parent)
    crash_here("file.named")
