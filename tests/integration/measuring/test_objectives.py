"""Objectives over a real store, computed by hand: budgets, burn rates, days, and minutes of load and freshness."""

from zoneinfo import ZoneInfo

import numpy as np
import pytest

from tidegauge.core.columns import ERROR, LATENCY, ROWS, ColumnKind, category_counts, numeric_values
from tidegauge.core.profile import profile_categories, profile_durations, profile_numeric
from tidegauge.core.windows import DAY_US, HOUR_US, MINUTE_US, Window
from tidegauge_collector.core.objectives import Objective, monitor_of
from tidegauge_collector.core.slo import Tally, spans_s
from tidegauge_collector.jobs.keeping import kept_minutes
from tidegauge_collector.measuring.objectives import Burnt, burn_windows, standing, tallies
from tidegauge_collector.telemetry.expire import Retention, expire
from tidegauge_collector.telemetry.fold import LogPosition, fold
from tidegauge_collector.telemetry.settle import settle
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.telemetry.testing import Sender, Source, profile_frame

UTC = ZoneInfo("UTC")
DAY = Window(0, DAY_US)


def put(store: TelemetryStore, minutes: dict[int, int], *, ms: int = 100, errors: tuple[str, ...] = ()) -> None:
    """So many requests in each minute, all of which take `ms`; of each minute those with `errors` fail."""
    sender = Sender(epoch=store.index.folds.to_bytes(16, "big"))
    frames = []
    for minute, requests in minutes.items():
        answered = [0.0] * len(errors) + [1.0] * (requests - len(errors))
        columns = [
            profile_durations(LATENCY, np.full(requests, ms * 1_000_000)),
            profile_numeric(ROWS, numeric_values(answered)),
        ]
        if errors:
            columns.append(profile_categories(ERROR, category_counts(list(errors), ColumnKind.CATEGORICAL)))
        window = Window(minute * MINUTE_US, (minute + 1) * MINUTE_US)
        frames.append(sender.send(profile_frame(columns, window, source=Source("shop"), arrival=True)))
    fold(store, frames, LogPosition(b"log", store.index.folds + 1))


def objective(indicator, target=0.99, **options):
    return monitor_of(Objective(id="o", indicator=indicator, target=target, **options))


def test_requests_are_good_or_bad_by_each_indicator(store: TelemetryStore) -> None:
    put(store, {0: 10})
    put(store, {1: 10}, ms=500, errors=("user:KeyError", "system:ValueError", "system:ValueError"))

    def counted(monitor) -> Tally:
        (found,) = tallies(store, monitor, "shop", [DAY])
        return found

    assert counted(objective("availability")) == Tally(bad=2, total=19)
    assert counted(objective("error_rate")) == Tally(bad=2, total=20)
    assert counted(objective("latency", under_s=0.3)) == Tally(bad=10, total=20)
    assert counted(objective("latency", under_s=0.6)) == Tally(bad=0, total=20)


def test_minutes_of_throughput_count_from_the_first_data_on(store: TelemetryStore) -> None:
    put(store, {10: 5, 11: 4, 13: 5})

    (hour, part) = tallies(
        store, objective("throughput", at_least_per_minute=5), "shop", [Window(0, HOUR_US), Window(0, 14 * MINUTE_US)]
    )

    assert hour == Tally(bad=48, total=50)  # minutes 10 to 59, of which 10 and 13 are good
    assert part == Tally(bad=2, total=4)


def test_minutes_are_stale_by_the_last_answer_not_by_the_last_request(store: TelemetryStore) -> None:
    put(store, {0: 5})
    put(store, {3: 2}, errors=("system:ValueError", "system:ValueError"))
    put(store, {20: 1})

    monitor = objective("freshness", stale_after_s=300)
    (hour, later) = tallies(store, monitor, "shop", [Window(0, 30 * MINUTE_US), Window(18 * MINUTE_US, 24 * MINUTE_US)])

    assert hour == Tally(bad=14 + 4, total=30)  # minutes 6 to 19, and 26 to 29
    assert later == Tally(bad=2, total=6)
    assert tallies(store, monitor, "shop", [Window(18 * MINUTE_US, 24 * MINUTE_US)]) == [later]


def test_hours_whose_minutes_are_kept_no_longer_count_neither_way(store: TelemetryStore) -> None:
    put(store, {10: 5, 70: 5, 24 * 60 + 5: 5})
    settle(store, lambda _: "UTC", before_us=DAY_US)
    expire(store, Retention(minutes_us=0), now_us=2 * DAY_US)

    (found,) = tallies(store, objective("throughput"), "shop", [Window(0, DAY_US)])

    assert found == Tally(bad=22 * 60, total=22 * 60)  # the two busy hours are known no more finely
    assert tallies(store, objective("error_rate"), "shop", [DAY]) == [Tally(0, 10)]


def test_a_range_that_begins_within_an_hour_that_is_known_no_more_finely_counts_nothing_of_it(
    store: TelemetryStore,
) -> None:
    put(store, {10: 5, 24 * 60 + 5: 5})
    settle(store, lambda _: "UTC", before_us=DAY_US)
    expire(store, Retention(minutes_us=0), now_us=2 * DAY_US)
    late = Window(20 * MINUTE_US, 70 * MINUTE_US)

    for monitor in (objective("throughput"), objective("freshness", stale_after_s=300)):
        (found,) = tallies(store, monitor, "shop", [late])
        assert found.total == 10  # minutes 60 to 69
    assert found.bad == 5  # the hour may have answered to its end


