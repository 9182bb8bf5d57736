"""One shipper per spool root: whoever holds the flock on `<root>/shipper.lock`. The file says who that is."""

import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from tidegauge.spool import locking
from tidegauge.spool.disk import ONLY_THIS, beyond_stdio, write_at

LOCK_NAME = "shipper.lock"
_FLAGS = os.O_RDWR | os.O_CREAT | ONLY_THIS
_PROBE_S = 0.05


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds, or held, the lock. `mode`: "process" may be ended by a newer agent, "thread" and "sidecar" may not."""

    pid: int
    version: str
    mode: str


class ShipperLock:
    """The lock of a root, held from `acquire` to `release` or the end of the process."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def acquire(
        cls,
        root: Path,
        holder: Holder,
        *,
        wait_s: float = 0.5,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> "ShipperLock | None":
        """Take the lock, None where another holds it. Waits a little: one who only looks holds it for a moment, too."""
        descriptor = beyond_stdio(os.open(root / LOCK_NAME, _FLAGS, 0o600))
        deadline = now() + wait_s
        while True:
            try:
                locking.lock(descriptor)
                break
            except BlockingIOError:
                if now() >= deadline:
                    os.close(descriptor)
                    return None
                sleep(_PROBE_S)
        lock = cls(descriptor)
        lock.name(holder)
        return lock

    @classmethod
    def inherit(cls, root: Path, descriptor: int, holder: Holder) -> "ShipperLock":
        """Take over the lock that the parent has taken and handed on; raises OSError where the descriptor is not that of the lock."""
        ours, there = os.fstat(descriptor), (root / LOCK_NAME).stat()
        if (ours.st_dev, ours.st_ino) != (there.st_dev, there.st_ino):
            raise FileNotFoundError(
                f"descriptor {descriptor} is not {root / LOCK_NAME}: start the shipper without --lock-fd"
            )
        locking.lock(descriptor)
        os.set_inheritable(descriptor, False)
        lock = cls(descriptor)
        lock.name(holder)
        return lock

    @property
    def descriptor(self) -> int:
        """For handing the lock on to a child: it is held until the last copy is closed."""
        return self._descriptor

    def name(self, holder: Holder) -> None:
        """Say in the file who holds it."""
        os.ftruncate(self._descriptor, 0)
        write_at(self._descriptor, json.dumps(asdict(holder)).encode(), 0)

    def release(self) -> None:
        """Unlock, also for children that inherited the descriptor."""
        locking.unlock(self._descriptor)
        os.close(self._descriptor)

    def abandon(self) -> None:
        """Close without unlocking: in a forked child the lock stays the parent's, and after handing it on the child's."""
        os.close(self._descriptor)


def is_held(root: Path) -> bool:
    """Say whether a shipper serves the root."""
    try:
        descriptor = os.open(root / LOCK_NAME, os.O_RDONLY | ONLY_THIS)
    except FileNotFoundError:
        return False
    try:
        locking.lock(descriptor, shared=True)  # shared: two who look do not see each other
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def read_holder(root: Path) -> Holder | None:
    """Who wrote the lock file last, None where nobody did. He holds it only while `is_held`."""
    try:
        fields = json.loads((root / LOCK_NAME).read_text())
        return Holder(int(fields["pid"]), str(fields["version"]), str(fields["mode"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None  # a hint: without it nobody is replaced
