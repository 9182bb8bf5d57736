"""Texts and vectors as numbers: what is measured, what is counted as wrong, and whose kinds hold."""

import math
from typing import Any

import numpy as np
import pytest

from tidegauge.core.columns import ColumnKind, numeric_values
from tidegauge.core.derived import (
    READ_CHARACTERS,
    derive,
    measured_text,
    measured_vector,
    sources,
    take_over,
)
from tidegauge.core.kinds import infer_kind

TEXT, VECTOR, NUMERIC, CATEGORICAL = ColumnKind.TEXT, ColumnKind.VECTOR, ColumnKind.NUMERIC, ColumnKind.CATEGORICAL


def column(*values: Any) -> np.ndarray:
    found = np.empty(len(values), dtype=object)
    for i, value in enumerate(values):
        found[i] = value
    return found


def measures(kind: ColumnKind, *values: Any) -> dict[str, tuple[list[float], int, int, int]]:
    """Of each derived column the finite numbers, and how many are missing, non-finite, invalid."""
    derived, kinds = derive({"c": column(*values)}, {"c": kind})
    assert kinds == dict.fromkeys(derived, NUMERIC)
    splits = {name.removeprefix("c."): numeric_values(one) for name, one in derived.items()}
    return {name: (one.finite.tolist(), one.missing, one.non_finite, one.invalid) for name, one in splits.items()}


def test_a_text_is_measured_by_its_characters_and_words() -> None:
    assert measures(TEXT, "the tide is high", "", "  \n ", "語") == {
        "length": ([16.0, 0.0, 4.0, 1.0], 0, 0, 0),
        "words": ([4.0, 0.0, 0.0, 1.0], 0, 0, 0),
    }


def test_what_is_no_text_is_missing_or_invalid() -> None:
    assert measures(TEXT, "a b", None, math.nan, 7, ["a"], b"c d e") == {
        "length": ([3.0, 5.0], 2, 0, 2),
        "words": ([2.0, 3.0], 2, 0, 2),
    }


def test_words_of_a_huge_text_are_counted_at_its_beginning_and_its_length_is_whole() -> None:
    text = "tide " * READ_CHARACTERS

    assert measures(TEXT, text) == {
        "length": ([5.0 * READ_CHARACTERS], 0, 0, 0),
        "words": ([math.ceil(READ_CHARACTERS / 5)], 0, 0, 0),
    }


@pytest.mark.parametrize(
    "vector",
    [[3, 4], (3.0, 4.0), np.array([3.0, 4.0], dtype=np.float32), np.array([[3], [4]]), column(3, 4.0)],
    ids=["list", "tuple", "array", "matrix", "objects"],
)
def test_a_vector_is_measured_by_its_norm_mean_and_dimensions(vector: Any) -> None:
    assert measures(VECTOR, vector) == {
        "norm": ([5.0], 0, 0, 0),
        "mean": ([3.5], 0, 0, 0),
        "dimensions": ([2.0], 0, 0, 0),
    }


@pytest.mark.parametrize("odd", [math.nan, math.inf, None, 1e300, 10**400], ids=repr)
def test_a_vector_with_a_number_that_is_none_or_beyond_float64_is_non_finite(odd: Any) -> None:
    assert measures(VECTOR, [1.0, odd]) == {
        "norm": ([], 0, 1, 0),
        "mean": ([], 0, 1, 0),
        "dimensions": ([2.0], 0, 0, 0),
    }


def test_what_is_no_vector_is_missing_or_invalid_and_of_sequences_of_anything_the_length_is_known() -> None:
    assert measures(VECTOR, None, math.nan, 7.0, "text", {"a": 1}, ["tag", "tag"], [[1.0], [2.0, 3.0]], []) == {
        "norm": ([0.0], 2, 0, 5),
        "mean": ([], 3, 0, 5),
        "dimensions": ([2.0, 2.0, 0.0], 2, 0, 3),
    }


def test_measured_stand_ins_are_measured_as_the_whole() -> None:
    text, vector = "tide " * 1_000, list(range(1_000))

    kept = measured_text(text, 100)

    assert (kept, infer_kind(column(measured_vector(vector)))) == (text[:100], VECTOR)
    assert measures(TEXT, kept) == measures(TEXT, text)
    assert measures(VECTOR, measured_vector(vector)) == measures(VECTOR, vector)


def test_other_columns_stay_as_they_are_and_a_column_of_a_derived_name_wins() -> None:
    columns = {"x": np.arange(2.0), "c": column("a", "b c"), "c.length": np.array([7.0, 7.0])}

    derived, kinds = derive(columns, {"c": TEXT, "x": NUMERIC})

    assert list(derived) == ["x", "c.words", "c.length"]
    assert derived["x"] is columns["x"]
    assert derived["c.length"].tolist() == [7.0, 7.0]
    assert kinds == {"c.words": NUMERIC}
    assert derive({"x": columns["x"]}, {}) == ({"x": columns["x"]}, {})


def test_no_rows_have_no_measures() -> None:
    derived, _ = derive({"c": column()}, {"c": VECTOR})

    assert {name: len(values) for name, values in derived.items()} == {"c.norm": 0, "c.mean": 0, "c.dimensions": 0}


def test_a_baseline_with_derived_columns_says_what_their_source_is() -> None:
    known = {"note.length": NUMERIC, "note.words": NUMERIC, "e.norm": NUMERIC, "x.length": NUMERIC}

    assert sources(known) == {"note": TEXT}
    assert sources({"v.norm": NUMERIC, "v.mean": NUMERIC, "v.dimensions": NUMERIC}) == {"v": VECTOR}
    assert sources({**known, "note": CATEGORICAL}) == {}


def test_kinds_of_a_baseline_hold_over_guesses_and_stated_ones_over_both() -> None:
    guessed = {"a": CATEGORICAL, "b": TEXT, "b.length": NUMERIC, "b.words": NUMERIC, "c": CATEGORICAL}
    known = {"a.length": NUMERIC, "a.words": NUMERIC, "b": CATEGORICAL, "c": NUMERIC}

    take_over(guessed, known, {"c": CATEGORICAL})

    assert guessed == {"a": TEXT, "a.length": NUMERIC, "a.words": NUMERIC, "b": CATEGORICAL, "c": CATEGORICAL}


LONG = [f"customer {i} says that the parcel came late and was wet" for i in range(20)]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (LONG, TEXT),
        (np.array(LONG), TEXT),
        (np.array(LONG, dtype="S"), TEXT),
        ([*LONG, None, math.nan], TEXT),
        ([LONG[0]] * 20, CATEGORICAL),
        ([f"{i:040}" for i in range(20)], CATEGORICAL),
        (["short and sweet"] * 20, CATEGORICAL),
        ([*LONG, 7], CATEGORICAL),
        ([{"a": 1}], CATEGORICAL),
        ([measured_text("tide is high " * 1_000, 512)], TEXT),
    ],
    ids=["texts", "U", "S", "some missing", "repeated", "ids", "short", "a number among them", "dicts", "measured"],
)
def test_long_distinct_strings_of_several_words_are_texts(values: Any, kind: ColumnKind) -> None:
    assert infer_kind(values) is kind
