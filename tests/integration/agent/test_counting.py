"""Every call is counted once: by many threads, with a full buffer, in large batches, one by one or together."""

import threading
from collections.abc import Callable
from typing import Any

import agent_frames as view
import numpy as np
import pandas as pd
import pytest

import tidegauge
from tidegauge import agent as agent_module
from tidegauge import capture

MakeAgent = Callable[..., tidegauge.Agent]


def test_eight_threads_of_a_thousand_calls_are_counted_exactly(make_agent: MakeAgent, spooled: Any) -> None:
    agent = make_agent()
    model = agent.watch(lambda row: row["x"])
    start = threading.Barrier(8)

    def work(number: int) -> None:
        start.wait()
        for i in range(1_000):
            model({"x": float(number * 1_000 + i)})

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    agent.flush()

    frames = spooled(agent)
    x, latency = view.column(frames, "x"), view.column(frames, "_latency", length_s=view.MINUTE_S)
    assert (x.rows, x.minimum, x.maximum, x.mean) == (8_000, 0.0, 7_999.0, 3_999.5)
    assert latency.rows == 8_000
    assert view.column(frames, "_rows", length_s=view.MINUTE_S).sum == 8_000.0
    status = agent.status()
    assert (status["captured"], status["sealed"], status["dropped"]) == (8_000, 8_000, {})


def test_flushing_while_others_call_loses_and_doubles_nothing(make_agent: MakeAgent, spooled: Any) -> None:
    agent = make_agent()
    model = agent.watch(lambda row: 0.5)

    def work() -> None:
        for _ in range(500):
            model({"x": 1.0})

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        agent.flush()
    agent.flush()

    assert view.column(spooled(agent), "x").rows == 2_000


def test_rows_that_find_no_room_are_dropped_and_counted_and_their_requests_are_counted(
    make_agent: MakeAgent, spooled: Any
) -> None:
    agent = make_agent()
    model = agent.watch(lambda rows: np.zeros(len(rows)))
    runtime = agent._capture.runtime

    with runtime.locked():  # the worker cannot drain
        agent._capture.buffer.limit(0)
        for _ in range(20):
            model(np.ones((5, 2)))
        agent._capture.buffer.limit(capture.MAX_CALLS)
    model(np.ones((5, 2)))
    agent.flush()

    frames, status = spooled(agent), agent.status()
    assert status["dropped"] == {"buffer_full": 100}
    assert status["captured"] == status["sealed"] + 100 == 105
    assert view.column(frames, "_latency", length_s=view.MINUTE_S).rows == 21
    assert view.column(frames, "_rows", length_s=view.MINUTE_S).sum == 105.0
    assert view.column(frames, "f0").rows == 5


def test_explicit_records_wait_for_room_and_none_is_dropped(make_agent: MakeAgent, spooled: Any) -> None:
    agent = make_agent()
    agent._capture.buffer.limit(3)

    for i in range(50):
        agent.record({"x": float(i)})
    agent.flush()

    assert agent.status()["dropped"] == {}
    assert view.column(spooled(agent), "x").rows == 50


@pytest.mark.parametrize("explicit", [True, False], ids=["record", "watch"])
@pytest.mark.parametrize("kind", ["array", "frame", "dicts"])
def test_a_large_batch_is_profiled_in_blocks_before_returning(
    make_agent: MakeAgent, spooled: Any, monkeypatch: pytest.MonkeyPatch, explicit: bool, kind: str
) -> None:
    monkeypatch.setattr(capture, "LARGE_BYTES", 1_000)
    monkeypatch.setattr(agent_module, "LARGE_BYTES", 1_000)
    agent = make_agent(segments=["c"])
    values = np.arange(10_000.0)
    table: Any = {
        "array": np.column_stack([values, values]),
        "frame": pd.DataFrame({"f0": values, "c": ["a", "b"] * 5_000}),
        "dicts": [{"f0": value, "c": "ab"[i % 2]} for i, value in enumerate(values)],
    }[kind]
    ids, times = list(range(10_000)), 1_795_435_200 + values / 10

    if explicit:
        agent.record(table, values, prediction_ids=ids, timestamps=times, latency_s=0.5)
    else:
        with agent.context(prediction_ids=ids, timestamps=times):
            agent.watch(lambda rows: values)(table)
    assert len(agent._capture.buffer) == 0
    agent.flush()

    frames = spooled(agent)
    column = view.column(frames, "f0")
    assert (column.rows, column.minimum, column.maximum, column.mean) == (10_000, 0.0, 9_999.0, 4_999.5)
    assert sum(found.rows for found in view.records(frames)) == 10_000
    assert view.records(frames)[0].outputs[""].tolist()[:3] == [0.0, 1.0, 2.0]
    assert view.column(frames, "_latency", length_s=view.MINUTE_S).rows == 1
    assert view.column(frames, "_rows", length_s=view.MINUTE_S).sum == 10_000.0
    assert agent.status()["dropped"] == {}
    if kind != "array":
        assert view.rows_by_segment(frames) == {"": 10_000, "c=a": 5_000, "c=b": 5_000}


