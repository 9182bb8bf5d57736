"""Compaction leaves one row a series and closed window, and changes no answer."""

import numpy as np
import pytest

from tidegauge.core.bins import ReferenceBins, categorical_bins, numeric_bins
from tidegauge.core.columns import ColumnKind, category_counts, numeric_values
from tidegauge.core.profile import profile_categories, profile_numeric
from tidegauge.core.windows import HOUR_US, Window
from tidegauge_collector.telemetry import compact as compacting
from tidegauge_collector.telemetry.compact import compact
from tidegauge_collector.telemetry.counts import column_counts
from tidegauge_collector.telemetry.extent import log_position, low_watermarks, marks
from tidegauge_collector.telemetry.fold import LogPosition, fold
from tidegauge_collector.telemetry.moments import column_moments, merged_profiles
from tidegauge_collector.telemetry.testing import Sender, Source, profile_frame

HERE = LogPosition(b"log", 1)
BINS = ReferenceBins({"temp": numeric_bins("temp", np.arange(50.0)), "carrier": categorical_bins("carrier", {"UA": 1})})
HOURS = (Window(0, HOUR_US), Window(HOUR_US, 2 * HOUR_US))


@pytest.fixture
def sender(store):
    """Twenty folds of two hours' deltas."""
    sender = Sender()
    generator = np.random.default_rng(3)
    for _ in range(20):
        columns = [
            profile_numeric("temp", numeric_values(generator.normal(25, 20, 30)), BINS.columns["temp"]),
            profile_categories(
                "carrier",
                category_counts(generator.choice(["UA", "B6", "DL"], 30).tolist(), ColumnKind.CATEGORICAL),
                BINS.columns["carrier"],
            ),
        ]
        frames = [
            profile_frame(columns, hour, bins_id=BINS.bins_id, source=Source(low_watermark_us=sender.seq + 1))
            for hour in HOURS
        ]
        fold(store, [sender.send(frame) for frame in frames], LogPosition(b"log", sender.seq))
    return sender


def answers(store):
    counts = column_counts(store, "flights", version="1", segment="", bins=BINS, windows=HOURS)
    names = merged_profiles(store, "flights", version="1", segment="", window=Window(0, 2 * HOUR_US))
    return (
        {name: (one.counts.tolist(), one.rows.tolist()) for name, one in counts.items()},
        {name: one.names for name, one in names.items()},
        {name: one.sketch.count for name, one in names.items()},
    )


def cells_of(store, hour):
    found = store.arrays("crowded_cells", [hour.end_us])
    return int((found["window_start_us"] == hour.start_us).sum())


def test_compaction_changes_no_answer(store, sender):
    before = answers(store)
    moments = column_moments(store, "flights", version="1", segment="", window=HOURS[0])["temp"]

    assert compact(store, before_us=2 * HOUR_US) == 4

    after = column_moments(store, "flights", version="1", segment="", window=HOURS[0])["temp"]
    assert answers(store) == before
    assert after.mean == pytest.approx(moments.mean, rel=1e-12)
    assert after.deviation == pytest.approx(moments.deviation, rel=1e-12)


def test_compacted_windows_have_one_row_a_series(store, sender):
    compact(store, before_us=2 * HOUR_US)

    assert compact(store, before_us=2 * HOUR_US) == 0


def test_windows_that_are_still_open_stay_as_they_are(store, sender):
    assert compact(store, before_us=HOUR_US) == 2

    assert cells_of(store, HOURS[0]) == 0
    assert cells_of(store, HOURS[1]) == 2


def test_late_deltas_are_merged_by_the_next_compaction(store, sender):
    compact(store, before_us=2 * HOUR_US)
    late = profile_numeric("temp", numeric_values([1.0, 2.0]), BINS.columns["temp"])
    fold(store, [sender.send(profile_frame([late], HOURS[0], bins_id=BINS.bins_id))], HERE)
    before = answers(store)

    assert compact(store, before_us=2 * HOUR_US) == 1
    assert answers(store) == before
    assert answers(store)[0]["temp"][1] == [602, 600]


def test_small_steps_merge_everything(store, sender, monkeypatch):
    monkeypatch.setattr(compacting, "STEP_CELLS", 1)
    before = answers(store)

    compact(store, before_us=2 * HOUR_US)

    assert answers(store) == before
    assert cells_of(store, HOURS[0]) == cells_of(store, HOURS[1]) == 0


def test_marks_and_positions_stay(store, sender):
    known = marks(store), low_watermarks(store, "flights"), log_position(store)

    compact(store, before_us=0)

    assert (marks(store), low_watermarks(store, "flights"), log_position(store)) == known
    assert len(store.rows("marks")) == 1
    assert marks(store)[sender.epoch].mark == 40


def test_windows_that_had_not_ended_at_the_first_pass_after_a_start_are_merged_when_they_have(store, sender):
    store.index.touched = None

    first = compact(store, before_us=HOUR_US)
    second = compact(store, before_us=2 * HOUR_US)

    assert (first, second) == (2, 2)
    assert cells_of(store, HOURS[1]) == 0
