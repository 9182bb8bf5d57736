"""What becomes of values that no model should be fed, and is."""

import math
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from uuid import UUID

import numpy as np
import pandas as pd
import pytest

from tidegauge.core.columns import (
    MAX_NAME_LENGTH,
    CategoryCounts,
    ColumnKind,
    canonical_text,
    category_counts,
    is_missing,
    numeric_values,
)
from tidegauge.core.kinds import infer_kind


class Hostile:
    """A value that raises whatever is asked of it."""

    def __float__(self) -> float:
        raise RuntimeError("no number")

    def __hash__(self) -> int:
        raise RuntimeError("no hash")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no comparison")


class Colour(StrEnum):
    RED = "red"


MISSING = [None, math.nan, np.float32("nan"), pd.NA, pd.NaT, np.datetime64("NaT"), Decimal("NaN"), np.ma.masked]
NOT_NUMBERS = [True, np.True_, "1.5", b"1", bytearray(b"1"), [1.0], (1,), {}, np.array([1.0]), 1j, np.complex128(1)]


@pytest.mark.parametrize("value", MISSING, ids=repr)
def test_every_way_of_saying_nothing_is_missing(value: object) -> None:
    assert is_missing(value)
    assert numeric_values([1.0, value]).missing == 1
    assert category_counts(["a", value], ColumnKind.CATEGORICAL).missing == 1


@pytest.mark.parametrize("value", [*NOT_NUMBERS, Hostile()], ids=lambda v: type(v).__name__)
def test_what_is_no_number_is_invalid_in_a_numeric_column(value: object) -> None:
    split = numeric_values([1.0, value])

    assert (split.finite.tolist(), split.invalid, split.rows) == ([1.0], 1, 2)


@pytest.mark.parametrize("value", [math.inf, -math.inf, np.float32("inf"), Decimal("Infinity"), 10**400, -(10**400)])
def test_what_is_beyond_float64_is_non_finite(value: object) -> None:
    assert numeric_values([1.0, value, "text"]).non_finite == 1
    assert numeric_values([1.0, value]).non_finite == 1


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (2**70, float(2**70)),
        (Decimal("1.25"), 1.25),
        (Fraction(1, 4), 0.25),
        (np.int8(3), 3.0),
        (np.uint64(2**64 - 1), float(2**64 - 1)),
        (-0.0, 0.0),
        (datetime(1970, 1, 2, tzinfo=UTC), 86_400.0),
        (datetime(1970, 1, 2), 86_400.0),  # noqa: DTZ001 - a naive time is in UTC, whatever the zone of the host
        (datetime(1970, 1, 2, 1, tzinfo=timezone(timedelta(hours=1))), 86_400.0),
        (pd.Timestamp("1970-01-02"), 86_400.0),
        (np.datetime64("1970-01-02"), 86_400.0),
        (np.timedelta64(5, "s"), 5.0),
        (timedelta(minutes=1), 60.0),
    ],
    ids=repr,
)
def test_what_stands_for_a_number_is_that_number(value: object, number: float) -> None:
    assert numeric_values([value]).finite.tolist() == [number]
    assert numeric_values([value, "text"]).finite.tolist() == [number]


def test_an_array_is_split_as_the_list_of_its_values() -> None:
    values = np.array([1.0, np.nan, np.inf, -np.inf, 2.0], dtype=np.float32)

    split = numeric_values(values)

    assert (split.finite.tolist(), split.missing, split.non_finite, split.invalid) == ([1.0, 2.0], 1, 2, 0)


@pytest.mark.parametrize("dtype", ["M8[ns]", "M8[D]", "m8[ns]"])
def test_an_array_of_times_is_in_seconds_and_nat_is_missing(dtype: str) -> None:
    values = np.array([1, "NaT"], dtype="M8[D]") if dtype[0] == "M" else np.array([86_400 * 10**9, "NaT"], dtype=dtype)

    split = numeric_values(values.astype(dtype))

    assert (split.finite.tolist(), split.missing) == ([86_400.0], 1)


