"""Laws of humility rules: a value is marked alike alone and in any company, a missing one never, and an override touches no other row."""

from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegauge.core.humility import Condition, Rule, RuleKind, named_apart, resolve
from tidegauge.guard import overridden

floats = st.floats(allow_nan=True, allow_infinity=True)
anything = st.one_of(
    floats,
    st.integers(),
    st.booleans(),
    st.none(),
    st.text(max_size=5),
    st.decimals(allow_nan=True),
    st.lists(st.integers(), max_size=2),
)
MISSING = [None, float("nan"), np.float32("nan"), Decimal("NaN"), np.datetime64("NaT"), pd.NA, pd.NaT]
limits = st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)).map(sorted)


def conditions() -> st.SearchStrategy[Condition]:
    bands = st.builds(
        lambda ends, kind: resolve(Rule(kind=kind, column="x", low=ends[0], high=ends[1]), None, "binary"),
        limits,
        st.sampled_from([RuleKind.UNCERTAIN_PREDICTION, RuleKind.OUTLYING_INPUT]),
    )
    names = st.builds(
        lambda values: resolve(Rule.low_observation("x", values), None, ""), st.lists(st.integers(0, 3), min_size=1)
    )
    return st.one_of(bands, names)


@given(conditions(), st.lists(anything, min_size=1, max_size=20))
def test_a_value_is_marked_alike_alone_and_in_company(condition: Condition, values: list[Any]) -> None:
    assert condition.marks(values).tolist() == [condition.marks_one(value) for value in values]


@given(conditions(), st.lists(st.one_of(floats, st.integers(-5, 5)).map(float), min_size=1, max_size=20))
def test_numbers_are_marked_alike_in_a_list_and_in_an_array(condition: Condition, values: list[float]) -> None:
    assert condition.marks(np.array(values)).tolist() == condition.marks(values).tolist()


@given(conditions(), st.sampled_from(MISSING))
def test_missing_values_are_never_marked(condition: Condition, value: Any) -> None:
    assert not condition.marks_one(value)


@given(limits, st.floats(allow_nan=False))
def test_within_and_outside_are_each_others_rest(ends: list[float], value: float) -> None:
    low, high = ends
    within = resolve(Rule.uncertain_prediction(low, high), None, "binary")
    outside = resolve(Rule.outlying_prediction(low, high), None, "")
    assert within is not None
    assert outside is not None

    assert within.marks_one(value) != outside.marks_one(value)
    assert within.marks_one(value) == (low <= value <= high)


@given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=20), st.data())
def test_an_override_touches_the_chosen_rows_only(answers: list[float], data: st.DataObject) -> None:
    chosen = np.array(sorted(data.draw(st.sets(st.integers(0, len(answers) - 1)))), dtype=np.intp)
    expected = [-1.0 if row in chosen else answer for row, answer in enumerate(answers)]

    as_array, as_list = np.array(answers), list(answers)

    assert overridden(as_array, chosen, -1.0, len(answers)).tolist() == expected
    assert overridden(as_list, chosen, -1.0, len(answers)) == expected
    assert (as_array.tolist(), as_list) == (answers, answers)


@given(st.lists(st.sampled_from(["", "a", "a.2", "b"]), min_size=1, max_size=8))
def test_rules_have_names_of_their_own(names: list[str]) -> None:
    rules = named_apart([Rule.outlying_input("x", 0, 1, name=name) for name in names])

    assert len({rule.name for rule in rules}) == len(rules)


@pytest.mark.parametrize("kind", list(RuleKind))
def test_a_rule_without_limits_and_without_a_baseline_is_resolved_only_where_it_has_defaults(kind: RuleKind) -> None:
    found = resolve(Rule(kind=kind, column="x"), None, "binary")

    assert (found is not None) == (kind is RuleKind.UNCERTAIN_PREDICTION)
