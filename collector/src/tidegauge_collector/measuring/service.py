"""Service levels of windows of arrival time, from the merged profiles of all agents."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np

from tidegauge.core.latency import RELATIVE_ERROR, bucket_bounds_s
from tidegauge.core.windows import HOUR_US, MINUTE_US, SECOND_US, Window
from tidegauge_collector.core.metrics import SERVICE
from tidegauge_collector.core.service import availability, bucket_quantile, error_rate, load_per_minute, slow_calls
from tidegauge_collector.measuring.drift import Scope
from tidegauge_collector.measuring.measurement import Measurement
from tidegauge_collector.telemetry.extent import reach
from tidegauge_collector.telemetry.loads import NO_LOADS, Loads, service_loads
from tidegauge_collector.telemetry.selecting import span
from tidegauge_collector.telemetry.service import ServiceCounts, service_counts
from tidegauge_collector.telemetry.store import TelemetryStore

_QUANTILE = re.compile(r"latency_p(\d{1,2}(?:\.\d{1,6})?|100)")
SLOW_S = 1.0
CONSUMERS_SHOWN = 100


@dataclass(frozen=True, slots=True)
class ServiceQuestion:
    """What a metric is asked with: the quantile of `latency`, and from how many seconds on a call is slow. `now_us`: windows are looked
    at up to then."""

    q: str = "0.5"
    slow_s: float = SLOW_S
    now_us: int | None = None


@dataclass(frozen=True, slots=True)
class Value:
    """What came of one metric in one window."""

    value: float | None
    method: str
    reason: str | None = None
    error_bound: float | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)


_NO_SEGMENT = Value(None, "count", "not_applicable")
"""Of failed calls: they have no rows, and so belong to no segment."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One window as it was counted, the part of it that is known (from the first data, up to now), and when things came."""

    counts: ServiceCounts
    known: Window
    loads: Loads
    question: ServiceQuestion

    def fine(self, longest_s: int) -> Loads | None:
        """What came, in windows of at most this length; None where some of it is kept in longer ones only."""
        found = self.loads.between(self.known)
        total = int(found.requests[found.length_s <= longest_s].sum())
        return found if total == self.counts.requests else None


def quantile_of(metric: str) -> str | None:
    """The quantile that a metric such as `latency_p99.9` names, as a decimal fraction; None for other metrics."""
    found = _QUANTILE.fullmatch(metric)
    return None if found is None else format(Decimal(found[1]) / 100, "f")


def measure_service(
    store: TelemetryStore, scope: Scope, metrics: Sequence[str], question: ServiceQuestion = ServiceQuestion()
) -> Iterator[Measurement]:
    """Each metric in each window, windows first; over all versions that answer callers where the scope names none."""
    if not scope.windows:
        return
    version = scope.version or None
    loads = NO_LOADS
    with store.snapshot():  # what was counted and when it came are laid beside each other
        counts = service_counts(store, scope.deployment, version=version, segment=scope.segment, windows=scope.windows)
        if not _BY_TIME.isdisjoint(metrics):
            loads = service_loads(store, scope.deployment, span(scope.windows), version=version, segment=scope.segment)
    first_us = reach(store, scope.deployment).first_arrival_us
    for metric in metrics:
        for one in counts:
            seen = Seen(one, _known(one.window, first_us, question.now_us), loads, question)
            yield _measurement(metric, seen, scope)


