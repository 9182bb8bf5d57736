"""Service levels as counted: requests, predictions, errors by class, latency buckets, consumers and caches, window by window."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tidegauge.core.columns import CACHE, CONSUMER, ERROR, LATENCY, ROWS, SERVICE_COLUMNS
from tidegauge.core.windows import Window
from tidegauge_collector.telemetry.index import Series
from tidegauge_collector.telemetry.selecting import select
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.telemetry.windowed import Windowed, rows_of

K = TypeVar("K", str, int)
_USER = "user:"
_BESIDE = frozenset({2, 3})  # roles of the proto whose answers go to nobody: challenger, replay


@dataclass(frozen=True, slots=True)
class ServiceCounts:
    """What a service did in a window of arrival time. `errors`: calls by "user:CLASS" or "system:CLASS"; `unnamed_errors`: those whose
    class an agent could not keep, counted as the system's; `latency`: calls by log-linear bucket (core.latency). `consumers`: calls by
    who asked, as far as that was said (`unnamed_consumers`: and kept by name); `cache`: calls by "hit" and "miss", where that was said.
    """

    window: Window
    requests: int = 0
    predictions: int = 0
    errors: Mapping[str, int] = field(default_factory=dict)
    unnamed_errors: int = 0
    latency: Mapping[int, int] = field(default_factory=dict)
    consumers: Mapping[str, int] = field(default_factory=dict)
    unnamed_consumers: int = 0
    cache: Mapping[str, int] = field(default_factory=dict)

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
    columns: Collection[str] = SERVICE_COLUMNS,
    with_latency: bool = True,
) -> list[ServiceCounts]:
    """One entry a window, in order; over all versions that answer callers where `version` is None. Only what `columns` say is
    read, and of the latency its buckets only `with_latency`.
    """
    chosen = answering(store, deployment, version=version, segment=segment, columns=columns)
    with store.snapshot():
        return _counts(Windowed(store, chosen, range(len(chosen)), windows), with_latency=with_latency)


def added(window: Window, parts: Sequence[ServiceCounts]) -> ServiceCounts:
    """What parts of a window that do not overlap add up to."""
    totals: dict[str, dict[Any, int]] = {name: {} for name in ("errors", "latency", "consumers", "cache")}
    for one in parts:
        for name, total in totals.items():
            _add(total, getattr(one, name))
    return ServiceCounts(
        window,
        sum(one.requests for one in parts),
        sum(one.predictions for one in parts),
        unnamed_errors=sum(one.unnamed_errors for one in parts),
        unnamed_consumers=sum(one.unnamed_consumers for one in parts),
        **totals,
    )


def answering(
    store: TelemetryStore, deployment: str, *, version: str | None, segment: str, columns: Collection[str]
) -> list[Series]:
    """The series of service columns; of all versions together those whose answers go to the caller, not what runs beside them."""
    found = select(store.index, deployment, version=version, segment=segment, columns=columns)
    return [one for one in found if version is not None or one.key.role not in _BESIDE]


def _counts(read: Windowed, *, with_latency: bool) -> list[ServiceCounts]:
    slots = range(len(read.windows))
    requests, predictions, unnamed, unnamed_consumers = ([0] * len(slots) for _ in range(4))
    names: dict[str, list[dict[str, int]]] = {column: [{} for _ in slots] for column in (ERROR, CONSUMER, CACHE)}
    latency: list[dict[int, int]] = [{} for _ in slots]
    for place, slot, rows, missing, non_finite, invalid, overflow, total, *_ in rows_of(read.cells()):
        series: Series = read.series[place]
        if series.key.column == LATENCY:
            requests[slot] += rows
        elif series.key.column == ROWS:
            answered = total + (rows - missing - non_finite - invalid) * series.key.pivot
            predictions[slot] += round(answered) if math.isfinite(answered) else 0
        elif series.key.column == ERROR:
            unnamed[slot] += overflow
        elif series.key.column == CONSUMER:
            unnamed_consumers[slot] += overflow
    named = any(one.key.column in names for one in read.series)
    for (place, slot), some in (read.names() if named else {}).items():
        _add(names[read.series[place].key.column][slot], some)
    timed = any(one.key.column == LATENCY for one in read.series) and with_latency
    for place, slot, bucket, count in rows_of(read.bins()) if timed else ():
        if read.series[place].key.column == LATENCY:
            _add(latency[slot], {bucket: count})
    return [
        ServiceCounts(
            window,
            requests[i],
            predictions[i],
            errors=names[ERROR][i],
            unnamed_errors=unnamed[i],
            latency=dict(sorted(latency[i].items())),
            consumers=names[CONSUMER][i],
            unnamed_consumers=unnamed_consumers[i],
            cache=names[CACHE][i],
        )
        for i, window in enumerate(read.windows)
    ]


def _add(totals: dict[K, int], more: Mapping[K, int]) -> None:
    for key, count in more.items():
        totals[key] = totals.get(key, 0) + count
