"""Every type of column of polars and Arrow, and the odd ones of numpy and pandas: its kind, its missing values, its numbers."""

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from tidegauge.core.columns import ColumnKind, category_counts, numeric_values
from tidegauge.core.derived import derive
from tidegauge.core.kinds import infer_kind
from tidegauge.worker.tabulate import tabulate

NOON = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
NOON_S = 1_795_435_200.0
NUMERIC, CATEGORICAL, BOOLEAN, DATETIME = (
    ColumnKind.NUMERIC,
    ColumnKind.CATEGORICAL,
    ColumnKind.BOOLEAN,
    ColumnKind.DATETIME,
)

POLARS: dict[str, tuple[pl.Series, ColumnKind, float | str]] = {
    "Float64": (pl.Series([1.5, None]), NUMERIC, 1.5),
    "Float32": (pl.Series([1.5, None], dtype=pl.Float32), NUMERIC, 1.5),
    "Int64": (pl.Series([7, None]), NUMERIC, 7.0),
    "UInt8": (pl.Series([7, None], dtype=pl.UInt8), NUMERIC, 7.0),
    "Decimal": (pl.Series([Decimal("1.5"), None]), NUMERIC, 1.5),
    "Boolean": (pl.Series([True, None]), BOOLEAN, "true"),
    "String": (pl.Series(["a", None]), CATEGORICAL, "a"),
    "Categorical": (pl.Series(["a", None], dtype=pl.Categorical), CATEGORICAL, "a"),
    "Enum": (pl.Series(["a", None], dtype=pl.Enum(["a"])), CATEGORICAL, "a"),
    "Binary": (pl.Series([b"a", None]), CATEGORICAL, "a"),
    "Datetime": (pl.Series([NOON.replace(tzinfo=None), None]), DATETIME, NOON_S),
    "zoned": (pl.Series([NOON, None]).dt.convert_time_zone("Asia/Tokyo"), DATETIME, NOON_S),
    "Date": (pl.Series([dt.date(1970, 1, 2), None]), DATETIME, 86_400.0),
    "Duration": (pl.Series([dt.timedelta(hours=1), None]), NUMERIC, 3_600.0),
    "Time": (pl.Series([dt.time(12), None]), CATEGORICAL, "12:00:00"),
}
ARROW: dict[str, tuple[pa.Array, ColumnKind, float | str]] = {
    "double": (pa.array([1.5, None]), NUMERIC, 1.5),
    "int64": (pa.array([7, None]), NUMERIC, 7.0),
    "uint8": (pa.array([7, None], pa.uint8()), NUMERIC, 7.0),
    "decimal": (pa.array([Decimal("1.5"), None]), NUMERIC, 1.5),
    "bool": (pa.array([True, None]), BOOLEAN, "true"),
    "string": (pa.array(["a", None]), CATEGORICAL, "a"),
    "large_string": (pa.array(["a", None], pa.large_string()), CATEGORICAL, "a"),
    "dictionary": (pa.array(["a", None]).dictionary_encode(), CATEGORICAL, "a"),
    "binary": (pa.array([b"a", None]), CATEGORICAL, "a"),
    "timestamp": (pa.array([NOON.replace(tzinfo=None), None]), DATETIME, NOON_S),
    "zoned": (pa.array([NOON, None], pa.timestamp("ms", "Asia/Tokyo")), DATETIME, NOON_S),
    "date32": (pa.array([dt.date(1970, 1, 2), None]), DATETIME, 86_400.0),
    "duration": (pa.array([dt.timedelta(hours=1), None]), NUMERIC, 3_600.0),
}


def check(values: Any, kind: ColumnKind, value: float | str) -> None:
    assert infer_kind(values) is kind
    if kind.is_numeric:
        split = numeric_values(values)
        assert (split.finite.tolist(), split.missing, split.rows) == ([value], 1, 2)
    else:
        counts = category_counts(values, kind)
        assert (counts.counts, counts.missing, counts.rows) == ({value: 1}, 1, 2)


@pytest.mark.parametrize("name", POLARS)
def test_a_polars_column_has_its_kind_and_its_missing_values(name: str) -> None:
    series, kind, value = POLARS[name]

    check(tabulate(pl.DataFrame({"c": series}))[0]["c"], kind, value)
    check(tabulate(series.alias("c"))[0]["c"], kind, value)


