"""Retention: every kind for its own time, counted from the later of its time and its arrival, in bounded runs."""

import numpy as np
import pytest

from tidegauge.core.bins import ReferenceBins, numeric_bins
from tidegauge.core.columns import numeric_values
from tidegauge.core.profile import profile_numeric
from tidegauge.core.windows import DAY_US, HOUR_US, MINUTE_US, Window
from tidegauge_collector.telemetry import expire as expiring
from tidegauge_collector.telemetry.counts import column_counts
from tidegauge_collector.telemetry.events import events
from tidegauge_collector.telemetry.expire import Retention, expire
from tidegauge_collector.telemetry.extent import extent, gap_summary, marks, stored_counts
from tidegauge_collector.telemetry.fold import LogPosition, fold
from tidegauge_collector.telemetry.moments import merged_profiles
from tidegauge_collector.telemetry.settle import settle
from tidegauge_collector.telemetry.testing import (
    Answers,
    Sender,
    actuals_frame,
    event_frame,
    gap_frame,
    profile_frame,
    records_frame,
)

BINS = ReferenceBins({"temp": numeric_bins("temp", np.arange(50.0))})
HERE = LogPosition(b"log", 1)
DAYS = [Window(0, DAY_US)]
FOREVER = 10_000 * DAY_US


def keep(**limits):
    kinds = ("minutes_us", "sketches_us", "hours_us", "days_us", "records_us", "marks_us")
    return Retention(**(dict.fromkeys(kinds, FOREVER) | limits))


def put_windows(store, *windows, received_us=0):
    sender = Sender(received_us=received_us)
    for window in windows:
        column = profile_numeric("temp", numeric_values([1.0, 2.0, 60.0]), BINS.columns["temp"])
        fold(store, [sender.send(profile_frame([column], window, bins_id=BINS.bins_id))], HERE)
    settle(store, lambda _: "UTC", before_us=2**60)


def lengths(store, level):
    found = store.arrays(f"closed_windows_at@{level}", [2**60])
    return sorted(zip(found["window_start_us"].tolist(), found["window_length_s"].tolist(), strict=True))


def rows_of_days(store, windows=DAYS):
    return column_counts(store, "flights", version="1", segment="", bins=BINS, windows=windows)["temp"].rows.tolist()


def sketched(store, window):
    return merged_profiles(store, "flights", version="1", segment="", window=window)["temp"].sketch.count


def test_minutes_become_hours_and_nothing_is_lost(store):
    put_windows(store, *(Window(i * 30 * MINUTE_US, (i * 30 + 1) * MINUTE_US) for i in range(4)))

    removed = expire(store, keep(minutes_us=DAY_US), now_us=2 * DAY_US)

    assert removed == {"minutes": 4}
    assert lengths(store, "settled") == [(0, 3_600), (HOUR_US, 3_600)]
    assert rows_of_days(store) == [12]
    assert rows_of_days(store, [Window(0, HOUR_US), Window(HOUR_US, 2 * HOUR_US)]) == [6, 6]
    assert expire(store, keep(minutes_us=DAY_US), now_us=2 * DAY_US) == {}


def test_minutes_that_come_late_join_their_hour(store):
    put_windows(store, Window(0, MINUTE_US))
    expire(store, keep(minutes_us=DAY_US), now_us=2 * DAY_US)
    late = Sender(b"\x02" * 16)
    column = profile_numeric("temp", numeric_values([5.0]), BINS.columns["temp"])
    fold(store, [late.send(profile_frame([column], Window(0, MINUTE_US), bins_id=BINS.bins_id))], HERE)
    settle(store, lambda _: "UTC", before_us=2**60)

    expire(store, keep(minutes_us=DAY_US), now_us=2 * DAY_US)

    assert lengths(store, "settled") == [(0, 3_600)]
    assert rows_of_days(store) == [4]


