"""Drift of a deployment as a whole: the share of its features that have drifted, plain and weighted by importance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from tidegauge.core.columns import ColumnKind
from tidegauge.core.windows import Window
from tidegauge_collector.core.drift import Drifted, JudgedColumn, drifted
from tidegauge_collector.core.drift.drifted import MIN_ROWS, PSI_LIMIT, SIGNIFICANCE
from tidegauge_collector.core.metrics import DRIFTED
from tidegauge_collector.measuring.baselines import ActiveBaseline
from tidegauge_collector.measuring.drift import column_drift
from tidegauge_collector.measuring.drifts import ColumnDrift
from tidegauge_collector.measuring.gauged import Scope
from tidegauge_collector.measuring.measurement import Measurement
from tidegauge_collector.telemetry.store import TelemetryStore

METRICS = DRIFTED
MOST_NAMES = 50


def measure_drifted(
    store: TelemetryStore,
    scope: Scope,
    active: ActiveBaseline | None,
    metrics: Sequence[str],
    *,
    kinds: Mapping[str, ColumnKind],
) -> Iterator[Measurement]:
    """Each metric in each window; `n` is the number of features that could be judged."""
    found: dict[Window, list[ColumnDrift]] = defaultdict(list)
    for one in column_drift(store, scope, active, kinds=kinds):
        found[one.window].append(one)
    importance = active.baseline.importance if active is not None else {}
    for metric in metrics:
        for window in scope.windows:
            shares = drifted([_judged(one, importance) for one in found[window]])
            yield _measurement(metric, shares, scope, window, has_baseline=active is not None)


def _judged(one: ColumnDrift, importance: Mapping[str, float]) -> JudgedColumn:
    return JudgedColumn(
        name=one.column,
        psi=one.psi,
        p_value=one.chance.p_value if one.chance is not None else None,
        rows=one.rows,
        is_feature=not one.column.startswith("_"),
        weight=importance.get(one.column),
    )


def _measurement(metric: str, shares: Drifted, scope: Scope, window: Window, *, has_baseline: bool) -> Measurement:
    value = shares.share if metric == "drifted_share" else shares.weighted
    reason = None
    if value is None:
        reason = "no_baseline" if not has_baseline else "not_applicable" if shares.judged else "too_few_rows"
    return Measurement(
        metric=metric,
        column="",
        segment=scope.segment,
        version=scope.version,
        window=window,
        value=value,
        reason=reason,
        n=shares.judged,
        baseline_value=0.0 if has_baseline else None,
        method="psi_and_chance_test",
        parameters={
            "psi_limit": PSI_LIMIT,
            "significance": SIGNIFICANCE,
            "min_rows": MIN_ROWS,
            "drifted": list(shares.names[:MOST_NAMES]),
        },
    )
