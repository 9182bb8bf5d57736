"""The buffer's bounds, and what becomes of faults of our own."""

import gc
import logging
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tidegauge
from tidegauge import capture
from tidegauge.capture import CallBuffer, inputs_of
from tidegauge.worker.calls import Call, Origin, ServiceOnly

MakeAgent = Callable[..., tidegauge.Agent]


def call(size: int = 0, started_ns: int = 0) -> Call:
    return Call(Origin(None, "predict", size_bytes=size), {"x": 1.0}, 0.5, started_ns, 1)  # type: ignore[arg-type]


def test_the_buffer_takes_so_many_calls_and_no_more() -> None:
    buffer = CallBuffer(max_calls=2)

    assert [buffer.offer(call(), 0) for _ in range(3)] == [True, True, False]
    assert len(buffer.take(10)) == 2
    assert buffer.offer(call(), 0)


def test_the_buffer_takes_so_many_bytes_and_one_call_of_any_size() -> None:
    buffer = CallBuffer(max_bytes=100)

    assert buffer.offer(call(1_000), 1_000)
    assert not buffer.offer(call(1), 1)
    assert buffer.offer(call(), 0)
    buffer.take(1)
    assert buffer.offer(call(60), 60)
    assert not buffer.offer(call(60), 60)


def test_calls_leave_in_the_order_in_which_they_came() -> None:
    buffer = CallBuffer()
    for i in range(5):
        buffer.offer(call(started_ns=i), 0)

    assert [one.started_ns for taken in (buffer.take(3), buffer.take(3)) for one in taken] == [0, 1, 2, 3, 4]
    assert len(buffer.take(3)) == 0


def test_what_found_no_room_is_counted_even_where_that_queue_is_full_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture, "MAX_SERVICE_ONLY", 2)
    buffer = CallBuffer()

    for _ in range(3):
        buffer.keep_service_only(ServiceOnly(None, 5, None, 0, 1))  # type: ignore[arg-type]

    assert buffer.dropped() == {"buffer_full": 15, "requests_uncounted": 1}
    assert len(buffer.take_service_only()) == 2
    assert buffer.take_service_only() == []


def test_nothing_of_the_parent_is_left_after_a_fork() -> None:
    buffer = CallBuffer(max_bytes=10)
    buffer.offer(call(10), 10)
    buffer.keep_service_only(ServiceOnly(None, 1, None, 0, 1))  # type: ignore[arg-type]
    fields = buffer.fields

    buffer.reset_after_fork()

    assert buffer.fields is fields
    assert (len(buffer), buffer.take_service_only(), buffer.dropped()) == (0, [], {})
    assert buffer.offer(call(10), 10)


@pytest.mark.parametrize(
    ("args", "kwargs", "inputs"),
    [
        (([1.0],), {}, [1.0]),
        (([1.0], "flag"), {"check": False}, [1.0]),
        ((1.0, "UA"), {}, [1.0, "UA"]),
        ((), {"X": [1.0]}, [1.0]),
        ((), {"distance": 1.0}, {"distance": 1.0}),
        ((), {"distance": 1.0, "carrier": "UA"}, {"distance": 1.0, "carrier": "UA"}),
        ((), {}, {}),
    ],
)
def test_the_models_input_is_found_among_the_arguments(args: Any, kwargs: Any, inputs: Any) -> None:
    assert inputs_of(args, kwargs) == inputs


class Hostile(list[Any]):
    """An input on which every look fails."""

    def __len__(self) -> int:
        raise RuntimeError("no length for you")

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(f"no {name} for you")


def test_faults_of_our_own_never_reach_the_caller_and_are_counted(make_agent: MakeAgent) -> None:
    agent = make_agent()
    model = agent.watch(lambda row: 0.5)

    assert [model(Hostile()) for _ in range(3)] == [0.5] * 3

    assert agent.status()["counters"]["faults"] == 3


