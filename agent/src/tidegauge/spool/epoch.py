"""Epochs: the name of one spool writer's life, a UUIDv7 (RFC 9562), so that names sort by the time of the start."""

import os
import threading
import time
import uuid

_COUNTER_BITS = 12
_LAST_MILLISECOND = (1 << 48) - 1

_lock = threading.Lock()  # guards _last: (unix milliseconds, counter) of the newest epoch made in this process
_last = (0, 0)


def _forget_inherited_lock() -> None:
    global _lock  # noqa: PLW0603  a thread of the parent may have held the old one while forking
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_inherited_lock)


def new_epoch(*, after: uuid.UUID | None = None) -> uuid.UUID:
    """Make a UUIDv7 greater than every one made before in this process, and than `after`.

    The 12 bits behind the millisecond are a counter (RFC 9562 §6.2, method 1), the last 62 bits are random. A clock that
    steps back does not step the epochs back.
    """
    global _last  # noqa: PLW0603  one order per process is the contract
    now = (time.time_ns() // 1_000_000, int.from_bytes(os.urandom(1)))
    with _lock:
        floor = _last if after is None else max(_last, _ticks(after))
        _last = now if now > floor else _tick_after(floor)
        milliseconds, counter = _last
    entropy = int.from_bytes(os.urandom(8)) >> 2
    return uuid.UUID(int=milliseconds << 80 | 0x7 << 76 | counter << 64 | 0b10 << 62 | entropy)


def _ticks(epoch: uuid.UUID) -> tuple[int, int]:
    """Return what orders an epoch; an id that is not ours, or at the end of time, orders before everything."""
    milliseconds = epoch.int >> 80
    if epoch.version != 7 or milliseconds >= _LAST_MILLISECOND:
        return (0, 0)
    return milliseconds, epoch.int >> 64 & ((1 << _COUNTER_BITS) - 1)


def _tick_after(tick: tuple[int, int]) -> tuple[int, int]:
    milliseconds, counter = tick
    return (milliseconds, counter + 1) if counter + 1 < 1 << _COUNTER_BITS else (milliseconds + 1, 0)


def epoch_directory_name(epoch: uuid.UUID) -> str:
    """Return the name of the epoch's directory: lower case with hyphens, so that names sort like epochs."""
    return str(epoch)


def epoch_of(directory_name: str) -> uuid.UUID | None:
    """Return the epoch of a directory name, or None where the name is not that of an epoch."""
    try:
        epoch = uuid.UUID(directory_name)
    except ValueError:
        return None
    return epoch if str(epoch) == directory_name else None
