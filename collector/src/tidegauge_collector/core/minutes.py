"""Good and bad minutes of a stretch of time: what objectives of throughput and freshness count."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tidegauge_collector.core.slo import Tally

MINUTE_US = 60_000_000
Flags = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Minutes:
    """Consecutive minutes from `start_us` on: which of them count, and which of these were bad."""

    start_us: int
    counted: Flags
    bad: Flags

    def tally(self, start_us: int, end_us: int) -> Tally:
        """Of the minutes that begin in [start_us, end_us)."""
        first, end = (max(0, -(-(at - self.start_us) // MINUTE_US)) for at in (start_us, end_us))
        counted = self.counted[first:end]
        return Tally(int(np.count_nonzero(self.bad[first:end] & counted)), int(np.count_nonzero(counted)))


def slow_minutes(requests: Integers, at_least: float) -> Flags:
    """Minutes with fewer requests than promised."""
    return requests < at_least


def stale_minutes(answered: Flags, stale_after_s: int, earlier_s: float | None) -> Flags:
    """Minutes at whose end the last answer was older than promised; one within a minute counts as at its end.

    `earlier_s`: how long before the first minute the last answer before it was; None: there was none.

    >>> stale_minutes(np.array([True, False, False, False]), 120, None).tolist()
    [False, False, False, True]
    """
    places = np.arange(len(answered), dtype=np.float64)
    last = np.maximum.accumulate(np.where(answered, places, -np.inf))
    before = -np.inf if earlier_s is None else -1 - earlier_s / 60
    stale: Flags = (places - np.maximum(last, before)) * 60 > stale_after_s
    return stale
