"""Service charts follow arrival time: the chosen range where something arrived in it, else all arrivals, and why."""

from datetime import UTC, datetime, timedelta

import pytest

from tidegauge_collector.web.ranges import Range
from tidegauge_collector.web.service_range import ServiceRange, choose_service_range

LAST_YEAR = Range("all", datetime(2013, 1, 1, tzinfo=UTC), datetime(2013, 12, 31, tzinfo=UTC))
DATA_END = datetime(2013, 12, 30, 23, 59, tzinfo=UTC)
NOON = datetime(2026, 11, 23, 12, 0, 20, tzinfo=UTC)


def length(span: timedelta) -> ServiceRange:
    """All arrivals of a replay that took so long."""
    return choose_service_range(LAST_YEAR, NOON, NOON + span, data_end=DATA_END)


def test_a_replay_of_last_year_shows_when_it_was_replayed() -> None:
    service = length(timedelta(minutes=9))

    assert (service.why, service.step) == ("replayed", "minute")
    assert (service.start.isoformat(), service.end.isoformat()) == (
        "2026-11-23T12:00:00+00:00",
        "2026-11-23T12:10:00+00:00",
    )


@pytest.mark.parametrize(
    ("span", "step"),
    [
        (timedelta(), "minute"),
        (timedelta(hours=5, minutes=58), "minute"),
        (timedelta(hours=6), "hour"),
        (timedelta(days=8), "hour"),
        (timedelta(days=9), "day"),
    ],
)
def test_minutes_up_to_six_hours_and_hours_up_to_eight_days(span: timedelta, step: str) -> None:
    assert length(span).step == step


def test_a_live_range_is_the_chosen_one_without_time_before_the_first_or_after_the_last_call() -> None:
    today = Range("24h", NOON.replace(hour=0), NOON.replace(hour=13, second=0))

    service = choose_service_range(today, NOON - timedelta(days=30), NOON, data_end=NOON)

    assert (service.why, service.step) == ("chosen", "hour")
    assert (service.start, service.end) == (today.start, NOON.replace(second=0) + timedelta(minutes=1))


def test_the_first_minutes_of_a_live_deployment_are_shown_by_minute() -> None:
    hour = Range("all", NOON.replace(minute=0, second=0), NOON.replace(hour=13, minute=0, second=0))

    service = choose_service_range(hour, NOON, NOON + timedelta(minutes=4), data_end=NOON + timedelta(minutes=4))

    assert (service.why, service.step, service.end - service.start) == ("chosen", "minute", timedelta(minutes=5))


def test_a_range_before_the_first_call_of_a_live_deployment_is_not_called_a_replay() -> None:
    service = choose_service_range(LAST_YEAR, NOON, NOON + timedelta(days=3), data_end=NOON + timedelta(days=3))

    assert (service.why, service.step) == ("elsewhere", "hour")


def test_an_arrival_in_the_last_minute_of_the_range_overlaps_and_one_right_after_does_not() -> None:
    inside = LAST_YEAR.end - timedelta(seconds=1)

    assert choose_service_range(LAST_YEAR, inside, NOON, data_end=DATA_END).why == "chosen"
    assert choose_service_range(LAST_YEAR, LAST_YEAR.end, NOON, data_end=DATA_END).why == "replayed"
