"""What is judged when, and that every problem is told once."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from collector_harbour import Harbour, Tide, agent_at, harbour
from collector_mailbox import Mailbox
from collector_rows import REPLAY, amounts, give_baseline, record_day, record_days

from tidegauge_collector.jobs import folding as folding_module
from tidegauge_collector.jobs import judging as judging_module

NAME = "shop"
HEALTHY, BROKEN = 0.0, 40.0


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    opened = Mailbox()
    yield opened
    opened.close()


@pytest.fixture
def port(tmp_path: Path, mailbox: Mailbox) -> Iterator[Harbour]:
    with harbour(tmp_path / "data", channels=(mailbox.channel,)) as running:
        yield running


def verdicts(port: Harbour, deployment: str = NAME, **query: Any) -> list[str | None]:
    """Of the days of `amount`, oldest first."""
    return [one["verdict"] for one in port.values(deployment, "psi", column="amount", step="day", **query)]


def told(mailbox: Mailbox) -> list[tuple[str, str]]:
    return [(one["type"], one["data"]["severity"]) for one in mailbox.events]


def test_a_problem_opens_one_alert_that_resolves_and_each_is_told_once(
    port: Harbour, mailbox: Mailbox, tmp_path: Path
) -> None:
    shifts = [HEALTHY, HEALTHY, BROKEN, BROKEN, HEALTHY, HEALTHY, HEALTHY]
    with agent_at(port, tmp_path / "spool", NAME, alerts="all") as agent:
        give_baseline(agent)
        record_days(agent, REPLAY, shifts)
        port.ship(agent, end=True)
    port.settle()
    port.delivered(2)

    assert verdicts(port) == ["ok", "ok", "failing", "failing", "ok", "ok", "ok"]
    (alert,) = port.get("/alerts")["items"]
    assert [one["kind"] for one in alert["events"]] == ["opened", "resolved"]
    assert alert["opened_window"]["start"] == "2025-06-04T00:00:00Z"
    assert alert["window"]["start"] == "2025-06-07T00:00:00Z"
    assert told(mailbox) == [("alert.firing", "failing"), ("alert.resolved", "failing")]


def test_a_restart_tells_nothing_twice(port: Harbour, mailbox: Mailbox, tmp_path: Path) -> None:
    with agent_at(port, tmp_path / "spool", NAME, alerts="all") as agent:
        give_baseline(agent)
        record_days(agent, REPLAY, [HEALTHY, BROKEN, BROKEN])
        port.ship(agent, end=True)
    port.settle()
    port.delivered(1)
    before = port.get("/alerts")

    for _ in range(2):
        port.restart()
        port.settle()

    assert port.get("/alerts") == before
    assert told(mailbox) == [("alert.firing", "failing")]


def test_a_crash_between_alert_and_judgement_tells_nothing_twice(
    port: Harbour, mailbox: Mailbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> None:
        raise RuntimeError("the power went")

    with agent_at(port, tmp_path / "spool", NAME, alerts="all") as agent:
        give_baseline(agent)
        record_days(agent, REPLAY, [HEALTHY, BROKEN])
        with monkeypatch.context() as patched:
            patched.setattr(judging_module, "append_judgements", dies)
            port.ship(agent, end=True)
            port.settle()
    assert verdicts(port) == [None, None]
    port.delivered(1)
    port.restart()
    port.settle()

    assert verdicts(port) == ["ok", "failing"]
    assert [len(one["events"]) for one in port.get("/alerts")["items"]] == [1]
    assert told(mailbox) == [("alert.firing", "failing")]


def test_a_replay_is_judged_as_far_as_its_slowest_agent(port: Harbour, tmp_path: Path) -> None:
    with (
        agent_at(port, tmp_path / "fast", NAME, alerts="all") as fast,
        agent_at(port, tmp_path / "slow", NAME, alerts="all") as slow,
    ):
        give_baseline(fast)
        record_days(fast, REPLAY, [HEALTHY] * 5)
        record_days(slow, REPLAY, [HEALTHY] * 2)
        for agent in (slow, fast):  # the collector cannot wait for an agent of which it never heard
            port.ship(agent)
        port.settle()
        half = verdicts(port)
        is_settled = port.get(f"/deployments/{NAME}/status")["settled"]
        record_day(slow, REPLAY + timedelta(days=2))
        port.ship(slow)
        port.settle()
        further = verdicts(port)
        for agent in (fast, slow):
            port.ship(agent, end=True)
        port.settle()

    assert (half, is_settled) == (["ok", None, None, None, None], False)
    assert further == ["ok", "ok", None, None, None]
    assert verdicts(port) == ["ok"] * 5
    assert port.get(f"/deployments/{NAME}/status")["settled"] is True


def test_live_alerts_are_of_windows_that_ended_within_48_hours(port: Harbour, mailbox: Mailbox, tmp_path: Path) -> None:
    now = datetime.fromtimestamp(port.clock.now_us() / 1e6, UTC)
    first = (now - timedelta(days=6)).replace(hour=0, minute=0, second=0, microsecond=0)
    with agent_at(port, tmp_path / "spool", NAME) as agent:
        give_baseline(agent)
        record_days(agent, first, [BROKEN] * 6)
        port.ship(agent, end=True)
    port.settle()
    mailbox.until(1)

    ends = [first + timedelta(days=i + 1) for i in range(6)]
    expected = ["failing" if now - end < timedelta(hours=48) else None for end in ends]
    assert verdicts(port) == expected
    assert len(port.get("/alerts")["items"]) == 1


def test_live_traffic_that_pauses_is_judged_by_the_clock(port: Harbour, tmp_path: Path) -> None:
    tide: Tide = port.clock
    moment = datetime.now(UTC) - timedelta(seconds=1)
    midnight = (moment + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    with agent_at(port, tmp_path / "spool", NAME) as agent:
        give_baseline(agent)
        agent.record(amounts(60, shift=BROKEN), timestamps=[moment] * 60)
        port.ship(agent)
        port.settle()
        tide.turn(minutes=(midnight - moment).total_seconds() / 60 + 3)
        agent.event("still here")  # it lives, it only has no traffic
        port.ship(agent)
        port.settle()
        early = verdicts(port)
        tide.turn(minutes=4)
        port.settle()

        assert port.get(f"/deployments/{NAME}/status")["agents"][0]["live"] is True
    assert (early, verdicts(port)) == ([None], ["failing"])


def test_without_a_baseline_nothing_is_judged_until_production_has_made_one(tmp_path: Path, mailbox: Mailbox) -> None:
    with (
        harbour(tmp_path / "data", channels=(mailbox.channel,), baseline_rows=288) as port,
        agent_at(port, tmp_path / "spool", NAME, alerts="all") as agent,
    ):
        record_days(agent, REPLAY, [HEALTHY, HEALTHY])
        port.ship(agent)
        port.settle()
        before = verdicts(port)
        record_days(agent, REPLAY + timedelta(days=2), [HEALTHY, HEALTHY, BROKEN])
        port.ship(agent, end=True)
        port.settle()
        mailbox.until(1)

        assert before == [None, None]
        assert verdicts(port) == ["ok", "ok", "ok", "ok", "failing"]
        (alert,) = port.get("/alerts")["items"]
        assert alert["opened_window"]["start"] == "2025-06-06T00:00:00Z"


def test_what_cannot_be_judged_holds_up_nobody_else(
    port: Harbour, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    observer = port.collector.judging._look.observer
    observe = observer.observe

    def fails_for_one(monitor: Any, deployment: Any, *rest: Any) -> Any:
        if deployment.name == "broken" and monitor.metric == "psi":
            raise RuntimeError("cannot be measured")
        return observe(monitor, deployment, *rest)

    monkeypatch.setattr(observer, "observe", fails_for_one)
    for name in ("broken", "shop"):
        with agent_at(port, tmp_path / name, name, alerts="all") as agent:
            give_baseline(agent)
            record_days(agent, REPLAY, [HEALTHY, HEALTHY])
            port.ship(agent, end=True)
    port.settle()
    found = {
        name: (verdicts(port, name), port.get(f"/deployments/{name}/status")["settled"]) for name in ("broken", "shop")
    }
    monkeypatch.undo()
    port.settle()

    assert found == {"broken": ([None, None], False), "shop": (["ok", "ok"], True)}
    assert verdicts(port, "broken") == ["ok", "ok"]
    assert port.get("/deployments/broken/status")["settled"] is True


def test_news_that_come_while_a_deployment_is_judged_are_news_for_the_next_pass(
    port: Harbour, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with agent_at(port, tmp_path / "spool", NAME, alerts="all") as agent:
        give_baseline(agent)
        record_days(agent, REPLAY, [HEALTHY])
        port.ship(agent, end=True)
    port.settle()
    judging = port.collector.judging
    read, passes = judging._look.progress.read, []

    def read_and_hear(name: str, *rest: Any) -> Any:
        if not passes:
            judging.expect([NAME])  # as a request of another thread does that changes a monitor
        passes.append(judging.is_settled(name))
        return read(name, *rest)

    monkeypatch.setattr(judging._look.progress, "read", read_and_hear)
    port.call(port.collector.catch_up())

    assert passes == [False, False]
    assert judging.is_settled(NAME)


def test_windows_of_a_seal_that_is_folded_in_parts_are_judged_when_its_end_is_there(
    port: Harbour, mailbox: Mailbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folding_module, "BATCH_BYTES", 1)
    collector = port.collector
    fold_some, judged_between = collector.folding.fold_some, []

    def fold_and_judge() -> int:
        folded = fold_some()
        collector.judging.expect_all()
        collector.judging.judge_some()
        judged_between.append(folded)
        return folded

    monkeypatch.setattr(collector.folding, "fold_some", fold_and_judge)
    with agent_at(port, tmp_path / "spool", NAME, alerts="all") as agent:
        give_baseline(agent)
        port.ship(agent)
        port.settle()
        record_days(agent, REPLAY, [HEALTHY, HEALTHY, BROKEN])
        port.ship(agent, end=True)
    port.settle()
    mailbox.until(1)

    assert len([folded for folded in judged_between if folded]) > 5
    assert verdicts(port) == ["ok", "ok", "failing"]
    (alert,) = port.get("/alerts")["items"]
    assert alert["opened_window"]["start"].startswith("2025-06-")