def test_a_column_of_booleans_in_a_numeric_column_is_invalid() -> None:
    assert numeric_values(np.array([True, False])).invalid == 2


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("", ""),
        ("ÅÄÖ", "ÅÄÖ"),
        (3, "3"),
        (3.0, "3"),
        (-0.0, "0"),
        (0.1, "0.1"),
        (1e22, "10000000000000000000000"),
        (1e-7, "1e-07"),
        (True, "true"),
        (np.False_, "false"),
        (np.int64(-7), "-7"),
        (np.str_("a"), "a"),
        (b"caf\xc3\xa9", "café"),
        (b"\xff", "\\xff"),
        (Decimal("2.0"), "2"),
        (Decimal("0.50"), "0.5"),
        (Decimal("0.1"), "0.1"),
        (Colour.RED, "red"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (date(2026, 11, 23), "2026-11-23"),
        ("\ud800", "\\ud800"),
        ("a\0b", "a\0b"),
        ([1], None),
        ({}, None),
        (object, None),
    ],
    ids=repr,
)
def test_canonical_text(value: object, text: str | None) -> None:
    assert canonical_text(value) == text


@pytest.mark.parametrize(
    "value",
    ["x" * 10_000, "語" * 10_000, "\ud800" * 200, 10**5_000, Decimal("1e999999")],
    ids=lambda v: type(v).__name__,
)
def test_a_huge_name_is_cut_to_128_valid_characters(value: object) -> None:
    text = canonical_text(value)

    assert text is not None
    assert len(text) <= MAX_NAME_LENGTH
    assert text.encode().decode() == text


def test_equal_values_of_several_types_are_one_category() -> None:
    split = category_counts([1, 1.0, np.int64(1), Decimal("1.0"), "1"], ColumnKind.CATEGORICAL)

    assert split.counts == {"1": 5}


def test_booleans_among_numbers_keep_their_own_name() -> None:
    for order in ([True, 1, 1, 0, False], [1, 0, True, 1, False], [np.True_, 1, 1, 0, np.False_]):
        assert category_counts(order, ColumnKind.CATEGORICAL).counts == {"true": 1, "1": 2, "0": 1, "false": 1}


def test_a_boolean_column_takes_true_false_0_and_1_only() -> None:
    split = category_counts([True, 0, 1.0, np.False_, 2, "true", [1], None, math.inf], ColumnKind.BOOLEAN)

    assert split == CategoryCounts({"true": 2, "false": 2}, missing=1, non_finite=1, invalid=3)


def test_containers_and_hostile_objects_are_invalid_categories() -> None:
    split = category_counts(["a", [1], {"b": 2}, (1, 2), Hostile(), object()], ColumnKind.CATEGORICAL)

    assert split == CategoryCounts({"a": 1}, missing=0, non_finite=0, invalid=5)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([None, 1, 2.5], ColumnKind.NUMERIC),
        ([True, None], ColumnKind.BOOLEAN),
        ([True, 2], ColumnKind.NUMERIC),
        ([1.0, "a"], ColumnKind.CATEGORICAL),
        ([datetime(2026, 1, 1), None], ColumnKind.DATETIME),  # noqa: DTZ001
        ([np.datetime64("2026-01-01")], ColumnKind.DATETIME),
        ([timedelta(1)], ColumnKind.NUMERIC),
        ([date(2026, 1, 1)], ColumnKind.CATEGORICAL),
        ([[1.0, 2.0]], ColumnKind.VECTOR),
        ([np.zeros(3)], ColumnKind.VECTOR),
        ([None, math.nan, pd.NA], None),
        ([], None),
    ],
    ids=repr,
)
def test_kind_of_a_column_is_judged_from_what_is_there(values: list[object], kind: ColumnKind | None) -> None:
    assert infer_kind(values) is kind


@pytest.mark.parametrize(
    ("dtype", "kind"),
    [("f4", "numeric"), ("u1", "numeric"), ("?", "boolean"), ("U3", "categorical"), ("M8[s]", "datetime")],
)
def test_kind_of_an_array_is_that_of_its_dtype(dtype: str, kind: str) -> None:
    assert infer_kind(np.zeros(2, dtype=dtype)) == ColumnKind(kind)
