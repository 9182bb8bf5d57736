"""Data quality of columns: shares of rows that the model was not made for, changed types, columns that stand still."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from tidegauge.core.bins import UNUSABLE, Bin, BinKind, ColumnBins, NumericBins, ReferenceBins
from tidegauge.core.columns import ColumnKind
from tidegauge.core.windows import Window
from tidegauge_collector.core.metrics import QUALITY, SHARES
from tidegauge_collector.core.quality import changed_share, is_constant, outer_bins, share, unseen_bins
from tidegauge_collector.measuring.baselines import ActiveBaseline
from tidegauge_collector.measuring.drift import is_feature_or_prediction, single_bin
from tidegauge_collector.measuring.gauged import Scope, counts_in
from tidegauge_collector.measuring.measurement import Measurement
from tidegauge_collector.telemetry.contents import ColumnContents, column_contents
from tidegauge_collector.telemetry.store import TelemetryStore

"""Shares of all rows of a column."""
AGAINST_BASELINE = ("unseen_rate", "out_of_range_rate", "type_change_rate")
RATES = (*SHARES, "type_change_rate")
"""Shares of the n: chance has an exact test."""
METRICS = QUALITY


def measure_quality(
    store: TelemetryStore,
    scope: Scope,
    active: ActiveBaseline | None,
    metric: str,
    *,
    kinds: Mapping[str, ColumnKind],
    columns: Collection[str] | None = None,
) -> Iterator[Measurement]:
    """A metric of METRICS of each column in each window; `kinds` are the columns seen in production, `columns` those asked for."""
    wanted = [name for name in kinds if is_feature_or_prediction(name) and (columns is None or name in columns)]
    asked = _Asked(store, scope, active, metric)
    yield from asked.shares(wanted, kinds) if metric in SHARES else asked.contents(wanted)


class _Asked:
    """One question."""

    def __init__(self, store: TelemetryStore, scope: Scope, active: ActiveBaseline | None, metric: str) -> None:
        self._store = store
        self._scope = scope
        self._active = active
        self._metric = metric
        self._bins: Mapping[str, ColumnBins] = active.baseline.bins.columns if active is not None else {}

    def shares(self, names: Sequence[str], kinds: Mapping[str, ColumnKind]) -> Iterator[Measurement]:
        alone = {name: one for name in names if name not in self._bins and (one := single_bin(name, kinds[name]))}
        known = self._active.baseline.bins if self._active is not None else ReferenceBins({})
        for bins in (known, ReferenceBins(alone)):
            some = [name for name in names if name in bins.columns]
            for name, counted in counts_in(self._store, self._scope, bins, some).items():
                for i, window in enumerate(self._scope.windows):
                    labels, approximate = bins.columns[name].labels, bool(counted.approximate[i])
                    yield self._share(name, window, counted.counts[i], labels, approximate=approximate)

    def _share(
        self, name: str, window: Window, counts: Any, labels: Sequence[Bin], *, approximate: bool
    ) -> Measurement:
        chosen = _chosen(self._metric, labels)
        baseline = self._active.counts(name) if self._active is not None and name in self._bins else None
        value, reason = None, None
        if baseline is None and self._metric in AGAINST_BASELINE:
            reason = "no_baseline"
        elif chosen is None:
            reason = "not_applicable"
        else:
            value = share(counts, chosen)
            reason = "no_rows" if value is None else None
        of_baseline = None if baseline is None or chosen is None else share(baseline, chosen)
        parameters: dict[str, Any] = {"approximate": approximate}
        if chosen is not None and reason is None:
            parameters["rows"] = int(counts[np.array(chosen)].sum())
        bins = self._bins.get(name)
        if self._metric == "out_of_range_rate" and isinstance(bins, NumericBins) and chosen is not None:
            parameters |= _range(bins)
        return self._measurement(
            name,
            window,
            value,
            reason,
            n=int(counts.sum()),
            baseline_value=of_baseline,
            method="share_of_rows",
            parameters=parameters,
            error_bound=None if approximate or value is None else 0.0,
        )

    def contents(self, names: Sequence[str]) -> Iterator[Measurement]:
        found = column_contents(
            self._store,
            self._scope.deployment,
            version=self._scope.version,
            segment=self._scope.segment,
            windows=self._scope.windows,
            columns=names,
            bins=self._active.baseline.bins if self._active is not None else None,
            batch=self._scope.batch,
        )
        ask = self._type_change if self._metric == "type_change_rate" else self._constant
        for name in names:
            for i, window in enumerate(self._scope.windows):
                yield ask(name, window, found[name, i])

    def _type_change(self, name: str, window: Window, seen: ColumnContents) -> Measurement:
        bins = self._bins.get(name)
        value = changed_share(seen.usable_by_kind, bins.kind) if bins is not None else None
        reason = "no_baseline" if bins is None else "no_rows" if value is None else None
        return self._measurement(
            name,
            window,
            value,
            reason,
            n=sum(seen.usable_by_kind.values()),
            baseline_value=None if bins is None else 0.0,
            method="share_of_usable_rows",
            parameters={"expected": bins.kind.value if bins is not None else None, "kinds": seen.usable_by_kind},
            error_bound=None if value is None else 0.0,
        )

    def _constant(self, name: str, window: Window, seen: ColumnContents) -> Measurement:
        rows = sum(seen.usable_by_kind.values())
        constant = _is_constant(seen)
        value = None if constant is None else float(constant)
        return self._measurement(
            name,
            window,
            value,
            None if value is not None else "not_applicable" if rows else "no_rows",
            n=rows,
            baseline_value=self._was_constant(name),
            method="one_usable_value",
            parameters={},
            error_bound=None if value is None else 0.0,
        )

    def _was_constant(self, name: str) -> float | None:
        bins = self._bins.get(name)
        if self._active is None or bins is None:
            return None
        if isinstance(bins, NumericBins):
            return float(bins.minimum == bins.maximum) if bins.has_values else None
        counts = self._active.counts(name)[: -len(UNUSABLE)].tolist()
        present = {one.label for one, n in zip(bins.labels, counts, strict=True) if n and one.kind is BinKind.CATEGORY}
        others = sum(n for one, n in zip(bins.labels, counts, strict=True) if one.kind is not BinKind.CATEGORY)
        constant = is_constant(present, unnamed=others, overflow=0)
        return None if constant is None else float(constant)

    def _measurement(
        self, name: str, window: Window, value: float | None, reason: str | None, **rest: Any
    ) -> Measurement:
        return Measurement(
            metric=self._metric,
            column=name,
            segment=self._scope.segment,
            version=self._scope.version,
            window=window,
            value=value,
            reason=reason,
            baseline_n=self._active.baseline.profiles[name].rows if self._active and name in self._bins else None,
            **rest,
        )


def _chosen(metric: str, labels: Sequence[Bin]) -> list[bool] | None:
    """Which of a column's counts the share is of, the unusable ones last; None where the column has no such bin."""
    if metric == "unseen_rate":
        own = unseen_bins(labels)
    elif metric == "out_of_range_rate":
        own = outer_bins(labels)
    else:
        own = [False] * len(labels)
    if own is None:
        return None
    kind = {"non_finite_rate": BinKind.NON_FINITE, "invalid_rate": BinKind.INVALID}.get(metric)
    return [*own, *(one.kind is kind for one in UNUSABLE)]


def _range(bins: NumericBins) -> dict[str, float]:
    if bins.stated:
        return {"minimum": bins.edges[0], "maximum": bins.edges[-1]}
    return {"minimum": bins.minimum, "maximum": bins.maximum}


def _is_constant(seen: ColumnContents) -> bool | None:
    kinds = [kind for kind, rows in seen.usable_by_kind.items() if rows]
    if len(kinds) > 1:
        return False
    if not kinds:
        return None
    if ColumnKind(kinds[0]).is_categorical:
        return is_constant(seen.categories, unnamed=seen.unnamed, overflow=seen.overflow)
    return bool(seen.minimum == seen.maximum) if seen.minimum is not None else None
