"""Data quality of what is stored, by hand."""

import json

import pytest

from tidegauge.core.baseline import build_baseline
from tidegauge.core.columns import ColumnKind, category_counts, numeric_values
from tidegauge.core.profile import profile_categories, profile_numeric
from tidegauge.core.windows import DAY_US, HOUR_US, Window
from tidegauge_collector.control import Deployment
from tidegauge_collector.measuring.baselines import ActiveBaseline
from tidegauge_collector.measuring.gauged import Scope
from tidegauge_collector.measuring.quality import measure_quality
from tidegauge_collector.measuring.schema import measure_schema
from tidegauge_collector.measuring.volumes import measure_volumes
from tidegauge_collector.telemetry.extent import known
from tidegauge_collector.telemetry.fold import LogPosition, fold
from tidegauge_collector.telemetry.settle import settle
from tidegauge_collector.telemetry.testing import Answers, Sender, Source, actuals_frame, profile_frame, records_frame
from tidegauge_collector.telemetry.volumes import EXACT_ROWS

HERE = LogPosition(b"log", 1)
CHAMPION = Source()
KINDS = {"age": ColumnKind.NUMERIC, "carrier": ColumnKind.CATEGORICAL, "flat": ColumnKind.NUMERIC}
TRAINED = {
    "age": [float(i) for i in range(100)],
    "carrier": ["UA"] * 60 + ["AA"] * 40,
    "flat": [7.0] * 100,
}
FLIGHTS = Deployment.__dataclass_fields__
WEEK_US = 7 * DAY_US


@pytest.fixture(scope="module")
def active():
    baseline = build_baseline(TRAINED, KINDS)
    return ActiveBaseline(baseline, baseline.origin, baseline.rows)


def frame(active, window, source=CHAMPION, **columns):
    """A profile of some columns by the baseline's bins; a column of another kind than the baseline's is in none."""
    profiles = []
    for name, values in columns.items():
        bins = active.baseline.bins.columns.get(name) if active is not None else None
        if all(isinstance(one, str) or one is None for one in values):
            known_bins = bins if bins is not None and bins.kind is ColumnKind.CATEGORICAL else None
            counted = category_counts(values, ColumnKind.CATEGORICAL)
            profiles.append(profile_categories(name, counted, known_bins, kind=ColumnKind.CATEGORICAL))
        else:
            profiles.append(profile_numeric(name, numeric_values(values), bins))
    return profile_frame(profiles, window, bins_id=active.baseline.bins.bins_id if active else b"", source=source)


def hour(number):
    return Window(number * HOUR_US, (number + 1) * HOUR_US)


def put(store, *frames):
    sender = Sender()
    fold(store, [sender.send(one) for one in frames], HERE)


def scope(*windows, segment="", batch=None):
    return Scope(deployment="flights", version="1", segment=segment, windows=list(windows), batch=batch)


def ask(store, active, metric, *windows, column):
    kinds = known(store, "flights").columns
    return list(measure_quality(store, scope(*windows), active, metric, kinds=kinds, columns=[column]))


def plain(found):
    """As JSON, which has no NaN and no Infinity."""
    return json.loads(json.dumps(found.as_json(), allow_nan=False))


def test_shares_are_of_all_rows_of_the_column(store, active):
    ages = [5.0, -1.0, 200.0, 300.0, None, float("inf"), "old", 50.0, 60.0, 70.0]
    put(store, frame(active, hour(0), age=ages, carrier=["UA", "UA", "ZZ", "XX", None]))

    values = {
        metric: plain(ask(store, active, metric, hour(0), column="age")[0])
        for metric in ("out_of_range_rate", "non_finite_rate", "invalid_rate", "unseen_rate")
    }
    (unseen,) = ask(store, active, "unseen_rate", hour(0), column="carrier")
    (inside,) = ask(store, active, "out_of_range_rate", hour(0), column="carrier")

    assert [one["value"] for one in values.values()] == [0.3, 0.1, 0.1, None]
    assert values["out_of_range_rate"]["parameters"] == {
        "approximate": False,
        "rows": 3,
        "minimum": 0.0,
        "maximum": 99.0,
    }
    assert (values["out_of_range_rate"]["n"], values["out_of_range_rate"]["baseline_value"]) == (10, 0.0)
    assert values["unseen_rate"]["reason"] == inside.reason == "not_applicable"
    assert (unseen.value, unseen.n, unseen.baseline_n) == (0.4, 5, 100)


