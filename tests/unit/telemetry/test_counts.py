"""Counts by window: exact in the bins asked for, marked approximate from other bins, complete in every case."""

import numpy as np
import pytest

from tidegauge.core.bins import ReferenceBins, categorical_bins, numeric_bins
from tidegauge.core.columns import ColumnKind, category_counts, numeric_values
from tidegauge.core.profile import limit_names, profile_categories, profile_numeric
from tidegauge.core.windows import HOUR_US, Window
from tidegauge_collector.telemetry.counts import column_counts
from tidegauge_collector.telemetry.fold import LogPosition, fold
from tidegauge_collector.telemetry.testing import Sender, Source, profile_frame

HERE = LogPosition(b"log", 1)
TEMP = numeric_bins("temp", np.arange(100.0))
CARRIER = categorical_bins("carrier", {"UA": 60, "AA": 40})
BINS = ReferenceBins({"temp": TEMP, "carrier": CARRIER})
HOURS = tuple(Window(i * HOUR_US, (i + 1) * HOUR_US) for i in range(3))


def temp(values, bins=TEMP):
    return profile_numeric("temp", numeric_values(values), bins)


def carrier(values, bins=CARRIER):
    return profile_categories("carrier", category_counts(values, ColumnKind.CATEGORICAL), bins)


def asked(store, windows=HOURS, bins=BINS, version="1", segment="", **more):
    return column_counts(store, "flights", version=version, segment=segment, bins=bins, windows=windows, **more)


def test_counts_follow_the_bins_then_what_has_no_bin(store):
    one = temp([-5.0, 15.0, 15.0, None, float("inf"), "text"])
    fold(store, [Sender().send(profile_frame([one], HOURS[1], bins_id=BINS.bins_id))], HERE)

    found = asked(store)["temp"]

    assert found.counts.shape == (3, len(TEMP.labels) + 3)
    assert found.counts[1].tolist() == [*TEMP.count_sorted(np.array([-5.0, 15.0, 15.0])).tolist(), 1, 1, 1]
    assert found.counts[[0, 2]].sum() == 0
    assert found.rows.tolist() == [0, 6, 0]
    assert not found.approximate.any()
    assert (found.column, found.kind) == ("temp", ColumnKind.NUMERIC)


def test_columns_without_rows_are_there_with_zeros(store):
    found = asked(store)

    assert set(found) == {"temp", "carrier"}
    assert not found["carrier"].counts.any()
    assert not found["carrier"].rows.any()


def test_only_the_columns_asked_for_come(store):
    assert set(asked(store, columns=["carrier"])) == {"carrier"}


def test_no_windows_give_no_rows(store):
    fold(store, [Sender().send(profile_frame([temp([1.0])], HOURS[0], bins_id=BINS.bins_id))], HERE)

    assert asked(store, windows=())["temp"].counts.shape == (0, len(TEMP.labels) + 3)


def test_windows_may_overlap_and_span_several_cells(store):
    sender = Sender()
    frames = [profile_frame([temp([1.0] * (i + 1))], HOURS[i], bins_id=BINS.bins_id) for i in range(3)]
    fold(store, [sender.send(frame) for frame in frames], HERE)

    windows = (Window(0, 3 * HOUR_US), Window(HOUR_US, 3 * HOUR_US), Window(HOUR_US, 2 * HOUR_US))
    found = asked(store, windows=windows)["temp"]

    assert found.rows.tolist() == [6, 5, 2]
    assert found.counts.sum(axis=1).tolist() == [6, 5, 2]


def test_versions_segments_and_batches_are_kept_apart(store):
    sender = Sender()
    sources = [
        Source(),
        Source(segment="carrier=UA"),
        Source(version="2"),
        Source(batch="b"),
        Source(deployment="other"),
    ]
    frames = [
        profile_frame([temp([1.0] * (i + 1))], HOURS[0], source=one, bins_id=BINS.bins_id)
        for i, one in enumerate(sources)
    ]
    fold(store, [sender.send(frame) for frame in frames], HERE)

    rows = {
        "all of version 1": asked(store)["temp"].rows[0],
        "a segment": asked(store, segment="carrier=UA")["temp"].rows[0],
        "version 2": asked(store, version="2")["temp"].rows[0],
        "all versions": asked(store, version=None)["temp"].rows[0],
        "one batch": asked(store, batch="b")["temp"].rows[0],
    }

    assert rows == {"all of version 1": 5, "a segment": 2, "version 2": 3, "all versions": 8, "one batch": 4}


def test_numbers_counted_in_no_bins_come_from_their_sketch(store):
    values = np.linspace(-10, 120, 200)
    fold(store, [Sender().send(profile_frame([temp([*values.tolist(), None], None)], HOURS[0]))], HERE)

    found = asked(store)["temp"]

    assert found.counts[0].tolist() == [*TEMP.count_sorted(values).tolist(), 1, 0, 0]
    assert found.approximate.tolist() == [True, False, False]


