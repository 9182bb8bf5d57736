"""Faults of our own, of every kind: the host sees none of them, they are counted, and one warning a minute speaks of them."""

import logging
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tidegauge
from tidegauge import capture, complaints
from tidegauge.complaints import Complaints
from tidegauge.spool import SpoolWriter
from tidegauge.worker import additions, frames, runtime

MakeAgent = Callable[..., tidegauge.Agent]


def fail(error: Exception) -> Callable[..., Any]:
    def raising(*_: object, **__: object) -> Any:
        raise error

    return raising


PLACES: dict[str, tuple[Any, str, Exception]] = {
    "spool": (SpoolWriter, "commit", OSError(5, "I/O error")),
    "codec": (frames, "encode_profile", ValueError("no such field")),
    "numpy": (np, "sort", MemoryError("no room for an array")),
    "profiles": (additions, "profile_columns", RuntimeError("a bug of ours")),
    "copy": (capture, "private_copy", RecursionError("too deep")),
    "sealing": (runtime.Runtime, "_seal", KeyError("a bug of ours")),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_fault_of_ours_is_counted_and_never_seen(
    make_agent: MakeAgent, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, place: str
) -> None:
    owner, name, error = PLACES[place]
    agent = make_agent()
    model = agent.watch(lambda rows: [row["x"] * 2 for row in rows])
    work = agent._capture.runtime
    monkeypatch.setattr(owner, name, fail(error))

    with caplog.at_level(logging.WARNING, "tidegauge"):
        for _ in range(5):
            answers = [model([{"x": float(n)}, {"x": 1.0}]) for n in range(3)]
            assert answers == [[2.0 * n, 2.0] for n in range(3)]
            with work.locked():
                work._attempt(work.relieve)
                work._attempt(lambda: work._seal(profiles=True, everything=True))
        status = agent.status()

    monkeypatch.undo()
    counted = status["counters"]
    assert sum(status["dropped"].values()) + sum(counted.values()) > 0, status
    assert len(caplog.records) <= 1


def test_ten_faults_pause_capturing_for_a_minute_and_it_comes_back(
    make_agent: MakeAgent, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    agent = make_agent()
    model = agent.watch(lambda rows: [0.5] * len(rows))
    now_ns = [10**15]
    monkeypatch.setattr(capture.time, "monotonic_ns", lambda: now_ns[0])
    with monkeypatch.context() as broken, caplog.at_level(logging.WARNING, "tidegauge"):
        broken.setattr(capture, "private_copy", fail(RuntimeError("a bug of ours")))
        assert [model([{"x": 1.0}]) for _ in range(30)] == [[0.5]] * 30
    assert model([{"x": 1.0}]) == [0.5]
    now_ns[0] += capture.PAUSE_NS + 1
    assert model([{"x": 1.0}]) == [0.5]
    agent.flush()

    status = agent.status()
    assert status["counters"]["faults"] == capture.FAULTS_BEFORE_PAUSE
    assert status["dropped"] == {"paused": 21}
    assert status["sealed"] == 1
    assert len(caplog.records) == 1


def test_a_wall_clock_that_goes_back_loses_and_doubles_nothing(
    make_agent: MakeAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = make_agent()
    model = agent.watch(lambda row: 0.5)
    real = runtime.time.time_ns
    for hours in (0, -3, 5, -1):
        monkeypatch.setattr(runtime.time, "time_ns", lambda hours=hours: real() + hours * 3_600 * 10**9)
        assert [model({"x": 1.0}) for _ in range(10)] == [0.5] * 10
        agent.flush()
    monkeypatch.undo()

    assert agent.status()["sealed"] == agent.status()["captured"] == 40


def test_what_is_kept_back_is_told_a_minute_later(tmp_path: Any, caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]
    told = Complaints(lambda: now[0])
    with caplog.at_level(logging.WARNING, "tidegauge"):
        for _ in range(7):
            told.warn(tmp_path, "the disk is full")
        now[0] += complaints.EVERY_S
        told.warn(tmp_path, "the disk is full")

    assert [record.getMessage() for record in caplog.records] == [
        "tidegauge: the disk is full",
        "tidegauge: the disk is full (and 6 more like it)",
    ]
