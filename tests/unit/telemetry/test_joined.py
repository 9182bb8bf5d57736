"""The join of predictions and actuals: which one counts where there are several, and what counts for coverage."""

import numpy as np
import pytest

from tidegauge.core.outcomes import NO_LABEL
from tidegauge.core.windows import HOUR_US, Window
from tidegauge_collector.telemetry.fold import LogPosition, fold
from tidegauge_collector.telemetry.joined import joined, predicted_ids
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.telemetry.testing import Answers, Sender, Source, actuals_frame, records_frame

HERE = LogPosition(b"log", 1)
FAR_US = 10**12


def put(store, *frames, epoch=b"\x01" * 16):
    sender = Sender(epoch)
    fold(store, [sender.send(frame) for frame in frames], HERE)


def rows(store, *, version="1", segment="", start_us=0, end_us=FAR_US):
    found = joined(store, "flights", version=version, segment=segment, start_us=start_us, end_us=end_us)
    return sorted(zip(found.event_us.tolist(), found.score.tolist(), found.actual_value.tolist(), strict=True))


def predicted(ids, event_us, scores, **source):
    return records_frame(ids, event_us, Answers(scores), source=Source(**source))


def test_predictions_without_truth_and_truths_without_prediction_do_not_join(store):
    put(store, predicted(["a", "b"], [1, 2], [0.1, 0.2]), actuals_frame(["b", "c"], [1, 0], [9, 9]))

    assert rows(store) == [(2, 0.2, 1.0)]


def test_actuals_may_come_before_predictions(store):
    put(store, actuals_frame(["a"], [1], [9]), predicted(["a"], [1], [0.1]))

    assert rows(store) == [(1, 0.1, 1.0)]


def test_of_several_predictions_of_a_version_the_latest_event_time_counts(store):
    put(store, predicted(["a", "a", "b"], [5, 3, 4], [0.5, 0.3, 0.4]), actuals_frame(["a", "b"], [1, 1], [9, 9]))

    assert rows(store) == [(4, 0.4, 1.0), (5, 0.5, 1.0)]


def test_of_equal_event_times_the_one_received_last_counts(store):
    put(store, predicted(["a", "a"], [5, 5], [0.1, 0.2]), predicted(["a"], [5], [0.3]), actuals_frame(["a"], [1], [9]))

    assert rows(store) == [(5, 0.3, 1.0)]


def test_an_earlier_prediction_does_not_count_in_its_own_range_either(store):
    put(store, predicted(["a", "a"], [5, 50], [0.1, 0.2]), actuals_frame(["a"], [1], [99]))

    assert rows(store, end_us=10) == []
    assert rows(store, start_us=10) == [(50, 0.2, 1.0)]


def test_versions_each_have_their_own_prediction_of_an_id(store):
    put(store, predicted(["a"], [5], [0.1]), predicted(["a"], [6], [0.2], version="2"), actuals_frame(["a"], [1], [9]))

    assert rows(store, version="1") == [(5, 0.1, 1.0)]
    assert rows(store, version="2") == [(6, 0.2, 1.0)]
    assert rows(store, version=None) == [(5, 0.1, 1.0), (6, 0.2, 1.0)]
    assert rows(store, version="3") == []


def test_deployments_do_not_join(store):
    put(store, predicted(["a"], [5], [0.1], deployment="other"), actuals_frame(["a"], [1], [9]))

    assert rows(store) == []


@pytest.mark.parametrize("swapped", [False, True])
def test_of_several_actuals_the_latest_actual_time_counts(store, swapped):
    frames = [actuals_frame(["a"], [1], [20]), actuals_frame(["a"], [0], [10])]
    put(store, predicted(["a"], [5], [0.1]), *(frames[::-1] if swapped else frames))

    assert rows(store) == [(5, 0.1, 1.0)]


def test_of_actuals_at_one_time_the_greatest_epoch_then_frame_then_row_counts(store):
    put(store, predicted(["a"], [5], [0.1]))
    put(store, actuals_frame(["a", "a"], [4, 5], [9, 9]), epoch=b"\x03" * 16)
    assert rows(store) == [(5, 0.1, 5.0)]

    put(store, actuals_frame(["a"], [6], [9]), actuals_frame(["a"], [7], [9]), epoch=b"\x04" * 16)
    put(store, actuals_frame(["a"], [8], [9]), epoch=b"\x02" * 16)
    assert rows(store) == [(5, 0.1, 7.0)]


