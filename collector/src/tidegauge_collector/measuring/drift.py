"""Drift and missing values: profiles of windows against the baseline, all columns at once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tidegauge.core.bins import CategoricalBins, ColumnBins, NumericBins, ReferenceBins
from tidegauge.core.columns import SERVICE_COLUMNS, ColumnKind
from tidegauge.core.windows import Window
from tidegauge_collector.control import Deployment
from tidegauge_collector.core.drift import (
    FLOORED,
    SHARE_FLOOR,
    missing_rate,
)
from tidegauge_collector.core.metrics import DISTANCES, DRIFT, MISSING, TESTS
from tidegauge_collector.measuring.baselines import ActiveBaseline
from tidegauge_collector.measuring.drifts import (
    ColumnDrift,
    Drifts,
    drifts_of,
)
from tidegauge_collector.measuring.gauged import Scope, counts_in, gauged_actuals, gauged_columns
from tidegauge_collector.measuring.measurement import Measurement
from tidegauge_collector.telemetry.counts import ColumnCounts
from tidegauge_collector.telemetry.store import TelemetryStore

__all__ = [
    "METRICS",
    "ColumnDrift",
    "Scope",
    "actual_drift",
    "as_measurement",
    "column_drift",
    "is_feature_or_prediction",
    "single_bin",
]

METRICS = DRIFT
"""What is measured of a column."""


def is_feature_or_prediction(column: str) -> bool:
    """Whether drift is measured on a column: features, and what the model answers."""
    return column not in SERVICE_COLUMNS and (not column.startswith("_") or column.startswith("_prediction"))


@dataclass(frozen=True, slots=True)
class DriftsRead:
    """Drift of a deployment's columns: of those that lie beside a baseline as arrays, and of those that have none."""

    beside: Sequence[Drifts]
    alone: Sequence[ColumnDrift]

    def __iter__(self) -> Iterator[ColumnDrift]:
        """Every column in every window."""
        for some in self.beside:
            yield from some
        yield from self.alone


def column_drift(
    store: TelemetryStore,
    scope: Scope,
    active: ActiveBaseline | None,
    *,
    kinds: Mapping[str, ColumnKind],
    columns: Sequence[str] | None = None,
    metrics: Collection[str] = ("psi",),
) -> DriftsRead:
    """Drift of each column in each window; `kinds` are the columns seen in production, which need not be in the baseline.

    PSI, the chance test and missing rates are always there, what else METRICS has where it is among `metrics`.
    """
    wanted = [name for name in kinds if is_feature_or_prediction(name) and (columns is None or name in columns)]
    known = active.baseline.bins.columns if active is not None else {}
    beside = []
    if active is not None:
        far = bool(set(metrics) & set(DISTANCES))
        beside = [drifts_of(gauged_columns(store, scope, active, wanted, distances=far), scope.windows, metrics)]
    others = [name for name in wanted if name not in known and single_bin(name, kinds[name]) is not None]
    bins = ReferenceBins({name: single_bin(name, kinds[name]) or CategoricalBins(name, ()) for name in others})
    found = counts_in(store, scope, bins, others)
    alone = [one for name in others for one in _alone(found.get(name), name, bins.columns[name], scope.windows)]
    return DriftsRead(beside, alone)


def actual_drift(
    store: TelemetryStore,
    scope: Scope,
    active: ActiveBaseline | None,
    deployment: Deployment,
    metrics: Collection[str] = ("psi",),
) -> DriftsRead:
    """Drift of `_actual`, by the time of the predictions; nothing where the baseline has no actuals."""
    found = gauged_actuals(store, scope, active, is_regression=deployment.task == "regression")
    return DriftsRead([] if found is None else [drifts_of([found], scope.windows, metrics)], [])


