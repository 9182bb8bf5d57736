"""From when to when there is data, what is known of a deployment, how far the fold is."""

import numpy as np

from tidegauge.core.columns import LATENCY, ColumnKind, category_counts, numeric_values
from tidegauge.core.profile import profile_categories, profile_durations, profile_numeric
from tidegauge.core.windows import DAY_US, HOUR_US, Window
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge_collector.telemetry import extent as extents
from tidegauge_collector.telemetry.extent import Extent, deployments, extent, known, low_watermarks, stored_counts
from tidegauge_collector.telemetry.fold import LogPosition, fold
from tidegauge_collector.telemetry.testing import Answers, Sender, Source, actuals_frame, profile_frame, records_frame

HERE = LogPosition(b"log", 1)


def hour(i):
    return Window(i * HOUR_US, (i + 1) * HOUR_US)


def temp(rows=1):
    return profile_numeric("temp", numeric_values([1.0] * rows))


def put(store, *frames):
    sender = Sender()
    fold(store, [sender.send(frame) for frame in frames], HERE)


def test_an_unknown_deployment_has_no_extent(store):
    assert extent(store, "nowhere") == Extent(None, None, None, None, 0)
    assert stored_counts(store, "nowhere").prediction_rows == 0


def test_profiles_alone_reach_to_the_bounds_of_their_windows(store):
    put(store, profile_frame([temp()], hour(2)), profile_frame([temp()], hour(4)))

    found = extent(store, "flights")

    assert (found.first_event_us, found.last_event_us) == (2 * HOUR_US, 5 * HOUR_US - 1)
    assert found.last_prediction_us == found.last_event_us
    assert found.first_arrival_us is None


def test_the_last_prediction_of_an_hour_that_goes_on_is_not_later_than_the_newest_frame(store):
    sender = Sender(received_us=2 * HOUR_US)
    fold(store, [sender.send(profile_frame([temp()], hour(2), source=Source(low_watermark_us=50)))], HERE)

    found = extent(store, "flights")

    assert found.last_event_us == 3 * HOUR_US - 1
    assert found.last_prediction_us == sender.received_us


def test_records_say_the_exact_times_within_the_outer_windows(store):
    times = [2 * HOUR_US + 5, 4 * HOUR_US + 7]
    put(
        store,
        profile_frame([temp()], hour(2)),
        profile_frame([temp()], hour(4)),
        records_frame("ab", times, Answers([1, 2])),
    )

    found = extent(store, "flights")

    assert (found.first_event_us, found.last_event_us) == tuple(times)


def test_profiles_that_reach_beyond_the_records_count(store):
    put(
        store,
        profile_frame([temp()], hour(2)),
        profile_frame([temp()], hour(4)),
        records_frame("a", [3 * HOUR_US + 5], Answers([1])),
    )

    found = extent(store, "flights")

    assert (found.first_event_us, found.last_event_us) == (2 * HOUR_US, 5 * HOUR_US - 1)


def test_arrival_times_come_from_service_columns_and_records(store):
    latency = profile_durations(LATENCY, np.array([5]))
    put(store, profile_frame([latency], hour(7), arrival=True), records_frame("a", [7 * HOUR_US + 3], Answers([1])))

    found = extent(store, "flights")

    assert (found.first_arrival_us, found.last_arrival_us) == (7 * HOUR_US + 3, 7 * HOUR_US + 3)


def test_predictions_of_the_last_day_are_the_rows_of_the_newest_24_hours(store):
    frames = [profile_frame([temp(i + 1)], hour(i)) for i in range(30)]
    other = profile_numeric("wind", numeric_values([1.0] * 30))
    segment = profile_frame([temp(30)], hour(29), source=Source(segment="a=1"))
    put(store, *frames, profile_frame([other], hour(29)), segment)

    assert extent(store, "flights").last_day_rows == sum(range(7, 31))


def test_records_count_for_the_last_day_where_there_are_no_profiles(store):
    put(store, records_frame("abc", [0, DAY_US, DAY_US + 5], Answers([1, 1, 1])))

    assert extent(store, "flights").last_day_rows == 2


