"""How the server writes numbers and times."""

from zoneinfo import ZoneInfo

import pytest

from tidegauge_collector.web.formats import count, duration, moment, span, value_of, when, zone_of


def test_times_are_written_in_the_deployments_zone() -> None:
    assert when("2013-07-01T03:30:00Z", ZoneInfo("America/New_York")) == "2013-06-30 23:30"


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [
        ("2013-03-10T05:00:00Z", "2013-03-11T04:00:00Z", "2013-03-10"),
        ("2013-03-08T05:00:00Z", "2013-03-11T04:00:00Z", "2013-03-08 – 2013-03-10"),
        ("2013-07-01T14:00:00Z", "2013-07-01T15:00:00Z", "2013-07-01 10:00 – 11:00"),
        ("2013-07-01T00:00:00Z", "2013-07-02T00:00:00Z", "2013-06-30 20:00 – 2013-07-01 20:00"),
    ],
)
def test_windows_are_named_by_their_local_days_or_times(start: str, end: str, text: str) -> None:
    assert span(start, end, ZoneInfo("America/New_York")) == text


def test_no_time_is_a_dash() -> None:
    assert when(None, ZoneInfo("UTC")) == "–"


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no zone"):
        moment("2013-07-01T03:30:00")


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../../etc/passwd"])
def test_an_unknown_zone_reads_as_utc(name: str) -> None:
    assert zone_of(name).key == "UTC"


@pytest.mark.parametrize(
    ("metric", "value", "text"),
    [
        ("psi", 0.31257, "0.313"),
        ("error_rate", 0.0312, "3.1 %"),
        ("drifted_share", 0.25, "25.0 %"),
        ("budget_left_slow_requests", -3.5833, "-358.3 %"),
        ("missing_rate", None, "–"),
        ("latency_p99", 0.0412, "41.2 ms"),
        ("requests", 123456.0, "123,456"),
        ("accuracy", 0.8449, "84.5 %"),
        ("rmse", 12.345, "12.3"),
    ],
)
def test_values_carry_the_unit_of_their_metric(metric: str, value: float | None, text: str) -> None:
    assert value_of(metric, value) == text


def test_counts_are_grouped() -> None:
    assert (count(1234567), count(None)) == ("1,234,567", "–")


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, ("second", 0)), (59, ("second", 59)), (720, ("minute", 12)), (7300, ("hour", 2)), (200_000, ("day", 2))],
)
def test_durations_take_the_largest_whole_unit(seconds: float, expected: tuple[str, int]) -> None:
    assert duration(seconds) == expected