def _known(window: Window, first_us: int | None, now_us: int | None) -> Window:
    """From the minute of the first data, up to the end of the minute that is now; empty where that is nothing."""
    start = window.end_us if first_us is None else max(window.start_us, first_us - first_us % MINUTE_US)
    end = window.end_us if now_us is None else min(window.end_us, -(-now_us // MINUTE_US) * MINUTE_US)
    return Window(start, max(start, end))


def _measurement(metric: str, seen: Seen, scope: Scope) -> Measurement:
    found = _NO_SEGMENT if scope.segment and metric in _OF_FAILED else _value(metric, seen)
    return Measurement(
        metric=metric,
        column="",
        segment=scope.segment,
        version=scope.version,
        window=seen.counts.window,
        value=found.value,
        reason=found.reason,
        n=seen.counts.requests,
        method=found.method,
        parameters=found.parameters,
        error_bound=found.error_bound,
    )


def _value(metric: str, seen: Seen) -> Value:
    q = quantile_of(metric)
    return _latency(seen, q) if q is not None else _MEASURES[metric](seen)


def _count(value: int, **parameters: Any) -> Value:
    return Value(float(value), "count", error_bound=0.0, parameters=parameters)


def _rate(value: float | None, method: str, **parameters: Any) -> Value:
    if value is None:
        return Value(None, method, "no_rows", parameters=parameters)
    return Value(value, method, error_bound=0.0, parameters=parameters)


def _errors(seen: Seen) -> Value:
    counts = seen.counts
    return _count(
        counts.user_errors + counts.system_errors,
        by_class=dict(counts.errors),
        user=counts.user_errors,
        system=counts.system_errors,
        unnamed=counts.unnamed_errors,
    )


def _share(part: int, whole: int) -> float | None:
    return min(part, whole) / whole if whole else None


def _error_rate(seen: Seen) -> Value:
    system = min(seen.counts.system_errors, seen.counts.requests)
    return _rate(error_rate(system, seen.counts.requests), "system_errors_per_request")


def _user_error_rate(seen: Seen) -> Value:
    return _rate(_share(seen.counts.user_errors, seen.counts.requests), "user_errors_per_request")


def _availability(seen: Seen) -> Value:
    counts = seen.counts
    user = min(counts.user_errors, counts.requests)
    system = min(counts.system_errors, counts.requests - user)
    return _rate(availability(system, user, counts.requests), "answered_of_answerable", user=user, system=system)


def _latency(seen: Seen, q: str) -> Value:
    lower, upper, counts = _buckets(seen.counts)
    found = bucket_quantile(lower, upper, counts, q)
    parameters = {"q": q, "unit": "s", "relative_error": RELATIVE_ERROR}
    bound = None if found.value is None else found.value * RELATIVE_ERROR
    return Value(found.value, "log_linear_buckets", found.reason, bound, parameters)


def _slow_requests(seen: Seen) -> Value:
    slow, more = slow_calls(*_buckets(seen.counts), seen.question.slow_s)
    return Value(
        float(slow), "log_linear_buckets", error_bound=float(more), parameters={"slow_s": seen.question.slow_s}
    )


def _slow_share(seen: Seen) -> Value:
    slow, more = slow_calls(*_buckets(seen.counts), seen.question.slow_s)
    parameters = {"slow_s": seen.question.slow_s}
    n = seen.counts.requests
    if not n:
        return Value(None, "log_linear_buckets", "no_rows", parameters=parameters)
    return Value(slow / n, "log_linear_buckets", error_bound=more / n, parameters=parameters)


def _buckets(counts: ServiceCounts) -> tuple[Any, Any, Any]:
    """Lower and upper bound (seconds) and count of each bucket that holds anything."""
    indexes = np.array(sorted(counts.latency), dtype=np.int64)
    rows = np.array([counts.latency[i] for i in indexes.tolist()], dtype=np.int64)
    return *bucket_bounds_s(indexes), rows


def _throughput(which: str) -> Callable[[Seen], Value]:
    def measure(seen: Seen) -> Value:
        method, found = "requests_per_minute", seen.fine(60)
        minutes = -(-seen.known.end_us // MINUTE_US) - -(-seen.known.start_us // MINUTE_US)  # those that begin in it
        if minutes <= 0:
            return Value(None, method, "no_rows")
        if found is None:
            return Value(None, method, "too_old", parameters={"kept": "hours"})
        load = load_per_minute(found.requests[found.requests > 0], minutes)
        value = load.median if which == "median" else load.peak
        parameters = {"minutes": load.minutes, "silent_minutes": load.silent_minutes, "unit": "1/min"}
        return Value(None if value is None else float(value), method, error_bound=0.0, parameters=parameters)

    return measure


def _activity(seen: Seen) -> Value:
    method, known = "share_of_hours", seen.known
    found = seen.fine(3_600)
    if known.end_us <= known.start_us:
        return Value(None, method, "no_rows")
    if found is None:
        return Value(None, method, "too_old", parameters={"kept": "days"})
    hours = -(-known.end_us // HOUR_US) - known.start_us // HOUR_US
    busy = len(np.unique(found.start_us[found.requests > 0] // HOUR_US))
    return Value(busy / hours, method, error_bound=0.0, parameters={"hours": hours, "busy_hours": busy})


def _freshness(seen: Seen) -> Value:
    """How long before the end of the window (or now, where that is earlier) the last row was answered."""
    last = seen.loads.last_answer(seen.known.end_us)
    if last is None:
        return Value(None, "since_last_prediction", "no_rows")
    end_us = seen.known.end_us if seen.question.now_us is None else min(seen.known.end_us, seen.question.now_us)
    age_s = max(0, end_us - last.end_us) / SECOND_US
    return Value(age_s, "since_last_prediction", error_bound=float(last.length_s), parameters={"unit": "s"})


def _consumers(seen: Seen) -> Value:
    counts = seen.counts
    shown = sorted(counts.consumers.items(), key=lambda one: (-one[1], one[0]))[:CONSUMERS_SHOWN]
    stated = sum(counts.consumers.values()) + counts.unnamed_consumers
    return _count(
        len(counts.consumers),
        by_consumer=dict(shown),
        unnamed=counts.unnamed_consumers,
        not_stated=max(0, counts.requests - stated),
    )


def _cache_hits(seen: Seen) -> Value:
    hits, misses = (seen.counts.cache.get(name, 0) for name in ("hit", "miss"))
    return _count(hits, misses=misses, not_stated=max(0, seen.counts.requests - hits - misses))


def _cache_hit_rate(seen: Seen) -> Value:
    hits, misses = (seen.counts.cache.get(name, 0) for name in ("hit", "miss"))
    return _rate(_share(hits, hits + misses), "hits_of_stated", hits=hits, misses=misses)


_MEASURES: Mapping[str, Callable[[Seen], Value]] = {
    "requests": lambda seen: _count(seen.counts.requests),
    "predictions": lambda seen: _count(seen.counts.predictions),
    "errors": _errors,
    "error_rate": _error_rate,
    "user_error_rate": _user_error_rate,
    "availability": _availability,
    "latency": lambda seen: _latency(seen, seen.question.q),
    "slow_requests": _slow_requests,
    "slow_share": _slow_share,
    "throughput_median": _throughput("median"),
    "throughput_peak": _throughput("peak"),
    "consumers": _consumers,
    "cache_hits": _cache_hits,
    "cache_hit_rate": _cache_hit_rate,
    "activity": _activity,
    "freshness": _freshness,
}
_BY_TIME = frozenset({"throughput_median", "throughput_peak", "activity", "freshness"})
_OF_FAILED = frozenset({"errors", "error_rate", "user_error_rate", "availability"})
METRICS = SERVICE
RATES = frozenset({"error_rate", "user_error_rate", "slow_share"})
"""Shares of the requests: chance has an exact test."""
