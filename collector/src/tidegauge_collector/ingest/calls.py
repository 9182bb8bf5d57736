"""How many calls are under way, in all and of one peer (one connection): before anything of a call is looked at."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tidegauge_collector.ingest.admission import Admission


class Calls:
    """Counts calls in the event loop's thread; a peer has no entry while it has no call."""

    def __init__(self, admission: Admission, count: Callable[[str, str], None]) -> None:
        self._admission = admission
        self._count = count
        self._of_peers: Counter[str] = Counter()
        self.under_way = 0
        self.most_at_once = 0

    @contextmanager
    def counted(self, peer: str) -> Iterator[None]:
        """Count a call during the block; Overloaded where there are too many already."""
        limits = self._admission.limits
        if self.under_way >= limits.max_calls:
            self._count("calls", "too_many")
            raise self._admission.busy(f"{self.under_way} calls are under way, at most {limits.max_calls}", "calls")
        if self._of_peers[peer] >= limits.max_calls_per_peer:
            self._count("calls", "too_many_of_peer")
            raise self._admission.busy(f"{limits.max_calls_per_peer} calls of {peer} are under way", "calls_of_peer")
        self._of_peers[peer] += 1
        self.under_way += 1
        self.most_at_once = max(self.most_at_once, self.under_way)
        try:
            yield
        finally:
            self.under_way -= 1
            self._of_peers[peer] -= 1
            if not self._of_peers[peer]:
                del self._of_peers[peer]
