"""Each frame is counted once, whatever the caller repeats, and what cannot be counted never blocks the rest."""

import numpy as np
import pytest

from tidegauge.core.bins import numeric_bins
from tidegauge.core.columns import numeric_values
from tidegauge.core.profile import profile_numeric
from tidegauge.core.windows import HOUR_US, Window
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.codec import raw
from tidegauge_collector.telemetry.events import events
from tidegauge_collector.telemetry.extent import gap_summary, log_position, low_watermarks, marks, stored_counts
from tidegauge_collector.telemetry.fold import LogPosition, fold
from tidegauge_collector.telemetry.index import Mark
from tidegauge_collector.telemetry.moments import column_moments
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.telemetry.testing import (
    HOUR,
    Answers,
    Sender,
    Source,
    actuals_frame,
    event_frame,
    gap_frame,
    profile_frame,
    records_frame,
)

HERE = LogPosition(b"log", 1)


def numbers(*values: float | None) -> pb.Frame:
    return profile_frame([profile_numeric("temp", numeric_values(list(values)))])


def rows(store: TelemetryStore) -> int:
    found = column_moments(store, "flights", version="1", segment="", window=HOUR)
    return found["temp"].rows if found else 0


def test_counts_of_frames_add_up(store):
    sender = Sender()

    fold(store, [sender.send(numbers(1.0, None)), sender.send(numbers(3.0))], HERE)
    fold(store, [sender.send(numbers(5.0, float("inf")))], HERE)

    found = column_moments(store, "flights", version="1", segment="", window=HOUR)["temp"]
    assert (found.rows, found.missing, found.non_finite, found.mean) == (5, 1, 1, 3.0)
    assert (found.minimum, found.maximum) == (1.0, 5.0)
    assert found.deviation == pytest.approx(np.std([1.0, 3.0, 5.0]), rel=1e-12)


def test_an_entry_given_again_is_passed_over(store):
    entries = [Sender().send(numbers(1.0, 2.0))]

    first, again = fold(store, entries, HERE), fold(store, entries * 3, HERE)

    assert (first.folded, first.skipped, again.folded, again.skipped) == (1, 0, 0, 3)
    assert rows(store) == 2


def test_entries_of_one_call_may_stand_in_any_order(store):
    sender = Sender()
    entries = [sender.send(numbers(float(i))) for i in range(5)]

    fold(store, entries[::-1], HERE)

    assert rows(store) == 5
    assert marks(store)[sender.epoch].mark == 5


def test_the_mark_position_and_watermark_follow_the_fold(store):
    sender = Sender()
    first = sender.send(profile_frame([], source=Source(low_watermark_us=70)))
    last = sender.send(profile_frame([], source=Source(low_watermark_us=60)), closed=True)

    fold(store, [first, last], LogPosition(b"log", 9))

    assert marks(store) == {sender.epoch: Mark(2, last.received_us, closed=True)}
    assert log_position(store) == LogPosition(b"log", 9)
    assert low_watermarks(store, "flights") == {sender.epoch: 70}


def test_an_epoch_closed_on_a_repeated_entry_is_closed(store):
    entry = Sender().send(numbers(1.0))
    fold(store, [entry], HERE)

    fold(store, [type(entry)(entry.epoch, 1, 1, entry.received_us, closed=True, frame=entry.frame)], HERE)

    assert marks(store)[entry.epoch].closed
    assert rows(store) == 1


def test_a_gap_takes_its_numbers_and_is_recorded(store):
    sender = Sender()

    fold(store, [sender.send(numbers(1.0)), sender.send(gap_frame(2, 9, "quota", 70)), sender.send(numbers(2.0))], HERE)

    assert marks(store)[sender.epoch].mark == 10
    assert [(gap.reason, gap.numbers, gap.rows) for gap in gap_summary(store)] == [("quota", 8, 70)]
    assert rows(store) == 2


def test_a_hole_in_the_log_is_recorded(store):
    sender = Sender(seq=4)

    fold(store, [sender.send(numbers(1.0))], HERE)

    assert [(gap.reason, gap.numbers) for gap in gap_summary(store)] == [("missing in the frame log", 4)]


def _bad_role() -> pb.Frame:
    frame = numbers(1.0)
    frame.role = 77  # type: ignore[assignment]
    return frame


def _bad_profile(**changes: object) -> pb.Frame:
    frame = numbers(1.0, 2.0)
    for name, value in changes.items():
        setattr(frame.profile.columns[0], name, value)
    return frame


def _bad_window(**changes: int) -> pb.Frame:
    frame = numbers(1.0)
    for name, value in changes.items():
        setattr(frame.profile, name, value)
    return frame


def _unordered_sketch() -> pb.Frame:
    frame = numbers(1.0, 2.0)
    frame.profile.columns[0].sketch.points = raw([2.0, float("nan")], "<f8")
    return frame