def test_hours_go_and_their_day_stays(store):
    put_windows(store, *(Window(i * HOUR_US, (i + 1) * HOUR_US) for i in range(30)))

    removed = expire(store, keep(hours_us=DAY_US), now_us=2 * DAY_US + HOUR_US // 2)

    assert removed == {"hours": 24}
    assert rows_of_days(store, [*DAYS, Window(DAY_US, 2 * DAY_US)]) == [72, 18]
    assert rows_of_days(store, [Window(0, HOUR_US)]) == [0]
    assert extent(store, "flights").first_event_us == 0


def test_sketches_of_hours_go_first_and_those_of_days_stay(store):
    put_windows(store, *(Window(i * HOUR_US, (i + 1) * HOUR_US) for i in range(24)))

    assert expire(store, keep(sketches_us=DAY_US), now_us=3 * DAY_US) == {"sketches": 24}

    assert sketched(store, DAYS[0]) == 72
    assert sketched(store, Window(0, HOUR_US)) == 0
    assert rows_of_days(store, [Window(0, HOUR_US)]) == [3]


def test_days_go_at_last(store):
    put_windows(store, Window(0, HOUR_US), Window(3 * DAY_US, 3 * DAY_US + HOUR_US))

    removed = expire(store, keep(hours_us=DAY_US, days_us=2 * DAY_US), now_us=4 * DAY_US)

    assert removed == {"hours": 1, "days": 1}
    assert rows_of_days(store) == [0]
    assert extent(store, "flights").first_event_us == 3 * DAY_US


def test_a_back_fill_does_not_expire_on_arrival(store):
    put_windows(store, Window(0, HOUR_US), received_us=100 * DAY_US)

    assert expire(store, Retention(), now_us=101 * DAY_US) == {}
    assert expire(store, Retention(), now_us=191 * DAY_US) == {"sketches": 1, "hours": 1}


def test_actuals_stay_for_as_long_as_their_prediction(store):
    sender = Sender(received_us=0)
    frames = [
        records_frame(["old", "new"], [0, 9 * DAY_US], Answers([0.1, 0.2])),
        actuals_frame(["old", "new", "nobody"], [1, 1, 1], [0, 0, 0]),
    ]
    fold(store, [sender.send(frame) for frame in frames], HERE)

    removed = expire(store, keep(records_us=5 * DAY_US), now_us=10 * DAY_US)

    assert removed == {"predictions": 1, "actuals": 2}
    counts = stored_counts(store, "flights")
    assert (counts.prediction_rows, counts.actual_rows) == (1, 1)
    assert extent(store, "flights").first_event_us == 9 * DAY_US


def test_events_gaps_and_marks_of_ended_epochs_go_together(store):
    silent, living = Sender(b"\x01" * 16, received_us=0), Sender(b"\x02" * 16, received_us=0)
    entries = [
        silent.send(event_frame("deploy", 5)),
        silent.send(gap_frame(2, 3, "quota", rows=7), closed=True),
        living.send(event_frame("deploy", 9 * DAY_US)),
    ]
    fold(store, entries, HERE)

    removed = expire(store, keep(marks_us=5 * DAY_US), now_us=10 * DAY_US)

    assert removed == {"events": 1, "gaps": 1, "marks": 1}
    assert [one.at_us for one in events(store, "flights", window=Window(0, 20 * DAY_US))] == [9 * DAY_US]
    assert gap_summary(store) == []
    assert set(marks(store)) == {living.epoch}


@pytest.mark.parametrize("most", [1, 5])
def test_a_run_removes_a_bounded_number_and_the_next_goes_on(store, monkeypatch, most):
    monkeypatch.setattr(expiring, "STEP_CELLS", most)
    put_windows(store, *(Window(i * HOUR_US, (i + 1) * HOUR_US) for i in range(12)))
    runs = []

    while removed := expire(store, keep(hours_us=DAY_US), now_us=5 * DAY_US):
        runs.append(removed["hours"])

    assert sum(runs) == 12
    assert max(runs) == most
