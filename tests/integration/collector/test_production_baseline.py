"""A deployment without a baseline is served too: its first rows become one, agents get its bins and count in them."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from collector_harbour import Harbour, agent_at, harbour
from collector_rows import REPLAY, amounts, record_day, record_days

from tidegauge.wire.binsfile import bins_path

NAME = "shop"
BASELINE = 288  # three days of 96 rows


def psi_by_day(port: Harbour) -> list[dict[str, Any]]:
    return port.values(NAME, "psi", column="amount", step="day")


def test_production_makes_a_baseline_agents_count_in_its_bins_and_earlier_days_are_approximate(tmp_path: Path) -> None:
    with (
        harbour(tmp_path / "data", baseline_rows=BASELINE) as port,
        agent_at(port, tmp_path / "spool", NAME, shipper="thread") as agent,
    ):
        record_days(agent, REPLAY, [0.0] * 4)
        port.ship(agent)
        port.settle()
        (baseline,) = port.get(f"/deployments/{NAME}")["baselines"]
        port.clock.turn(minutes=1)
        agent.event("anything")
        port.ship(agent)  # the answer says that the configuration has changed, and the shipper asks for it
        port.until(bins_path(agent.settings.root, NAME, "v1").exists)
        agent.flush()  # the agent takes it up where it seals
        record_days(agent, REPLAY + timedelta(days=4), [0.0, 40.0])
        port.ship(agent)
        port.settle()
        days = psi_by_day(port)
        profile = port.get(f"/deployments/{NAME}/profiles", column="amount", start="2025-06-06T00:00:00Z")

    assert (baseline["origin"], baseline["status"], baseline["rows"]) == ("production", "active", BASELINE)
    assert [one["parameters"]["approximate"] for one in days] == [True] * 4 + [False] * 2
    assert [one["error_bound"] for one in days] == [None] * 4 + [0.0] * 2
    assert {one["baseline_n"] for one in days} == {BASELINE}
    assert all(one["value"] < 0.4 for one in days[:5])
    assert days[5]["value"] > 3
    late = [
        row["amount"]
        for i in (4, 5)
        for row in amounts(96, shift=[0.0, 40.0][i - 4], seed=(REPLAY + timedelta(i)).toordinal())
    ]
    lower = np.array([one["lower"] if one["lower"] is not None else -np.inf for one in profile["bins"][:-3]])
    counts = np.bincount(np.searchsorted(lower, late, side="right") - 1, minlength=len(lower))
    assert [one["window_count"] for one in profile["bins"][:-3]] == counts.tolist()


def test_the_baseline_is_of_the_first_rows_however_many_came_at_once(tmp_path: Path) -> None:
    with harbour(tmp_path / "data", baseline_rows=BASELINE) as port, agent_at(port, tmp_path / "spool", NAME) as agent:
        record_days(agent, REPLAY, [0.0, 0.0, 0.0, 40.0, 40.0, 40.0])
        port.ship(agent, end=True)
        port.settle()

        (baseline,) = port.get(f"/deployments/{NAME}")["baselines"]
        days = psi_by_day(port)

    assert baseline["rows"] == BASELINE
    assert [one["value"] > 1 for one in days] == [False, False, False, True, True, True]


def test_too_few_rows_make_no_baseline_and_psi_says_so(tmp_path: Path) -> None:
    with harbour(tmp_path / "data", baseline_rows=BASELINE) as port, agent_at(port, tmp_path / "spool", NAME) as agent:
        record_days(agent, REPLAY, [0.0] * 2)
        port.ship(agent, end=True)
        port.settle()
        about = port.get(f"/deployments/{NAME}")
        days = psi_by_day(port)

    assert about["baselines"] == []
    assert [(one["value"], one["reason"], one["n"]) for one in days] == [(None, "no_baseline", 96)] * 2


def test_a_slow_deployment_gets_its_baseline_after_seven_days(tmp_path: Path) -> None:
    with harbour(tmp_path / "data") as port, agent_at(port, tmp_path / "spool", NAME) as agent:
        for number in range(8):
            record_day(agent, REPLAY + timedelta(days=number), rows=24)
        port.ship(agent, end=True)
        port.settle()

        (baseline,) = port.get(f"/deployments/{NAME}")["baselines"]
    assert (baseline["origin"], baseline["rows"]) == ("production", 7 * 24)


def test_a_new_version_waits_for_seven_days_of_its_own(tmp_path: Path) -> None:
    with harbour(tmp_path / "data") as port:
        with agent_at(port, tmp_path / "one", NAME, version="v1") as agent:
            for number in range(8):
                record_day(agent, REPLAY + timedelta(days=number), rows=24)
            port.ship(agent, end=True)
        with agent_at(port, tmp_path / "two", NAME, version="v2") as agent:
            record_day(agent, REPLAY + timedelta(days=8), rows=120)
            port.ship(agent, end=True)
        port.settle()

        assert [one["version"] for one in port.get(f"/deployments/{NAME}")["baselines"]] == ["v1"]


def test_a_baseline_that_is_given_later_takes_over(tmp_path: Path) -> None:
    with harbour(tmp_path / "data", baseline_rows=BASELINE) as port, agent_at(port, tmp_path / "spool", NAME) as agent:
        record_days(agent, REPLAY, [0.0] * 3)
        port.ship(agent)
        port.settle()
        agent.baseline(amounts(500, seed=9))
        port.ship(agent, end=True)
        port.settle()

        found = {one["origin"]: one["status"] for one in port.get(f"/deployments/{NAME}")["baselines"]}
        (whole,) = port.values(NAME, "psi", column="amount")
    assert found == {"production": "proposed", "given": "active"}
    assert whole["baseline_n"] == 500


@pytest.mark.parametrize("restarts", [False, True])
def test_a_baseline_is_made_once(tmp_path: Path, restarts: bool) -> None:
    with harbour(tmp_path / "data", baseline_rows=BASELINE) as port, agent_at(port, tmp_path / "spool", NAME) as agent:
        record_days(agent, REPLAY, [0.0] * 3)
        port.ship(agent)
        port.settle()
        if restarts:
            port.restart()
        record_days(agent, REPLAY + timedelta(days=3), [0.0] * 3)
        port.ship(agent, end=True)
        port.settle()

        assert len(port.get(f"/deployments/{NAME}")["baselines"]) == 1
