"""Stored predictions come a page at a time, each once, in one order."""

import pytest

from tidegauge.core.ids import digest_id
from tidegauge_collector.telemetry.fold import LogPosition, fold
from tidegauge_collector.telemetry.records import START, records
from tidegauge_collector.telemetry.testing import Answers, Sender, Source, actuals_frame, records_frame

HERE = LogPosition(b"log", 1)


def test_a_record_shows_what_is_stored_of_it(store):
    sender = Sender()
    answers = Answers([0.5], ["late"], [("carrier=UA",)])
    fold(
        store,
        [
            sender.send(records_frame(["a"], [7], answers, source=Source(version="2"))),
            sender.send(actuals_frame(["a", "a"], [1, 0], [9, 8])),
        ],
        HERE,
    )

    (found,) = records(store, "flights")

    assert found.prediction_id == digest_id("a").hex()
    assert (found.event_us, found.version, found.score, found.label) == (7, "2", 0.5, "late")
    assert (found.segments, found.actual_value, found.actual_label, found.actual_us) == (("carrier=UA",), 1.0, None, 9)


def test_pages_hold_every_record_once_in_order(store):
    one, two = Sender(b"\x01" * 16), Sender(b"\x02" * 16)
    frames = [records_frame(range(10), [i // 3 for i in range(10)], Answers([i / 10 for i in range(10)]))] * 2
    fold(store, [sender.send(frame) for sender in (one, two) for frame in frames], HERE)

    seen = []
    after = START
    while page := records(store, "flights", after=after, limit=7):
        assert len(page) <= 7
        seen += page
        after = page[-1].cursor

    assert len(seen) == len({one.cursor for one in seen}) == 40
    assert [one.cursor for one in seen] == sorted(one.cursor for one in seen)


def test_records_of_other_deployments_stay_out(store):
    fold(store, [Sender().send(records_frame("a", [1], Answers([1]), source=Source("other")))], HERE)

    assert records(store, "flights") == []


@pytest.mark.parametrize("limit", [0, -1, 10_001])
def test_a_limit_out_of_range_is_refused(store, limit):
    with pytest.raises(ValueError, match=f"limit is {limit}"):
        records(store, "flights", limit=limit)