def test_without_rows_or_baseline_shares_are_undefined(store, active):
    put(store, frame(active, hour(0), age=[1.0]), frame(None, hour(1), other=[1.0, float("nan"), "x", float("inf")]))

    assert ask(store, active, "unseen_rate", hour(5), column="carrier") == []  # never seen
    assert ask(store, active, "out_of_range_rate", hour(5), column="age")[0].reason == "no_rows"
    assert ask(store, active, "out_of_range_rate", hour(1), column="other")[0].reason == "no_baseline"
    assert ask(store, None, "unseen_rate", hour(0), column="age")[0].reason == "no_baseline"
    assert ask(store, None, "invalid_rate", hour(1), column="other")[0].value == 0.25
    assert ask(store, active, "non_finite_rate", hour(1), column="other")[0].value == 0.25


@pytest.mark.parametrize("settled", [False, True])
def test_numbers_that_come_as_text_are_a_new_type(store, active, settled):
    put(
        store,
        frame(active, hour(0), age=[1.0, 2.0, 3.0, None]),
        frame(active, hour(0), age=["4"]),
        frame(active, hour(1), age=["4", "5"]),
        frame(active, hour(2), age=[1.0]),
    )
    if settled:
        settle(store, lambda _: "UTC", before_us=DAY_US)

    mixed, text, numbers = ask(store, active, "type_change_rate", hour(0), hour(1), hour(2), column="age")

    assert (mixed.value, mixed.n) == (0.25, 4)
    assert mixed.parameters == {"expected": "numeric", "kinds": {"numeric": 3, "categorical": 1}}
    assert (text.value, numbers.value) == (1.0, 0.0)
    assert ask(store, None, "type_change_rate", hour(0), column="age")[0].reason == "no_baseline"


def test_columns_that_stand_still(store, active):
    put(
        store,
        frame(active, hour(0), age=[3.0, 3.0, None], carrier=["UA", "UA"], flat=[7.0, 7.0]),
        frame(active, hour(1), age=[3.0, 4.0], carrier=["ZZ", "ZZ", None], flat=[None, float("inf")]),
        frame(active, hour(2), age=[3.0], carrier=["ZZ", "UA"]),
        frame(active, hour(2), age=["3"]),
    )
    windows = hour(0), hour(1), hour(2)

    age, carrier, flat = (ask(store, active, "constant_column", *windows, column=name) for name in KINDS)

    assert [one.value for one in age] == [1.0, 0.0, 0.0]
    assert [one.value for one in carrier] == [1.0, 1.0, 0.0]
    assert [(one.value, one.reason) for one in flat] == [(1.0, None), (None, "no_rows"), (None, "no_rows")]
    assert [one[0].baseline_value for one in (age, carrier, flat)] == [0.0, 0.0, 1.0]
    assert [one.n for one in age] == [2, 2, 2]


def test_features_that_came_and_went(store, active):
    put(
        store,
        frame(active, hour(0), age=[1.0], carrier=["UA"], flat=[7.0], _prediction=[0.5]),
        frame(active, hour(1), age=[1.0, 2.0], flat=[None, None], extra=[1.0], bonus=["x", "y"]),
    )

    same, changed, empty = measure_schema(store, scope(hour(0), hour(1), hour(2)), active)

    assert (same.value, same.n) == (0.0, 1)
    assert (changed.value, changed.n) == (4.0, 2)
    assert changed.parameters == {"reference": "baseline", "came": ["bonus", "extra"], "went": ["carrier", "flat"]}
    assert (empty.value, empty.reason) == (None, "no_rows")


def test_without_a_baseline_the_weeks_before_are_the_schema(store):
    put(store, frame(None, hour(0), a=[1.0], b=[1.0]), frame(None, hour(30), a=[1.0], c=[1.0]))

    first, later = measure_schema(store, scope(hour(0), hour(30)), None)

    assert (first.value, first.reason) == (None, "no_baseline")
    assert later.value == 2.0
    assert later.parameters == {"reference": "trailing_28_days", "came": ["c"], "went": ["b"]}


def test_one_batch_is_measured_apart(store, active):
    nightly = Source(batch="nightly")
    put(
        store,
        frame(active, hour(0), age=[1.0, 2.0], carrier=["UA", "AA"], flat=[7.0, 7.0]),
        frame(active, hour(0), nightly, age=[3.0, 3.0, "x", 500.0, 3.0], carrier=["UA"], extra=[1.0]),
    )
    kinds, asked = known(store, "flights").columns, scope(hour(0), batch="nightly")

    (schema,) = measure_schema(store, asked, active)
    of_age = {
        metric: next(iter(measure_quality(store, asked, active, metric, kinds=kinds, columns=["age"]))).value
        for metric in ("out_of_range_rate", "invalid_rate", "type_change_rate", "constant_column")
    }

    assert schema.parameters == {"reference": "baseline", "came": ["extra"], "went": ["flat"]}
    assert of_age == {"out_of_range_rate": 0.2, "invalid_rate": 0.2, "type_change_rate": 0.0, "constant_column": 0.0}


