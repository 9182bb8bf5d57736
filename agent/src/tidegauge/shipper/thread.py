"""A shipper in a thread of the host: for notebooks and systems without a process of its own. Importing this loads gRPC."""

import logging
import os
import threading
from pathlib import Path

from tidegauge.errors import TidegaugeError
from tidegauge.shipper.lock import Holder, ShipperLock
from tidegauge.shipper.process import make_shipper
from tidegauge.version import __version__

_log = logging.getLogger("tidegauge")


class ShipperThread:
    """Serves a root for the life of the process. A daemon: it never holds up the host's end, what is sealed is in the spool."""

    def __init__(self, root: Path, token: str | None = None) -> None:
        """Take the root's lock; raises UsageError and OSError where the root cannot be served."""
        self._lock = ShipperLock.acquire(root, Holder(os.getpid(), __version__, "thread"))
        try:
            self._shipper = make_shipper(root, linger_s=None, token=token)
        except BaseException:
            if self._lock is not None:
                self._lock.release()
            raise
        self._thread = threading.Thread(target=self._run, name="tidegauge-shipper", daemon=True)

    def start(self) -> None:
        """Begin, unless another shipper was faster."""
        if self._lock is not None:
            self._thread.start()

    def is_alive(self) -> bool:
        """Say whether it serves."""
        return self._thread.is_alive()

    def stop(self, drain_s: float) -> None:
        """Ship for so long at most, then end; returns when it has ended."""
        if self._thread.is_alive():
            self._shipper.stop(drain_s=drain_s)
            self._thread.join()

    def abandon_after_fork(self) -> None:
        """Let go of the inherited lock in a forked child; it stays the parent's."""
        if self._lock is not None:
            lock, self._lock = self._lock, None
            lock.abandon()

    def _run(self) -> None:
        try:
            self._shipper.run()
        except (TidegaugeError, OSError) as error:
            _log.warning("the shipper thread has ended: %s", error)  # it is started again in a few seconds
        finally:
            if self._lock is not None:
                self._lock.release()
