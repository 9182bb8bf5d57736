"""Locks on open files, held until the descriptor is closed: `flock`, and on Windows a locked byte far behind the content.

Seen to work on Linux; the way of Windows only with a stand-in for its `msvcrt`. Where there is neither, nothing is locked.
"""

import contextlib
import os
import time
from types import ModuleType

fcntl: ModuleType | None
msvcrt: ModuleType | None
try:
    import fcntl
except ImportError:
    fcntl = None
try:
    import msvcrt
except ImportError:
    msvcrt = None

_FAR = 1 << 30  # a byte that nobody reads: Windows keeps others from reading what is locked
_POLL_S = 0.05


def lock(descriptor: int, *, shared: bool = False, wait: bool = False) -> None:
    """Lock a file, as the only one or `shared` with others who only look; raises BlockingIOError where another holds it."""
    if fcntl is not None:
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        fcntl.flock(descriptor, kind if wait else kind | fcntl.LOCK_NB)
    elif msvcrt is not None:
        while not _lock_byte(descriptor):
            if not wait:
                raise BlockingIOError("the file is locked by another process")
            time.sleep(_POLL_S)


def unlock(descriptor: int) -> None:
    """Unlock, also for children that inherited the descriptor."""
    if fcntl is not None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
    elif msvcrt is not None:
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        with contextlib.suppress(OSError):
            msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)


def _lock_byte(descriptor: int) -> bool:
    assert msvcrt is not None  # noqa: S101 - the caller has looked
    os.lseek(descriptor, _FAR, os.SEEK_SET)
    try:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    except OSError:
        return False
    return True
