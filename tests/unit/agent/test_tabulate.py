"""Whatever a model is fed, as columns."""

import math
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tidegauge.core.columns import is_missing
from tidegauge.errors import UsageError
from tidegauge.worker.shapes import Unread, count_rows
from tidegauge.worker.tabulate import as_column, column_names, columns_of_dicts, tabulate

NAMES = ("x", "c")
RECORDS = np.array([(1.0, "a"), (2.0, "b")], dtype=[("x", "f8"), ("c", "U1")])


def as_lists(inputs: Any, names: tuple[str, ...] = ()) -> tuple[dict[str, list[Any]], int]:
    columns, rows = tabulate(inputs, names)
    return {name: values.tolist() for name, values in columns.items()}, rows


@pytest.mark.parametrize(
    "inputs",
    [
        [{"x": 1.0, "c": "a"}, {"x": 2.0, "c": "b"}],
        [[1.0, "a"], [2.0, "b"]],
        ((1.0, "a"), (2.0, "b")),
        [np.array([1.0, "a"], dtype=object), np.array([2.0, "b"], dtype=object)],
        pd.DataFrame({"x": [1.0, 2.0], "c": ["a", "b"]}),
        RECORDS,
    ],
    ids=["dicts", "lists", "tuples", "arrays", "frame", "structured"],
)
def test_two_rows_are_the_same_columns_in_whatever_container(inputs: Any) -> None:
    assert as_lists(inputs, NAMES) == ({"x": [1.0, 2.0], "c": ["a", "b"]}, 2)
    assert count_rows(inputs) == 2


@pytest.mark.parametrize(
    "inputs",
    [{"x": 1.0, "c": "a"}, [1.0, "a"], np.array([1.0, "a"], dtype=object), pd.Series({"x": 1.0, "c": "a"})],
    ids=["dict", "list", "array", "series"],
)
def test_one_row_is_one_row_in_whatever_container(inputs: Any) -> None:
    assert as_lists(inputs, NAMES) == ({"x": [1.0], "c": ["a"]}, 1)
    assert count_rows(inputs) == 1


def test_a_bare_matrix_has_numbered_columns_unless_names_are_known() -> None:
    assert list(tabulate(np.zeros((1, 3)))[0]) == ["f0", "f1", "f2"]
    assert list(tabulate(np.zeros((1, 3)), ("a", "b"))[0]) == ["f0", "f1", "f2"]
    assert list(tabulate(np.zeros((1, 2)), ("a", "b"))[0]) == ["a", "b"]


def test_what_a_row_does_not_have_is_none() -> None:
    columns, _ = as_lists([{"x": 1.0}, {"c": "a"}, {"x": 2.0, "c": "b"}])

    assert np.isnan(columns["x"][1])
    assert columns["c"] == [None, "a", "b"]
    assert as_lists([[1, 2], [3]])[0] == {"f0": [1, 3], "f1": [2, None]}


def test_numbers_of_many_dicts_are_read_at_once_with_none_as_nan() -> None:
    rows = [{"x": float(i), "n": i, "c": "a", "m": None} for i in range(100)]

    columns = columns_of_dicts(rows, {"x", "n", "m"})

    assert columns["x"].dtype == columns["n"].dtype == np.float64
    assert columns["x"].tolist() == columns["n"].tolist() == list(range(100))
    assert np.isnan(columns["m"]).all()
    assert columns["c"].tolist() == ["a"] * 100


@pytest.mark.parametrize("odd", [True, "7", [7.0], 10**400, np.bool_(1)], ids=lambda v: type(v).__name__)
def test_one_odd_value_among_numbers_is_kept_as_it_is(odd: object) -> None:
    rows: list[dict[str, object]] = [{"x": float(i)} for i in range(100)]
    rows[50]["x"] = odd

    assert columns_of_dicts(rows, {"x"})["x"].tolist()[50] is odd


@pytest.mark.parametrize("change", [{"y": 1.0}, {"x": 2.0, "z": 3.0}, {}])
def test_rows_with_other_keys_are_read_with_their_keys(change: dict[str, float]) -> None:
    rows: list[dict[str, float]] = [{"x": 1.0, "y": 2.0} for _ in range(40)]
    rows[35] = change

    columns = columns_of_dicts(rows, {"x", "y"})

    for name in ("x", "y", *change):
        assert [row.get(name) for row in rows] == [None if is_missing(v) else v for v in columns[name].tolist()]


