"""Moments and whole profiles of a range, over series with different pivots and kinds."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tidegauge.core.bins import categorical_bins, numeric_bins
from tidegauge.core.columns import ColumnKind, category_counts, numeric_values
from tidegauge.core.profile import profile_categories, profile_numeric
from tidegauge.core.windows import DAY_US, HOUR_US, Window
from tidegauge_collector.telemetry.fold import LogPosition, fold
from tidegauge_collector.telemetry.moments import column_moments, merged_profiles, unknown_names
from tidegauge_collector.telemetry.settle import settle
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.telemetry.testing import HOUR, Sender, profile_frame

HERE = LogPosition(b"log", 1)


def temp(values, bins=None):
    return profile_numeric("temp", numeric_values(values), bins)


def carrier(values, bins=None):
    return profile_categories("carrier", category_counts(values, ColumnKind.CATEGORICAL), bins)


def test_moments_about_different_pivots_are_brought_together(store):
    sender = Sender()
    first, second = [1e6 + 1, 1e6 + 2, 1e6 + 4], [1e6 + 8, 1e6 + 16]
    bins = numeric_bins("temp", np.array(first))
    frames = [profile_frame([temp(first, bins)], bins_id=b"b" * 16), profile_frame([temp(second)])]
    fold(store, [sender.send(frame) for frame in frames], HERE)

    found = column_moments(store, "flights", version="1", segment="", window=HOUR)["temp"]

    assert found.mean == pytest.approx(np.mean(first + second), rel=1e-12)
    assert found.deviation == pytest.approx(np.std(first + second), rel=1e-6)
    assert (found.minimum, found.maximum, found.rows) == (1e6 + 1, 1e6 + 16, 5)


def test_only_the_asked_range_counts(store):
    sender = Sender()
    frames = [profile_frame([temp([float(i)])], Window(i * HOUR_US, (i + 1) * HOUR_US)) for i in range(4)]
    fold(store, [sender.send(frame) for frame in frames], HERE)

    window = Window(HOUR_US, 3 * HOUR_US)

    assert column_moments(store, "flights", version="1", segment="", window=window)["temp"].mean == 1.5


def test_a_column_of_two_kinds_has_the_rarer_ones_rows_as_invalid(store):
    sender = Sender()
    text = profile_categories("temp", category_counts(["x", None], ColumnKind.CATEGORICAL))
    fold(store, [sender.send(profile_frame([temp([1.0, 2.0, 3.0])])), sender.send(profile_frame([text]))], HERE)

    found = column_moments(store, "flights", version="1", segment="", window=HOUR)["temp"]

    assert (found.kind, found.rows, found.missing, found.invalid, found.mean) == (ColumnKind.NUMERIC, 5, 1, 1, 2.0)


def test_sums_beyond_a_double_are_none(store):
    fold(store, [Sender().send(profile_frame([temp([1e200, -1e200])]))], HERE)

    found = column_moments(store, "flights", version="1", segment="", window=HOUR)["temp"]

    assert (found.mean, found.deviation, found.maximum) == (0.0, None, 1e200)


def test_a_column_without_finite_values_has_no_moments(store):
    fold(store, [Sender().send(profile_frame([temp([None, float("inf")])]))], HERE)

    found = column_moments(store, "flights", version="1", segment="", window=HOUR)["temp"]

    assert (found.mean, found.deviation, found.minimum, found.maximum) == (None, None, None, None)


def test_categorical_columns_have_no_moments(store):
    fold(store, [Sender().send(profile_frame([carrier(["UA"])]))], HERE)

    found = column_moments(store, "flights", version="1", segment="", window=HOUR)["carrier"]

    assert (found.rows, found.mean, found.deviation) == (1, None, None)


def test_unknown_names_come_most_frequent_first(store):
    bins = categorical_bins("carrier", {"UA": 5})
    sender = Sender()
    values = [["UA", "B6", "DL"], ["DL", "AA", "UA"]]
    frames = [profile_frame([carrier(some, bins)], bins_id=b"b" * 16) for some in values]
    fold(store, [sender.send(frame) for frame in frames], HERE)

    found = unknown_names(store, "flights", "carrier", version="1", segment="", window=HOUR, limit=2)

    assert found == [("DL", 2), ("AA", 1)]


def test_merged_profiles_equal_the_profile_of_the_whole(store):
    generator = np.random.default_rng(5)
    values = generator.normal(size=1_000)
    names = generator.choice(["UA", "AA", "B6"], 1_000).tolist()
    sender = Sender()
    parts = [slice(i, i + 100) for i in range(0, 1_000, 100)]
    frames = [profile_frame([temp(values[part].tolist()), carrier(names[part])]) for part in parts]
    fold(store, [sender.send(frame) for frame in frames], HERE)

    found = merged_profiles(store, "flights", version="1", segment="", window=HOUR)

    assert found["carrier"].names == category_counts(names, ColumnKind.CATEGORICAL).counts
    assert (found["temp"].rows, found["temp"].sketch.count) == (1_000, 1_000)
    assert np.array_equal(found["temp"].sketch.points, np.sort(values))
    assert found["temp"].mean == pytest.approx(values.mean(), rel=1e-12)
    assert found["temp"].deviation == pytest.approx(values.std(), rel=1e-12)


def test_merged_profiles_leave_out_service_columns(store):
    fold(store, [Sender().send(profile_frame([temp([1.0])], arrival=True))], HERE)

    assert merged_profiles(store, "flights", version="1", segment="", window=HOUR) == {}


def test_names_that_are_settled_while_they_are_read_are_all_there(store, monkeypatch):
    fold(store, [Sender().send(profile_frame([carrier(["UA", "DL"])]))], HERE)
    answer = TelemetryStore.arrays

    def settled_before(self, name, *asked, **tables):
        if name == "window_names":
            with ThreadPoolExecutor(1) as jobs:
                jobs.submit(settle, store, lambda _: "UTC", before_us=2 * DAY_US).result()
        return answer(self, name, *asked, **tables)

    monkeypatch.setattr(TelemetryStore, "arrays", settled_before)

    assert unknown_names(store, "flights", "carrier", version="1", segment="", window=HOUR) == [("DL", 1), ("UA", 1)]
