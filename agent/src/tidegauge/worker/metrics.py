"""Custom metrics: numbers that the user reports, from any thread and without waiting, collected in windows of an hour."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from tidegauge.core.columns import METRIC_PREFIX, numeric_values
from tidegauge.core.profile import profile_numeric
from tidegauge.core.windows import HOUR_US
from tidegauge.errors import UsageError
from tidegauge.worker.cells import OpenWindows, SealedWindow, WindowKey
from tidegauge.worker.facts import Times

MAX_METRICS = 1_000
MAX_OFFERED = 10_000
"""Values that wait for the worker."""

Floats = npt.NDArray[np.float64]


class CustomMetrics:
    """Those of one deployment and version. `offer` may be called from any thread, all else only under the runtime's lock."""

    def __init__(self, counts: Counter[str]) -> None:
        """`counts` is where values are counted."""
        self._counts = counts
        self._names: set[str] = set()
        self._offered: deque[tuple[str, Floats, Times]] = deque()
        self._offered_values = 0  # about: several threads count at once
        self._windows = OpenWindows()

    def offer(self, name: str, values: Floats, event_us: Times) -> bool:
        """Take in values of a metric, each with its event time; False where `take` should be called before more are offered.

        Raises UsageError for a name beyond the 1,000th.
        """
        if name not in self._names and len(self._names) >= MAX_METRICS:
            raise UsageError(f"metric {name!r}: over {MAX_METRICS:,} names; what varies belongs into the value")
        self._names.add(name)
        self._offered.append((name, values, event_us))
        self._offered_values += len(values)
        return self._offered_values < MAX_OFFERED

    def take(self, now_us: int) -> None:
        """Count what was offered."""
        found: dict[tuple[str, int], list[tuple[Floats, Times]]] = {}
        self._offered_values = 0  # before they are taken: what comes meanwhile counts for the next time
        for _ in range(len(self._offered)):
            name, values, event_us = self._offered.popleft()
            self._counts["metric_values"] += len(values)
            hours = event_us - event_us % HOUR_US
            for start in np.unique(hours).tolist():
                inside = hours == start
                found.setdefault((name, start), []).append((values[inside], event_us[inside]))
        for (name, start), parts in found.items():
            numbers = numeric_values(np.concatenate([values for values, _ in parts]))
            times = np.concatenate([event_us for _, event_us in parts])
            profile = profile_numeric(METRIC_PREFIX + name, numbers)
            self._windows.add(WindowKey(start, ""), [profile], times, arrived_us=now_us)

    def seal(self, now_us: int) -> list[SealedWindow]:
        """Take everything: no predictions are in these windows, and more may come for any of them."""
        self.take(now_us)
        sealed = self._windows.seal(close=self._windows.all_keys())
        return [replace(one, counted_rows=0, closed=False) for one in sealed]