def test_known_lists_what_profiles_speak_of(store):
    carrier = profile_categories("carrier", category_counts(["UA"], ColumnKind.CATEGORICAL))
    latency = profile_durations(LATENCY, np.array([5]))
    put(
        store,
        profile_frame([temp(), carrier]),
        profile_frame([temp()], source=Source(version="2", role=pb.ROLE_CHALLENGER, segment="a=1", batch="b")),
        profile_frame([latency], arrival=True),
    )

    found = known(store, "flights")

    assert found.versions == ("1", "2")
    assert found.roles == {"1": {pb.ROLE_CHAMPION}, "2": {pb.ROLE_CHALLENGER}}
    assert found.columns == {"carrier": ColumnKind.CATEGORICAL, "temp": ColumnKind.NUMERIC}
    assert (found.segments, found.batches) == (("a=1",), ("b",))


def test_deployments_are_known_from_any_frame(store):
    put(store, profile_frame([temp()]), records_frame("a", [1], Answers([1]), source=Source("b")))

    assert deployments(store) == ("b", "flights")


def test_low_watermarks_are_kept_for_each_epoch_and_deployment(store):
    one, two = Sender(b"\x01" * 16), Sender(b"\x02" * 16)
    fold(
        store,
        [
            one.send(profile_frame([], source=Source(low_watermark_us=50))),
            two.send(profile_frame([], source=Source(low_watermark_us=70))),
            two.send(profile_frame([], source=Source("other", low_watermark_us=90))),
            two.send(profile_frame([])),
        ],
        HERE,
    )

    assert low_watermarks(store, "flights") == {one.epoch: 50, two.epoch: 70}
    assert low_watermarks(store, "other") == {two.epoch: 90}


def test_ids_of_many_rows_are_estimated_from_a_share_of_them(store, monkeypatch):
    monkeypatch.setattr(extents, "EXACT_ROWS", 1_000)
    sender = Sender()
    once, twice = [f"once {i}" for i in range(8_000)], [f"twice {i}" for i in range(4_000)]
    ids = once + twice + twice
    fold(
        store,
        [
            sender.send(records_frame(ids, range(len(ids)), Answers([0.5] * len(ids)))),
            sender.send(actuals_frame(once, [1] * len(once), range(len(once)))),
        ],
        HERE,
    )

    counts = stored_counts(store, "flights")

    assert counts.estimated
    assert (counts.prediction_rows, counts.actual_rows) == (16_000, 8_000)
    assert counts.actual_ids == 8_000
    assert abs(counts.prediction_ids - 12_000) < 600


def test_extents_of_many_are_those_of_each_however_far_apart(store):
    put(
        store,
        profile_frame([temp(3)], hour(0), source=Source("old")),
        profile_frame([temp(4)], hour(24 * 30), source=Source("new")),
        profile_frame([temp(5)], hour(24 * 30 - 1), source=Source("newer")),
    )
    names = ["old", "new", "newer", "nowhere"]

    found = extents.extents(store, names)

    assert found == {name: extent(store, name) for name in names}
    assert [found[name].last_day_rows for name in names] == [3, 4, 5, 0]


def test_an_epoch_that_is_folded_while_the_newest_frame_is_looked_for_disturbs_nobody(store):
    sender, other = Sender(), Sender(b"\x02" * 16, received_us=9_000_000)

    def frame(hours):
        return profile_frame([temp()], hour(hours), source=Source(low_watermark_us=50))

    class Marks(dict):
        """Those of the store; when one is looked up, the fold goes on."""

        def look(self, find):
            store.index.marks = known = dict(self)
            put_by(store, other, frame(1))
            return find(known)

        def get(self, epoch, default=None):
            return self.look(lambda known: known.get(epoch, default))

        def __contains__(self, epoch):
            return self.look(lambda known: epoch in known)

    put_by(store, sender, frame(0))
    store.index.marks = Marks(store.index.marks)

    assert extents.received_us(store, "flights") == sender.received_us


def put_by(store, sender, *frames):
    fold(store, [sender.send(frame) for frame in frames], HERE)
