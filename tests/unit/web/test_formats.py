"""How the server writes numbers and times."""

from zoneinfo import ZoneInfo

import pytest

from tidegauge_collector.web.catalogue import load_text
from tidegauge_collector.web.formats import count, duration, moment, span, value_of, when, zone_of

EN, JA = load_text("en"), load_text("ja")


def test_times_are_written_in_the_deployments_zone() -> None:
    zone = ZoneInfo("America/New_York")

    assert when("2013-07-01T03:30:00Z", zone, EN) == "30 Jun 2013 23:30"
    assert when("2013-07-01T03:30:00Z", zone, JA) == "2013/06/30 23:30"


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [
        ("2013-03-10T05:00:00Z", "2013-03-11T04:00:00Z", "10 Mar 2013"),
        ("2013-03-08T05:00:00Z", "2013-03-11T04:00:00Z", "8 Mar 2013 – 10 Mar 2013"),
        ("2013-07-01T14:00:00Z", "2013-07-01T15:00:00Z", "1 Jul 2013 10:00 – 11:00"),
        ("2013-07-01T00:00:00Z", "2013-07-02T00:00:00Z", "30 Jun 2013 20:00 – 1 Jul 2013 20:00"),
    ],
)
def test_windows_are_named_by_their_local_days_or_times(start: str, end: str, text: str) -> None:
    assert span(start, end, ZoneInfo("America/New_York"), EN) == text


def test_no_time_is_a_dash() -> None:
    assert when(None, ZoneInfo("UTC"), EN) == "–"


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
        ("error_rate", 0.0312, "3.12 %"),
        ("slow_share", 0.0004, "0.04 %"),
        ("selection_rate_min_ratio", 0.887, "0.887"),
        ("drifted_share", 0.25, "25.0 %"),
        ("budget_left_slow_requests", -3.5833, "-358.33 %"),
        ("missing_rate", None, "–"),
        ("latency_p99", 0.0412, "41.2 ms"),
        ("latency_p99", 1.23, "1.23 s"),
        ("label_lag_p50", 129_600.0, "1.5 d"),
        ("requests", 123456.0, "123,456"),
        ("accuracy", 0.8449, "84.5 %"),
        ("rmse", 12.345, "12.3"),
        ("rmse", 999.9, "1,000"),
    ],
)
def test_values_carry_the_unit_of_their_metric(metric: str, value: float | None, text: str) -> None:
    assert value_of(metric, value, EN) == text


def test_counts_are_grouped() -> None:
    assert (count(1234567), count(None)) == ("1,234,567", "–")


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "0 s"), (59, "59 s"), (720, "12 min"), (7300, "2 h"), (200_000, "2 d")],
)
def test_durations_take_the_largest_whole_unit(seconds: float, expected: str) -> None:
    assert duration(seconds, EN) == expected


def test_units_of_time_are_words_of_the_language() -> None:
    assert (duration(7_300, JA), value_of("label_lag_p50", 129_600.0, JA)) == ("2 時間", "1.5 日")
