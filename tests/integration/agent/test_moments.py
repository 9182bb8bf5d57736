"""Second moments: gathered while a window is open, sealed with its close, in frames that fit."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tidegauge
from tidegauge.core.bins import ReferenceBins, categorical_bins, numeric_bins
from tidegauge.core.moments import BLOCKS, MAX_COLUMNS, SecondMoments, merge_moments
from tidegauge.settings import AgentSettings
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.codec import MAX_FRAME_BYTES, decode_frame, decode_moments
from tidegauge.wire.rows import decode_baseline
from tidegauge.worker.calls import Call, Calls, Origin
from tidegauge.worker.deployment import DeploymentWorker
from tidegauge.worker.frames import SealedFrame

MakeAgent = Callable[..., tidegauge.Agent]
Spooled = Callable[[tidegauge.Agent], list[pb.Frame]]
NOON_US = 1_795_435_200_000_000


def worker_of(bins: ReferenceBins | None, **options: Any) -> DeploymentWorker:
    names = tuple(bins.columns) if bins else ()
    settings = AgentSettings(deployment="flights-delay", **{"feature_names": names} | options)
    return DeploymentWorker(settings, bins=lambda: bins, wall_us=lambda ns: NOON_US + ns // 1_000)


def bins_of(table: np.ndarray) -> ReferenceBins:
    return ReferenceBins({f"x{i}": numeric_bins(f"x{i}", np.sort(values)) for i, values in enumerate(table.T)})


def take(worker: DeploymentWorker, inputs: Any) -> None:
    worker.take(Calls.of([Call(Origin(worker, "predict"), inputs, None, 0, 1_000)]), NOON_US)


def moments_in(frames: list[SealedFrame]) -> list[SecondMoments]:
    bodies = [decode_frame(frame.payload).profile for frame in frames]
    return [decode_moments(body.second_moments) for body in bodies if body.HasField("second_moments")]


@pytest.fixture
def table() -> np.ndarray:
    return np.random.default_rng(5).normal(loc=3.0, size=(9_000, 4)) @ np.triu(np.ones((4, 4)))


def test_a_window_closes_with_the_moments_of_all_its_rows(table: np.ndarray) -> None:
    worker = worker_of(bins_of(table[:500]))
    for start in range(0, len(table), 700):
        take(worker, table[start : start + 700])
        assert moments_in(worker.seal(NOON_US, profiles=True)) == []  # the window is open

    (found,) = moments_in(worker.seal(NOON_US, profiles=True, final=True))

    z = ((table - table[:500].mean(axis=0)) / table[:500].std(axis=0)).T
    assert (found.columns, found.rows) == (("x0", "x1", "x2", "x3"), len(table))
    assert found.sums == pytest.approx(z.sum(axis=1), rel=1e-9)
    assert found.matrix() == pytest.approx(z @ z.T, rel=1e-12)


def test_without_a_baseline_there_are_none(table: np.ndarray) -> None:
    worker = worker_of(None)
    take(worker, table)

    assert moments_in(worker.seal(NOON_US, profiles=True, final=True)) == []


def test_segments_have_none_and_names_and_answers_are_no_part_of_them(table: np.ndarray) -> None:
    bins = ReferenceBins(
        {
            **bins_of(table).columns,
            "carrier": categorical_bins("carrier", {"UA": 60, "DL": 40}),
            "_prediction": numeric_bins("_prediction", np.arange(100.0)),
        }
    )
    worker = worker_of(bins, segments=("carrier",))
    rows = [{**dict(zip(bins.columns, row, strict=False)), "carrier": "UA"} for row in table[:20].tolist()]
    for row in rows:
        worker.take(Calls.of([Call(Origin(worker, "predict"), row, 0.5, 0, 1_000)]), NOON_US)

    sealed = [decode_frame(frame.payload) for frame in worker.seal(NOON_US, profiles=True, final=True)]

    with_moments = [frame.profile for frame in sealed if frame.profile.HasField("second_moments")]
    assert [(body.segment, list(body.second_moments.columns)) for body in with_moments] == [
        ("", ["x0", "x1", "x2", "x3"])
    ]
    assert "carrier=UA" in {frame.profile.segment for frame in sealed}


def test_of_fewer_than_ten_rows_none_leave_and_it_is_counted(table: np.ndarray) -> None:
    worker = worker_of(bins_of(table))
    take(worker, table[:9])

    assert moments_in(worker.seal(NOON_US, profiles=True, final=True)) == []
    assert worker.counts["moments_rows_too_few"] == 9


def test_beyond_a_hundred_columns_the_first_are_kept_in_frames_that_fit() -> None:
    wide = np.random.default_rng(6).normal(size=(40, 130))
    worker = worker_of(bins_of(wide))
    take(worker, wide)

    frames = worker.seal(NOON_US, profiles=True, final=True)

    (found,) = moments_in(frames)
    assert found.columns == tuple(f"x{i}" for i in range(MAX_COLUMNS))
    assert worker.counts["moments_columns_over_limit"] == 30
    assert max(len(frame.payload) for frame in frames) <= MAX_FRAME_BYTES


def test_a_column_as_large_as_a_frame_leaves_the_moments_to_one_of_their_own(table: np.ndarray) -> None:
    names = {f"{i:04}" + "é" * 124: 10 for i in range(1_000)}
    bins = ReferenceBins({"city": categorical_bins("city", {"a": 5}), **bins_of(table).columns})
    worker = worker_of(bins)
    for name in names:
        take(worker, {"city": name, **dict(zip(["x0", "x1", "x2", "x3"], table[0].tolist(), strict=True))})

    frames = worker.seal(NOON_US, profiles=True, final=True)

    assert len(moments_in(frames)) == 1
    assert max(len(frame.payload) for frame in frames) <= MAX_FRAME_BYTES


def test_moments_count_in_the_memory_of_open_windows() -> None:
    wide = np.random.default_rng(6).normal(size=(40, 100))
    worker, without = worker_of(bins_of(wide)), worker_of(bins_of(np.ones((40, 100))))
    for one in (worker, without):
        take(one, wide)
        one.aggregate(NOON_US)

    added = worker._windows.size_bytes - without._windows.size_bytes

    assert added > 8 * 5_050


def test_a_baseline_carries_the_moments_of_twenty_blocks_over_as_many_parts_as_it_needs(
    make_agent: MakeAgent, spooled: Spooled
) -> None:
    wide = np.random.default_rng(6).normal(size=(210, 100))
    agent = make_agent()

    agent.baseline(wide)

    parts = [frame.baseline for frame in spooled(agent) if frame.WhichOneof("body") == "baseline"]
    assert all(part.ByteSize() <= MAX_FRAME_BYTES for part in parts)
    blocks = decode_baseline(parts).moment_blocks
    assert len(blocks) == BLOCKS
    whole = merge_moments(blocks)
    assert whole.rows == 210
    assert whole.sums == pytest.approx(np.zeros(100), abs=1e-9)
    assert np.diag(whole.matrix()) == pytest.approx(np.full(100, 210.0))


def test_a_baseline_of_fewer_than_two_hundred_rows_has_no_blocks(make_agent: MakeAgent, spooled: Spooled) -> None:
    agent = make_agent()

    agent.baseline(np.random.default_rng(6).normal(size=(199, 3)))

    parts = [frame.baseline for frame in spooled(agent) if frame.WhichOneof("body") == "baseline"]
    assert decode_baseline(parts).moment_blocks == ()