def test_names_counted_in_no_bins_come_as_they_are(store):
    fold(store, [Sender().send(profile_frame([carrier(["UA", "AA", "UA", "B6", None], None)], HOURS[0]))], HERE)

    found = asked(store)["carrier"]

    assert dict(zip([b.label for b in CARRIER.labels], found.counts[0].tolist(), strict=False)) == {
        "UA": 2,
        "AA": 1,
        "new": 1,
    }
    assert found.counts[0, -3:].tolist() == [1, 0, 0]
    assert found.approximate[0]


def test_what_is_counted_in_both_ways_adds_up(store):
    sender = Sender()
    exact = profile_frame([temp([5.0, 15.0])], HOURS[0], bins_id=BINS.bins_id)
    other = profile_frame([temp([15.0, 25.0], None)], HOURS[0])
    fold(store, [sender.send(exact), sender.send(other)], HERE)

    found = asked(store)["temp"]

    assert found.counts[0, :-3].tolist() == TEMP.count_sorted(np.array([5.0, 15.0, 15.0, 25.0])).tolist()
    assert found.rows[0] == 4
    assert found.approximate[0]


def test_rows_whose_sketch_is_still_to_come_are_spread_like_those_that_have_one(store):
    sender = Sender()
    seen = temp([5.0, 15.0, 15.0, 15.0], None)
    open_frame = profile_frame([temp([5.0, 15.0, 15.0, 15.0], None)], HOURS[0])
    open_frame.profile.columns[0].ClearField("sketch")
    fold(store, [sender.send(profile_frame([seen], HOURS[0])), sender.send(open_frame)], HERE)

    found = asked(store)["temp"]

    assert found.counts[0, :-3].tolist() == TEMP.count_sorted(np.array([5.0, 5.0, *[15.0] * 6])).tolist()


def test_rows_without_any_sketch_are_counted_as_rows_only(store):
    frame = profile_frame([temp([5.0], None)], HOURS[0])
    frame.profile.columns[0].ClearField("sketch")
    fold(store, [Sender().send(frame)], HERE)

    found = asked(store)["temp"]

    assert (found.rows[0], found.counts[0].sum(), found.approximate[0]) == (1, 0, True)


def test_values_of_another_kind_than_the_bins_are_invalid(store):
    names = category_counts(["1", "2", None], ColumnKind.CATEGORICAL)
    wrong = profile_categories("temp", names)
    fold(store, [Sender().send(profile_frame([wrong], HOURS[0]))], HERE)

    found = asked(store)["temp"]

    assert found.counts[0, -3:].tolist() == [1, 0, 2]
    assert found.counts[0].sum() == found.rows[0] == 3


def test_names_beyond_what_was_kept_are_new(store):
    limited = limit_names(carrier(["UA", "UA", "B6", "DL"], None), 1)
    fold(store, [Sender().send(profile_frame([limited], HOURS[0]))], HERE)

    found = asked(store)["carrier"]

    assert found.counts[0].tolist() == [2, 0, 2, 0, 0, 0]


def test_categories_of_earlier_bins_are_known_by_name_where_these_are_given(store):
    earlier = ReferenceBins({"carrier": categorical_bins("carrier", {"B6": 3, "UA": 1})})
    counted = carrier(["UA", "B6", "B6", "AA", "DL"], earlier.columns["carrier"])
    fold(store, [Sender().send(profile_frame([counted], HOURS[0], bins_id=earlier.bins_id))], HERE)

    blind = asked(store)["carrier"]
    seeing = asked(store, other_bins={earlier.bins_id: earlier})["carrier"]

    assert blind.counts[0].tolist() == [0, 1, 1, 0, 0, 0]
    assert blind.rows[0] == 5
    assert seeing.counts[0].tolist() == [1, 1, 3, 0, 0, 0]


def test_more_bin_counts_than_bins_do_no_harm(store):
    frame = profile_frame([temp([5.0])], HOURS[0], bins_id=BINS.bins_id)
    frame.profile.columns[0].bin_counts = np.ones(500, dtype="<u8").tobytes()
    fold(store, [Sender().send(frame)], HERE)

    assert asked(store)["temp"].counts[0].sum() == len(TEMP.labels)


@pytest.mark.parametrize("minutes", [1, 60])
def test_a_cell_counts_in_the_window_that_holds_its_start(store, minutes):
    length = minutes * 60_000_000
    frame = profile_frame([temp([5.0])], Window(0, length), bins_id=BINS.bins_id)
    fold(store, [Sender().send(frame)], HERE)

    halves = (Window(0, HOUR_US // 2), Window(HOUR_US // 2, HOUR_US))

    assert asked(store, windows=halves)["temp"].rows.tolist() == [1, 0]
