"""Monitors that look at more than one window: silence by the clock, objectives, composites, trailing windows, segments."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from collector_harbour import Harbour, agent_at, harbour
from collector_rows import REPLAY, amounts, give_baseline, record_day, record_days

from tidegauge_collector.core.default_monitors import DEFAULT_MONITORS, DRIFT
from tidegauge_collector.core.definitions import Definition
from tidegauge_collector.core.monitors import Monitor
from tidegauge_collector.telemetry.judgements import newest_judgements

NAME = "shop"
HEALTHY, BROKEN = 0.0, 40.0
HOUR_S, DAY_S = 3_600, 86_400


@pytest.fixture
def port(tmp_path: Path) -> Iterator[Harbour]:
    with harbour(tmp_path / "data") as running:
        yield running


def watch(port: Harbour, monitors: Sequence[Monitor], **proposal: Any) -> None:
    """Give the deployment these monitors and no others."""
    control, now_us = port.collector.control, port.clock.now_us()
    control.ensure_deployment(NAME, proposal=proposal, now_us=now_us)
    named = {one.id for one in monitors}
    off = [Definition(monitor=one, enabled=False) for one in DEFAULT_MONITORS if one.id not in named]
    control.definitions.apply([*off, *(Definition(monitor=one) for one in monitors)], actor="test", now_us=now_us)


def alerts(port: Harbour) -> list[tuple[str, str, str]]:
    """Monitor, severity and status of each alert, oldest first."""
    return [(one["monitor"], one["severity"], one["status"]) for one in reversed(port.get("/alerts")["items"])]


def now(port: Harbour) -> datetime:
    return datetime.fromtimestamp(port.clock.now_us() / 1e6, UTC)


def serve(port: Harbour, agent: Any, rows: int = 30, **options: Any) -> None:
    """Predictions of this moment."""
    agent.record(amounts(rows), timestamps=[now(port) - timedelta(seconds=2)] * rows, **options)
    port.ship(agent)
    port.settle()


SILENCE = Monitor(
    id="silence", kind="no_data", metric="predictions", silent_for_s=HOUR_S, usual_week=False, recover_after=1
)


def test_a_deployment_that_falls_silent_is_noticed_by_the_clock_alone(port: Harbour, tmp_path: Path) -> None:
    watch(port, [SILENCE])
    with agent_at(port, tmp_path / "spool", NAME) as agent:
        serve(port, agent)  # before any turn: an agent puts what is 10 minutes ahead of its clock into its own hour
        port.clock.turn(minutes=50)
        port.settle()
        early = alerts(port)
        port.clock.turn(minutes=20)
        port.settle()

    assert early == []
    assert alerts(port) == [("silence", "failing", "firing")]


def test_a_back_fill_of_old_events_is_no_silence(port: Harbour, tmp_path: Path) -> None:
    watch(port, [SILENCE])
    with agent_at(port, tmp_path / "spool", NAME) as agent:
        record_days(agent, REPLAY, [HEALTHY] * 2)
        port.ship(agent, end=True)
    port.settle()
    port.clock.turn(minutes=300)
    port.settle()

    assert alerts(port) == []


def test_a_replay_that_wants_all_alerts_fires_none_of_silence(port: Harbour, tmp_path: Path) -> None:
    with agent_at(port, tmp_path / "spool", NAME, alerts="all") as agent:
        record_days(agent, REPLAY, [HEALTHY] * 2)
        port.ship(agent, end=True)
    port.settle()
    port.clock.turn(minutes=3 * 1440)
    port.settle()

    assert alerts(port) == []


def test_after_a_start_nobody_is_silent_before_they_could_be_heard(port: Harbour, tmp_path: Path) -> None:
    watch(port, [SILENCE])
    with agent_at(port, tmp_path / "spool", NAME) as agent:
        serve(port, agent)
    port.stop()
    port.clock.turn(minutes=600)
    port.start()
    port.settle()
    at_once = alerts(port)
    port.clock.turn(minutes=20)
    port.settle()

    assert at_once == []
    assert alerts(port) == [("silence", "failing", "firing")]


def test_silence_at_hours_of_which_no_earlier_week_is_known_is_no_alert_by_default(
    port: Harbour, tmp_path: Path
) -> None:
    with agent_at(port, tmp_path / "spool", NAME) as agent:
        port.clock.turn(minutes=20)
        serve(port, agent)
        port.ship(agent, end=True)
    port.clock.turn(minutes=2 * 1440)
    port.settle()

    assert alerts(port) == []


def test_labels_that_stop_are_noticed(port: Harbour, tmp_path: Path) -> None:
    watch(port, [Monitor(id="labels", kind="no_data", metric="labels", silent_for_s=HOUR_S, severity="warning")])
    with agent_at(port, tmp_path / "spool", NAME) as agent:
        port.clock.turn(minutes=20)
        serve(port, agent, prediction_ids=[f"a{i}" for i in range(30)])
        port.clock.turn(minutes=90)
        port.settle()
        without_any = alerts(port)
        agent.actuals(["a1"], [1])
        port.ship(agent)
        port.settle()
        port.clock.turn(minutes=90)
        port.settle()

    assert without_any == []
    assert alerts(port) == [("labels", "warning", "firing")]


def test_agents_that_are_all_silent_are_noticed_within_their_intervals(port: Harbour, tmp_path: Path) -> None:
    with agent_at(port, tmp_path / "spool", NAME) as agent:
        port.clock.turn(minutes=20)
        serve(port, agent)
        port.clock.turn(minutes=2)
        port.settle()
        early = alerts(port)
        port.clock.turn(minutes=10)
        port.settle()
        late = alerts(port)
        serve(port, agent)
        port.clock.turn(minutes=2)
        port.settle()

    assert early == []
    assert late == [("silent_agents", "failing", "firing")]
    assert alerts(port) == [("silent_agents", "failing", "resolved")]


def test_an_error_budget_that_burns_fails_and_says_what_is_left(port: Harbour, tmp_path: Path) -> None:
    watch(port, [Monitor(id="slo", kind="burn_rate", metric="error_rate", objective=0.99, significance=0.01)])

    def broken(_: object) -> object:
        raise RuntimeError("no model")

    with agent_at(port, tmp_path / "spool", NAME) as agent:
        model = agent.watch(broken)
        for _ in range(60):
            with pytest.raises(RuntimeError, match="no model"):
                model([[1.0]])
        port.ship(agent)
        port.settle()
        port.clock.turn(minutes=10)
        port.settle()

    assert alerts(port) == [("slo", "failing", "firing")]
    (event,) = port.get("/alerts")["items"][0]["events"]
    assert event["objective"] == 0.99
    assert event["budget_left"] == pytest.approx(-99.0)
    assert event["burn_rates"]["1 h"] == pytest.approx(100.0)


def two_columns(rows: int, shifts: Sequence[float], seed: int) -> list[dict[str, float]]:
    parts = [amounts(rows, shift=shift, seed=seed + i) for i, shift in enumerate(shifts)]
    return [{f"x{i}": part[row]["amount"] for i, part in enumerate(parts)} for row in range(rows)]


@pytest.mark.parametrize("comes_late", [False, True])
def test_a_composite_fails_when_two_columns_fail_at_once_in_a_replay_too(
    port: Harbour, tmp_path: Path, comes_late: bool
) -> None:
    serious = Monitor(id="serious", kind="composite", members=("drift",), at_least=2, recover_after=1)
    other = Monitor(id="other", kind="composite", members=("drift",), at_least=3)
    watch(port, [DRIFT, other] if comes_late else [DRIFT, other, serious], alerts="all")
    shifts = [(HEALTHY, HEALTHY), (BROKEN, HEALTHY), (BROKEN, BROKEN), (HEALTHY, BROKEN), (HEALTHY, HEALTHY)]
    with agent_at(port, tmp_path / "spool", NAME, alerts="all") as agent:
        agent.baseline(two_columns(1_000, (0.0, 0.0), 0))
        for number, both in enumerate(shifts):
            start = REPLAY + timedelta(days=number)
            times = [start + i * timedelta(minutes=15) for i in range(96)]
            agent.record(two_columns(96, both, 10 + number), timestamps=times)
        port.ship(agent, end=True)
    port.settle()
    if comes_late:
        watch(port, [DRIFT, other, serious])
        port.settle()

    (alert,) = [one for one in port.get("/alerts")["items"] if one["monitor"] == "serious"]
    assert (alert["severity"], alert["status"]) == ("failing", "resolved")
    assert alert["opened_window"]["end"] == (REPLAY + timedelta(days=3)).isoformat().replace("+00:00", "Z")
    assert alert["events"][0]["members"] == ["drift/x0", "drift/x1"]


def test_a_fall_of_traffic_from_its_trailing_mean_is_judged_window_by_window(port: Harbour, tmp_path: Path) -> None:
    volume = Monitor(
        id="missing",
        metric="missing_rate",
        columns="amount",
        comparison="outside",
        limits="trailing",
        warning=3,
        failing=6,
        trailing_windows=7,
    )
    watch(port, [volume], alerts="all")
    with agent_at(port, tmp_path / "spool", NAME, alerts="all") as agent:
        for number in range(9):
            start = REPLAY + timedelta(days=number)
            gone = 60 if number == 8 else number % 3
            rows: list[dict[str, float | None]] = [*amounts(96 - gone), *[{"amount": None}] * gone]
            agent.record(rows, timestamps=[start + i * timedelta(minutes=15) for i in range(96)])
        port.ship(agent, end=True)
    port.settle()

    verdicts = [one["verdict"] for one in port.values(NAME, "missing_rate", column="amount", step="day")]
    assert verdicts == ["not_enough_data"] * 5 + ["ok"] * 3 + ["failing"]
    (alert,) = port.get("/alerts")["items"]
    (event,) = alert["events"]
    assert event["learned_from"] == "trailing_windows"
    assert event["windows"] == 7
    assert alert["threshold"] == event["failing_limit"][1]


def test_each_segment_is_judged_as_a_series_of_its_own(port: Harbour, tmp_path: Path) -> None:
    by_carrier = Monitor(**{**asdict(DRIFT), "id": "by_carrier", "segments": "carrier=*"})
    watch(port, [by_carrier], alerts="all")
    with agent_at(port, tmp_path / "spool", NAME, alerts="all", segments=["carrier"]) as agent:
        give_baseline(agent)
        for carrier, shift in (("UA", BROKEN), ("AA", HEALTHY)):
            record_day(agent, REPLAY, shift=shift, segment={"carrier": carrier})
        port.ship(agent, end=True)
    port.settle()

    (alert,) = port.get("/alerts")["items"]
    assert (alert["monitor"], alert["segment"], alert["column"]) == ("by_carrier", "carrier=UA", "amount")


def test_limits_learned_from_the_baseline_know_the_size_of_the_window(port: Harbour, tmp_path: Path) -> None:
    learned = Monitor(id="learned", metric="psi", columns="*", limits="baseline", warning=4, failing=8)
    watch(port, [learned], alerts="all")
    with agent_at(port, tmp_path / "spool", NAME, alerts="all") as agent:
        give_baseline(agent)
        record_days(agent, REPLAY, [HEALTHY, HEALTHY, BROKEN])
        port.ship(agent, end=True)
    port.settle()

    assert [one["verdict"] for one in port.values(NAME, "psi", column="amount", step="day")] == ["ok", "ok", "failing"]
    (alert,) = port.get("/alerts")["items"]
    assert alert["events"][0]["learned_from"] == "drawn_from_baseline"


def test_health_names_the_column_that_made_a_block_bad_and_stands_in_the_list(port: Harbour, tmp_path: Path) -> None:
    with agent_at(port, tmp_path / "spool", NAME, alerts="all") as agent:
        give_baseline(agent)
        record_days(agent, REPLAY, [HEALTHY, BROKEN])
        port.ship(agent, end=True)
    port.settle()

    health = port.get(f"/deployments/{NAME}/health")
    blocks = {one["block"]: one for one in health["blocks"]}
    (item,) = port.get("/deployments")["items"]
    assert (health["verdict"], blocks["drift"]["state"]) == ("failing", "failing")
    assert [(one["monitor"], one["column"], one["verdict"]) for one in blocks["drift"]["because"]] == [
        ("drift", "amount", "failing")
    ]
    assert item["health"] == {name: one["state"] for name, one in blocks.items()}


def test_what_a_cool_down_keeps_back_is_recorded_and_opens_later(port: Harbour, tmp_path: Path) -> None:
    calm = Monitor(**{**asdict(DRIFT), "recover_after": 1, "cooldown_s": 2 * DAY_S})
    watch(port, [calm], alerts="all")
    with agent_at(port, tmp_path / "spool", NAME, alerts="all") as agent:
        give_baseline(agent)
        record_days(agent, REPLAY, [BROKEN, HEALTHY, BROKEN, BROKEN])
        port.ship(agent, end=True)
    port.settle()

    judged = newest_judgements(port.collector.telemetry, NAME)
    assert [one.reason for one in judged] == [None, None, "cooling_down", None]
    assert alerts(port) == [("drift", "failing", "resolved"), ("drift", "failing", "firing")]
