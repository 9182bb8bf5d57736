"""What any engine of the telemetry store promises, asked through the package's interface alone."""

from collections.abc import Sequence

import numpy as np
import pytest

from tidegauge.core.bins import ReferenceBins, numeric_bins
from tidegauge.core.columns import numeric_values
from tidegauge.core.ids import digest_id
from tidegauge.core.moments import second_moments as moments_of_rows
from tidegauge.core.moments import standard_of
from tidegauge.core.profile import profile_numeric
from tidegauge.core.windows import DAY_US, HOUR_US, MINUTE_US, Window
from tidegauge_collector.telemetry.compact import compact
from tidegauge_collector.telemetry.contents import column_contents, present_columns
from tidegauge_collector.telemetry.counts import column_counts
from tidegauge_collector.telemetry.deleting import delete, deletions_applied, would_delete
from tidegauge_collector.telemetry.events import events
from tidegauge_collector.telemetry.expire import Retention, expire
from tidegauge_collector.telemetry.exporting import export
from tidegauge_collector.telemetry.extent import extent, gap_summary, log_position, marks, stored_counts
from tidegauge_collector.telemetry.fold import FoldEntry, FoldResult, LogPosition, fold
from tidegauge_collector.telemetry.history import prediction_history
from tidegauge_collector.telemetry.joined import joined
from tidegauge_collector.telemetry.judgements import Judgement, append_judgements, newest_judgements
from tidegauge_collector.telemetry.moments import column_moments, merged_profiles
from tidegauge_collector.telemetry.records import records
from tidegauge_collector.telemetry.second_moments import second_moments
from tidegauge_collector.telemetry.settle import settle
from tidegauge_collector.telemetry.testing import (
    Answers,
    Sender,
    actuals_frame,
    event_frame,
    gap_frame,
    judgement_columns,
    profile_frame,
    records_frame,
)
from tidegauge_collector.telemetry.tombstones import Tombstone, Tombstones
from tidegauge_collector.telemetry.volumes import first_label_us, label_volumes, prediction_volumes, repeated_ids

BINS = ReferenceBins({"temp": numeric_bins("temp", np.arange(50.0))})
PAIR = ReferenceBins({name: numeric_bins(name, np.arange(50.0)) for name in ("a", "b")})
OTHER_BINS = ReferenceBins({"temp": numeric_bins("temp", np.arange(0.0, 100.0, 2.0))})
DAYS = [Window(0, DAY_US), Window(DAY_US, 2 * DAY_US)]
VALUES = [1.0, 2.0, 60.0, None, float("inf")]
ALWAYS_US = 2**60


def hour(number):
    return Window(number * HOUR_US, (number + 1) * HOUR_US)


def profile(window, values: Sequence[float | None] = VALUES, bins=BINS):
    column = profile_numeric("temp", numeric_values(values), bins.columns["temp"])
    return profile_frame([column], window, bins_id=bins.bins_id)


def put(engine, entries: Sequence[FoldEntry], number=1) -> FoldResult:
    return fold(engine, entries, LogPosition(b"log", number))


def everything(sender: Sender | None = None) -> list[FoldEntry]:
    sender = sender or Sender()
    frames = [profile(hour(i)) for i in range(48)]
    frames += [
        records_frame(["a", "b", "c"], [HOUR_US, HOUR_US, DAY_US], Answers([0.1, 0.2, 0.3], segments=[("s=1",)] * 3)),
        actuals_frame(["a", "c", "a"], [1, 0, 0], [5, 5, 9]),
        event_frame("deploy", 7, where="here"),
        gap_frame(52, 53, "quota", rows=3),
    ]
    return [sender.send(frame) for frame in frames]


def state(engine):
    counts = column_counts(engine, "flights", version="1", segment="", bins=BINS, windows=DAYS)["temp"]
    rows = joined(engine, "flights", version="1", segment="", start_us=0, end_us=ALWAYS_US)
    return (
        counts.counts.tolist(),
        counts.rows.tolist(),
        sorted(zip(rows.event_us.tolist(), rows.score.tolist(), rows.actual_value.tolist(), strict=True)),
        [(one.prediction_id, one.score, one.actual_value, one.segments) for one in records(engine, "flights")],
        [one.name for one in events(engine, "flights", window=DAYS[0])],
        [(one.reason, one.numbers, one.rows) for one in gap_summary(engine)],
        stored_counts(engine, "flights"),
        extent(engine, "flights"),
    )


