"""Drift of many columns in many windows: as arrays, and one by one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from tidegauge.core.bins import NumericBins
from tidegauge.core.windows import Window
from tidegauge_collector.core.drift import (
    DIVERGENCES,
    BlockDrift,
    ChanceTest,
    Distance,
    distances,
    drift_of_columns,
    normalised,
)
from tidegauge_collector.core.metrics import DISTANCES, MISSING, TESTS
from tidegauge_collector.core.observations import NO_EVENTS, Observations, objects, plain
from tidegauge_collector.measuring.gauged import GaugedColumn, Scope

Floats = npt.NDArray[np.float64]

COUNTED_METRICS = frozenset({*DIVERGENCES, *TESTS, *MISSING})
"""What is computed from counts alone, of all columns at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnDrift:
    """A column in one window against its baseline; `psi` is None without rows or baseline, `chance` is None without a baseline.

    `values` are divergences by name, `distances` those of DISTANCES: only what was asked for.
    """

    column: str
    window: Window
    rows: int
    baseline_rows: int | None
    psi: float | None
    chance: ChanceTest | None
    missing_rate: float | None
    baseline_missing_rate: float | None
    approximate: bool
    values: Mapping[str, float | None] = field(default_factory=dict)
    distances: Mapping[str, Distance] = field(default_factory=dict)

    @property
    def reason(self) -> str | None:
        """Why there is no psi."""
        return None if self.psi is not None else self.without_rows

    @property
    def without_rows(self) -> str:
        """Why nothing can be said, where a side has nothing."""
        return "no_baseline" if self.baseline_rows is None else "no_rows"


@dataclass(frozen=True, slots=True)
class Drifts:
    """Columns [c] in windows [k] against their baselines: statistics [c, k] stay arrays until they are asked for one by one.

    A statistic that is nan is undefined: a side has no rows, or the chance test too few bins.
    """

    columns: Sequence[GaugedColumn]
    windows: Sequence[Window]
    metrics: Collection[str]
    found: BlockDrift
    missing_rate: Floats
    baseline_missing_rate: Floats

    def __iter__(self) -> Iterator[ColumnDrift]:
        """Each column in each window, with its distances where they are asked for: columns, then windows."""
        found, k = self.found, len(self.windows)
        rows, missing_rate = (
            found.rows.tolist(),
            plain(self.missing_rate),
        )  # plain numbers: one of numpy takes longer than a column
        baseline_rows, baseline_missing_rate = found.baseline_rows.tolist(), plain(self.baseline_missing_rate)
        statistics, tests = {name: plain(some) for name, some in found.values.items()}, list(found.chance)
        for place, one in enumerate(self.columns):
            for i, window in enumerate(self.windows):
                values = {name: some[place][i] for name, some in statistics.items()}
                yield ColumnDrift(
                    column=one.name,
                    window=window,
                    rows=rows[place][i],
                    baseline_rows=baseline_rows[place],
                    psi=values["psi"],
                    chance=tests[place * k + i],
                    missing_rate=missing_rate[place][i],
                    baseline_missing_rate=baseline_missing_rate[place],
                    approximate=bool(one.approximate[i]),
                    values=values,
                    distances=_distances(one, i, self.metrics),
                )

    def value(self, metric: str) -> Floats:
        """One of COUNTED_METRICS, [c, k]; nan where it is undefined."""
        if metric == "missing_rate":
            return self.missing_rate
        if metric == "missing_delta":
            return self.missing_rate - self.baseline_missing_rate[:, None]
        if metric in TESTS:
            return self._of_test(metric)
        return self.found.values[metric]

    def _of_test(self, metric: str) -> Floats:
        tests = self.found.chance
        return (tests.statistic if metric == "chi_square" else tests.cramers_v).reshape(self.found.rows.shape)

    def baseline_value(self, metric: str) -> Floats:
        """What the baseline itself has of a metric, [c]: nothing lies between it and itself."""
        if metric == "missing_rate":
            return self.baseline_missing_rate
        return np.where(self.found.baseline_rows > 0, 0.0, np.nan)

    def observed(self, metric: str, scope: Scope) -> Observations:
        """One of COUNTED_METRICS as monitors see it: columns, then windows."""
        found, shape = self.found, self.found.rows.shape
        value, m = self.value(metric).ravel(), self.found.rows.size
        has_value, reason = ~np.isnan(value), np.full(m, None, dtype=object)
        both = ((found.rows > 0) & (found.baseline_rows > 0)[:, None]).ravel()
        reason[~has_value] = "no_rows"
        reason[~has_value & both] = "too_few_bins"
        nothing = np.full(m, np.nan)
        return Observations(
            metric=np.full(m, metric, dtype=object),
            column=np.repeat(objects([one.name for one in self.columns]), shape[1]),
            segment=np.full(m, scope.segment, dtype=object),
            version=np.full(m, scope.version, dtype=object),
            window_start_us=np.tile([one.start_us for one in self.windows], shape[0]),
            window_end_us=np.tile([one.end_us for one in self.windows], shape[0]),
            value=value,
            has_value=has_value,
            reason=reason,
            n=found.rows.ravel(),
            baseline_value=np.repeat(self.baseline_value(metric), shape[1]),
            p_value=nothing if metric in MISSING else found.chance.p_value,
            events=np.where(has_value & (metric == "missing_rate"), found.missing.ravel(), NO_EVENTS),
            standard_error=nothing,
            baseline_standard_error=nothing,
            spread=np.full(m, None, dtype=object),
        )


def drifts_of(columns: Sequence[GaugedColumn], windows: Sequence[Window], metrics: Collection[str]) -> Drifts:
    """Drift of columns that lie beside their baselines already, all of a deployment at once."""
    found = drift_of_columns(columns, {"psi", *metrics})
    missing = _shares(found.missing, found.rows), _shares(found.baseline_missing, found.baseline_rows)
    return Drifts(columns, windows, metrics, found, *missing)


def _shares(parts: npt.NDArray[np.int64], whole: npt.NDArray[np.int64]) -> Floats:
    shares: Floats = np.divide(parts, whole, out=np.full(whole.shape, np.nan), where=whole > 0)
    return shares


def _distances(one: GaugedColumn, i: int, metrics: Collection[str]) -> dict[str, Distance]:
    if not isinstance(one.bins, NumericBins) or not any(name in metrics for name in DISTANCES):
        return {}
    side = one.window_side(i)
    if side is None or not one.profile.finite:
        return dict.fromkeys(DISTANCES, Distance(None, None))
    found = distances(side, one.baseline_side())
    norm = normalised(
        found.wasserstein, deviation=one.bins.deviation, minimum=one.bins.minimum, maximum=one.bins.maximum
    )
    return {"ks": found.ks, "wasserstein": found.wasserstein, "wasserstein_norm": norm}
