"""Custom metrics: numbers that the user reports, measured by the hour of their event time, beside the baseline that people stated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tidegauge.core.columns import METRIC_PREFIX
from tidegauge.core.windows import Window
from tidegauge_collector.control import Deployment
from tidegauge_collector.core.custom import ADDING, CustomMetric, change
from tidegauge_collector.core.metrics import CUSTOM
from tidegauge_collector.measuring.drift import Scope
from tidegauge_collector.measuring.measurement import Measurement, finite
from tidegauge_collector.telemetry.extent import known
from tidegauge_collector.telemetry.numbers import WindowNumbers, window_numbers
from tidegauge_collector.telemetry.store import TelemetryStore

METRICS = CUSTOM
_QUANTILES = {"p50": 0.5, "p95": 0.95}
_SILENT = CustomMetric()


def custom_names(store: TelemetryStore, deployment: str) -> list[str]:
    """The custom metrics that were ever reported, by name."""
    columns = known(store, deployment).columns
    return [name.removeprefix(METRIC_PREFIX) for name in columns if name.startswith(METRIC_PREFIX)]


def measure_custom(
    store: TelemetryStore, scope: Scope, deployment: Deployment, metric: str, names: Sequence[str]
) -> Iterator[Measurement]:
    """One statistic of some custom metrics in each window, metrics first. They belong to no segment."""
    statistic = metric.removeprefix("custom_")
    for name in names:
        said = deployment.metrics.get(name, _SILENT)
        if scope.segment:
            yield from (_measurement(scope, metric, name, one, said, reason="not_applicable") for one in scope.windows)
            continue
        yield from _measured(store, scope, said, metric, name, statistic)


def _measured(
    store: TelemetryStore, scope: Scope, said: CustomMetric, metric: str, name: str, statistic: str
) -> Iterator[Measurement]:
    past = said.range_us()
    windows = [*scope.windows] if past is None else [*scope.windows, Window(*past)]
    column = METRIC_PREFIX + name
    found = window_numbers(store, scope.deployment, version=scope.version or None, windows=windows, columns=[column])
    of_range = found.get((column, len(scope.windows))) if past is not None else None
    for i, window in enumerate(scope.windows):
        seen = found.get((column, i))
        baseline = _baseline(said, statistic, window, of_range, past)
        yield _measurement(scope, metric, name, window, said, seen=seen, baseline=baseline)


Baseline = tuple[float, int | None, float | None]
"""Value, how many numbers it is of, and its standard error."""


def _baseline(
    said: CustomMetric, statistic: str, window: Window, of_range: WindowNumbers | None, past: tuple[int, int] | None
) -> Baseline | None:
    if said.baseline is not None:
        return (said.baseline, None, None) if said.baseline_of == statistic else None
    if of_range is None or past is None:
        return None
    value = _value(statistic, of_range)
    if value is None:
        return None
    if statistic in ADDING:
        value *= (window.end_us - window.start_us) / (past[1] - past[0])
    error = of_range.numbers.standard_error() if statistic == "mean" else None
    return value, of_range.numbers.n, error


def _value(statistic: str, seen: WindowNumbers) -> float | None:
    numbers = seen.numbers
    if statistic in _QUANTILES:
        return seen.sketch.quantile(_QUANTILES[statistic]) if seen.sketch.count else None
    values: Mapping[str, float] = {
        "mean": numbers.sum / numbers.n,
        "sum": numbers.sum,
        "count": float(numbers.n),
        "min": numbers.minimum,
        "max": numbers.maximum,
    }
    return finite(values[statistic])


def _measurement(
    scope: Scope,
    metric: str,
    name: str,
    window: Window,
    said: CustomMetric,
    *,
    seen: WindowNumbers | None = None,
    baseline: Baseline | None = None,
    reason: str = "no_rows",
) -> Measurement:
    statistic = metric.removeprefix("custom_")
    value = None if seen is None else _value(statistic, seen)
    if seen is not None and value is None:
        reason = "too_old" if statistic in _QUANTILES else "out_of_domain"
    return Measurement(
        metric=metric,
        column=name,
        segment=scope.segment,
        version=scope.version,
        window=window,
        value=value,
        reason=None if value is not None else reason,
        n=0 if seen is None else seen.numbers.n,
        baseline_n=None if baseline is None else baseline[1],
        baseline_value=None if baseline is None else baseline[0],
        method="sketch" if statistic in _QUANTILES else statistic,
        parameters=_parameters(said, statistic, value, seen, baseline),
    )


def _parameters(
    said: CustomMetric, statistic: str, value: float | None, seen: WindowNumbers | None, baseline: Baseline | None
) -> dict[str, Any]:
    percent, which = (None, None) if value is None or baseline is None else change(value, baseline[0], said.direction)
    found: dict[str, Any] = {
        "unit": said.unit,
        "direction": said.direction,
        "percent_change": percent,
        "change": which,
        "unusable": 0 if seen is None else seen.unusable,
    }
    if statistic == "mean" and seen is not None:
        found["standard_error"] = seen.numbers.standard_error()
        found["baseline_standard_error"] = None if baseline is None else baseline[2]
    return found
