"""Pure: how many bytes each deployment has put into the frame log today (UTC)."""

from collections import Counter
from collections.abc import Callable, Mapping

DAY_US = 86_400 * 1_000_000
MAX_DEPLOYMENTS = 20_000
THE_REST = ""  # deployments beyond that many share one account, which is no name of a deployment


class Quotas:
    """Accounts of one day; the next day begins with empty ones."""

    def __init__(self, limit_of: Callable[[str], int], *, max_deployments: int = MAX_DEPLOYMENTS) -> None:
        self._limit_of = limit_of
        self._max_deployments = max_deployments
        self._used: Counter[str] = Counter()
        self.day = 0  # days since 1970

    def exceeded(self, deployments: Mapping[str, int], now_us: int) -> str | None:
        """A deployment among those named whose quota is used up, if there is one. The batch that reaches the quota is taken."""
        self._turn(now_us)
        return next(
            (name for name in deployments if self._used[self._account(name)] >= self._limit_of(name)),
            None,
        )

    def charge(self, sizes_bytes: Mapping[str, int], now_us: int) -> None:
        """Add what has been stored, by deployment."""
        self._turn(now_us)
        for name, size in sizes_bytes.items():
            self._used[self._account(name)] += size

    def restore(self, day: int, used_bytes: Mapping[str, int]) -> None:
        """Begin with what an earlier life of the collector has counted."""
        if day >= self.day:
            self.day, self._used = day, Counter(used_bytes)

    def used(self) -> dict[str, int]:
        """Bytes of today by deployment, as a copy."""
        return {name: size for name, size in self._used.items() if size}

    def until_tomorrow_ms(self, now_us: int) -> float:
        """How long this day still is."""
        return (DAY_US - now_us % DAY_US) / 1_000

    def _turn(self, now_us: int) -> None:
        """Begin a new day; a clock that goes back stays in the day that was begun."""
        day = now_us // DAY_US
        if day > self.day:
            self.day, self._used = day, Counter()

    def _account(self, name: str) -> str:
        return name if name in self._used or len(self._used) < self._max_deployments else THE_REST
