"""What could not be judged, or was deleted, is judged in a later pass, without news of its own and without a restart."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from collector_harbour import Harbour, Tide, agent_at, harbour
from collector_rows import REPLAY, give_baseline, record_days

from tidegauge_collector.core.default_monitors import DEFAULT_MONITORS, DRIFT
from tidegauge_collector.core.definitions import Definition
from tidegauge_collector.core.monitors import Monitor
from tidegauge_collector.jobs import composing
from tidegauge_collector.jobs import judging as judging_module
from tidegauge_collector.jobs.standing import Standing
from tidegauge_collector.telemetry.judgements import newest_judgements

NAME = "shop"
HEALTHY, BROKEN = 0.0, 40.0
SERIOUS = Monitor(id="serious", kind="composite", members=("drift",), at_least=1, recover_after=1)


class Still(Tide):
    """A clock that stands still but for its turns."""

    def __init__(self) -> None:
        super().__init__()
        self.began_us = super().now_us()

    def now_us(self) -> int:
        return self.began_us + self.ahead_us


@pytest.fixture
def port(tmp_path: Path) -> Iterator[Harbour]:
    with harbour(tmp_path / "data", clock=Still()) as running:
        yield running


def watch(port: Harbour, *monitors: Monitor, **proposal: Any) -> None:
    """Give the deployment these monitors and no others."""
    control, now_us = port.collector.control, port.clock.now_us()
    control.ensure_deployment(NAME, proposal=proposal, now_us=now_us)
    named = {one.id for one in monitors}
    off = [Definition(monitor=one, enabled=False) for one in DEFAULT_MONITORS if one.id not in named]
    control.definitions.apply([*off, *(Definition(monitor=one) for one in monitors)], actor="test", now_us=now_us)


def verdicts(port: Harbour, monitor: str) -> list[str]:
    return [one.verdict for one in newest_judgements(port.collector.telemetry, NAME, monitor=monitor)]


def minute_passes(port: Harbour) -> None:
    """What the job of each minute does."""
    port.collector.judging.expect_all()
    port.settle()


def failing_once(work: Callable[..., Any]) -> Callable[..., Any]:
    calls: list[object] = []

    def fail_at_first(*arguments: Any, **options: Any) -> Any:
        calls.append(arguments)
        if len(calls) == 1:
            raise RuntimeError("the disk was away")
        return work(*arguments, **options)

    return fail_at_first


def test_a_composite_that_failed_is_judged_in_the_next_pass(
    port: Harbour, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch(port, DRIFT, SERIOUS, alerts="all")
    monkeypatch.setattr(judging_module, "composed", failing_once(judging_module.composed))
    with agent_at(port, tmp_path / "spool", NAME, alerts="all") as agent:
        give_baseline(agent)
        record_days(agent, REPLAY, [HEALTHY, BROKEN])
        port.ship(agent, end=True)
    port.settle()
    before = port.collector.judging.is_settled(NAME)
    minute_passes(port)

    assert not before
    assert port.collector.judging.is_settled(NAME)
    assert verdicts(port, "serious") == ["ok", "failing"]


@pytest.mark.parametrize("place", [(Standing, "judge"), (judging_module, "append_judgements")])
def test_what_failed_by_the_clock_is_judged_in_the_next_pass_at_the_same_instant(
    port: Harbour, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: tuple[Any, str]
) -> None:
    silence = Monitor(id="silence", kind="no_data", metric="predictions", silent_for_s=3_600, usual_week=False)
    watch(port, silence)
    with agent_at(port, tmp_path / "spool", NAME) as agent:
        agent.record([{"amount": 1.0}] * 30, [0.5] * 30)
        port.ship(agent)
        port.settle()
    port.clock.turn(minutes=70)
    with monkeypatch.context() as patch:
        patch.setattr(*place, failing_once(getattr(*place)))
        minute_passes(port)
        assert "failing" not in verdicts(port, "silence")
        minute_passes(port)

    assert verdicts(port, "silence")[-1:] == ["failing"]


def test_one_that_fails_by_the_clock_holds_up_no_other(
    port: Harbour, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    silence = Monitor(id="silence", kind="no_data", metric="predictions", silent_for_s=3_600, usual_week=False)
    sick = Monitor(id="a_sick", kind="no_data", metric="predictions", silent_for_s=3_600, usual_week=False)
    watch(port, sick, silence)
    judge = Standing.judge

    def fail_for_one(self: Standing, monitor: Monitor, *rest: Any) -> Any:
        return 1 / 0 if monitor.id == "a_sick" else judge(self, monitor, *rest)

    monkeypatch.setattr(Standing, "judge", fail_for_one)
    with agent_at(port, tmp_path / "spool", NAME) as agent:
        agent.record([{"amount": 1.0}] * 30, [0.5] * 30)
        port.ship(agent)
        port.settle()
    port.clock.turn(minutes=70)
    minute_passes(port)

    assert verdicts(port, "silence")[-1:] == ["failing"]
    assert verdicts(port, "a_sick") == []


@pytest.mark.parametrize("restarts", [False, True])
def test_windows_that_were_deleted_and_come_anew_are_judged_whether_or_not_the_collector_restarts(
    port: Harbour, tmp_path: Path, restarts: bool
) -> None:
    watch(port, DRIFT, alerts="all")
    with agent_at(port, tmp_path / "first", NAME, alerts="all") as agent:
        give_baseline(agent)
        record_days(agent, REPLAY, [HEALTHY, HEALTHY, BROKEN])
        port.ship(agent, end=True)
    port.settle()
    first = verdicts(port, "drift")
    port.clock.turn(minutes=1)
    wish = {"deployment": NAME, "start": (REPLAY + timedelta(days=1)).isoformat(), "confirm": True}
    assert port.client.post("/api/v1/deletions", json=wish).status_code < 300
    port.settle()
    left = verdicts(port, "drift")
    port.clock.turn(minutes=1)
    if restarts:
        port.restart()
    with agent_at(port, tmp_path / "again", NAME, alerts="all") as agent:
        record_days(agent, REPLAY + timedelta(days=1), [BROKEN, HEALTHY])
        port.ship(agent, end=True)
    port.settle()

    assert first == ["ok", "ok", "failing"]
    assert left == ["ok"]
    assert verdicts(port, "drift") == ["ok", "failing", "ok"]


def test_a_composite_that_comes_late_reads_what_its_members_said_piece_by_piece(
    port: Harbour, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = [HEALTHY, BROKEN, HEALTHY, BROKEN, BROKEN, HEALTHY, BROKEN]
    watch(port, DRIFT, SERIOUS, alerts="all")
    with agent_at(port, tmp_path / "spool", NAME, alerts="all") as agent:
        give_baseline(agent)
        record_days(agent, REPLAY, days)
        record_days(agent, REPLAY + timedelta(days=400), [BROKEN])
        port.ship(agent, end=True)
    port.settle()
    late = Monitor(id="late", kind="composite", members=("drift",), at_least=1, recover_after=1)
    read: list[int] = []
    whole = composing.newest_judgements

    def counted(*arguments: Any, **options: Any) -> Any:
        found = whole(*arguments, **options)
        read.append(len(found))
        return found

    monkeypatch.setattr(composing, "newest_judgements", counted)
    monkeypatch.setattr(composing, "STEPS_AT_ONCE", 2)
    watch(port, DRIFT, SERIOUS, late, alerts="all")
    port.collector.judging._composing.add(NAME)
    minute_passes(port)

    assert verdicts(port, "late") == verdicts(port, "serious")
    assert verdicts(port, "late")[:7] == ["failing" if one else "ok" for one in days]
    assert sum(read) >= 8
    assert max(read) <= 3  # windows: those of two steps and of the one that they begin with
    assert len(read) < 40  # the year without any costs nothing