def test_a_model_that_cannot_be_looked_at_is_returned_as_it_is(make_agent: MakeAgent) -> None:
    agent, hostile = make_agent(), Hostile()

    assert agent.watch(hostile) is hostile
    assert agent.status()["counters"]["faults"] == 1


def test_after_ten_faults_capturing_pauses_for_a_minute_and_resumes(
    make_agent: MakeAgent, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    agent, now_ns = make_agent(), [10**12]
    monkeypatch.setattr(capture.time, "monotonic_ns", lambda: now_ns[0])
    model = agent.watch(lambda row: 0.5)

    with caplog.at_level(logging.WARNING, "tidegauge"):
        for _ in range(10):
            model(Hostile())
        for _ in range(5):
            assert model({"x": 1.0}) == 0.5
    assert [record.message for record in caplog.records] == [
        "tidegauge: capturing pauses for a minute after 10 faults of its own"
    ]
    assert agent.status()["dropped"] == {"paused": 5}

    now_ns[0] += 60 * 10**9
    model({"x": 1.0})
    agent.flush()

    status = agent.status()
    assert (status["captured"], status["dropped"]) == (6, {"paused": 5})


def test_faults_that_are_far_apart_do_not_pause(make_agent: MakeAgent, monkeypatch: pytest.MonkeyPatch) -> None:
    agent, now_ns = make_agent(), [10**12]
    monkeypatch.setattr(capture.time, "monotonic_ns", lambda: now_ns[0])
    model = agent.watch(lambda row: 0.5)

    for _ in range(30):
        model(Hostile())
        now_ns[0] += 7 * 10**9

    model({"x": 1.0})
    agent.flush()
    assert agent.status()["captured"] == 1


def test_requests_paused_or_failed_are_still_requests(
    make_agent: MakeAgent, spooled: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = make_agent()
    now_ns = [10**12]
    monkeypatch.setattr(capture.time, "monotonic_ns", lambda: now_ns[0])

    @agent.watch
    def model(row: Any) -> float:
        if row is None:
            raise ZeroDivisionError
        return 0.5

    for _ in range(10):
        model(Hostile())
    model({"x": 1.0})
    with pytest.raises(ZeroDivisionError):
        model(None)
    agent.flush()

    columns = {c.name: c for f in spooled(agent) for c in f.profile.columns if f.profile.window_length_s == 60}
    assert columns["_latency"].rows == 2
    assert list(columns["_error"].category_names) == ["system:ZeroDivisionError"]


def test_a_model_that_is_fitted_after_it_was_watched_is_known_at_its_first_call(make_agent: MakeAgent) -> None:
    from sklearn.linear_model import LogisticRegression

    agent = make_agent()
    model = agent.watch(LogisticRegression())

    model.fit(np.array([[0.0], [1.0]]), ["no", "yes"])
    model.predict(np.array([[0.5]]))

    assert agent._target.facts.classes == ("no", "yes")


def test_a_call_on_its_way_is_nothing_that_the_garbage_collector_looks_at(make_agent: MakeAgent) -> None:
    watched = make_agent().watch(lambda row: 0.5)
    inputs = [{"x": i + 0.5} for i in range(1_000)]
    watched(inputs[0])

    gc.collect()
    gc.disable()
    try:
        before = len(gc.get_objects())
        for row in inputs:
            watched(row)
        added = len(gc.get_objects()) - before
    finally:
        gc.enable()

    assert added < 100


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_worker_that_was_ended_from_outside_is_there_again_once_the_buffer_is_full(make_agent: MakeAgent) -> None:
    agent = make_agent()
    model = agent.watch(lambda row: 0.5)
    runtime = agent._capture.runtime
    model({"x": 1.0})
    agent.flush()
    model({"x": 1.0})  # the first whose way is known to be short
    ended, runtime._tick = runtime._thread, _end  # type: ignore[method-assign, assignment]
    assert ended is not None
    ended.join()
    del runtime._tick  # type: ignore[method-assign]
    agent._capture.buffer.limit(2)

    for _ in range(5):
        model({"x": 1.0})

    assert runtime.running


def _end(_: object) -> int:
    raise SystemExit
