"""Which windows are due."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from tidegauge.core.windows import DAY_US, HOUR_US
from tidegauge_collector.core.default_monitors import AUC, DRIFT, ERROR_RATE
from tidegauge_collector.core.monitors import Monitor
from tidegauge_collector.core.readiness import GRACE_US
from tidegauge_collector.jobs.due import bounds_of, windows_of
from tidegauge_collector.measuring.progress import Progress
from tidegauge_collector.telemetry.extent import Extent

NEW_YORK = ZoneInfo("America/New_York")
UTC_ZONE = ZoneInfo("UTC")
NOW = 1_800_000_000_000_000


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1e6)


def ends(*arguments: object) -> list[str]:
    return [datetime.fromtimestamp(one.end_us / 1e6, UTC).isoformat()[:16] for one in windows_of(*arguments)]


def test_daily_windows_end_at_local_midnight_also_where_the_clock_is_changed() -> None:
    bounds = (at("2025-03-08T12:00"), at("2025-03-11T12:00"))

    assert ends(DRIFT, bounds, 0, NEW_YORK) == ["2025-03-09T05:00", "2025-03-10T04:00", "2025-03-11T04:00"]


def hours(monitor: Monitor, start: str, end: str) -> list[tuple[str, float]]:
    """The local start of each window, and how many hours it has."""
    found = windows_of(monitor, (at(start), at(end)), 0, NEW_YORK)
    return [
        (datetime.fromtimestamp(one.start_us / 1e6, NEW_YORK).isoformat()[5:16], (one.end_us - one.start_us) / HOUR_US)
        for one in found
    ]


def test_windows_of_days_are_local_days_of_23_and_25_hours_too() -> None:
    assert hours(DRIFT, "2025-03-08T12:00", "2025-03-11T12:00") == [
        ("03-08T00:00", 24),
        ("03-09T00:00", 23),
        ("03-10T00:00", 24),
    ]
    assert hours(DRIFT, "2025-11-01T12:00", "2025-11-04T12:00") == [
        ("11-01T00:00", 24),
        ("11-02T00:00", 25),
        ("11-03T00:00", 24),
    ]
    week = replace(DRIFT, window_s=7 * 86_400)
    assert hours(week, "2025-11-03T12:00", "2025-11-04T12:00") == [("10-28T00:00", 169)]


def test_days_that_wait_for_labels_are_whole_ones_whatever_the_clock_does_meanwhile() -> None:
    labelled = replace(AUC, window_s=86_400)

    assert hours(labelled, "2025-10-31T12:00", "2025-11-10T12:00") == [
        ("10-31T00:00", 24),
        ("11-01T00:00", 24),
        ("11-02T00:00", 25),
    ]


def test_other_windows_are_as_long_as_they_are_said_to_be() -> None:
    late = replace(AUC, window_s=86_400, lag_s=12 * 3_600)
    assert hours(late, "2025-11-01T12:00", "2025-11-03T12:00")[-1] == ("11-01T13:00", 24)
    half = replace(DRIFT, window_s=12 * 3_600)
    assert hours(half, "2025-11-01T12:00", "2025-11-03T12:00")[-1] == ("11-02T12:00", 12)


def test_a_window_is_due_once_and_only_when_it_is_ready() -> None:
    start = at("2025-06-02T00:30")

    assert ends(ERROR_RATE, (start, at("2025-06-02T02:59")), 0, UTC_ZONE) == ["2025-06-02T01:00", "2025-06-02T02:00"]
    assert ends(ERROR_RATE, (start, at("2025-06-02T02:59")), at("2025-06-02T01:00"), UTC_ZONE) == ["2025-06-02T02:00"]
    assert ends(ERROR_RATE, (start, at("2025-06-02T00:59")), 0, UTC_ZONE) == []


def test_a_monitor_that_waits_for_labels_looks_back_by_its_lag() -> None:
    bounds = (at("2025-06-01T10:00"), at("2025-06-10T00:00"))

    assert ends(AUC, bounds, 0, UTC_ZONE) == ["2025-06-02T00:00", "2025-06-03T00:00"]


def test_bounds_follow_the_data_the_settled_time_and_for_services_the_clock() -> None:
    seen = Extent(100 * DAY_US, 103 * DAY_US, NOW - HOUR_US, NOW, 1)
    progress = Progress(102 * DAY_US, None, None, (), frozenset())

    assert bounds_of(seen, progress, DRIFT, NOW, zone=UTC_ZONE) == (100 * DAY_US, 102 * DAY_US)
    assert bounds_of(seen, progress, ERROR_RATE, NOW, zone=UTC_ZONE) == (NOW - HOUR_US, NOW - GRACE_US)
    settled = replace(progress, settled_until_us=NOW)
    assert bounds_of(seen, settled, DRIFT, NOW, zone=UTC_ZONE) == (100 * DAY_US, 104 * DAY_US)
    assert bounds_of(seen, settled, AUC, NOW, zone=UTC_ZONE) == (100 * DAY_US, 111 * DAY_US)


def test_of_a_finished_replay_the_last_local_day_is_due_however_long_it_is_and_no_day_behind_it() -> None:
    labelled = replace(AUC, window_s=86_400)
    odd = replace(labelled, lag_s=12 * 3_600)
    progress = Progress(NOW, None, None, (), frozenset())

    for monitor in (DRIFT, labelled, odd):
        for last in ("03-09T00:30", "03-09T23:30", "03-10T00:00", "11-01T23:59", "11-02T00:30", "11-02T23:30"):
            end_us = at_local(f"2025-{last}")
            bounds = bounds_of(
                Extent(end_us - 3 * DAY_US, end_us, None, None, 1), progress, monitor, NOW, zone=NEW_YORK
            )
            assert bounds is not None
            before, newest = list(windows_of(monitor, bounds, 0, NEW_YORK))[-2:]
            assert before.end_us <= end_us < newest.end_us, (monitor.id, last)


def at_local(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).timestamp() * 1e6)


def test_nothing_is_due_before_there_is_data_or_a_settled_time() -> None:
    nothing = Extent(None, None, None, None, 0)
    unsettled = Progress(None, None, None, (), frozenset())

    assert bounds_of(nothing, replace(unsettled, settled_until_us=NOW), DRIFT, NOW, zone=UTC_ZONE) is None
    assert bounds_of(Extent(1, 2, 1, 2, 1), unsettled, DRIFT, NOW, zone=UTC_ZONE) is None
