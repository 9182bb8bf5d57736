"""Data quality on plain values: hand-computed, and laws."""

from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegauge.core.bins import categorical_bins, numeric_bins, stated_bins
from tidegauge.core.windows import DAY_US, HOUR_US, Window, to_datetime
from tidegauge_collector.core.quality import (
    WEEKS,
    against_usual,
    changed_share,
    earlier_weeks,
    is_constant,
    outer_bins,
    schema_change,
    share,
    unseen_bins,
)

counts = st.lists(st.integers(0, 1_000), min_size=1, max_size=8)
names = st.frozensets(st.sampled_from("abcdef"))
SUMMER_US = 1_754_000_000_000_000


def test_a_share_is_of_all_rows():
    assert share([1, 2, 5], [True, False, True]) == 0.75
    assert share([0, 0], [True, True]) is None


@given(counts, st.data())
def test_shares_of_bins_and_of_the_others_add_up_to_one(rows, data):
    chosen = data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows)))

    found, rest = share(rows, chosen), share(rows, [not one for one in chosen])

    assert (found is None) == (sum(rows) == 0)
    if found is not None:
        assert found + rest == pytest.approx(1)


def test_outer_bins_are_those_without_an_end():
    numbers = numeric_bins("x", np.arange(20.0))
    stated = stated_bins("x", [0.0, 1.0, 2.0], np.array([0.5]))

    assert [one.label for one, out in zip(numbers.labels, outer_bins(numbers.labels), strict=True) if out] == [
        numbers.labels[0].label,
        numbers.labels[-1].label,
    ]
    assert outer_bins(stated.labels) == [True, False, False, True]
    assert outer_bins(categorical_bins("c", {"a": 3}).labels) is None


def test_the_unseen_bin_is_where_new_categories_fall():
    assert unseen_bins(categorical_bins("c", {"a": 3, "b": 1}).labels) == [False, False, True]
    assert unseen_bins(numeric_bins("x", np.array([1.0, 2.0, 3.0])).labels) is None
    assert unseen_bins(categorical_bins("c", {str(i): 5 for i in range(1_200)}).labels) is None


@pytest.mark.parametrize(
    ("categories", "unnamed", "overflow", "expected"),
    [
        ({"a"}, 0, 0, True),
        ({"a", "b"}, 0, 0, False),
        ({"a"}, 1, 0, False),
        (set(), 4, 0, None),
        (set(), 0, 2, False),
        (set(), 0, 0, None),
    ],
)
def test_constant_categories(categories, unnamed, overflow, expected):
    assert is_constant(categories, unnamed=unnamed, overflow=overflow) is expected


@given(names, names)
def test_what_came_one_way_went_the_other(before, now):
    change, back = schema_change(before, now), schema_change(now, before)

    assert (change.came, change.went) == (back.went, back.came)
    assert change.count == len(before ^ now)


def test_a_changed_type_is_a_share_of_the_usable_rows():
    assert changed_share({"numeric": 30, "categorical": 10}, "numeric") == 0.25
    assert changed_share({"categorical": 10}, "numeric") == 1.0
    assert changed_share({"numeric": 0}, "numeric") is None


def test_a_volume_is_held_against_the_median_of_earlier_weeks():
    found = against_usual(50, [100, 300, 90, 110])

    assert (found.ratio, found.usual) == (50 / 105, 105.0)
    assert against_usual(0, [10, 20]).ratio == 0.0
    assert against_usual(0, [0, 0]).reason == "no_rows"
    assert against_usual(5, [0, 0, 0, 9]).reason == "not_applicable"
    assert against_usual(5, [9]).reason == "too_few_windows"


@given(st.integers(0, 10**6), st.lists(st.integers(1, 10**6), min_size=2, max_size=4))
def test_a_usual_volume_is_one_and_doubling_doubles(volume, earlier):
    found = against_usual(volume, earlier)

    assert against_usual(2 * volume, earlier).ratio == pytest.approx(2 * found.ratio)
    assert against_usual(7, [7] * len(earlier)).ratio == 1.0
    assert against_usual(volume, sorted(earlier)).ratio == found.ratio


@given(st.integers(0, 400 * 24), st.sampled_from(["UTC", "America/New_York", "Asia/Kolkata", "Pacific/Chatham"]))
def test_earlier_weeks_are_the_same_local_hours(hour, name):
    zone, start = ZoneInfo(name), SUMMER_US // HOUR_US * HOUR_US + hour * HOUR_US
    window = Window(start, start + HOUR_US)

    weeks = earlier_weeks(window, zone)

    assert len(weeks) >= WEEKS - 1
    local = to_datetime(start).astimezone(zone)
    for one in weeks:
        before = to_datetime(one.start_us).astimezone(zone)
        assert before.weekday() == local.weekday()
        assert abs(before.hour - local.hour) in (0, 1)
        assert 0 < one.end_us - one.start_us <= 2 * HOUR_US


def test_a_local_day_stays_a_local_day_over_a_change_of_the_clock():
    zone = ZoneInfo("Europe/Berlin")
    start = 1_743_458_400_000_000  # 2025-04-01 00:00 in Berlin, two days after the clocks went forward
    weeks = earlier_weeks(Window(start, start + DAY_US), zone)

    assert [to_datetime(one.start_us).astimezone(zone).isoformat() for one in weeks][:2] == [
        "2025-03-25T00:00:00+01:00",
        "2025-03-18T00:00:00+01:00",
    ]
    assert all(one.end_us - one.start_us == DAY_US for one in weeks)