def test_the_last_answer_before_a_range_is_seen_within_its_first_hour_and_before(store: TelemetryStore) -> None:
    put(store, {10: 5, 70: 5})
    monitor = objective("freshness", stale_after_s=300)

    for first, bad in ((12, 8 - 4), (72, 8 - 4), (17, 8), (62, 8)):
        (found,) = tallies(store, monitor, "shop", [Window(first * MINUTE_US, (first + 8) * MINUTE_US)])
        assert found == Tally(bad, total=8), first


def test_an_objective_stands_by_its_budget_and_its_days(store: TelemetryStore) -> None:
    for day, slow in ((0, 1), (1, 3), (2, 0)):
        put(store, {day * 1440 + 5: 100})
        if slow:
            put(store, {day * 1440 + 6: slow}, ms=900)
    now_us = 2 * DAY_US + HOUR_US

    found = standing(
        store,
        objective("latency", target=0.9, under_s=0.5, window_s=2 * 86_400),
        "shop",
        UTC,
        at_us=now_us,
        history_days=3,
    )

    assert found.tally == Tally(bad=3, total=203)  # the last two days, up to now
    assert [one.tally for one in found.history] == [Tally(1, 101), Tally(3, 103), Tally(0, 100)]
    assert [one.rolling for one in found.history] == [Tally(1, 101), Tally(4, 204), Tally(3, 203)]
    assert not any(one.burns for one in found.burning)
    assert found.burning[2].long == pytest.approx(10 * 4 / 304)


def test_a_budget_burns_where_both_windows_of_a_rule_do(store: TelemetryStore) -> None:
    put(store, {0: 100, 55: 100}, ms=100)
    put(store, {56: 80}, ms=900)

    found = standing(store, objective("latency", under_s=0.5), "shop", UTC, at_us=HOUR_US, history_days=1)
    later = standing(
        store, objective("latency", under_s=0.5), "shop", UTC, at_us=HOUR_US + 5 * MINUTE_US, history_days=1
    )

    assert [one.burns for one in found.burning] == [True, True, True]
    assert found.burning[0].long == pytest.approx(100 * 80 / 280)
    assert (later.burning[0].short, later.burning[0].burns) == (None, False)


@pytest.mark.parametrize("indicator", ["throughput", "freshness"])
def test_minutes_that_an_objective_counts_are_kept_for_as_long_as_its_window(store: TelemetryStore, indicator) -> None:
    monitor = objective(indicator, at_least_per_minute=5, stale_after_s=60)
    month = Window(0, 30 * DAY_US)
    put(store, {day * 1440 + minute: 5 for day in range(30) for minute in range(3)})
    settle(store, lambda _: "UTC", before_us=30 * DAY_US)
    before = tallies(store, monitor, "shop", [month])

    longer = kept_minutes({"shop": [monitor], "other": [objective("availability")]})
    while expire(store, Retention(), now_us=31 * DAY_US, longer=longer):
        pass
    kept = tallies(store, monitor, "shop", [month])
    while expire(store, Retention(), now_us=31 * DAY_US):
        pass

    assert kept == before
    assert tallies(store, monitor, "shop", [month])[0].total < before[0].total


def test_minutes_are_kept_no_longer_than_the_longest_objective_needs(store: TelemetryStore) -> None:
    put(store, dict.fromkeys(range(3), 5))
    settle(store, lambda _: "UTC", before_us=DAY_US)
    longer = kept_minutes({"shop": [objective("throughput"), objective("throughput", window_s=7 * 86_400)]})

    kept, gone = (expire(store, Retention(), now_us=days * DAY_US, longer=longer)["minutes"] for days in (31, 33))

    assert (kept, gone) == (3, 3)  # those of the answers go first, nobody counts them


@pytest.mark.parametrize("indicator", ["availability", "error_rate", "latency", "throughput", "freshness"])
def test_tallies_from_one_instant_to_the_next_are_those_of_the_whole_windows(store: TelemetryStore, indicator) -> None:
    """Over two hours at every five minutes, at the edge of three and of thirty days too."""
    monitor = objective(indicator, under_s=0.3, at_least_per_minute=5, stale_after_s=120)
    busy = {day * 1440 + minute: 5 for day in range(33) for minute in range(0, 300, 7)}
    put(store, {minute: requests for minute, requests in busy.items() if minute % 2})
    put(store, {minute: 4 for minute in busy if not minute % 2}, ms=500, errors=("user:KeyError", "system:ValueError"))
    settle(store, lambda _: "UTC", before_us=32 * DAY_US)
    burnt = Burnt(store)

    for at_us in range(32 * DAY_US + 3 * HOUR_US, 32 * DAY_US + 5 * HOUR_US, 5 * MINUTE_US):
        windows = burn_windows(monitor, at_us)
        expected = dict(zip(spans_s(monitor), tallies(store, monitor, "shop", windows), strict=True))
        assert burnt.tallies(monitor, "shop", at_us) == expected, at_us


def test_rows_that_come_late_are_seen_at_once_or_in_the_next_hour(store: TelemetryStore) -> None:
    monitor, at_us = objective("error_rate"), 40 * HOUR_US + 30 * MINUTE_US
    put(store, {60: 10, 40 * 60 + 20: 10})
    burnt = Burnt(store)
    before = burnt.tallies(monitor, "shop", at_us)[3 * 86_400]

    put(store, {61: 10, 40 * 60 + 21: 10})
    soon, later = (burnt.tallies(monitor, "shop", at)[3 * 86_400] for at in (at_us + 5 * MINUTE_US, at_us + HOUR_US))

    assert (before.total, soon.total, later.total) == (20, 30, 40)
