"""Settled windows: sorted away from the fold's tables, added to their day, read at the coarsest level, and the same as before."""

from zoneinfo import ZoneInfo

import numpy as np
import pytest

from tidegauge.core.bins import ReferenceBins, numeric_bins
from tidegauge.core.columns import numeric_values
from tidegauge.core.profile import profile_numeric
from tidegauge.core.windows import DAY_US, HOUR_US, Window, day_start, days
from tidegauge_collector.telemetry import settle as settling
from tidegauge_collector.telemetry.counts import column_counts
from tidegauge_collector.telemetry.extent import extent
from tidegauge_collector.telemetry.fold import LogPosition, fold
from tidegauge_collector.telemetry.moments import column_moments, merged_profiles
from tidegauge_collector.telemetry.settle import settle
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.telemetry.testing import Sender, profile_frame

BINS = ReferenceBins({"temp": numeric_bins("temp", np.arange(50.0))})
HERE = LogPosition(b"log", 1)
SPRING_US = 1_774_738_800_000_000  # 2026-03-29T00:00 in Berlin: a day of 23 hours
BERLIN = "Europe/Berlin"


def hour_of(start_us: int) -> Window:
    return Window(start_us, start_us + HOUR_US)


def send_hours(store, sender, start_us, hours, rows=30):
    generator = np.random.default_rng(hours)
    for i in range(hours):
        values = numeric_values(generator.normal(25, 20, rows))
        column = profile_numeric("temp", values, BINS.columns["temp"])
        frame = profile_frame([column], hour_of(start_us + i * HOUR_US), bins_id=BINS.bins_id)
        fold(store, [sender.send(frame)], HERE)


def rows_at(store, level):
    return store.arrays(f"closed_windows_at@{level}", [2**60])["window_start_us"].tolist()


def answers(store, windows):
    counts = column_counts(store, "flights", version="1", segment="", bins=BINS, windows=windows)["temp"]
    whole = merged_profiles(
        store, "flights", version="1", segment="", window=Window(windows[0].start_us, windows[-1].end_us)
    )
    return counts.counts.tolist(), counts.rows.tolist(), {name: (p.rows, p.sketch.count) for name, p in whole.items()}


def utc(_: str) -> str:
    return "UTC"


@pytest.mark.parametrize("step_cells", [1, 20_000])
@pytest.mark.parametrize("shift_us", [0, HOUR_US // 2, 5 * HOUR_US])
def test_settling_changes_no_answer_of_whole_days_or_parts_of_them(store, monkeypatch, step_cells, shift_us):
    monkeypatch.setattr(settling, "STEP_CELLS", step_cells)
    send_hours(store, Sender(), 0, 60)
    windows = [Window(shift_us, DAY_US + shift_us), Window(DAY_US + shift_us, 3 * DAY_US - shift_us)]
    before = answers(store, windows)
    moments = column_moments(store, "flights", version="1", segment="", window=windows[1])["temp"]

    settled = settle(store, utc, before_us=2 * DAY_US)

    assert settled == 48
    assert answers(store, windows) == before
    after = column_moments(store, "flights", version="1", segment="", window=windows[1])["temp"]
    assert after.mean == pytest.approx(moments.mean, rel=1e-12)
    assert after.deviation == pytest.approx(moments.deviation, rel=1e-12)
    assert (after.minimum, after.maximum) == (moments.minimum, moments.maximum)


def test_a_day_that_has_not_closed_is_left_to_the_fold(store):
    send_hours(store, Sender(), 0, 30)

    assert settle(store, utc, before_us=2 * DAY_US - 1) == 24
    assert settle(store, utc, before_us=2 * DAY_US - 1) == 0
    assert len(set(rows_at(store, ""))) == 6
    assert rows_at(store, "day") == [0]


def test_late_windows_reopen_what_was_settled(store):
    sender = Sender()
    send_hours(store, sender, 0, 24)
    settle(store, utc, before_us=DAY_US)
    send_hours(store, sender, 3 * HOUR_US, 2, rows=7)
    before = answers(store, [Window(0, DAY_US)])

    assert settle(store, utc, before_us=DAY_US) == 2

    assert answers(store, [Window(0, DAY_US)]) == before
    assert before[1] == [24 * 30 + 2 * 7]
    assert rows_at(store, "") == []
    assert rows_at(store, "settled") == [i * HOUR_US for i in range(24)]
    assert rows_at(store, "day") == [0]


def test_days_follow_the_deployments_clock_through_a_short_one(store):
    send_hours(store, Sender(), SPRING_US - DAY_US, 3 * 24)
    zone = ZoneInfo(BERLIN)
    assert day_start(SPRING_US, zone) == SPRING_US

    settle(store, lambda _: BERLIN, before_us=2**60)

    local = list(days(SPRING_US - DAY_US, SPRING_US + DAY_US, zone))
    counts = column_counts(store, "flights", version="1", segment="", bins=BINS, windows=local)["temp"]
    assert [one.length_s // 3_600 for one in local] == [24, 23, 24]
    assert counts.rows.tolist() == [24 * 30, 23 * 30, 24 * 30]
    assert rows_at(store, "day") == [*(one.start_us for one in local), local[-1].end_us]


def test_the_zone_in_which_days_were_cut_stays(store):
    sender = Sender()
    send_hours(store, sender, 0, 48)
    settle(store, utc, before_us=DAY_US)

    settle(store, lambda _: BERLIN, before_us=2 * DAY_US)

    assert rows_at(store, "day") == [0, DAY_US]


def test_a_run_does_no_more_than_it_was_allowed(store):
    send_hours(store, Sender(), 0, 72)

    assert settle(store, utc, before_us=3 * DAY_US, most_steps=1) == 24
    assert settle(store, utc, before_us=3 * DAY_US) == 48


def test_the_extent_is_the_same_after_settling_and_after_a_start(tmp_path):
    with TelemetryStore.open(tmp_path / "t.duckdb") as store:
        send_hours(store, Sender(), 5 * HOUR_US, 40)
        before = extent(store, "flights")
        settle(store, utc, before_us=DAY_US)
        settled = extent(store, "flights")
    with TelemetryStore.open(tmp_path / "t.duckdb") as store:
        again = extent(store, "flights")

    assert before == settled == again
    assert before.first_event_us == 5 * HOUR_US
    assert before.last_day_rows == 24 * 30
