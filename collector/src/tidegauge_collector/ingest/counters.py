"""Plain counters with reasons, for `/metrics`; one per thing that happened, never a log line per item."""

import threading
from collections import Counter


class IngestCounters:
    """Counts by (name, reason). Names: ship, frames, bytes, quarantined, hello, configuration, commits, commit_errors."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards _counts: the committer's thread counts as well
        self._counts: Counter[tuple[str, str]] = Counter()

    def count(self, name: str, reason: str = "", n: int = 1) -> None:
        """Add n."""
        with self._lock:
            self._counts[name, reason] += n

    def value(self, name: str, reason: str = "") -> int:
        """One counter, 0 where it was never touched."""
        return self._counts[name, reason]

    def snapshot(self) -> dict[tuple[str, str], int]:
        """All counters, as a copy."""
        with self._lock:
            return dict(self._counts)
