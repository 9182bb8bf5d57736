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
_HAS_PREAD = hasattr(os, "pread") and hasattr(os, "pwrite")  # Windows has neither
CAN_OPEN_DIRECTORIES = os.open in os.supports_dir_fd
"""Not so on Windows: there a directory is worked in by its path, and an open file, or what it lies in, cannot be renamed."""
DirectoryHandle = int | Path
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


def open_directory(path: Path) -> DirectoryHandle:
    """Open a directory; raise SpoolError where the path is a symbolic link."""
    if not CAN_OPEN_DIRECTORIES:
        refuse_link(path)
        return path
    try:
        return os.open(path, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | ONLY_THIS)
    except OSError:
        refuse_link(path)
        raise


def close_directory(directory: DirectoryHandle) -> None:
    """Let go of an open directory."""
    if isinstance(directory, int):
        os.close(directory)


def sync_names(directory: DirectoryHandle) -> None:
    """Make the names in an open directory durable, where the system can be told to."""
    if isinstance(directory, int):
        os.fsync(directory)


def open_within(directory: DirectoryHandle, name: str, flags: int) -> int:
    """Open a file of a directory, for us alone and under a number above 2."""
    if isinstance(directory, int):
        return beyond_stdio(os.open(name, flags | ONLY_THIS, FILE_MODE, dir_fd=directory))
    return beyond_stdio(os.open(directory / name, flags | ONLY_THIS, FILE_MODE))


def rename_within(directory: DirectoryHandle, name: str, new_name: str) -> None:
    """Give a file of a directory another name."""
    if isinstance(directory, int):
        os.rename(name, new_name, src_dir_fd=directory, dst_dir_fd=directory)
    else:
        (directory / name).replace(directory / new_name)


def unlink_within(directory: DirectoryHandle, name: str) -> None:
    """Delete a file of a directory."""
    if isinstance(directory, int):
        os.unlink(name, dir_fd=directory)
    else:
        (directory / name).unlink()


def read_at(descriptor: int, size: int, offset: int) -> bytes:
    """Read at most `size` bytes from an offset on. Where there is no `pread` it moves the descriptor, which one thread uses alone."""
    if _HAS_PREAD:
        return os.pread(descriptor, size, offset)
    os.lseek(descriptor, offset, os.SEEK_SET)
    return os.read(descriptor, size)


def write_at(descriptor: int, data: bytes, offset: int) -> int:
    """Write at an offset; likewise."""
    if _HAS_PREAD:
        return os.pwrite(descriptor, data, offset)
    os.lseek(descriptor, offset, os.SEEK_SET)
    return os.write(descriptor, data)


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


def create_file(directory: DirectoryHandle, name: str) -> int:
    """Create a file that must not exist yet, for writing, in an open directory."""
    return open_within(directory, name, os.O_WRONLY | os.O_CREAT | os.O_EXCL)


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
            return read_at(descriptor, limit, 0)
    except OSError:
        return b""  # the callers' files are hints: missing and unreadable ones mean the same


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of `data`; os.write may take less at a time."""
    written = os.write(descriptor, data)
    while written < len(data):
        written += os.write(descriptor, memoryview(data)[written:])


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable."""
    directory = open_directory(path)
    try:
        sync_names(directory)
    finally:
        close_directory(directory)


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