def _record_at(time_us: int) -> pb.Frame:
    return records_frame(["a"], [time_us], Answers([0.5]))


def _short_records() -> pb.Frame:
    frame = _record_at(1)
    frame.records.event_times_us = b"\0" * 4
    return frame


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (_bad_role(), "unknown role 77"),
        (_bad_profile(rows=1 << 62), "counts 4611686018427387904"),
        (_bad_profile(bin_counts=b"\0" * 7), "array of 7 bytes"),
        (_bad_profile(bin_counts=b"\0" * 8), "names no bins"),
        (_bad_profile(overflow=1 << 63), "counts 9223372036854775808"),
        (_bad_profile(kind=99), "unknown kind 99"),
        (_bad_window(window_length_s=0), "window of 0 s"),
        (_bad_window(window_start_us=1 << 62), "outside the years 1 to 9999"),
        (_bad_window(time_basis=9), "unknown time basis 9"),
        (_unordered_sketch(), "do not ascend"),
        (_record_at(-(1 << 62)), "outside the years 1 to 9999"),
        (_short_records(), "array of 4 bytes"),
        (pb.Frame(deployment="flights"), "without a body"),
    ],
)
def test_a_frame_that_cannot_be_counted_is_rejected_and_does_not_block(store, frame, reason):
    sender = Sender()
    before, bad, after = sender.send(numbers(1.0)), sender.send(frame), sender.send(numbers(2.0))

    result = fold(store, [before, bad, after], HERE)

    assert [one.entry for one in result.rejected] == [bad]
    assert reason in result.rejected[0].reason
    assert rows(store) == 2
    assert [gap.numbers for gap in gap_summary(store) if gap.reason.startswith("rejected: ")] == [1]
    assert marks(store)[sender.epoch].mark == 3


def test_a_rejected_frame_leaves_nothing_behind(store):
    frame = numbers(1.0)
    frame.profile.columns.append(pb.ColumnProfile(name="odd", kind=99))  # type: ignore[arg-type]

    result = fold(store, [Sender().send(frame)], HERE)

    assert len(result.rejected) == 1
    assert rows(store) == 0
    assert store.index.series.known == {}


def test_a_column_that_the_frame_has_no_bins_for_is_counted_in_none(store):
    bins = numeric_bins("temp", np.arange(10.0))
    known = profile_numeric("temp", numeric_values([1.0]), bins)
    unknown = profile_numeric("new", numeric_values([1.0]))

    fold(store, [Sender().send(profile_frame([known, unknown], bins_id=b"b" * 16))], HERE)

    assert {key.column: key.bins_id for key in store.index.series.known} == {"temp": b"b" * 16, "new": b""}


def test_a_pivot_that_is_no_number_costs_the_moments_only(store):
    frame = numbers(1.0)
    frame.profile.columns[0].pivot = float("nan")
    frame.profile.columns[0].sum = float("nan")

    fold(store, [Sender().send(frame)], HERE)

    found = column_moments(store, "flights", version="1", segment="", window=HOUR)["temp"]
    assert (found.rows, found.mean) == (1, None)


def test_records_and_actuals_are_stored(store):
    sender = Sender()
    source = Source(version="2")

    fold(
        store,
        [
            sender.send(records_frame(["a", "b", "a"], [1, 2, 3], Answers([0.1, 0.2, 0.3]), source=source)),
            sender.send(actuals_frame(["a", "a"], [1, 0], [5, 6])),
        ],
        HERE,
    )

    found = stored_counts(store, "flights")
    assert (found.prediction_rows, found.prediction_ids, found.actual_rows, found.actual_ids) == (3, 2, 2, 1)


def test_events_are_stored(store):
    entry = Sender().send(event_frame("cache cold", 5, reason="restart"))

    fold(store, [entry], HERE)

    (event,) = events(store, "flights", window=Window(0, HOUR_US))
    assert (event.name, event.at_us, event.attributes) == ("cache cold", 5, {"reason": "restart"})
    assert event.received_us == entry.received_us


def test_baseline_frames_are_passed_over(store):
    frame = pb.Frame(deployment="flights", version="1", baseline=pb.BaselinePart(part=0, parts=1))

    result = fold(store, [Sender().send(frame)], HERE)

    assert (result.folded, result.rejected) == (1, ())


def test_clamped_rows_are_reported(store):
    frame = numbers(1.0)
    frame.profile.clamped_rows = 7

    assert fold(store, [Sender().send(frame)], HERE).clamped_rows == 7


def test_text_of_any_kind_survives(store):
    names = ["", "é", "nul\0byte", "'; DROP TABLE cells; --", "x" * 200]
    sender = Sender()

    fold(
        store, [sender.send(records_frame(range(5), range(5), Answers(labels=names), source=Source("d", "v'\0")))], HERE
    )

    found = store.rows("joined_labels", [store.index.deployments.known["d"]] * 2)
    assert {name for (name,) in found} == {name[:128] for name in names}
