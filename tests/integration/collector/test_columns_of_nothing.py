"""Columns of which every value is missing are there, and say so; with the first value they have a kind."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from collector_harbour import Harbour, agent_at, harbour
from collector_rows import amounts

NAME = "shop"
BEGIN = datetime(2025, 6, 2, 10, tzinfo=UTC)


@pytest.fixture
def port(tmp_path: Path) -> Iterator[Harbour]:
    with harbour(tmp_path / "data") as running:
        yield running


def rows(ghost: list[Any]) -> list[dict[str, Any]]:
    return [{**row, "ghost": value} for row, value in zip(amounts(len(ghost)), ghost, strict=True)]


def kinds(port: Harbour) -> dict[str, str]:
    return {one["name"]: one["kind"] for one in port.get(f"/deployments/{NAME}")["columns"]}


def missing(port: Harbour, **query: Any) -> list[tuple[float, int]]:
    return [(one["value"], one["n"]) for one in port.values(NAME, "missing_rate", column="ghost", **query)]


def test_a_column_of_nothing_is_listed_as_unknown_and_all_missing(port: Harbour, tmp_path: Path) -> None:
    with agent_at(port, tmp_path / "spool", NAME) as agent:
        agent.record(rows([None] * 60), timestamps=[BEGIN] * 60)
        port.ship(agent, end=True)
    port.settle()

    assert kinds(port) == {"amount": "numeric", "ghost": "unknown"}
    assert missing(port) == [(1.0, 60)]
    assert [one["reason"] for one in port.values(NAME, "psi", column="ghost")] == ["no_baseline"]


def test_with_its_first_value_it_has_a_kind_and_nothing_that_was_missing_is_lost(port: Harbour, tmp_path: Path) -> None:
    with agent_at(port, tmp_path / "spool", NAME) as agent:
        for hour, ghost in enumerate(([None] * 60, [None] * 30 + [1.5] * 30, [2.5] * 60)):
            agent.record(rows(ghost), timestamps=[BEGIN + timedelta(hours=hour)] * 60)
            agent.record(rows(ghost), timestamps=[BEGIN + timedelta(hours=hour)] * 60)
            assert agent.flush(timeout_s=30)
        agent.record(rows([3.5] * 40), timestamps=[BEGIN] * 40)
        port.ship(agent, end=True)
    port.settle()

    assert kinds(port)["ghost"] == "numeric"
    assert missing(port, step="hour") == [(0.75, 160), (0.5, 120), (0.0, 120)]


def test_beside_a_baseline_that_knows_it_it_is_compared_as_all_missing(port: Harbour, tmp_path: Path) -> None:
    with agent_at(port, tmp_path / "spool", NAME) as agent:
        agent.baseline(rows([float(i) for i in range(200)]))
        agent.record(rows([None] * 60), timestamps=[BEGIN] * 60)
        port.ship(agent, end=True)
    port.settle()

    assert kinds(port)["ghost"] == "numeric"
    assert missing(port) == [(1.0, 60)]
    ((drift,), (delta,)) = (
        port.values(NAME, metric, column="ghost") for metric in ("total_variation", "missing_delta")
    )
    assert (drift["value"], delta["value"]) == (1.0, 1.0)
