"""A disk that fails: the host never notices, one warning is logged, nothing is lost silently."""

import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import agent_frames as view
import pytest

import tidegauge
from tidegauge.errors import SpoolError
from tidegauge.worker import outbox

MakeAgent = Callable[..., tidegauge.Agent]


@pytest.fixture
def not_a_directory(tmp_path: Path) -> Path:
    """A place where no spool can be made, not even by root."""
    blocked = tmp_path / "blocked"
    blocked.write_text("a file, where a directory should be")
    return blocked


def test_the_host_goes_on_where_the_spool_cannot_be_made(
    make_agent: MakeAgent, not_a_directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    agent = make_agent(spool=not_a_directory)
    model = agent.watch(lambda row: 0.5)
    runtime = agent._capture.runtime

    with caplog.at_level(logging.WARNING, "tidegauge"):
        for _ in range(3):
            assert [model({"x": 1.0}) for _ in range(20)] == [0.5] * 20
            with runtime.locked():
                runtime.relieve()
                runtime._attempt(lambda: runtime._seal(profiles=True))

    status = agent.status()
    assert (status["captured"], status["sealed"]) == (60, 0)
    assert status["counters"]["spool_errors"] == 3
    assert len([record for record in caplog.records if "cannot be written" in record.message]) == 1


def test_an_explicit_flush_says_what_is_wrong_and_how_to_mend_it(make_agent: MakeAgent, not_a_directory: Path) -> None:
    agent = make_agent(spool=not_a_directory)
    agent.record({"x": 1.0})

    with pytest.raises(SpoolError, match=r"blocked"):
        agent.flush()


def test_what_was_sealed_while_the_disk_refused_is_written_when_it_recovers(
    make_agent: MakeAgent, not_a_directory: Path, spooled: Any
) -> None:
    agent = make_agent(spool=not_a_directory)
    agent.record([{"x": 1.0}] * 20)
    with pytest.raises(SpoolError):
        agent.flush()

    not_a_directory.unlink()
    agent.record([{"x": 1.0}] * 3)
    agent.flush()

    assert view.column(spooled(agent), "x").rows == 23
    assert agent.status()["sealed"] == 23


def test_what_waits_for_the_disk_is_bounded_and_what_does_not_fit_is_counted(
    make_agent: MakeAgent, not_a_directory: Path, spooled: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "MAX_WAITING_BYTES", 2_000)
    agent = make_agent(spool=not_a_directory)

    for _ in range(30):
        agent.record([{"x": 1.0}] * 10)
        with pytest.raises(SpoolError):
            agent.flush()
    not_a_directory.unlink()
    agent.flush()

    status = agent.status()
    assert status["dropped"]["spool_unavailable"] > 0
    assert status["captured"] == 300 == status["sealed"] + status["dropped"]["spool_unavailable"]
    assert view.column(spooled(agent), "x").rows == status["sealed"]


def test_a_spool_that_is_deleted_under_the_agent_is_made_again(make_agent: MakeAgent, spooled: Any) -> None:
    agent = make_agent()
    agent.record([{"x": 1.0}] * 20)
    agent.flush()

    shutil.rmtree(agent.settings.root)
    agent.record([{"x": 1.0}] * 5)
    agent.flush()

    assert agent.status()["sealed"] == 25
    assert [f for f in view.profiles(f.frame for f in read_all(agent)) if f.columns]


def read_all(agent: tidegauge.Agent) -> list[Any]:
    from tidegauge.spool import Hole, SpoolReader, list_epochs
    from tidegauge.wire.codec import decode_frame

    class Found:
        def __init__(self, payload: bytes) -> None:
            self.frame = decode_frame(payload)

    return [
        Found(item.payload)
        for epoch in list_epochs(agent.settings.root)
        for item in SpoolReader(epoch.path).read()
        if not isinstance(item, Hole)
    ]


def test_a_baseline_that_cannot_be_stored_is_refused_loudly(make_agent: MakeAgent, not_a_directory: Path) -> None:
    import pandas as pd

    with pytest.raises(SpoolError):
        make_agent(spool=not_a_directory).baseline(pd.DataFrame({"x": [1.0]}))


def test_a_fault_of_the_worker_is_counted_and_the_next_calls_are_taken(
    make_agent: MakeAgent, spooled: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = make_agent()
    real = agent._target._reader.read
    monkeypatch.setattr(agent._target._reader, "read", lambda *args: 1 / 0)
    agent.record({"x": 1.0})
    runtime = agent._capture.runtime
    with runtime.locked():
        runtime.relieve()
        runtime._attempt(lambda: runtime._seal(profiles=True))

    monkeypatch.setattr(agent._target._reader, "read", real)
    agent.record({"x": 1.0})
    agent.flush()

    assert agent.status()["counters"]["internal_errors"] == 1
    assert view.column(spooled(agent), "x").rows == 1