FLOATS = {"x": 1.5, "y": -2.5, "z": 1e300}
STRANGE: dict[str, Any] = {
    "another order": {"z": 7.0, "x": 5.0, "y": 6.0},
    "an integer": {"x": 1, "y": 2.0, "z": 3.0},
    "nothing": {"x": None, "y": 2.0, "z": 3.0},
    "not a number": {"x": math.nan, "y": math.inf, "z": -0.0},
    "a boolean": {"x": True, "y": 2.0, "z": 3.0},
    "a text": {"x": "g", "y": 2.0, "z": 3.0},
    "an object": {"x": Decimal("1.5"), "y": 2.0, "z": object()},
    "a float of numpy": {"x": np.float64(1.5), "y": 2.0, "z": 3.0},
}


@pytest.mark.parametrize("numeric", [{"x", "y", "z"}, {"x", "z"}, {"y"}])
@pytest.mark.parametrize("strange", STRANGE.values(), ids=STRANGE.keys())
def test_rows_of_floats_are_read_many_at_once_as_one_by_one(strange: dict[str, Any], numeric: set[str]) -> None:
    rows = [FLOATS] * 40 + [strange] + [FLOATS] * 40

    fast, slow = columns_of_dicts(rows, numeric), columns_of_dicts(rows)

    assert fast.keys() == slow.keys()
    for name, values in slow.items():
        one = fast[name].tolist()
        assert [None if is_missing(value) else value for value in one] == [
            None if is_missing(value) else value for value in values.tolist()
        ]
        assert sum(type(value) is bool for value in one) == sum(type(value) is bool for value in values.tolist())


def test_equal_names_are_told_apart_and_long_or_invalid_ones_mended() -> None:
    frame = pd.DataFrame([[1, 2, 3]], columns=pd.Index(["a", "a", "\ud800" + "x" * 500], dtype=object))

    names = list(tabulate(frame)[0])

    assert names[:2] == ["a", "a.1"]
    assert len(names[2]) == 128
    assert names[2].encode()
    assert column_names((1, "b")) == ("1", "b")


def test_whole_numbers_beyond_int64_stay_objects() -> None:
    assert as_column([1, 2**70]).tolist() == [1, 2**70]
    assert as_column([1, 2]).dtype == np.int64
    assert as_column([True, False]).dtype == bool
    assert as_column([1, True]).tolist() == [1, True]
    assert as_column([[1], [2, 3]]).tolist() == [[1], [2, 3]]


def test_frames_keep_nullable_zoned_and_categorical_columns() -> None:
    frame = pd.DataFrame(
        {
            "n": pd.array([1, None], dtype="Int64"),
            "t": pd.to_datetime(["2026-11-23T12:00:00+01:00", None], utc=True),
            "k": pd.Categorical(["a", None]),
            "s": pd.array(["a", None], dtype="string"),
        }
    )

    columns, _ = tabulate(frame)

    assert columns["n"].tolist() == [1, pd.NA]
    assert columns["t"][0] == np.datetime64("2026-11-23T11:00:00")
    assert np.isnat(columns["t"][1])
    assert columns["k"].tolist()[0] == columns["s"].tolist()[0] == "a"


def test_empty_tables_have_no_rows() -> None:
    for inputs in ([], np.empty((0, 3)), pd.DataFrame({"a": []})):
        assert tabulate(inputs)[1] == count_rows(inputs) == 0


def test_a_wide_table_is_cut_after_the_columns_that_will_be_counted() -> None:
    assert len(tabulate(np.zeros((2, 3_000)))[0]) == 2_001
    assert list(tabulate(np.zeros((2, 3_000)), [f"pixel_{i}" for i in range(3_000)])[0])[-1] == "pixel_2000"


def test_each_image_is_one_vector() -> None:
    columns, rows = tabulate(np.zeros((2, 64, 64, 3)), ("image",))

    assert (list(columns), rows) == (["image"], 2)
    assert columns["image"][0].shape == (64, 64, 3)


@pytest.mark.parametrize(
    "inputs",
    [None, object(), {1, 2}, Unread("Tensor", 3), [{"a": 1}, [1]], [[1], None]],
    ids=lambda v: type(v).__name__,
)
def test_what_is_no_table_is_refused(inputs: object) -> None:
    with pytest.raises(UsageError, match="no table"):
        tabulate(inputs)


@pytest.mark.parametrize(
    "name", ["_latency", "_rows", "_error", "_prediction", "_prediction.yes", "_actual", "_metric.x", "_rule.x"]
)
def test_a_feature_is_never_counted_into_a_column_of_ours(name: str) -> None:
    assert column_names((name, "_other", f"feature{name}")) == (f"feature{name}", "_other", f"feature{name}.1")


def test_a_name_that_looks_like_that_of_a_second_one_is_kept_apart_from_it() -> None:
    assert column_names(("a", "a", "a.1", "a")) == ("a", "a.1", "a.1.1", "a.2")
