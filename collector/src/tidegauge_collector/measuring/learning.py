"""Learned limits from a baseline: how a metric spreads over windows of the same size, were production like the baseline.

From blocks of the baseline's scored rows where there are enough of them, else drawn from it; of a share by its binomial distribution.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tidegauge_collector.core.drift import DIVERGENCES, divergence_rows, missing_rate
from tidegauge_collector.core.spread import Spread, drawn_spread, rate_spread
from tidegauge_collector.measuring.baselines import ActiveBaseline

KEPT = 2_000


class Learning:
    """Remembers what it has learned; windows of nearly one size (two digits) share it. From any thread."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, str, str, int], tuple[ActiveBaseline, Spread | None]] = {}

    def of_column(self, active: ActiveBaseline, metric: str, column: str, n: int) -> Spread | None:
        """The spread of a column's metric over windows of n rows; None where the baseline does not tell it."""
        return self._answer(active, metric, column, n, lambda size: _of_counts(active, metric, column, size))

    def of_scores(
        self, active: ActiveBaseline, metric: str, n: int, about: str, learn: Callable[[int], Spread | None]
    ) -> Spread | None:
        """The same of a metric of accuracy over windows of n labelled rows; `about`: how it is read (class, threshold)."""
        return self._answer(active, metric, about, n, learn)

    def _answer(
        self, active: ActiveBaseline, metric: str, column: str, n: int, learn: Callable[[int], Spread | None]
    ) -> Spread | None:
        size = int(float(f"{n:.2g}")) if n > 0 else 0
        key = (id(active), metric, column, size)
        known = self._known.get(key)
        if known is None or known[0] is not active:
            for oldest in list(self._known)[: max(0, len(self._known) + 1 - KEPT)]:
                self._known.pop(oldest, None)  # another thread may be making room, too
            known = self._known[key] = (active, learn(size))
        return known[1]


def _of_counts(active: ActiveBaseline, metric: str, column: str, n: int) -> Spread | None:
    if column not in active.baseline.profiles:
        return None
    counts = active.counts(column).astype(np.float64)
    if metric == "missing_rate":
        rate = missing_rate(counts, active.kinds(column))
        return None if rate is None else rate_spread(rate, n)
    if metric not in DIVERGENCES:
        return None
    return drawn_spread(counts, n, lambda drawn: divergence_rows(drawn, counts, [metric])[metric])
