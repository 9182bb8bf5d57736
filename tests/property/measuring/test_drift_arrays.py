"""Drift as arrays says of every column what the column alone says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegauge.core.baseline import build_baseline
from tidegauge.core.columns import ColumnKind
from tidegauge.core.windows import HOUR_US, Window
from tidegauge_collector.core.default_monitors import DRIFT
from tidegauge_collector.core.judging import judge, judge_all
from tidegauge_collector.core.monitors import Monitor
from tidegauge_collector.measuring.drift import as_measurement
from tidegauge_collector.measuring.drifts import COUNTED_METRICS, drifts_of
from tidegauge_collector.measuring.gauged import GaugedColumn, Scope
from tidegauge_collector.measuring.observing import observation_of

LAWS = settings(deadline=None, derandomize=True, max_examples=25)
HOURS = [Window(i * HOUR_US, (i + 1) * HOUR_US) for i in range(2)]
SCOPE = Scope(deployment="flights", version="1", segment="carrier=UA", windows=HOURS)
KINDS = {
    "age": ColumnKind.NUMERIC,
    "carrier": ColumnKind.CATEGORICAL,
    "flat": ColumnKind.NUMERIC,
    "empty": ColumnKind.NUMERIC,
}
BASELINE = build_baseline(
    {
        "age": [float(i) for i in range(100)],
        "carrier": ["UA"] * 60 + ["AA"] * 40,
        "flat": [7.0] * 100,
        "empty": [None] * 100,
    },
    KINDS,
)


@st.composite
def columns(draw) -> list[GaugedColumn]:
    """Of every kind, with windows that may be empty, and baselines too."""
    found = []
    for i, name in enumerate(draw(st.lists(st.sampled_from(sorted(KINDS)), max_size=6))):
        bins = BASELINE.bins.columns[name]
        rows = st.lists(st.integers(0, 60), min_size=len(bins.kinds), max_size=len(bins.kinds))
        nothing = st.just([0] * len(bins.kinds))
        windows = [draw(rows | nothing) for _ in HOURS]
        counts = np.array(windows, dtype=np.int64)
        exact = np.array([draw(st.booleans()) for _ in HOURS])
        own = np.array(draw(rows | nothing), dtype=np.int64)
        found.append(GaugedColumn(f"{name}{i}", bins, BASELINE.profiles[name], own, counts, exact))
    return found


@pytest.mark.parametrize("metric", sorted(COUNTED_METRICS))
@LAWS
@given(some=columns())
def test_arrays_are_the_measurements_one_by_one(metric, some):
    drifts = drifts_of(some, HOURS, [metric])

    expected = [observation_of(as_measurement(one, metric, SCOPE)) for one in drifts]
    assert list(drifts.observed(metric, SCOPE)) == expected


@LAWS
@given(some=columns(), metric=st.sampled_from(["psi", "missing_rate"]))
def test_verdicts_of_arrays_are_those_of_the_measurements(some, metric):
    monitor = DRIFT if metric == "psi" else Monitor(id="m", metric=metric, failing=0.1, significance=0.01)
    drifts = drifts_of(some, HOURS, [metric])
    plain = [observation_of(as_measurement(one, metric, SCOPE)) for one in drifts]

    assert list(judge_all(monitor, drifts.observed(metric, SCOPE))) == judge(monitor, plain)
