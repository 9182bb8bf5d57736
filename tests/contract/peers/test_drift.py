"""Drift equals SciPy's to 1e-9 on real columns: values in, numbers out, the bins read a second time from docs/metrics.md."""

import numpy as np
import pandas as pd
import pytest

from tidegauge.core.baseline import build_baseline
from tidegauge.core.bins import UNUSABLE, NumericBins
from tidegauge.core.columns import ColumnKind, category_counts, numeric_values
from tidegauge.core.profile import profile_categories, profile_numeric
from tidegauge.core.sketch import sketch_sorted
from tidegauge_collector.core.drift import (
    BinnedColumn,
    Side,
    distances,
    drift_of_columns,
    missing_delta,
    missing_rate,
    normalised,
)
from tidegauge_collector.measuring.drift import METRICS

from . import rows, shares, witnesses

SETS = ("flights", *rows.BUNDLED, "diabetes")
NEAR = {"abs": 1e-9, "rel": 1e-9}


def test_every_metric_of_columns_is_compared() -> None:
    tables = (witnesses.SHARES, witnesses.TABLES, witnesses.VALUES, witnesses.COLUMNS)

    assert {name for table in tables for name in table} == set(METRICS)


class Gauged:
    """A column as agents profile it, in bins that they chose from its baseline."""

    def __init__(self, window: pd.Series, baseline: pd.Series) -> None:
        kind = ColumnKind.NUMERIC if pd.api.types.is_numeric_dtype(baseline) else ColumnKind.CATEGORICAL
        values = baseline.to_numpy() if kind.is_numeric else baseline.tolist()
        self.bins = build_baseline({"x": values}, {"x": kind}).bins.columns["x"]
        self.kinds = [one.kind.value for one in (*self.bins.labels, *UNUSABLE)]
        self.window, self.baseline = (self._counts(side, kind) for side in (window, baseline))

    def _counts(self, values: pd.Series, kind: ColumnKind) -> np.ndarray:
        if kind.is_numeric:
            profile = profile_numeric("x", numeric_values(values.to_numpy()), self.bins)
        else:
            profile = profile_categories("x", category_counts(values.tolist(), kind), self.bins)
        return np.append(profile.bin_counts, [profile.missing, profile.non_finite, profile.invalid])

    def side(self, values: np.ndarray, counts: np.ndarray) -> Side:
        ordered = np.sort(values)
        return Side(
            rows=len(ordered),
            minimum=ordered[0],
            maximum=ordered[-1],
            sketch=sketch_sorted(ordered, len(ordered)),
            rank_error=0.0,
            bins=self.bins.labels,
            counts=counts[: -len(UNUSABLE)].tolist(),
        )


@pytest.mark.parametrize("data", SETS)
def test_counts_in_bins(data: str, flights: pd.DataFrame) -> None:
    columns = rows.columns_of(data, flights)
    gauged = {name: Gauged(*pair) for name, pair in columns.items()}

    found = drift_of_columns(
        [BinnedColumn(one.window[None], one.baseline, one.kinds) for one in gauged.values()], METRICS
    )

    for place, (window, baseline) in enumerate(columns.values()):
        in_window, in_baseline, intervals = shares.counted(window, baseline)
        p, q = shares.shares_of(in_window, in_baseline)
        for metric, witness in witnesses.SHARES.items():
            assert found.values[metric][place, 0] == pytest.approx(witness.of(p, q), **NEAR), metric
        table, test = shares.pooled_table(in_window, in_baseline, intervals), found.chance[place]
        if table.shape[1] < 2:  # a pixel that is always white
            assert (test.statistic, test.reason) == (None, "too_few_bins")
            continue
        assert test.df == table.shape[1] - 1
        assert test.statistic == pytest.approx(witnesses.TABLES["chi_square"].of(table), **NEAR)
        assert test.cramers_v == pytest.approx(witnesses.TABLES["cramers_v"].of(table), **NEAR)
        assert test.p_value == pytest.approx(witnesses.P_VALUE.of(table), **NEAR)


@pytest.mark.parametrize("data", SETS)
def test_values_and_missing_ones(data: str, flights: pd.DataFrame) -> None:
    for window, baseline in rows.columns_of(data, flights).values():
        one = Gauged(window, baseline)
        rate, delta = (witnesses.COLUMNS[name].of(window, baseline) for name in ("missing_rate", "missing_delta"))
        assert missing_rate(one.window, one.kinds) == pytest.approx(rate, **NEAR)
        assert missing_delta(one.window, one.baseline, one.kinds) == pytest.approx(delta, **NEAR)
        if not isinstance(one.bins, NumericBins):
            continue
        values = [side.dropna().to_numpy(float) for side in (window, baseline)]
        found = distances(one.side(values[0], one.window), one.side(values[1], one.baseline))
        width = {"deviation": one.bins.deviation, "minimum": one.bins.minimum, "maximum": one.bins.maximum}
        norm = normalised(found.wasserstein, **width)
        ours = {"ks": found.ks, "wasserstein": found.wasserstein, "wasserstein_norm": norm}
        if np.std(values[1]) <= 1e-9 * np.abs(values[1]).max():
            assert ours.pop("wasserstein_norm").value is None
        for metric, distance in ours.items():
            assert distance.error_bound == 0.0
            assert distance.value == pytest.approx(witnesses.VALUES[metric].of(*values), **NEAR), metric