def deployment(timezone="UTC"):
    values = dict.fromkeys(FLIGHTS)
    return Deployment(**{**values, "name": "flights", "timezone": timezone})


def volume(store, metric, *windows, segment="", timezone="UTC"):
    return list(measure_volumes(store, scope(*windows, segment=segment), deployment(timezone), metric))


def at(week, number=3):
    start = week * WEEK_US + number * HOUR_US
    return Window(start, start + HOUR_US)


def test_traffic_is_held_against_the_same_hours_of_the_weeks_before(store, active):
    rows = {0: 10, 1: 40, 2: 20, 3: 30, 4: 60}
    put(
        store,
        *(frame(active, at(week), age=[1.0] * n, carrier=["UA"] * (n - 1)) for week, n in rows.items()),
        frame(active, at(4), Source(version="2"), age=[1.0] * 15),
        frame(active, at(4), Source(version="shadow", role=2), age=[1.0] * 500),
    )

    now, silent, early = volume(store, "traffic_to_usual", at(4), at(5), at(1))

    assert (now.value, now.n) == (75 / 25, 75 + 100)
    assert now.parameters == {"volume": 75, "usual": 25.0, "earlier": [30, 20, 40, 10], "weeks": 4, "least_weeks": 2}
    assert (silent.value, silent.parameters["volume"]) == (0.0, 0)
    assert (early.value, early.reason, early.parameters["earlier"]) == (None, "too_few_windows", [10])
    assert plain(early)["value"] is None


def test_the_usual_hours_are_local_ones(store, active):
    summer = 1_743_379_200_000_000  # 2025-03-31 00:00 UTC, the day after the clocks of Berlin went forward
    noon = summer + 10 * HOUR_US  # 12:00 in summer; the weeks before it was 11:00 UTC
    put(
        store,
        *(
            frame(active, Window(start, start + HOUR_US), age=[1.0] * n)
            for start, n in [
                (noon, 12),
                *((noon + HOUR_US - week * WEEK_US, 6) for week in (1, 2, 3)),
                *((noon - week * WEEK_US, 1) for week in (1, 2, 3)),
            ]
        ),
    )

    (found,) = volume(store, "traffic_to_usual", Window(noon, noon + HOUR_US), timezone="Europe/Berlin")

    assert (found.value, found.parameters["earlier"]) == (2.0, [6, 6, 6])


def test_labels_are_held_against_their_usual_week(store):
    times = {0: 4, 1: 6, 2: 5, 3: 0}
    frames = [
        actuals_frame(list(range(n)), [1] * n, [at(week).start_us + i for i in range(n)])
        for week, n in times.items()
        if n
    ]
    put(store, *frames)

    (found,) = volume(store, "labels_to_usual", at(3))

    assert (found.value, found.parameters["earlier"], found.n) == (0.0, [5, 6, 4], 15)
    assert volume(store, "labels_to_usual", at(3), segment="a=b")[0].reason == "not_applicable"
    assert volume(store, "labels_to_usual", at(0))[0].reason == "too_few_windows"


def test_ids_that_come_again_in_a_window_are_duplicates(store):
    put(
        store,
        records_frame(["a", "b", "a", "c"], [1, 2, 3, 4], Answers([0.1] * 4, segments=[("s=1",)] * 2 + [("s=2",)] * 2)),
        records_frame(["a", "d"], [5, HOUR_US], Answers([0.1] * 2)),
        records_frame(["a"], [6], Answers([0.1]), source=Source(version="2")),
    )

    first, second, none = volume(store, "duplicate_rate", hour(0), hour(1), hour(2))

    assert (first.value, first.n) == (2 / 5, 5)
    assert first.parameters == {"predictions": 5, "repeated": 2, "estimated": False}
    assert (second.value, none.value, none.reason) == (0.0, None, "no_rows")
    assert volume(store, "duplicate_rate", hour(0), segment="s=1")[0].value == 0.0


def test_of_very_many_ids_a_fair_share_is_looked_at(store, monkeypatch):
    monkeypatch.setattr("tidegauge_collector.telemetry.volumes.EXACT_ROWS", 2_000)
    ids = [f"id-{i}" for i in range(8_000)]
    put(store, records_frame(ids + ids[:2_000], [1] * 10_000, Answers([0.5] * 10_000)))

    (found,) = volume(store, "duplicate_rate", hour(0))

    assert found.parameters["estimated"]
    assert 1_000 < found.n < 4_000
    assert found.value == pytest.approx(0.2, abs=0.04)
    assert EXACT_ROWS == 500_000