def _alone(found: ColumnCounts | None, name: str, bins: ColumnBins, windows: Sequence[Window]) -> Iterator[ColumnDrift]:
    """A column without a baseline: only how many rows it has and what is missing."""
    kinds = [*(one.kind.value for one in bins.labels), "missing", "non_finite", "invalid"]
    for i, window in enumerate(windows):
        counts = found.counts[i] if found is not None else np.zeros(len(kinds), dtype=np.int64)
        yield ColumnDrift(
            column=name,
            window=window,
            rows=int(counts.sum()),
            baseline_rows=None,
            psi=None,
            chance=None,
            missing_rate=missing_rate(counts, kinds),
            baseline_missing_rate=None,
            approximate=False,
        )


def single_bin(name: str, kind: ColumnKind) -> ColumnBins | None:
    """Bins for a column without a baseline: all usable rows are in one; None of a kind that is not profiled."""
    if kind.is_numeric:
        return NumericBins(name, has_values=False, kind=kind)
    return CategoricalBins(name, (), kind=kind) if kind.is_categorical else None


def as_measurement(one: ColumnDrift, metric: str, scope: Scope) -> Measurement:
    """One of METRICS of a column as a measurement."""
    if metric in MISSING:
        found = _missing(one, metric)
    elif metric in DISTANCES:
        found = _distance(one, metric)
    else:
        found = _binned(one, metric)
    return Measurement(
        metric=metric,
        column=one.column,
        segment=scope.segment,
        version=scope.version,
        window=one.window,
        n=one.rows,
        baseline_n=one.baseline_rows,
        **found,
    )


def _missing(one: ColumnDrift, metric: str) -> dict[str, Any]:
    rate, of_baseline = one.missing_rate, one.baseline_missing_rate
    common = {"method": "share_of_rows", "error_bound": 0.0}
    if metric == "missing_rate":
        return common | {"value": rate, "reason": "no_rows" if rate is None else None, "baseline_value": of_baseline}
    delta = None if rate is None or of_baseline is None else rate - of_baseline
    reason = None if delta is not None else one.without_rows
    return common | {"value": delta, "reason": reason, "baseline_value": 0.0 if of_baseline is not None else None}


def _distance(one: ColumnDrift, metric: str) -> dict[str, Any]:
    found = one.distances.get(metric)
    value = found.value if found is not None else None
    reason = None if value is not None else _no_distance(one, metric)
    return {
        "value": value,
        "reason": reason,
        "baseline_value": 0.0 if one.baseline_rows else None,
        "method": "sketch_and_bins",
        "parameters": {"approximate": one.approximate} | _tested(one),
        "error_bound": found.error_bound if found is not None else None,
    }


def _no_distance(one: ColumnDrift, metric: str) -> str:
    """A column without an order, or (`wasserstein_norm`) a baseline without a width, has no distance at all."""
    if one.baseline_rows is None:
        return "no_baseline"
    no_width = metric == "wasserstein_norm" and "ks" in one.distances and one.distances["ks"].value is not None
    return "not_applicable" if not one.distances or no_width else "no_rows"


def _binned(one: ColumnDrift, metric: str) -> dict[str, Any]:
    test = one.chance
    parameters: dict[str, object] = {"floor": SHARE_FLOOR} if metric in FLOORED else {}
    parameters["approximate"] = one.approximate
    parameters |= _tested(one)
    value = one.values.get(metric)
    reason = None if value is not None else one.without_rows
    if metric in TESTS:
        value = None if test is None else test.statistic if metric == "chi_square" else test.cramers_v
        reason = None if value is not None else _no_test(one)
    return {
        "value": value,
        "reason": reason,
        "baseline_value": 0.0 if one.baseline_rows else None,
        "method": "reference_bins",
        "parameters": parameters,
        "error_bound": None if one.approximate else 0.0,
    }


def _tested(one: ColumnDrift) -> dict[str, object]:
    """The chance test of the column's bins, which says whether any of its distances is more than chance."""
    test = one.chance
    if test is None:
        return {}
    return {"df": test.df, "p_value": test.p_value, "chance_test": test.method, "chance_reason": test.reason}


def _no_test(one: ColumnDrift) -> str:
    if one.baseline_rows is None or not one.rows or not one.baseline_rows:
        return one.without_rows
    return "too_few_bins"
