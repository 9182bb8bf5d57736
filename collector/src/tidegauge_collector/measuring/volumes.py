"""Volumes against their usual week, and prediction ids that came more than once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from tidegauge.core.windows import HOUR_US, Window, window_start
from tidegauge_collector.control import Deployment
from tidegauge_collector.core.metrics import LABELS, REPEATED, TRAFFIC, VOLUMES
from tidegauge_collector.core.quality import LEAST_WEEKS, WEEKS, Volume, against_usual, earlier_weeks
from tidegauge_collector.measuring.gauged import Scope
from tidegauge_collector.measuring.measurement import Measurement
from tidegauge_collector.telemetry.extent import reach
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.telemetry.volumes import (
    first_label_us,
    label_volumes,
    prediction_volumes,
    repeated_ids,
)

METRICS = VOLUMES


def measure_volumes(store: TelemetryStore, scope: Scope, deployment: Deployment, metric: str) -> Iterator[Measurement]:
    """A metric of METRICS in each window."""
    if metric == REPEATED:
        yield from _repeated(store, scope)
    elif metric == LABELS and scope.segment:
        volume = Volume(None, "not_applicable", None, ())
        yield from (_against_usual(scope, window, metric, 0, volume) for window in scope.windows)
    else:
        yield from _usual(store, scope, ZoneInfo(deployment.timezone), metric)


def _usual(store: TelemetryStore, scope: Scope, zone: ZoneInfo, metric: str) -> Iterator[Measurement]:
    first_us = _first_us(store, scope, metric)
    earlier = [
        [week for week in earlier_weeks(window, zone) if first_us is not None and week.start_us >= first_us]
        for window in scope.windows
    ]
    asked = list(dict.fromkeys([*scope.windows, *(week for weeks in earlier for week in weeks)]))
    volumes = dict(zip(asked, _volumes(store, scope, metric, asked), strict=True))
    for window, weeks in zip(scope.windows, earlier, strict=True):
        found = against_usual(volumes[window], [volumes[week] for week in weeks])
        yield _against_usual(scope, window, metric, volumes[window], found)


def _first_us(store: TelemetryStore, scope: Scope, metric: str) -> int | None:
    """From when on a week counts: before it, nothing is no volume."""
    first_us = (
        reach(store, scope.deployment).first_event_us if metric == TRAFFIC else first_label_us(store, scope.deployment)
    )
    return None if first_us is None else window_start(first_us, HOUR_US)


def _volumes(store: TelemetryStore, scope: Scope, metric: str, windows: Sequence[Window]) -> list[int]:
    if metric == TRAFFIC:
        found = prediction_volumes(store, scope.deployment, segment=scope.segment, windows=windows)
    else:
        found = label_volumes(store, scope.deployment, windows=windows)
    return list(found.tolist())


def _against_usual(scope: Scope, window: Window, metric: str, volume: int, found: Volume) -> Measurement:
    return Measurement(
        metric=metric,
        column="",
        segment=scope.segment,
        version=scope.version,
        window=window,
        value=found.ratio,
        reason=found.reason,
        n=volume + sum(found.earlier),
        baseline_value=1.0,
        method="median_of_earlier_weeks",
        parameters={
            "volume": volume,
            "usual": found.usual,
            "earlier": list(found.earlier),
            "weeks": WEEKS,
            "least_weeks": LEAST_WEEKS,
        },
        error_bound=None if found.ratio is None else 0.0,
    )


def _repeated(store: TelemetryStore, scope: Scope) -> Iterator[Measurement]:
    found = repeated_ids(
        store, scope.deployment, version=scope.version or None, segment=scope.segment, windows=scope.windows
    )
    counts = zip(scope.windows, found.rows.tolist(), found.looked.tolist(), found.ids.tolist(), strict=True)
    for window, rows, looked, ids in counts:
        value = (looked - ids) / looked if looked else None
        yield Measurement(
            metric=REPEATED,
            column="",
            segment=scope.segment,
            version=scope.version,
            window=window,
            value=value,
            reason=None if value is not None else "no_rows",
            n=looked,
            method="different_ids",
            parameters={"predictions": rows, "repeated": looked - ids, "estimated": looked < rows},
            error_bound=None if value is None or looked < rows else 0.0,
        )
