"""What leaves the worker, when, and how much it may say."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import agent_frames as view
import numpy as np
import pandas as pd
import pytest

import tidegauge
from tidegauge.core.bins import ReferenceBins, categorical_bins, numeric_bins
from tidegauge.core.columns import ColumnKind
from tidegauge.errors import WireError
from tidegauge.settings import AgentSettings
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.binsfile import bins_path, write_bins
from tidegauge.wire.codec import decode_frame, decode_profile
from tidegauge.worker import cells
from tidegauge.worker.calls import Call, CallContext, Calls, Origin
from tidegauge.worker.deployment import DeploymentWorker
from tidegauge.worker.frames import SealedFrame

MakeAgent = Callable[..., tidegauge.Agent]
HOUR_US = 3_600_000_000
NOON_US = 1_795_435_200_000_000
BINS = ReferenceBins(
    {
        "x": numeric_bins("x", np.arange(100.0)),
        "c": categorical_bins("c", {"a": 50, "b": 50}, kind=ColumnKind.CATEGORICAL),
    }
)


class Worker:
    """A deployment's worker without thread, disk or clock: calls in, frames out."""

    def __init__(self, **options: Any) -> None:
        self.bins: ReferenceBins | WireError | None = None
        settings = AgentSettings(deployment="flights-delay", **options)
        self.target = DeploymentWorker(settings, bins=self._read_bins, wall_us=lambda ns: NOON_US + ns // 1_000)

    def _read_bins(self) -> ReferenceBins | None:
        if isinstance(self.bins, WireError):
            raise self.bins
        return self.bins

    def call(self, inputs: Any, result: Any = None, *, at_us: int = 0, **context: Any) -> None:
        stated = CallContext(**context) if context else None
        call = Call(Origin(self.target, "predict"), inputs, result, at_us * 1_000, 1_000, stated)
        self.target.take(Calls.of([call]), NOON_US + at_us)

    def seal(self, at_us: int = 0, **options: Any) -> list[pb.Frame]:
        sealed = self.target.seal(NOON_US + at_us, **{"profiles": True} | options)
        return list(decoded(sealed))

    @property
    def counts(self) -> dict[str, int]:
        return {name: n for name, n in self.target.counts.items() if n}


def decoded(frames: list[SealedFrame]) -> Iterator[pb.Frame]:
    for frame in frames:
        yield decode_frame(frame.payload)


def test_no_profile_of_fewer_than_ten_rows_leaves_before_its_window_closes() -> None:
    worker = Worker()
    for i in range(9):
        worker.call({"x": float(i)})

    assert view.profiles(worker.seal()) == []
    worker.call({"x": 9.0})
    assert view.column(worker.seal(), "x").rows == 10


def test_a_small_window_leaves_when_it_closes_and_when_everything_is_sealed() -> None:
    worker = Worker()
    worker.call({"x": 1.0})
    assert view.column(worker.seal(everything=True), "x").rows == 1

    worker.call({"x": 2.0}, at_us=HOUR_US - 1_000_000)
    assert view.profiles(worker.seal(at_us=HOUR_US + 58_000_000)) == []  # its last row came less than a minute ago
    (body,) = view.profiles(worker.seal(at_us=HOUR_US + 62_000_000))
    assert (body.window_closed, body.columns[0].rows) == (True, 1)


def test_a_window_closes_by_the_clock_where_no_newer_row_comes() -> None:
    worker = Worker()
    for _ in range(20):
        worker.call({"x": 1.0})

    (body,) = view.profiles(worker.seal(at_us=2 * HOUR_US))

    assert body.window_closed
    assert len(worker.target._windows) == 0


def test_without_bins_each_seal_has_sketches_and_with_bins_only_the_last() -> None:
    without, with_bins = Worker(), Worker()
    with_bins.bins = BINS
    for worker in (without, with_bins):
        for i in range(20):
            worker.call({"x": float(i)})

    first = [view.profiles(worker.seal())[0] for worker in (without, with_bins)]
    for worker in (without, with_bins):
        worker.call({"x": 5.0})
    last = [view.profiles(worker.seal(final=True, everything=True))[0] for worker in (without, with_bins)]

    def sketched(body: pb.Profile) -> int:
        return next(int(column.sketch.count) for column in body.columns if column.name == "x")

    assert list(map(sketched, first)) == [20, 0]
    assert list(map(sketched, last)) == [1, 21]
    assert [body.window_closed for body in first + last] == [False, False, True, True]


def test_rare_names_of_a_column_of_mostly_distinct_values_stay_at_home() -> None:
    worker = Worker()
    for i in range(300):
        worker.call({"user": f"user-{i}" if i % 10 else "guest", "carrier": ("UA", "DL")[i % 2]})

    frames = worker.seal()

    user, carrier = view.column(frames, "user"), view.column(frames, "carrier")
    assert user.names == {"guest": 30}
    assert user.overflow == 270
    assert carrier.names == {"UA": 150, "DL": 150}


@pytest.mark.parametrize("rows", [5_000, 50_000])
def test_ids_stay_at_home_however_many_rows_come(rows: int) -> None:
    worker = Worker()
    for start in range(0, rows, 1_000):
        worker.call([{"user": f"user-{i}"} for i in range(start, start + 1_000)])
        names = [c.names for c in map(decode_profile, (c for f in worker.seal() for c in f.profile.columns)) if c.names]

        assert names == []


def test_a_new_category_of_a_known_column_is_named_from_its_first_row() -> None:
    worker = Worker()
    worker.bins = BINS
    for i in range(50):
        worker.call({"c": "ab"[i % 2]})
    worker.call({"c": "brand new"})

    column = view.column(worker.seal(), "c")

    assert (column.names, column.overflow) == ({"brand new": 1}, 0)
    assert column.bin_counts is not None
    assert column.bin_counts.tolist() == [25, 25, 1]


def test_names_of_a_wild_column_are_bounded_in_memory_and_on_the_wire() -> None:
    worker = Worker()
    for start in range(0, 40_000, 4_000):
        worker.call([{"c": f"{(i * i) % 20_011}"} for i in range(start, start + 4_000)])
        assert worker.target._windows.size_bytes < 4_000_000

    column = view.column(worker.seal(), "c")

    assert len(column.names) <= cells.MAX_NAMES
    assert column.rows == 40_000 == sum(column.names.values()) + column.overflow


def test_bins_that_arrive_in_mid_window_close_what_was_counted_without_them() -> None:
    worker = Worker()
    worker.call([{"x": float(i), "c": "a"} for i in range(5_000)])

    worker.bins = BINS
    worker.call({"x": 3.0, "c": "z"})
    before, after = view.profiles(worker.seal(everything=True))

    assert (before.bins_id, after.bins_id) == (b"", BINS.bins_id)
    rows = [max(c.rows for c in body.columns) for body in (before, after)]
    assert rows == [5_000, 1]
    assert {c.name: c.sketch.count for c in before.columns}["x"] == rows[0]
    assert (before.window_start_us, after.window_start_us) == (NOON_US, NOON_US)


def test_rows_that_were_still_waiting_are_counted_in_the_bins_that_arrived() -> None:
    worker = Worker()
    worker.call({"x": 3.0, "c": "a"})
    worker.bins = BINS

    (body,) = view.profiles(worker.seal(everything=True))

    assert body.bins_id == BINS.bins_id


def test_a_damaged_bins_file_stops_nothing(make_agent: MakeAgent, spooled: Any) -> None:
    agent = make_agent()
    path = write_bins(agent.settings.root, "flights-delay", "v1", BINS)
    path.write_bytes(b"\xff" * 100)

    agent.record([{"x": 1.0}] * 20)
    agent.flush()
    write_bins(agent.settings.root, "flights-delay", "v1", BINS)
    agent.record([{"x": 1.0}] * 3)
    agent.flush()

    bodies = view.profiles(spooled(agent))
    assert [(body.bins_id, body.columns[0].rows) for body in bodies if body.columns[0].rows] == [
        (b"", 20),
        (BINS.bins_id, 3),
    ]
    assert agent.status()["counters"]["bins_unreadable"] == 1


def test_bins_of_the_host_are_picked_up_by_another_worker(make_agent: MakeAgent, spooled: Any) -> None:
    agent = make_agent()
    write_bins(agent.settings.root, "flights-delay", "v1", BINS)

    agent.record({"x": 1.0})
    agent.flush()

    assert bins_path(agent.settings.root, "flights-delay", "v1").exists()
    assert view.profiles(spooled(agent))[0].bins_id == BINS.bins_id


def test_columns_that_are_missing_or_new_are_counted() -> None:
    worker = Worker()
    worker.bins = BINS

    worker.call([{"x": 1.0, "c": "a"}] * 10)
    worker.call([{"x": 1.0, "y": 2.0}] * 10)
    frames = worker.seal()

    c, y = view.column(frames, "c"), view.column(frames, "y")
    assert (c.rows, c.missing) == (20, 10)
    assert (y.rows, y.missing) == (20, 10)  # known from the second call on, both were read together
    assert worker.counts["columns_new"] == 1
    worker.call([{"c": "a"}] * 10)
    assert view.column(worker.seal(), "x").missing == 10
    assert worker.counts["columns_missing"] == 2


def test_odd_values_land_in_counters_of_their_own() -> None:
    worker = Worker()
    worker.bins = BINS
    odd = [1.0, None, float("nan"), float("inf"), "text", True, [1], 10**400, np.float32(2.0), pd.NA]

    for value in odd:
        worker.call({"x": value, "c": "a"})
    column = view.column(worker.seal(), "x")

    assert (column.rows, column.missing, column.non_finite, column.invalid) == (10, 3, 2, 3)
    assert column.bin_counts is not None
    assert column.bin_counts.sum() == 2


def test_rows_with_images_or_long_texts_do_not_keep_them_in_memory_while_they_wait() -> None:
    worker = Worker()
    for i in range(20):
        worker.call(
            {"x": 1.0, "image": np.zeros(1_000_000), "text": f"{i:05} " + "lorem " * 100_000, "vector": [0.5] * 10_000}
        )

    waiting = [call.inputs for calls in worker.target._waiting for call in calls]
    assert len(waiting) > 1
    assert all(len(row["text"]) < 1_000 and not hasattr(row["image"], "__len__") for row in waiting)
    frames = worker.seal()
    found = {name: view.column(frames, name).maximum for name in ("text.length", "image.dimensions", "vector.norm")}
    assert found == {"text.length": 600_006, "image.dimensions": 1_000_000, "vector.norm": 50.0}
    assert view.column(frames, "x").rows == view.column(frames, "text.words").rows == 20


def test_future_stamps_are_clamped_and_flagged() -> None:
    worker = Worker()
    worker.call([{"x": 1.0}] * 20, timestamps=NOON_US / 1e6 + 86_400)

    (body,) = view.profiles(worker.seal(at_us=1_000_000))

    assert (body.clamped_rows, body.window_start_us) == (20, NOON_US)


def test_more_than_fifty_values_of_a_segment_are_other() -> None:
    worker = Worker(segments=("airport",))
    worker.call([{"airport": f"A{i}", "x": 1.0} for i in range(60)])

    found = view.rows_by_segment(worker.seal(everything=True))

    assert len(found) == 52
    assert (found[""], found["airport=other"]) == (60, 10)
    assert worker.target.segment_overflow_rows == 10


def test_a_deployment_with_many_columns_has_fewer_segments_so_that_cells_stay_in_budget() -> None:
    worker = Worker(segments=("airport",))
    rows = [{"airport": f"A{i % 50}"} | {f"x{j}": 1.0 for j in range(200)} for i in range(100)]

    for _ in range(60):
        worker.call(rows)
        assert worker.target._windows.cells <= cells.MAX_CELLS

    assert view.rows_by_segment(worker.seal(everything=True))[""] > 0


def test_cells_over_budget_are_sealed_early_the_oldest_windows_first() -> None:
    worker = Worker()
    for hour in range(60):
        times = [NOON_US / 1e6 - 3_600 * (59 - hour)] * 100
        worker.call([{f"x{j}": 1.0 for j in range(100)}] * 100, timestamps=times)
    worker.target.aggregate(NOON_US)

    assert worker.target._windows.cells <= cells.MAX_CELLS
    bodies = view.profiles(worker.seal(everything=True))
    assert worker.counts["sealed_early"] >= 1
    assert sum(max(c.rows for c in body.columns) for body in bodies) == 6_000
    early, late = ([b.window_start_us for b in bodies if b.window_closed is closed] for closed in (True, False))
    assert max(early) < min(late)


def test_a_wide_deployment_is_split_over_frames_by_columns(make_agent: MakeAgent, spooled: Any) -> None:
    agent = make_agent()
    rng = np.random.default_rng(0)

    agent.record(rng.normal(size=(1_000, 400)))
    agent.flush()

    bodies = view.profiles(spooled(agent))
    assert len(bodies) > 2
    names = [c.name for body in bodies for c in body.columns]
    assert (len(names), len(set(names))) == (400, 400)
    assert agent.status()["sealed"] == 1_000


def test_more_than_two_thousand_columns_are_cut_and_counted() -> None:
    worker = Worker()
    worker.call(np.ones((3, 2_500)))

    assert sum(len(body.columns) for body in view.profiles(worker.seal(everything=True))) == 2_000
    assert worker.counts["columns_over_limit"] == 1


def test_the_sketch_of_a_busy_hour_is_within_half_a_percent() -> None:
    worker = Worker()
    worker.bins = ReferenceBins({"x": numeric_bins("x", np.arange(100.0))})
    rng = np.random.default_rng(1)
    values = rng.lognormal(sigma=2, size=1_000_000)

    for start in range(0, len(values), 8_192):
        worker.call(values[start : start + 8_192].reshape(-1, 1))
    column = view.column(worker.seal(final=True, everything=True), "f0")

    found = np.array([column.sketch.quantile(q / 100) for q in range(1, 100)])
    ranks = np.searchsorted(np.sort(values), found) / len(values)
    assert np.abs(ranks - np.arange(1, 100) / 100).max() <= 0.005
    assert (column.rows, column.sketch.count) == (1_000_000, 1_000_000)


def test_frames_never_overtake_the_watermark_of_another_version(make_agent: MakeAgent, spooled: Any) -> None:
    old, new = make_agent(version="v1"), make_agent(version="v2", role="challenger")

    old.record([{"x": 1.0}] * 5, timestamps="2026-11-23T10:00:00Z")
    new.record([{"x": 1.0}] * 50, timestamps="2026-11-23T12:00:00Z")
    runtime = old._capture.runtime
    with runtime.locked():
        runtime.relieve()
        runtime._seal(profiles=True)

    marks = {frame.low_watermark_us for frame in spooled(old)} - {0}
    assert marks == {NOON_US - 2 * HOUR_US}


def test_one_poisoned_version_does_not_hold_up_the_others(
    make_agent: MakeAgent, spooled: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sick, well = make_agent("sick"), make_agent("well")
    sick.record([{"x": 1.0}] * 20)
    well.record([{"x": 1.0}] * 20)
    monkeypatch.setattr(sick._target, "seal", lambda *args, **kwargs: 1 / 0)

    well.flush()

    assert {frame.deployment for frame in spooled(well)} == {"well"}
    assert well.status()["counters"]["internal_errors"] == 1


def test_the_newest_options_hold_where_a_deployment_is_made_twice(make_agent: MakeAgent, spooled: Any) -> None:
    make_agent(segments=["a"])
    agent = make_agent(segments=["b"])

    agent.record({"a": "x", "b": "y"})
    agent.flush()

    assert set(view.rows_by_segment(spooled(agent))) == {"", "b=y"}


def test_two_agents_of_one_root_share_the_worker(
    make_agent: MakeAgent, spool_reader: Callable[[Path], list[Any]]
) -> None:
    one, other = make_agent("one"), make_agent("other")

    one.record({"x": 1.0})
    other.record({"x": 1.0})
    one.flush()

    assert one._capture is other._capture
    found = spool_reader(one.settings.root)
    assert len({spooled.epoch for spooled in found}) == 1
    assert {spooled.frame.deployment for spooled in found} == {"one", "other"}


@pytest.mark.parametrize("durability", ["seal", "interval", "always"])
def test_flush_returns_when_everything_is_durable(
    make_agent: Callable[..., tidegauge.Agent], spooled: Callable[[tidegauge.Agent], Any], durability: str
) -> None:
    agent = make_agent(durability=durability)
    predict = agent.watch(lambda row: 0.5)

    for rows in range(1, 4):
        predict({"x": 1.0})
        agent.flush()

        assert agent.status()["sealed"] == rows
        assert (
            sum(column.rows for frame in spooled(agent) for column in frame.profile.columns if column.name == "x")
            == rows
        )