def settle_all(engine):
    return settle(engine, lambda _: "UTC", before_us=2 * DAY_US)


def paired(window, rows):
    """A frame of two columns with the second moments of the rows."""
    columns = {"a": rows[:, 0], "b": rows[:, 1]}
    profiles = [profile_numeric(name, numeric_values(one), PAIR.columns[name]) for name, one in columns.items()]
    moments = moments_of_rows(columns, len(rows), standard_of(PAIR))
    return profile_frame(profiles, window, bins_id=PAIR.bins_id, moments=moments)


def paired_hours(sender: Sender | None = None) -> tuple[list[FoldEntry], list[np.ndarray]]:
    """48 hours of rows in two frames each, and the rows of the two days."""
    sender, rng = sender or Sender(), np.random.default_rng(5)
    hours = [rng.normal(20, 9, (20, 2)) for _ in range(48)]
    entries = [sender.send(paired(hour(i), part)) for i, rows in enumerate(hours) for part in (rows[:8], rows[8:])]
    return entries, [np.concatenate(hours[:24]), np.concatenate(hours[24:])]


def read_moments(engine, windows=DAYS, bins=PAIR):
    return second_moments(
        engine,
        "flights",
        version="1",
        segment="",
        bins_id=bins.bins_id,
        features=("a", "b"),
        windows=windows,
    )


def assert_moments_are_of(found, rows):
    expected = moments_of_rows({"a": rows[:, 0], "b": rows[:, 1]}, len(rows), standard_of(PAIR))
    assert (found.columns, found.rows) == (("a", "b"), len(rows))
    np.testing.assert_allclose(found.sums, expected.sums, rtol=1e-12)
    np.testing.assert_allclose(found.products, expected.products, rtol=1e-12)


def do_nothing(engine):
    return None


def test_what_is_folded_in_is_read_back(engine):
    put(engine, everything())

    counts, rows, pairs, stored, *_ = state(engine)
    assert rows == [120, 120]
    assert [sum(day) for day in counts] == [120, 120]
    assert pairs == [(HOUR_US, 0.1, 0.0), (DAY_US, 0.3, 0.0)]
    assert [(score, actual) for _, score, actual, _ in stored] == [(0.1, 0.0), (0.2, None), (0.3, 0.0)]
    moments = column_moments(engine, "flights", version="1", segment="", window=DAYS[0])["temp"]
    assert (moments.rows, moments.missing, moments.non_finite) == (120, 24, 24)
    assert (moments.mean, moments.minimum, moments.maximum) == (21.0, 1.0, 60.0)
    assert merged_profiles(engine, "flights", version="1", segment="", window=DAYS[0])["temp"].sketch.count == 72


def test_frames_that_come_again_have_no_effect(engine):
    put(engine, everything())
    before = state(engine)

    result = put(engine, everything(), 2)

    assert (result.folded, result.skipped) == (0, 52)
    assert state(engine) == before
    assert log_position(engine) == LogPosition(b"log", 2)


def test_everything_is_there_after_opening_again(reopen):
    with reopen() as engine:
        put(engine, everything())
        settle_all(engine)
        before = state(engine), marks(engine), log_position(engine)
    with reopen() as engine:
        again = state(engine), marks(engine), log_position(engine)
        skipped = put(engine, everything()).skipped

    assert again == before
    assert skipped == 52


@pytest.mark.parametrize("act", [lambda one: compact(one, before_us=ALWAYS_US), settle_all], ids=["compact", "settle"])
def test_keeping_changes_no_answer(engine, act):
    put(engine, everything())
    put(engine, everything(Sender(b"\x02" * 16)))
    before = state(engine)

    act(engine)
    act(engine)

    assert state(engine) == before
    assert before[1] == [240, 240]


