"""Service levels as counted: requests, predictions, errors by class and latency buckets, window by window."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from tidegauge.core.columns import ERROR, LATENCY, ROWS
from tidegauge.core.windows import Window
from tidegauge_collector.telemetry.index import Series
from tidegauge_collector.telemetry.selecting import select
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.telemetry.windowed import Windowed, rows_of

K = TypeVar("K", str, int)
_USER = "user:"


@dataclass(frozen=True, slots=True)
class ServiceCounts:
    """What a service did in a window of arrival time. `errors`: calls by "user:CLASS" or "system:CLASS"; `unnamed_errors`: those whose
    class an agent could not keep, counted as the system's; `latency`: calls by log-linear bucket (core.latency).
    """

    window: Window
    requests: int = 0
    predictions: int = 0
    errors: Mapping[str, int] = field(default_factory=dict)
    unnamed_errors: int = 0
    latency: Mapping[int, int] = field(default_factory=dict)

    @property
    def user_errors(self) -> int:
        """Calls that failed by the caller's fault."""
        return sum(count for name, count in self.errors.items() if name.startswith(_USER))

    @property
    def system_errors(self) -> int:
        """Calls that failed otherwise."""
        return sum(self.errors.values()) - self.user_errors + self.unnamed_errors


def service_counts(
    store: TelemetryStore,
    deployment: str,
    *,
    windows: Sequence[Window],
    version: str | None = None,
    segment: str = "",
) -> list[ServiceCounts]:
    """One entry a window, in order; over all versions where `version` is None."""
    chosen = select(store.index, deployment, version=version, segment=segment, columns={LATENCY, ERROR, ROWS})
    with store.snapshot():
        return _counts(Windowed(store, chosen, range(len(chosen)), windows))


def _counts(read: Windowed) -> list[ServiceCounts]:
    slots = range(len(read.windows))
    requests, predictions, unnamed = ([0] * len(slots) for _ in range(3))
    errors: list[dict[str, int]] = [{} for _ in slots]
    latency: list[dict[int, int]] = [{} for _ in slots]
    for place, slot, rows, missing, non_finite, invalid, overflow, total, *_ in rows_of(read.cells()):
        series: Series = read.series[place]
        if series.key.column == LATENCY:
            requests[slot] += rows
        elif series.key.column == ROWS:
            answered = total + (rows - missing - non_finite - invalid) * series.key.pivot
            predictions[slot] += round(answered) if math.isfinite(answered) else 0
        else:
            unnamed[slot] += overflow
    for (_, slot), names in read.names().items():
        _add(errors[slot], names)
    for place, slot, bucket, count in rows_of(read.bins()):
        if read.series[place].key.column == LATENCY:
            _add(latency[slot], {bucket: count})
    return [
        ServiceCounts(window, requests[i], predictions[i], errors[i], unnamed[i], dict(sorted(latency[i].items())))
        for i, window in enumerate(read.windows)
    ]


def _add(totals: dict[K, int], more: Mapping[K, int]) -> None:
    for key, count in more.items():
        totals[key] = totals.get(key, 0) + count
