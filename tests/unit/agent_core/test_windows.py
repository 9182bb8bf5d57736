"""The grid of time, across changes of the clocks."""

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from tidegauge.core.windows import DAY_US, HOUR_US, Window, day_start, days, next_day, to_datetime, to_us, window_start


def us(text: str) -> int:
    return to_us(datetime.fromisoformat(text))


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("UTC", "2026-03-29T12:00+00:00", 24),
        ("Europe/Berlin", "2026-03-29T12:00+02:00", 23),
        ("Europe/Berlin", "2026-10-25T12:00+01:00", 25),
        ("Australia/Lord_Howe", "2026-04-05T12:00+10:30", 24.5),
        ("America/Sao_Paulo", "2018-11-04T12:00-02:00", 23),  # there was no midnight
        ("America/Havana", "2026-11-01T12:00-05:00", 25),  # there were two
        ("Asia/Kathmandu", "2026-03-29T12:00+05:45", 24),
    ],
)
def test_a_local_day_has_as_many_hours_as_its_clocks_show(zone: str, day: str, hours: float) -> None:
    start = day_start(us(day), ZoneInfo(zone))

    assert (next_day(start, ZoneInfo(zone)) - start) / HOUR_US == hours
    assert day_start(start, ZoneInfo(zone)) == start
    assert day_start(start - 1, ZoneInfo(zone)) < start


def test_a_day_that_a_country_left_out_is_left_out() -> None:
    zone = ZoneInfo("Pacific/Apia")  # had no 30 December 2011

    found = list(days(us("2011-12-29T00:00-10:00"), us("2012-01-01T00:00+14:00"), zone))

    assert [to_datetime(one.start_us).astimezone(zone).day for one in found] == [29, 31]
    assert all(one.length_s == 86_400 for one in found)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Sao_Paulo", "America/Havana", "Pacific/Apia", "UTC"])
def test_days_follow_each_other_without_gap_or_overlap(zone: str) -> None:
    found = list(days(us("2011-01-01T00:00+00:00"), us("2013-01-01T00:00+00:00"), ZoneInfo(zone)))

    assert all(a.end_us == b.start_us and a.start_us < a.end_us for a, b in pairwise(found))
    assert found[0].start_us <= us("2011-01-01T00:00+00:00") < found[0].end_us
    assert found[-1].start_us < us("2013-01-01T00:00+00:00") <= found[-1].end_us


@pytest.mark.parametrize("time_us", [0, 1, HOUR_US - 1, HOUR_US, -1, 1_800_000_000_123_456])
def test_a_window_starts_at_or_before_its_times_and_ends_after(time_us: int) -> None:
    start = window_start(time_us, HOUR_US)

    assert start <= time_us < start + HOUR_US
    assert start % HOUR_US == 0


def test_microseconds_and_datetimes_convert_without_loss() -> None:
    for time_us in (0, -1, 1_800_000_000_123_457, 253_402_300_799_999_999):
        assert to_us(to_datetime(time_us)) == time_us


def test_a_naive_datetime_is_taken_as_utc() -> None:
    assert to_us(datetime(2026, 1, 1)) == to_us(datetime(2026, 1, 1, tzinfo=UTC))  # noqa: DTZ001
    assert Window(0, DAY_US).length_s == 86_400
