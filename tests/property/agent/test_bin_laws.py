"""Counting in bins, held against counting one value after another."""

from collections import Counter

import numpy as np
from agent_strategies import FEW_VALUES, FINITE, array, numbers
from hypothesis import given
from hypothesis import strategies as st

from tidegauge.core.bins import Bin, BinKind, NumericBins, categorical_bins, numeric_bins, stated_bins

NAMES = st.text(max_size=3)


def holds(one: Bin, value: float, bins: NumericBins) -> bool:
    """Whether a bin holds a value, straight from the definition."""
    match one.kind:
        case BinKind.NEW:
            return True
        case BinKind.BELOW:
            return one.upper is not None and value < one.upper
        case BinKind.ABOVE:
            return one.lower is not None and value > one.lower
        case BinKind.POINT:
            return value == one.lower
    above = one.lower is None or value >= one.lower
    below = one.upper is None or value < one.upper or (one.closed and value == one.upper)
    return above and below and value not in bins.points


def count_one_by_one(bins: NumericBins, values: list[float]) -> list[int]:
    return [sum(holds(one, value, bins) for value in values) for one in bins.labels]


@given(baseline=numbers(), window=numbers())
def test_counts_are_those_of_counting_one_by_one(baseline: list[float], window: list[float]) -> None:
    bins = numeric_bins("x", np.sort(array(baseline)))

    values = window + baseline
    counts = bins.count_sorted(np.sort(array(values))).tolist()

    assert counts == count_one_by_one(bins, values)
    assert sum(counts) == len(values)


@given(edges=st.sets(st.one_of(FINITE, FEW_VALUES), min_size=1, max_size=20), window=numbers())
def test_counts_in_stated_edges_are_those_of_counting_one_by_one(edges: set[float], window: list[float]) -> None:
    bins = stated_bins("x", sorted(edges), np.empty(0))

    values = window + sorted(edges)
    counts = bins.count_sorted(np.sort(array(values))).tolist()

    assert counts == count_one_by_one(bins, values)
    assert sum(counts) == len(values)


@given(baseline=numbers(min_size=1))
def test_the_baseline_itself_lies_wholly_within_its_bins(baseline: list[float]) -> None:
    bins = numeric_bins("x", np.sort(array(baseline)))

    counts = bins.count_sorted(np.sort(array(baseline)))

    assert counts[0] == counts[-1] == 0
    assert counts.sum() == len(baseline)


@given(baseline=numbers(min_size=1), order=st.randoms())
def test_bins_do_not_depend_on_the_order_of_equal_values(baseline: list[float], order: st.DataObject) -> None:
    shuffled = list(baseline)
    order.shuffle(shuffled)  # type: ignore[attr-defined]

    assert numeric_bins("x", np.sort(array(shuffled))) == numeric_bins("x", np.sort(array(baseline)))


@given(baseline=st.dictionaries(NAMES, st.integers(1, 9)), window=st.dictionaries(NAMES, st.integers(1, 9)))
def test_categories_add_up_with_what_is_unknown(baseline: dict[str, int], window: dict[str, int]) -> None:
    bins = categorical_bins("c", baseline)

    counts, unknown = bins.count_names(window)

    assert counts.sum() == sum(window.values())
    assert unknown == {name: n for name, n in window.items() if name not in baseline}
    assert counts[-1] == sum(unknown.values())
    named = Counter({one.label: int(n) for one, n in zip(bins.labels, counts, strict=True) if one.kind == "category"})
    assert named == Counter({name: window.get(name, 0) for name in bins.categories})
