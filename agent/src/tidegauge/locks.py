"""Locks in a process whose threads were patched after they were made, as gevent does in gunicorn's workers, after the fork.

A lock from before knows threads only. To it all greenlets are one thread: an `RLock` lets every one of them pass, and one that waits
for a `Lock` stops them all, its holder too.
"""

import threading
from typing import Any


def is_of_this_process(lock: Any) -> bool:
    """Whether a `Lock` or an `RLock` is of the kind that `threading` makes now; False where threads were patched meanwhile."""
    return isinstance(lock, (type(threading.Lock()), type(threading.RLock())))
