"""Times and segments, however they are stated."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from tidegauge.core.segments import SegmentNames
from tidegauge.core.windows import clamp_future
from tidegauge.errors import UsageError
from tidegauge.worker.facts import as_list, read_ids, read_times

NOON_US = 1_795_435_200_000_000


@pytest.mark.parametrize(
    "time",
    [
        datetime(2026, 11, 23, 12, tzinfo=UTC),
        datetime(2026, 11, 23, 12),  # noqa: DTZ001 - a naive time is in UTC
        datetime(2026, 11, 23, 13, tzinfo=timezone(timedelta(hours=1))),
        pd.Timestamp("2026-11-23T12:00:00Z"),
        pd.Timestamp("2026-11-23T12:00:00.000000999Z"),
        np.datetime64("2026-11-23T12:00:00"),
        np.datetime64("2026-11-23T12:00:00", "ns"),
        "2026-11-23T12:00:00Z",
        "2026-11-23 13:00:00+01:00",
        1_795_435_200,
        1_795_435_200.0,
        np.int64(1_795_435_200),
        np.float64(1_795_435_200.0),
    ],
    ids=repr,
)
def test_a_time_is_microseconds_however_it_is_stated(time: Any) -> None:
    assert read_times(time, 1).tolist() == [NOON_US]
    assert read_times([time, time], 2).tolist() == [NOON_US] * 2
    assert read_times(time, 3).tolist() == [NOON_US] * 3


@pytest.mark.parametrize(
    "times",
    [
        np.array(["2026-11-23T12", "2026-11-23T13"], dtype="M8[h]"),
        pd.Series(pd.to_datetime(["2026-11-23T12", "2026-11-23T13"])),
        pd.Series(pd.to_datetime(["2026-11-23T13", "2026-11-23T14"])).dt.tz_localize("Europe/Berlin"),
        pd.DatetimeIndex(["2026-11-23T12", "2026-11-23T13"]),
        pd.Series(["2026-11-23T12:00", "2026-11-23T13:00"]),
        [date(2026, 11, 23), date(2026, 11, 23)],
    ],
    ids=["numpy", "naive series", "zoned series", "index", "text", "dates"],
)
def test_columns_of_times_are_read(times: Any) -> None:
    read = read_times(times, 2)

    assert len(read) == 2
    assert read[0] in {NOON_US, NOON_US - 12 * 3_600_000_000}


@pytest.mark.parametrize(
    ("times", "problem"),
    [
        (["2026-11-23", "2026-11-24"], "2 timestamps for 3 rows: give one time a row, or one for all"),
        ("noon", "write ISO 8601"),
        (None, "timestamp None is a NoneType"),
        (True, "timestamp True is a bool"),
        (float("nan"), "give datetimes or seconds"),
        (float("inf"), "outside of the years"),
        (1_795_435_200_000, "not milliseconds"),
        (pd.NaT, "give datetimes or seconds"),
        (np.array(["NaT"] * 3, dtype="M8[s]"), "missing or outside"),
        ([None] * 3, "timestamp None"),
        (b"2026", "is a bytes"),
    ],
    ids=repr,
)
def test_a_wrong_time_is_refused_with_the_fix(times: Any, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        read_times(times, 3)


def test_times_more_than_ten_minutes_ahead_become_now() -> None:
    times = np.array([0, 600_000_000, 600_000_001])

    clamped, ahead = clamp_future(times, 0)

    assert (clamped.tolist(), ahead.tolist()) == ([0, 600_000_000, 0], [False, False, True])


def test_ids_are_one_a_row() -> None:
    assert read_ids("a", 1) == read_ids(["a"], 1) == read_ids(pd.Series(["a"]), 1) == read_ids(np.array(["a"]), 1)
    with pytest.raises(UsageError, match="3 prediction ids for 2 rows: give one id a row"):
        read_ids([1, 2, 3], 2)


def test_segments_have_the_names_of_their_values() -> None:
    names = SegmentNames().names("c", ["UA", 1, 1.0, True, None, float("nan"), [1]])

    assert names == ["c=UA", "c=1", "c=1", "c=true", "c=missing", "c=missing", "c=other"]


def test_from_the_fifty_first_value_on_segments_are_other_and_counted() -> None:
    segments = SegmentNames()

    first = segments.names("c", list(range(60)))
    again = segments.names("c", [0, 49, 50, 60])

    assert first[49:51] == ["c=49", "c=other"]
    assert again == ["c=0", "c=49", "c=other", "c=other"]
    assert segments.overflowed_rows == 12
    assert segments.names("d", ["x"]) == ["d=x"]


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ("a", ["a"]),
        (7, [7]),
        (np.array(7), [7]),
        (np.array([[1], [2]]), [1, 2]),
        (pd.DataFrame({"id": ["a", "b"]}), ["a", "b"]),
        (pl.Series(["a", "b"]), ["a", "b"]),
        (pa.array(["a", "b"]), ["a", "b"]),
        (pa.chunked_array([["a"], ["b"]]), ["a", "b"]),
        (iter("ab"), ["a", "b"]),
        ({"a": 1, "b": 2}.values(), [1, 2]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_one_value_a_row_is_a_list_in_whatever_container(values: Any, found: list[Any]) -> None:
    assert as_list(values) == found