@pytest.mark.parametrize("name", ARROW)
@pytest.mark.parametrize("make", [pa.table, pa.RecordBatch.from_pydict], ids=["table", "batch"])
def test_an_arrow_column_has_its_kind_and_its_missing_values(name: str, make: Any) -> None:
    array, kind, value = ARROW[name]

    check(tabulate(make({"c": array}))[0]["c"], kind, value)
    check(tabulate(array)[0]["f0"], kind, value)


@pytest.mark.parametrize(
    "column",
    [
        pl.Series([[3.0, 4.0], None], dtype=pl.List(pl.Float64)),
        pl.Series([[3.0, 4.0], None], dtype=pl.Array(pl.Float64, 2)),
        pa.array([[3.0, 4.0], None]),
        pa.array([[3.0, 4.0], None], pa.list_(pa.float64(), 2)),
        pd.Series([np.array([3.0, 4.0]), None]),
        pd.Series([(3.0, 4.0), None]),
    ],
    ids=["polars List", "polars Array", "Arrow list", "Arrow fixed list", "pandas arrays", "pandas tuples"],
)
def test_a_column_of_vectors_is_derived_in_whatever_library(column: Any) -> None:
    columns, _ = tabulate({"v": column})

    derived, _ = derive(columns, {"v": infer_kind(columns["v"]) or NUMERIC})

    assert {name: values[0] for name, values in derived.items()} == {"v.norm": 5.0, "v.mean": 3.5, "v.dimensions": 2.0}
    assert all(np.isnan(values[1]) for values in derived.values())


@pytest.mark.parametrize(
    ("array", "kind"),
    [
        (np.array([[True], [False]]), BOOLEAN),
        (np.array([["2026-11-23"], ["NaT"]], dtype="M8[D]"), DATETIME),
        (np.array([["a"], ["b"]]), CATEGORICAL),
        (np.array([[b"a"], [b"b"]]), CATEGORICAL),
        (np.array([[1], [2]], dtype="m8[h]"), NUMERIC),
        (np.array([[1], [2]], dtype=np.float16), NUMERIC),
        (np.array([[1], [2]], dtype=np.longdouble), NUMERIC),
    ],
    ids=lambda one: str(getattr(one, "dtype", one)),
)
def test_a_plain_array_of_any_type_has_the_kind_of_its_type(array: np.ndarray, kind: ColumnKind) -> None:
    columns, rows = tabulate(array, ("c",))

    assert (infer_kind(columns["c"]), rows) == (kind, 2)


def test_fields_with_fields_and_fields_of_vectors_are_columns() -> None:
    table = np.zeros(2, dtype=[("place", [("lat", "f8"), ("lon", "f8")]), ("embedding", "f4", (3,))])

    columns, rows = tabulate(table)

    assert (list(columns), rows) == (["place.lat", "place.lon", "embedding"], 2)
    assert infer_kind(columns["embedding"]) is ColumnKind.VECTOR


def test_whole_numbers_with_missing_ones_among_them_stay_whole_for_they_may_be_ids() -> None:
    for table in (pl.DataFrame({"id": [2**60 + 1, None]}), pa.table({"id": [2**60 + 1, None]})):
        assert tabulate(table)[0]["id"].tolist() == [2**60 + 1, None]


def test_masked_values_are_missing_in_plain_and_structured_arrays() -> None:
    plain = np.ma.masked_array([[1.0, 2.0], [3.0, 4.0]], mask=[[False, True], [False, False]])
    structured = np.ma.masked_array(np.array([(1.0, 2)], dtype=[("x", "f8"), ("n", "i8")]), mask=[(True, False)])
    from tidegauge.copies import private_copy

    assert numeric_values(tabulate(private_copy(plain)[0], ("x", "y"))[0]["y"]).missing == 1
    columns, rows = tabulate(private_copy(structured)[0])
    assert (numeric_values(columns["x"]).missing, columns["n"].tolist(), rows) == (1, [2], 1)


def test_columns_of_two_levels_and_equal_names_are_kept_apart() -> None:
    levels = pd.DataFrame([[1.0, 2.0]], columns=pd.MultiIndex.from_tuples([("a", "x"), ("a", "y")]))
    twice = pa.Table.from_arrays([pa.array([1.0]), pa.array([2.0])], names=["x", "x"])

    assert list(tabulate(levels)[0]) == ["('a', 'x')", "('a', 'y')"]
    assert list(tabulate(twice)[0]) == ["x", "x.1"]
