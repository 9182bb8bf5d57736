"""Rates of groups equal fairlearn's to 1e-9, on flights by carrier and by airport; tests equal SciPy's."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tidegauge_collector.core.fairness import MEASURES, PROPORTIONS, compare, group_of, min_ratio
from tidegauge_collector.core.metrics import SHARED
from tidegauge_collector.measuring.fairness import METRICS

from . import rows, witnesses

NEAR = {"abs": 1e-9, "rel": 1e-9}
Rows = tuple[np.ndarray, np.ndarray, np.ndarray]


def decided(flights: pd.DataFrame, attribute: str) -> Rows:
    """Whether on time, whether said to be so when it left, and the group: those of 100 flights or more."""
    known = rows.arrived(flights)
    large = known[attribute].map(known[attribute].value_counts()) >= 100
    kept = known[large]
    return (kept["arr_delay"] < 15).to_numpy(), (kept["dep_delay"] < 10).to_numpy(), kept[attribute].to_numpy(str)


@pytest.fixture(params=["carrier", "origin", "month"])
def flown(request: pytest.FixtureRequest, flights: pd.DataFrame) -> Rows:
    return decided(flights, request.param)


def groups_of(flown: Rows) -> dict[str, object]:
    truth, said, group = flown
    everyone = np.ones(len(truth), dtype=bool)
    return {
        name: group_of(said[here], truth[here], everyone[here], truth[here] * 0.5)
        for name in np.unique(group).tolist()
        for here in [group == name]
    }


def test_every_measure_is_compared_or_computed_by_hand() -> None:
    assert {*METRICS, *SHARED} <= witnesses.GROUPS.keys() | witnesses.BY_HAND.keys()


def test_rates_by_group(flown: Rows) -> None:
    groups = groups_of(flown)
    assert len(groups) >= 3

    for measure in MEASURES:
        if measure in witnesses.GROUPS:
            ours = {name: MEASURES[measure](group, 0).value for name, group in groups.items()}
            assert ours == pytest.approx(witnesses.GROUPS[measure].of(*flown), **NEAR), measure


def test_least_to_greatest(flown: Rows) -> None:
    groups = groups_of(flown)

    for measure in MEASURES:
        name = f"{measure}_min_ratio"
        if name in witnesses.GROUPS:
            found = min_ratio(groups, measure)
            assert (found.value, found.reason) == (pytest.approx(witnesses.GROUPS[name].of(*flown), **NEAR), None), name
            assert found.groups == len(groups)


def test_p_values_are_those_of_the_chi_square_test_adjusted_by_scipy(flown: Rows) -> None:
    groups = groups_of(flown)
    reference = max(sorted(groups), key=lambda name: groups[name].rows)

    found = compare(groups, reference)

    raw = {}
    for measure in PROPORTIONS:
        rates = {name: MEASURES[measure](group, 0) for name, group in groups.items()}
        for name in groups.keys() - {reference}:
            sides = [rates[name], rates[reference]]
            table = np.array([[one.hits, one.n - one.hits] for one in sides])
            raw[measure, name] = stats.chi2_contingency(table, correction=False).pvalue
    adjusted = dict(zip(raw, stats.false_discovery_control(list(raw.values())), strict=True))
    assert {key: found[key[0]][key[1]].raw_p_value for key in raw} == pytest.approx(raw, **NEAR)
    assert {key: found[key[0]][key[1]].p_value for key in raw} == pytest.approx(adjusted, **NEAR)
