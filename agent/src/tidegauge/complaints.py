"""One warning a minute about a spool root through the host's own `logging`, whatever goes wrong there, and how often."""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

EVERY_S = 60.0
MOST_ROOTS = 100
_log = logging.getLogger("tidegauge")


class Complaints:
    """Remembers when it last spoke; what it kept back is counted, and said with the next warning."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()  # guards the two below
        self._said_s: dict[Path, float] = {}
        self._kept_back: dict[Path, int] = {}

    def warn(self, root: Path, message: str) -> None:
        """Log a warning, unless there was one about this root within a minute."""
        with self._lock:
            now = self._now()
            if now - self._said_s.get(root, now - EVERY_S) < EVERY_S or len(self._said_s) > MOST_ROOTS:
                self._kept_back[root] = self._kept_back.get(root, 0) + 1
                return
            self._said_s[root] = now
            more = self._kept_back.pop(root, 0)
        _log.warning("tidegauge: %s%s", message, f" (and {more} more like it)" if more else "")

    def reset_after_fork(self) -> None:
        """In a forked child: a thread of the parent may hold the lock."""
        self._lock = threading.Lock()


COMPLAINTS = Complaints()
"""Of this process."""
