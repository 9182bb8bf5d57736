"""Seven days of many deployments: each up to its own end, however far these lie apart."""

from dataclasses import replace

import pytest

from tidegauge.core.columns import numeric_values
from tidegauge.core.profile import profile_numeric
from tidegauge.core.windows import DAY_US, HOUR_US, Window
from tidegauge_collector.telemetry.fold import LogPosition, fold
from tidegauge_collector.telemetry.judged import all_judged_until, judged_until
from tidegauge_collector.telemetry.judgements import Judgement, append_judgements
from tidegauge_collector.telemetry.settle import settle
from tidegauge_collector.telemetry.testing import Sender, Source, judgement_columns, profile_frame
from tidegauge_collector.telemetry.trends import MOST_READS, DailyRows, daily_rows, daily_verdicts

DAILY = Judgement(
    version="1",
    monitor="drift",
    metric="psi",
    column="temp",
    segment="",
    window_start_us=0,
    window_end_us=DAY_US,
    value=0.3,
    reason=None,
    n=100,
    baseline_n=None,
    coverage=None,
    verdict="ok",
    p_value=None,
    adjusted_p=None,
    judged_at_us=0,
)


def said(day: int, verdict: str, **other: str) -> Judgement:
    return replace(DAILY, window_start_us=day * DAY_US, window_end_us=(day + 1) * DAY_US, verdict=verdict, **other)


def test_the_worst_verdict_of_each_day_counts(store):
    some = [
        said(2, "failing"),
        said(3, "ok"),
        said(9, "warning"),
        said(9, "failing", column="wind"),
        said(9, "not_enough_data"),
    ]
    append_judgements(store, "flights", judgement_columns(*some))

    found = daily_verdicts(store, {("flights", "drift"): 10 * DAY_US})

    assert found == {"flights": {"drift": ("ok", None, None, None, None, None, "failing")}}


def test_each_monitor_has_the_days_up_to_its_own_end(store):
    append_judgements(
        store, "flights", judgement_columns(said(2, "failing"), said(9, "ok"), said(2, "warning", monitor="auc"))
    )

    found = daily_verdicts(store, {("flights", "drift"): 10 * DAY_US, ("flights", "auc"): 3 * DAY_US})

    assert [days[-1] for days in found["flights"].values()] == ["ok", "warning"]


def test_nothing_is_said_of_what_nobody_judged(store):
    append_judgements(store, "flights", judgement_columns(said(1, "ok")))

    assert daily_verdicts(store, {}) == {}
    assert daily_verdicts(store, {("nowhere", "drift"): DAY_US, ("flights", "auc"): DAY_US}) == {}


@pytest.mark.parametrize("deployments", [1, MOST_READS, 3 * MOST_READS])
def test_deployments_that_ended_at_different_times_each_have_their_own_days(store, deployments):
    names = [f"d{i:02}" for i in range(deployments)]
    ends = {name: Window((9 + 5 * i) * DAY_US, (9 + 5 * i) * DAY_US + HOUR_US) for i, name in enumerate(names)}
    sender = Sender()
    for name, window in ends.items():
        for ago, rows in ((0, 3), (2, 5)):
            at = Window(window.start_us - ago * DAY_US, window.end_us - ago * DAY_US)
            profile = profile_numeric("temp", numeric_values([1.0] * rows))
            fold(
                store,
                [sender.send(profile_frame([profile], at, source=Source(deployment=name)))],
                LogPosition(b"log", 1),
            )
        append_judgements(store, name, judgement_columns(replace(said(0, "warning"), window_end_us=window.end_us)))

    rows = daily_rows(store, {name: window.end_us for name, window in ends.items()})
    verdicts = daily_verdicts(store, {(name, "drift"): window.end_us for name, window in ends.items()})

    assert rows == dict.fromkeys(names, DailyRows((0, 0, 0, 0, 5, 0, 3), month=8, quarter=8))
    assert verdicts == {key: {"drift": (None,) * 6 + ("warning",)} for key in names}


def test_how_far_judging_has_come_is_told_of_one_as_of_all(store):
    append_judgements(store, "flights", judgement_columns(said(1, "ok"), said(4, "ok"), said(2, "ok", monitor="auc")))
    append_judgements(store, "shop", judgement_columns(said(7, "ok", version="2")))

    found = all_judged_until(store)

    assert found == {
        ("flights", "drift", "1"): 5 * DAY_US,
        ("flights", "auc", "1"): 3 * DAY_US,
        ("shop", "drift", "2"): 8 * DAY_US,
    }
    assert {key: judged_until(store, key[0], monitor=key[1], version=key[2]) for key in found} == found


def test_what_is_folded_beyond_the_end_between_two_looks_is_left_out(store):
    sender = Sender()
    for place, rows in enumerate((3, 5)):
        profile = profile_numeric("temp", numeric_values([1.0] * rows))
        at = Window(place * HOUR_US, (place + 1) * HOUR_US)
        fold(store, [sender.send(profile_frame([profile], at))], LogPosition(b"log", place + 1))

    assert daily_rows(store, {Source().deployment: HOUR_US}) == {
        Source().deployment: DailyRows((0, 0, 0, 0, 0, 0, 3), month=3, quarter=3)
    }


@pytest.mark.parametrize(("settled_days", "month", "quarter"), [(0, 120, 360), (99, 118, 358)])
def test_longer_ranges_count_windows_of_their_last_days_and_settled_days_whole(store, settled_days, month, quarter):
    """A day of Tokyo begins at 15:00 of UTC: six hours before the thirtieth 24 hours do."""
    sender = Sender()
    for day in range(100):
        profile = profile_numeric("temp", numeric_values([1.0] * 2))
        for hour in (0, 20):  # 09:00 and 05:00 of the next day
            start_us = day * DAY_US + hour * HOUR_US
            at = Window(start_us, start_us + HOUR_US)
            fold(store, [sender.send(profile_frame([profile], at))], LogPosition(b"log", 100 * hour + day + 1))
    settle(store, lambda _: "Asia/Tokyo", before_us=settled_days * DAY_US)

    end_us = 99 * DAY_US + 21 * HOUR_US  # 06:00 in Tokyo: days that began at 15:00 of UTC
    found = daily_rows(store, {Source().deployment: end_us})[Source().deployment]

    assert found.week == (4,) * 7
    assert (found.month, found.quarter) == (month, quarter)
