"""How much of the frame log waits to be folded: for the intake's admission and for `/metrics`."""

from collections.abc import Callable

from tidegauge_collector.ingest.counters import IngestCounters
from tidegauge_collector.jobs.folding import Folding


class Backlog:
    """What lay in the log at the start, and what came in since, less what was folded since."""

    def __init__(
        self, folding: Folding, counters: IngestCounters, now_us: Callable[[], int], *, size_at_start_bytes: int
    ) -> None:
        self._folding = folding
        self._counters = counters
        self._now_us = now_us
        self._at_start = size_at_start_bytes

    def size_bytes(self) -> int:
        """Bytes of frames that wait; 0 when the fold says that it has everything, whatever was counted."""
        if self._folding.caught_up:
            return 0
        return max(0, self._at_start + self._counters.value("bytes") - self._folding.folded_bytes)

    def lag_s(self) -> float:
        """How long ago the newest folded frame was received; 0 while nothing waits, or nothing was folded yet."""
        newest_us = self._folding.folded_received_us
        if self._folding.caught_up or not newest_us or not self.size_bytes():
            return 0.0
        return max(0.0, (self._now_us() - newest_us) / 1e6)
