"""Ranges follow the data, not the clock, and lie on the deployment's own days."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tidegauge_collector.web.ranges import choose_range

NEW_YORK = ZoneInfo("America/New_York")
START = datetime(2013, 1, 1, 10, 20, tzinfo=UTC)
END = datetime(2013, 9, 27, 20, 15, tzinfo=UTC)


def chosen(**query: str):
    return choose_range(query, START, END, zone=NEW_YORK)


def local(moment: datetime) -> str:
    return moment.astimezone(NEW_YORK).strftime("%Y-%m-%d %H:%M")


def test_default_range_is_the_whole_extent_on_local_days() -> None:
    everything = chosen()

    assert (local(everything.start), local(everything.end)) == ("2013-01-01 00:00", "2013-09-28 00:00")
    assert (everything.choice, everything.step) == ("all", "day")


def test_a_day_ends_with_the_hour_of_the_last_data_and_is_cut_into_hours() -> None:
    day = chosen(range="24h")

    assert (day.start.isoformat(), day.end.isoformat()) == ("2013-09-26T21:00:00+00:00", "2013-09-27T21:00:00+00:00")
    assert day.step == "hour"


@pytest.mark.parametrize(("choice", "first"), [("7d", "2013-09-21"), ("30d", "2013-08-29")])
def test_longer_ranges_are_whole_local_days(choice: str, first: str) -> None:
    picked = chosen(range=choice)

    assert (local(picked.start), local(picked.end)) == (f"{first} 00:00", "2013-09-28 00:00")
    assert picked.step == "day"


def test_a_custom_range_of_minutes_ends_where_it_says() -> None:
    picked = chosen(range="custom", start="2013-03-09T06:30", end="2013-03-09T09:00")

    assert (local(picked.start), local(picked.end), picked.step) == ("2013-03-09 06:30", "2013-03-09 09:00", "hour")


def test_a_custom_range_holds_its_last_day_across_a_change_to_summer_time() -> None:
    picked = chosen(range="custom", start="2013-03-09", end="2013-03-10")

    assert (picked.start.isoformat(), picked.end.isoformat()) == (
        "2013-03-09T05:00:00+00:00",
        "2013-03-11T04:00:00+00:00",
    )


def test_a_custom_range_is_cut_to_the_data() -> None:
    picked = chosen(range="custom", start="0001-01-01", end="2013-01-02")

    assert (picked.choice, local(picked.start), local(picked.end)) == ("custom", "2013-01-01 00:00", "2013-01-03 00:00")


def test_a_custom_range_without_dates_falls_back_to_the_extent() -> None:
    picked = chosen(range="custom")

    assert (local(picked.start), local(picked.end), picked.problem) == ("2013-01-01 00:00", "2013-09-28 00:00", None)


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ({"range": "century"}, "range.unknown"),
        ({"range": "custom", "start": "yesterday"}, "range.bad_date"),
        ({"range": "custom", "end": "9999-12-31"}, "range.bad_date"),
        ({"range": "custom", "start": "1999-01-01", "end": "1999-12-31"}, "range.outside"),
        ({"range": "custom", "start": "2013-02-02", "end": "2013-02-01"}, "range.reversed"),
    ],
)
def test_a_bad_wish_shows_everything_and_says_why(query: dict[str, str], problem: str) -> None:
    picked = chosen(**query)

    assert (picked.choice, picked.problem, local(picked.end)) == ("all", problem, "2013-09-28 00:00")


def test_data_that_ends_exactly_on_an_edge_is_still_inside() -> None:
    midnight = datetime(2013, 9, 27, 4, tzinfo=UTC)

    picked = choose_range({}, START, midnight, zone=NEW_YORK)

    assert picked.end > midnight


def test_a_single_event_gives_one_hour() -> None:
    picked = choose_range({}, START, START, zone=NEW_YORK)

    assert (picked.start.isoformat(), picked.end.isoformat()) == (
        "2013-01-01T10:00:00+00:00",
        "2013-01-01T11:00:00+00:00",
    )
