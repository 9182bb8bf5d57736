"""Monitors that watch the same data read it once."""

import numpy as np

from tidegauge.core.windows import DAY_US, Window
from tidegauge_collector.measuring.gauged import Scope
from tidegauge_collector.measuring.singlerows import SingleRows
from tidegauge_collector.telemetry.fold import LogPosition, fold
from tidegauge_collector.telemetry.testing import Answers, Sender, actuals_frame, records_frame

DAYS = [Window(i * DAY_US, (i + 1) * DAY_US) for i in range(3)]
SCOPE = Scope(deployment="flights", version="1", segment="", windows=DAYS)
UA = Scope(deployment="flights", version="1", segment="carrier=UA", windows=DAYS)


def put(store) -> None:
    ids, times = range(12), [i % 3 * DAY_US for i in range(12)]
    answers = Answers([0.5] * 12, segments=[("carrier=UA",) if i % 2 else ("carrier=AA",) for i in range(12)])
    sender = Sender()
    frames = [records_frame(ids, times, answers), actuals_frame(ids, [1] * 12, [9 * DAY_US] * 12)]
    fold(store, [sender.send(frame) for frame in frames], LogPosition(b"log", 1))


def test_what_was_read_is_not_read_again(store):
    put(store)
    rows = SingleRows(store)

    first, again, other = rows.joined(SCOPE), rows.joined(SCOPE), rows.joined(UA)
    everyone, everyone_again = rows.answered(SCOPE), rows.answered(UA)
    ids = [rows.predicted_ids(one) for one in (SCOPE, SCOPE, UA)]

    assert (len(first), len(other)) == (12, 6)
    assert again is first
    assert everyone_again is everyone, "groups are told apart among all rows"
    assert ids == [[4, 4, 4], [4, 4, 4], [2, 2, 2]]
    assert rows.reads == 5


def test_no_more_rows_are_kept_than_may_be(store):
    put(store)
    rows, alone = SingleRows(store, most_rows=12), SingleRows(store, most_rows=11)

    for _ in range(2):
        rows.joined(SCOPE)
        rows.joined(UA)  # 6 more than may be: the first goes
        alone.joined(SCOPE)

    assert (rows.reads, alone.reads) == (4, 2)
    assert np.sort(rows.joined(UA).event_us).tolist() == np.sort(SingleRows(store).joined(UA).event_us).tolist()
    assert rows.reads == 4
