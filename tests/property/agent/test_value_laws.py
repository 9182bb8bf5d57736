"""Whatever a column holds: every row is counted in exactly one place, and nothing raises."""

import math
from decimal import Decimal

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from tidegauge.core.columns import MAX_NAME_LENGTH, ColumnKind, canonical_text, category_counts, numeric_values

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**400), 10**400),
    st.floats(),
    st.decimals(allow_nan=True, allow_infinity=True),
    st.text(),
    st.text(alphabet=st.characters(categories=["Cs", "L"])),
    st.binary(max_size=8),
    st.dates(),
    st.datetimes(),
    st.timedeltas(),
    st.uuids(),
    st.sampled_from([pd.NA, pd.NaT, np.datetime64("NaT"), np.float32(0.1), np.int8(-1), np.True_, 10**400]),
)
VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=2), st.dictionaries(st.text(max_size=2), SCALARS, max_size=1))


@given(st.lists(VALUES, max_size=30))
def test_every_value_of_a_numeric_column_is_counted_once(values: list[object]) -> None:
    split = numeric_values(values)

    assert split.rows == len(values)
    assert np.isfinite(split.finite).all()


@given(st.lists(VALUES, max_size=30), st.sampled_from([ColumnKind.CATEGORICAL, ColumnKind.BOOLEAN]))
def test_every_value_of_a_categorical_column_is_counted_once(values: list[object], kind: ColumnKind) -> None:
    split = category_counts(values, kind)

    assert split.rows == len(values)
    assert all(len(name) <= MAX_NAME_LENGTH and name.encode() for name in split.counts if name)


@given(st.lists(SCALARS, max_size=20), st.randoms())
def test_names_do_not_depend_on_the_order_of_the_rows(values: list[object], order: st.DataObject) -> None:
    shuffled = list(values)
    order.shuffle(shuffled)  # type: ignore[attr-defined]

    assert category_counts(shuffled, ColumnKind.CATEGORICAL) == category_counts(values, ColumnKind.CATEGORICAL)


@given(st.integers(-(2**53), 2**53))
def test_a_whole_number_has_one_name_as_integer_float_and_decimal(value: int) -> None:
    assert canonical_text(value) == canonical_text(float(value)) == canonical_text(Decimal(value)) == str(value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_the_name_of_a_float_reads_back_as_that_float(value: float) -> None:
    text = canonical_text(value)

    assert text is not None
    assert len(text) == MAX_NAME_LENGTH or math.isclose(float(text), value, rel_tol=0.0, abs_tol=0.0)