@pytest.mark.parametrize("settled", [False, True])
def test_late_data_joins_its_window(engine, settled):
    put(engine, everything())
    if settled:
        settle_all(engine)
    late = Sender(b"\x02" * 16)

    put(engine, [late.send(profile(hour(3), [5.0])), late.send(profile(Window(HOUR_US, HOUR_US + MINUTE_US), [6.0]))])
    rows = state(engine)[1]
    settle_all(engine)

    assert rows == state(engine)[1] == [122, 120]


@pytest.mark.parametrize("settled", [False, True])
def test_rows_of_other_bins_are_put_into_the_asked_ones_and_marked(engine, settled):
    sender = Sender()
    put(engine, [sender.send(profile(hour(0))), sender.send(profile(hour(1), [1.0, 90.0], OTHER_BINS))])
    if settled:
        settle_all(engine)

    found = column_counts(engine, "flights", version="1", segment="", bins=BINS, windows=[hour(0), hour(1)])["temp"]

    assert found.rows.tolist() == [5, 2]
    assert found.counts.sum(axis=1).tolist() == [5, 2]
    assert found.approximate.tolist() == ([False, True])


@pytest.mark.parametrize("settled", [False, True])
def test_what_is_deleted_goes_and_does_not_come_back(engine, settled):
    put(engine, everything())
    if settled:
        settle_all(engine)
    one = Tombstone("d1", "flights", None, None, digest_id("a"), ALWAYS_US)
    other = Tombstone("d2", "flights", "1", Window(6 * HOUR_US, DAY_US), None, ALWAYS_US)
    engine.index.tombstones = Tombstones([one, other])

    planned = would_delete(engine, one)
    removed = delete(engine, one)
    delete(engine, other)
    put(engine, everything(Sender(b"\x02" * 16)))

    assert removed == planned == {"predictions": 1, "actuals": 2}
    assert deletions_applied(engine) == {"d1", "d2"}
    assert state(engine)[1] == [60, 240]
    assert prediction_history(engine, "flights", digest_id("a")).answers == ()
    assert len(prediction_history(engine, "flights", digest_id("b")).answers) == 2


def test_retention_removes_hours_and_records_and_leaves_days(engine):
    put(engine, everything())
    settle_all(engine)
    retention = Retention(hours_us=DAY_US, records_us=DAY_US, sketches_us=DAY_US, minutes_us=DAY_US)
    rows = state(engine)[1]

    removed = expire(engine, retention, now_us=4 * DAY_US)
    again = expire(engine, retention, now_us=4 * DAY_US)

    assert removed == {"hours": 48, "sketches": 48, "predictions": 3, "actuals": 3}
    assert again == {}
    assert state(engine)[1] == rows
    assert merged_profiles(engine, "flights", version="1", segment="", window=DAYS[0])["temp"].sketch.count == 72


@pytest.mark.parametrize(
    "act",
    [do_nothing, lambda one: compact(one, before_us=ALWAYS_US), settle_all],
    ids=["folded", "compacted", "settled"],
)
def test_second_moments_add_up_at_every_level(engine, act):
    entries, days = paired_hours()
    put(engine, entries)

    act(engine)
    act(engine)

    for found, rows in zip(read_moments(engine), days, strict=True):
        assert_moments_are_of(found, rows)
    (both,) = read_moments(engine, [Window(0, 2 * DAY_US)])
    assert_moments_are_of(both, np.concatenate(days))
    assert read_moments(engine, bins=BINS) == [None, None]
    assert read_moments(engine, [Window(3 * DAY_US, 4 * DAY_US)]) == [None]
    assert set(column_moments(engine, "flights", version="1", segment="", window=DAYS[0])) == {"a", "b"}


def test_second_moments_that_come_late_join_a_settled_day(engine):
    entries, days = paired_hours()
    put(engine, entries)
    settle_all(engine)
    late = np.array([[1.0, 2.0], [30.0, np.nan]])

    put(engine, [Sender(b"\x02" * 16).send(paired(hour(3), late))])
    before = read_moments(engine)[0]
    settle_all(engine)

    for found in (before, read_moments(engine)[0]):
        assert_moments_are_of(found, np.concatenate([days[0], late]))


