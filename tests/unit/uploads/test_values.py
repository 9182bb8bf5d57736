"""Columns of an upload become what an agent would have."""

import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from tidegauge.core.columns import ColumnKind
from tidegauge_collector.uploads.values import kind_of_text, plain_column, text_column


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "2.5", "1e3", None], ColumnKind.NUMERIC),
        (["1", "2", "oops"], ColumnKind.NUMERIC),
        ([" 1", "2 "], ColumnKind.NUMERIC),
        (["true", "FALSE"], ColumnKind.BOOLEAN),
        (["2026-11-23", "2026-11-24"], ColumnKind.DATETIME),
        (["2026-11-23T10:00:00Z"], ColumnKind.DATETIME),
        (["UA", "AA", "1"], ColumnKind.CATEGORICAL),
        ([None, None], None),
    ],
)
def test_the_kind_of_a_csv_column_is_told_by_its_values(values, kind):
    assert kind_of_text(pa.array(values, pa.string())) is kind


def test_text_that_is_no_number_stays_text_so_that_it_is_counted_as_invalid():
    found = text_column(pa.array(["1", "oops", None]), ColumnKind.NUMERIC).tolist()

    assert found[:2] == [1.0, "oops"]
    assert math.isnan(found[2])


def test_numbers_that_the_baseline_knows_as_names_keep_their_zeros():
    assert text_column(pa.array(["01", "1"]), ColumnKind.CATEGORICAL).tolist() == ["01", "1"]


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (pa.array([1, 2], pa.int8()), [1, 2]),
        (pa.array([True, None]), [True, None]),
        (pa.array(["a", None]).dictionary_encode(), ["a", None]),
        (pa.array([Decimal("1.50"), None]), [Decimal("1.50"), None]),
        (pa.array([[1.0], None]), [[1.0], None]),
        (pa.array([{"a": 1}]), [{"a": 1}]),
        (pa.array([None, None]), [None, None]),
    ],
)
def test_values_of_arrow_are_those_of_python(array, expected):
    assert plain_column(array).tolist() == expected


@pytest.mark.parametrize(
    ("array", "kind"),
    [
        (pa.array([datetime(2026, 1, 1, tzinfo=UTC), None]), "M"),
        (pa.array([datetime(2026, 1, 1, tzinfo=UTC)], pa.timestamp("ns", "Europe/Rome")), "M"),
        (pa.array([date(2026, 1, 1)]), "M"),
        (pa.array([timedelta(seconds=1)], pa.duration("ns")), "m"),
        (pa.array([1, None]), "f"),
        (pa.array([0.5], pa.float16()), "f"),
    ],
)
def test_times_and_numbers_stay_arrays(array, kind):
    assert plain_column(array).dtype.kind == kind


def test_lists_of_several_types_are_objects_and_huge_integers_survive():
    assert plain_column([1, "a", None]).dtype == object
    assert plain_column([1, 2.5, None]).dtype == np.float64
    assert plain_column([2**70]).tolist() == [2**70]
