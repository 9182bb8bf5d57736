"""Service levels of windows of arrival time, from the merged profiles of all agents."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tidegauge.core.latency import RELATIVE_ERROR, bucket_bounds_s
from tidegauge.core.windows import Window
from tidegauge_collector.core.service import bucket_quantile, error_rate
from tidegauge_collector.measuring.drift import Scope
from tidegauge_collector.measuring.measurement import Measurement
from tidegauge_collector.telemetry.service import ServiceCounts, service_counts
from tidegauge_collector.telemetry.store import TelemetryStore

LATENCY_QUANTILES = {"latency_p50": "0.5", "latency_p90": "0.9", "latency_p95": "0.95", "latency_p99": "0.99"}
_METHODS = {"requests": "count", "predictions": "count", "errors": "count", "error_rate": "system_errors_per_request"}
METRICS = ("requests", "predictions", "errors", "error_rate", *LATENCY_QUANTILES)


def measure_service(store: TelemetryStore, scope: Scope, metrics: list[str]) -> Iterator[Measurement]:
    """Each metric in each window, windows first. Services are not measured by segment: undefined there."""
    if scope.segment:
        yield from (_by_segment(metric, scope, window) for metric in metrics for window in scope.windows)
        return
    found = service_counts(
        store, scope.deployment, version=scope.version or None, segment=scope.segment, windows=scope.windows
    )
    for metric in metrics:
        for i, one in enumerate(found):
            yield _measurement(metric, one, scope, i)


def _by_segment(metric: str, scope: Scope, window: Window) -> Measurement:
    return Measurement(
        metric=metric,
        column="",
        segment=scope.segment,
        version=scope.version,
        window=window,
        value=None,
        reason="not_applicable",
        method=_METHODS.get(metric, "log_linear_buckets"),
    )


def _measurement(metric: str, seen: ServiceCounts, scope: Scope, i: int) -> Measurement:
    value, reason, bound, method, parameters = _value(metric, seen)
    return Measurement(
        metric=metric,
        column="",
        segment=scope.segment,
        version=scope.version,
        window=scope.windows[i],
        value=value,
        reason=reason,
        n=seen.requests,
        method=method,
        parameters=parameters,
        error_bound=bound,
    )


def _value(metric: str, seen: ServiceCounts) -> tuple[float | None, str | None, float | None, str, dict[str, object]]:
    if metric == "requests":
        return float(seen.requests), None, 0.0, "count", {}
    if metric == "predictions":
        return float(seen.predictions), None, 0.0, "count", {}
    if metric == "errors":
        return float(seen.user_errors + seen.system_errors), None, 0.0, "count", {"by_class": dict(seen.errors)}
    if metric == "error_rate":
        rate = error_rate(seen.system_errors, seen.requests)
        return (
            rate,
            None if rate is not None else "no_rows",
            0.0 if rate is not None else None,
            "system_errors_per_request",
            {},
        )
    return _latency(LATENCY_QUANTILES[metric], seen)


def _latency(q: str, seen: ServiceCounts) -> tuple[float | None, str | None, float | None, str, dict[str, object]]:
    indexes = np.array(sorted(seen.latency), dtype=np.int64)
    counts = np.array([seen.latency[i] for i in indexes.tolist()], dtype=np.int64)
    lower, upper = bucket_bounds_s(indexes)
    found = bucket_quantile(lower, upper, counts, q)
    parameters: dict[str, object] = {"q": q, "unit": "s", "relative_error": RELATIVE_ERROR}
    bound = None if found.value is None else found.value * RELATIVE_ERROR
    return found.value, found.reason, bound, "log_linear_buckets", parameters
