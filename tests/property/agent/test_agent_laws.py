"""Laws of the worker: whatever the calls, nothing is lost, doubled or told too early."""

from collections import Counter
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegauge.capture import CallBuffer, Recorder
from tidegauge.core.columns import ColumnKind
from tidegauge.settings import AgentSettings
from tidegauge.watch import watch
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.codec import decode_frame
from tidegauge.worker.calls import Call, CallContext, Calls, Origin
from tidegauge.worker.deployment import DeploymentWorker
from tidegauge.worker.runtime import _with_watermark

NOW_US = 1_795_435_200_000_000
HOUR_US = 3_600_000_000
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.text(max_size=3),
    st.lists(st.integers(), max_size=1),
)
ROWS = st.dictionaries(st.sampled_from(["a", "b", "c"]), VALUES, max_size=3)
TABLES = st.one_of(
    ROWS,
    st.lists(ROWS, min_size=1, max_size=4),
    st.lists(st.lists(VALUES, min_size=2, max_size=2), min_size=1, max_size=3),
    st.tuples(st.integers(1, 4), st.integers(1, 3)).map(np.ones),
    st.integers(1, 3).map(np.ones),
)
ANSWERS = st.one_of(
    st.none(), st.floats(), st.text(max_size=2), st.booleans(), st.just([0.5]), st.just(np.array([0.5]))
)


class Quiet:
    """A recorder's worker that does nothing: the test drains."""

    def start(self) -> None: ...

    def take_large(self, call: Call, rows: int) -> None: ...


def worker(**options: Any) -> DeploymentWorker:
    settings_ = AgentSettings(deployment="laws", **options)
    return DeploymentWorker(settings_, bins=lambda: None, wall_us=lambda ns: NOW_US + ns // 1_000)


def recorded(target: DeploymentWorker) -> tuple[Recorder, CallBuffer]:
    buffer = CallBuffer()
    return Recorder(target, buffer, Quiet()), buffer


@given(st.lists(st.tuples(TABLES, ANSWERS), max_size=12))
@settings(deadline=None)
def test_watched_and_bare_models_agree_and_every_row_is_accounted_for(calls: list[tuple[Any, Any]]) -> None:
    target = worker(segments=("a",), id_column="b")
    recorder, buffer = recorded(target)
    answer: Any = None
    model = watch(lambda rows: answer, recorder)

    for table, answer in calls:
        assert model(table) is answer
    target.take(buffer.take(100), NOW_US)
    frames = target.seal(NOW_US, profiles=True, everything=True, final=True)

    assert recorder.fault_count == 0
    dropped = sum(n for name, n in target.counts.items() if name.startswith("dropped:"))
    assert target.counts["captured"] == sum(frame.rows for frame in frames) + dropped
    assert target.counts["dropped:internal_error"] == 0
    assert all(decode_frame(frame.payload) for frame in frames)


@given(st.lists(ROWS, min_size=1, max_size=60), st.integers(1, 7))
@settings(deadline=None)
def test_rows_together_are_profiled_as_rows_one_by_one(rows: list[dict[str, Any]], slices: int) -> None:
    kinds = {"a": ColumnKind.NUMERIC, "b": ColumnKind.CATEGORICAL, "c": ColumnKind.BOOLEAN}
    together, alone = (worker(kinds=kinds) for _ in range(2))

    together.take(Calls.of([Call(Origin(together, "predict"), row, None, 0, 1) for row in rows]), NOW_US)
    for row in rows:
        alone.take(Calls.of([Call(Origin(alone, "predict"), row, None, 0, 1)]), NOW_US)
        if len(rows) % slices == 0:
            alone.aggregate(NOW_US)

    assert totals(together) == totals(alone)


def totals(target: DeploymentWorker) -> dict[str, Any]:
    found: dict[str, Counter[Any]] = {}
    for frame in target.seal(NOW_US, profiles=True, everything=True, final=True):
        body = decode_frame(frame.payload).profile
        for column in body.columns if body.window_length_s == 3_600 else ():
            total = found.setdefault(column.name, Counter())
            for field in ("rows", "missing", "non_finite", "invalid"):
                total[field] += getattr(column, field)
            total["overflow"] += column.overflow + sum(np.frombuffer(column.category_counts, "<u8").tolist())
    return found


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("call"), st.integers(-5 * HOUR_US, 0), st.integers(1, 15), st.integers(0, 1)),
            st.tuples(st.just("seal"), st.booleans(), st.booleans(), st.just(0)),
        ),
        max_size=40,
    )
)
@settings(deadline=None)
def test_every_row_below_the_low_watermark_lies_in_that_or_an_earlier_frame(steps: list[tuple[Any, ...]]) -> None:
    targets = [worker(version=version) for version in ("v1", "v2")]
    sealed_rows, given_rows = 0, 0

    for kind, *step in steps:
        if kind == "call":
            offset, rows, which = step
            context = CallContext(timestamps=(NOW_US + offset) / 1e6)
            inputs = [{"x": 1.0}] * rows
            targets[which].take(Calls.of([Call(Origin(targets[which], "p"), inputs, None, 0, 1, context)]), NOW_US)
            given_rows += rows
            continue
        profiles, everything, _ = step
        frames = []
        for target in targets:
            frames += target.seal(NOW_US, profiles=profiles, everything=everything)
        for frame in map(decode_frame, (f.payload for f in _with_watermark(frames, targets))):
            body = frame.profile
            if body.window_length_s == 3_600 and not body.segment:
                sealed_rows += max(column.rows for column in body.columns)
            assert_watermark(frame, targets)

    final = [target.seal(NOW_US, profiles=True, everything=True, final=True) for target in targets]
    sealed_rows += sum(frame.rows for sealed in final for frame in sealed)
    assert sealed_rows == given_rows


def assert_watermark(frame: pb.Frame, targets: list[DeploymentWorker]) -> None:
    """No row that is still unsealed lies below a watermark that was just told."""
    held = [window.first_event_us for t in targets for window in t._windows._windows.values() if window.rows]
    assert frame.low_watermark_us <= min(held, default=frame.low_watermark_us)