def test_calls_of_many_shapes_are_all_counted(make_agent: MakeAgent, spooled: Any) -> None:
    agent = make_agent(feature_names=["x", "y"])
    answers: list[Any] = [None]
    model = agent.watch(lambda rows: answers[0])
    for _ in range(30):
        for answers[0], rows in (
            (0.5, {"x": 1.0, "y": 2.0}),
            (np.array([0.5]), {"x": 1.0, "y": 2.0}),
            ([0.5], {"x": 1.0, "y": 2.0}),
            (np.array([0.5, 0.5]), {"x": 1.0, "y": 2.0}),
            ([0.5, 0.5], {"x": 1.0, "y": 2.0}),
            (0.5, np.array([1.0, 2.0])),
            (np.array([0.5, 0.5]), np.array([[1.0, 2.0], [1.0, 2.0]])),
            (np.array([0.5], dtype=np.float32), np.array([[1, 2]])),
            ([0.5], [[1.0, 2.0]]),
            (pd.Series([0.5]), pd.DataFrame({"x": [1.0], "y": [2.0]})),
            ({"score": 0.5}, {"x": 1.0, "y": 2.0}),
            (None, {"x": 1.0, "y": 2.0}),
        ):
            model(rows)
    agent.flush()

    frames, status = spooled(agent), agent.status()
    x, y, prediction = (view.column(frames, name) for name in ("x", "y", "_prediction"))
    assert (x.rows, x.minimum, x.maximum) == (390, 1.0, 1.0)
    assert (y.rows, y.minimum, y.maximum) == (390, 2.0, 2.0)
    assert (prediction.rows, prediction.minimum, prediction.maximum) == (360, 0.5, 0.5)
    assert "unreadable_predictions" not in status["counters"]
    assert (status["captured"], status["dropped"]) == (390, {})


def test_an_input_that_cannot_be_read_costs_itself_alone(make_agent: MakeAgent, spooled: Any) -> None:
    agent = make_agent()
    model = agent.watch(lambda rows: None)

    for rows in ({"x": 1.0}, (i for i in range(3)), object(), [{"x": 1.0}, [2.0]], {"x": 2.0}):
        model(rows)
    agent.flush()

    status = agent.status()
    assert status["dropped"] == {"unreadable_input": 4}
    reasons = {name: n for name, n in status["counters"].items() if name.startswith("unreadable_input:")}
    assert reasons == {"unreadable_input:stream": 1, "unreadable_input:object": 1, "unreadable_input:shape": 2}
    assert status["captured"] == 6
    assert view.column(spooled(agent), "x").rows == 2


def test_texts_given_to_predict_are_rows(make_agent: MakeAgent, spooled: Any) -> None:
    class TextModel:
        def predict(self, texts: Any) -> Any:
            return np.array(["spam", "ham"])

    agent = make_agent()

    agent.watch(TextModel()).predict(["buy now", "hello"])
    agent.flush()

    assert view.column(spooled(agent), "f0").rows == 2
    assert view.column(spooled(agent), "_prediction_label").names in ({}, {"spam": 1, "ham": 1})