def test_second_moments_of_hours_expire_with_the_sketches_and_those_of_days_stay(reopen):
    entries, days = paired_hours()
    with reopen() as engine:
        put(engine, entries)
        settle_all(engine)

        removed = expire(engine, Retention(sketches_us=DAY_US), now_us=4 * DAY_US)

        assert removed["second_moments"] == 48
        assert read_moments(engine, [hour(3)]) == [None]
    with reopen() as engine:
        assert_moments_are_of(read_moments(engine)[1], days[1])


@pytest.mark.parametrize("settled", [False, True])
def test_second_moments_are_deleted_with_their_range_and_do_not_come_back(engine, settled):
    entries, days = paired_hours()
    put(engine, entries)
    if settled:
        settle_all(engine)
    one = Tombstone("d1", "flights", "1", Window(6 * HOUR_US, DAY_US), None, ALWAYS_US)
    engine.index.tombstones = Tombstones([one])

    delete(engine, one)
    put(engine, paired_hours(Sender(b"\x02" * 16))[0][12:48])

    first, second = read_moments(engine)
    assert_moments_are_of(first, days[0][: 6 * 20])
    assert_moments_are_of(second, days[1])


def test_second_moments_are_exported_by_window_and_by_day(engine):
    entries, days = paired_hours()
    put(engine, entries)
    settle_all(engine)

    parts = [part.table for part in export(engine, "flights", "second_moments", Window(0, ALWAYS_US))]

    rows = [row for part in parts for row in part.to_pylist()]
    assert [sum(one["level"] == level for one in rows) for level in ("window", "day")] == [48, 2]
    day = next(one for one in rows if one["level"] == "day")
    assert (day["columns"], day["rows"], len(day["products"])) == (["a", "b"], 480, 3)
    z = (days[0] - [PAIR.columns[name].pivot for name in "ab"]) / [PAIR.columns[name].deviation for name in "ab"]
    np.testing.assert_allclose(day["products"], (z.T @ z)[np.triu_indices(2)], rtol=1e-12)


@pytest.mark.parametrize("settled", [False, True])
def test_volumes_and_contents_are_told_by_window(engine, settled):
    sender = Sender()
    put(engine, everything(sender))
    put(engine, [sender.send(records_frame(["a", "a"], [1, 2], Answers([0.1, 0.2])))], 2)
    if settled:
        settle_all(engine)

    found = repeated_ids(engine, "flights", version="1", segment="", windows=DAYS)
    contents = column_contents(
        engine, "flights", version="1", segment="", windows=[hour(0), hour(50)], columns=["temp"], bins=BINS
    )

    assert prediction_volumes(engine, "flights", segment="", windows=[*DAYS, hour(0)]).tolist() == [120, 120, 5]
    assert (found.rows.tolist(), found.looked.tolist(), found.ids.tolist()) == ([4, 1], [4, 1], [2, 1])
    assert label_volumes(engine, "flights", windows=[Window(0, 6), Window(6, 10), Window(10, 20)]).tolist() == [2, 1, 0]
    assert (first_label_us(engine, "flights"), first_label_us(engine, "other")) == (5, None)
    assert present_columns(engine, "flights", version="1", segment="", windows=[hour(0), hour(50)]) == [{"temp": 4}, {}]
    temp = contents["temp", 0]
    assert (temp.usable_by_kind, temp.minimum, temp.maximum) == ({"numeric": 3}, 1.0, 60.0)
    assert contents["temp", 1].usable_by_kind == {}


def test_the_newest_judgement_holds(engine):
    first = Judgement("1", "m", "psi", "temp", "", 0, DAY_US, 0.1, None, 5, 100, 1.0, "ok", None, None, 1)
    second = Judgement("1", "m", "psi", "temp", "", 0, DAY_US, 0.4, None, 6, 100, 1.0, "failing", 0.1, 0.2, 2)

    append_judgements(engine, "flights", judgement_columns(first))
    append_judgements(engine, "flights", judgement_columns(second))

    assert newest_judgements(engine, "flights") == [second]


@pytest.mark.parametrize(
    ("what", "rows"), [("records", 3), ("actuals", 3), ("profiles", 50), ("judgements", 0), ("second_moments", 0)]
)
def test_everything_can_be_exported(engine, what, rows):
    put(engine, everything())
    settle_all(engine)

    assert sum(part.table.num_rows for part in export(engine, "flights", what, Window(0, ALWAYS_US))) == rows
