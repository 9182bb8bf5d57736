"""Drift and missing values: profiles of windows against the baseline, all columns at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tidegauge.core.bins import CategoricalBins, ColumnBins, NumericBins, ReferenceBins
from tidegauge.core.columns import SERVICE_COLUMNS, ColumnKind
from tidegauge.core.windows import Window
from tidegauge_collector.core.drift import ChanceTest, chance_rows, missing_rate, psi_rows
from tidegauge_collector.measuring.baselines import ActiveBaseline
from tidegauge_collector.measuring.measurement import Measurement
from tidegauge_collector.telemetry.counts import ColumnCounts, column_counts
from tidegauge_collector.telemetry.store import TelemetryStore

PSI_FLOOR = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is measured: a deployment's version in a segment ("" = all traffic), in these windows."""

    deployment: str
    version: str
    segment: str
    windows: Sequence[Window]


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnDrift:
    """A column in one window against its baseline; `psi` is None without rows or baseline, `chance` is None without a baseline."""

    column: str
    window: Window
    rows: int
    baseline_rows: int | None
    psi: float | None
    chance: ChanceTest | None
    missing_rate: float | None
    baseline_missing_rate: float | None
    approximate: bool

    @property
    def reason(self) -> str | None:
        """Why there is no psi."""
        if self.psi is not None:
            return None
        return "no_baseline" if self.baseline_rows is None else "no_rows"


def is_feature_or_prediction(column: str) -> bool:
    """Whether drift is measured on a column: features, and what the model answers."""
    return column not in SERVICE_COLUMNS and (not column.startswith("_") or column.startswith("_prediction"))


def column_drift(
    store: TelemetryStore,
    scope: Scope,
    active: ActiveBaseline | None,
    *,
    kinds: Mapping[str, ColumnKind],
    columns: Sequence[str] | None = None,
) -> Iterator[ColumnDrift]:
    """Drift of each column in each window; `kinds` are the columns seen in production, which need not be in the baseline."""
    wanted = [name for name in kinds if is_feature_or_prediction(name) and (columns is None or name in columns)]
    known = active.baseline.bins.columns if active is not None else {}
    in_baseline = [name for name in wanted if name in known]
    if active is not None:
        found = _counts(store, scope, active.baseline.bins, in_baseline)
        for name in in_baseline:
            yield from _against_baseline(found.get(name), name, active, scope.windows)
    others = [name for name in wanted if name not in known and _single_bin(name, kinds[name]) is not None]
    bins = ReferenceBins({name: _single_bin(name, kinds[name]) or CategoricalBins(name, ()) for name in others})
    found = _counts(store, scope, bins, others)
    for name in others:
        yield from _alone(found.get(name), name, bins.columns[name], scope.windows)


def _counts(
    store: TelemetryStore, scope: Scope, bins: ReferenceBins, columns: Sequence[str]
) -> dict[str, ColumnCounts]:
    if not columns or not scope.windows:
        return {}
    return column_counts(
        store,
        scope.deployment,
        version=scope.version,
        segment=scope.segment,
        bins=bins,
        windows=scope.windows,
        columns=columns,
    )


def _against_baseline(
    found: ColumnCounts | None, name: str, active: ActiveBaseline, windows: Sequence[Window]
) -> Iterator[ColumnDrift]:
    baseline, kinds = active.counts(name), active.kinds(name)
    counts = found.counts if found is not None else np.zeros((len(windows), len(baseline)), dtype=np.int64)
    values = psi_rows(counts, baseline)
    tests = chance_rows(counts, baseline, kinds)
    missing = missing_rate(baseline, kinds)
    in_windows = counts.sum(axis=1).tolist()
    missing_rows = counts[:, kinds.index("missing")].tolist()
    baseline_rows = int(baseline.sum())
    for i, window in enumerate(windows):
        rows = in_windows[i]
        yield ColumnDrift(
            column=name,
            window=window,
            rows=rows,
            baseline_rows=baseline_rows,
            psi=None if np.isnan(values[i]) else float(values[i]),
            chance=tests[i],
            missing_rate=missing_rows[i] / rows if rows else None,
            baseline_missing_rate=missing,
            approximate=bool(found.approximate[i]) if found is not None else False,
        )


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


def _single_bin(name: str, kind: ColumnKind) -> ColumnBins | None:
    if kind.is_numeric:
        return NumericBins(name, has_values=False, kind=kind)
    return CategoricalBins(name, (), kind=kind) if kind.is_categorical else None


def as_measurement(one: ColumnDrift, metric: str, scope: Scope) -> Measurement:
    """A column's psi or missing rate as a measurement."""
    common = {
        "column": one.column,
        "segment": scope.segment,
        "version": scope.version,
        "window": one.window,
        "n": one.rows,
    }
    if metric == "missing_rate":
        return Measurement(
            metric=metric,
            value=one.missing_rate,
            reason="no_rows" if one.missing_rate is None else None,
            baseline_n=one.baseline_rows,
            baseline_value=one.baseline_missing_rate,
            method="share_of_rows",
            error_bound=0.0,
            **common,  # type: ignore[arg-type]
        )
    test = one.chance
    parameters: dict[str, object] = {"floor": PSI_FLOOR, "approximate": one.approximate}
    if test is not None:
        parameters |= {"df": test.df, "p_value": test.p_value, "chance_test": test.method, "chance_reason": test.reason}
    return Measurement(
        metric=metric,
        value=one.psi,
        reason=one.reason,
        baseline_n=one.baseline_rows,
        baseline_value=0.0 if one.baseline_rows else None,
        method="reference_bins",
        parameters=parameters,
        error_bound=None if one.approximate else 0.0,
        **common,  # type: ignore[arg-type]
    )