def test_a_segment_has_the_rows_that_carry_it(store):
    segments = [("carrier=UA", "origin=JFK"), ("carrier=AA",), (), ("carrier=UA", "origin=LGA")]
    answers = Answers([0.1, 0.2, 0.3, 0.4], segments=segments)
    put(store, records_frame("abcd", [1, 2, 3, 4], answers), actuals_frame("abcd", [1, 1, 1, 1], [9] * 4))

    assert [row[0] for row in rows(store, segment="carrier=UA")] == [1, 4]
    assert [row[0] for row in rows(store, segment="carrier=UA&origin=JFK")] == [1]
    assert [row[0] for row in rows(store, segment="carrier=DL")] == []
    assert [row[0] for row in rows(store)] == [1, 2, 3, 4]


def test_labels_of_both_sides_index_the_same_names(store):
    answers = Answers(labels=["late", "early", "late"])
    put(store, records_frame("abc", [1, 2, 3], answers), actuals_frame("abc", ["early", "early", "on time"], [9] * 3))

    found = joined(store, "flights", version="1", segment="", start_us=0, end_us=FAR_US)

    order = np.argsort(found.event_us)
    names = np.array(found.label.names)
    assert found.label.names == found.actual_label.names
    assert names[found.label.codes[order]].tolist() == ["late", "early", "late"]
    assert names[found.actual_label.codes[order]].tolist() == ["early", "early", "on time"]
    assert np.isnan(found.score).all()
    assert np.isnan(found.actual_value).all()


def test_rows_without_labels_have_none(store):
    put(store, predicted(["a"], [1], [0.5]), actuals_frame(["a"], [1], [9]))

    found = joined(store, "flights", version="1", segment="", start_us=0, end_us=FAR_US)

    assert found.label.codes.tolist() == found.actual_label.codes.tolist() == [NO_LABEL]
    assert found.actual_us.tolist() == [9]


def test_class_scores_come_by_class(store):
    first = Answers(outputs={"B": [0.1, 0.2], "A": [0.9, 0.8]})
    second = Answers(outputs={"C": [0.7]})
    put(
        store,
        records_frame("ab", [1, 2], first),
        records_frame("c", [3], second),
        predicted(["d"], [4], [0.5]),
        actuals_frame("abcd", ["A"] * 4, [9] * 4),
    )

    found = joined(store, "flights", version="1", segment="", start_us=0, end_us=FAR_US)

    order = np.argsort(found.event_us)
    nan = np.nan
    wanted = {"A": [0.9, 0.8, nan, nan], "B": [0.1, 0.2, nan, nan], "C": [nan, nan, 0.7, nan]}
    assert set(found.class_scores) == set(wanted)
    for name, scores in wanted.items():
        np.testing.assert_array_equal(found.class_scores[name][order], scores)


def test_an_unknown_deployment_has_no_rows(store):
    assert rows(store) == []
    assert len(joined(store, "nowhere", version=None, segment="", start_us=0, end_us=1)) == 0


def test_predicted_ids_count_each_id_once_a_window(store):
    hours = [Window(i * HOUR_US, (i + 1) * HOUR_US) for i in range(3)]
    times = [0, 1, HOUR_US - 1, HOUR_US, HOUR_US + 1]
    put(store, predicted(["a", "b", "a", "a", "c"], times, [0.1] * 5))

    found = predicted_ids(
        store, "flights", version="1", segment="", windows=[*hours, Window(0, 3 * HOUR_US), Window(1, 2)]
    )

    assert found.tolist() == [2, 2, 0, 3, 1]


def test_predicted_ids_of_no_window_or_an_empty_one_are_none(store):
    assert predicted_ids(store, "flights", version="1", segment="", windows=[]).tolist() == []
    assert predicted_ids(store, "flights", version="1", segment="", windows=[Window(5, 5)]).tolist() == [0]


def test_the_first_class_scores_of_all_that_are_folded_while_rows_are_joined_do_not_break_it(store, monkeypatch):
    put(store, predicted(["a"], [1], [0.1]), actuals_frame(["a", "b"], [1, 1], [9, 9]))
    scored = records_frame(["b"], [2], Answers([0.2], outputs={"x": [0.3], "y": [0.7]}))
    snapshot = TelemetryStore.snapshot

    def folded_before(self):
        put(store, scored, epoch=b"\x02" * 16)
        return snapshot(self)

    monkeypatch.setattr(TelemetryStore, "snapshot", folded_before)

    assert rows(store) == [(1, 0.1, 1.0), (2, 0.2, 1.0)]
