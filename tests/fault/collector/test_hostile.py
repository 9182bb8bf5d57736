"""Garbage on the ports, a store that was deleted, frames that cannot be folded: the rest goes on as if nothing was."""

import random
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from collector_harbour import Harbour, agent_at, harbour
from collector_rows import REPLAY, give_baseline, record_days

from tidegauge_collector.jobs import folding as folding_module

NAME = "shop"
GARBAGE = [
    b"",
    b"\x00" * 64,
    b"GET / HTTP/9.9\r\n\r\n",
    b"POST /api/v1/deployments/shop/actuals HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 200,
    b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n",
    random.Random(7).randbytes(5_000),
]


@pytest.fixture
def port(tmp_path: Path) -> Iterator[Harbour]:
    with harbour(tmp_path / "data") as running:
        yield running


def serve(port: Harbour, spool: Path, shifts: list[float], *, start: int = 0, name: str = NAME) -> None:
    with agent_at(port, spool, name, alerts="all") as agent:
        give_baseline(agent)
        record_days(agent, REPLAY + timedelta(days=start), shifts)
        port.ship(agent, end=True)
    port.settle()


def answers(port: Harbour) -> Any:
    return {
        "psi": port.values(NAME, "psi", step="day"),
        "missing": port.values(NAME, "missing_rate", step="hour"),
        "requests": port.values(NAME, "requests"),
        "profile": port.get(f"/deployments/{NAME}/profiles", column="amount"),
        "about": port.get(f"/deployments/{NAME}"),
        "stored": port.get(f"/deployments/{NAME}/status")["stored"],
        "alerts": port.get("/alerts"),
    }


@pytest.mark.parametrize("which", ["http_url", "grpc_url"])
def test_garbage_on_a_port_disturbs_nobody(port: Harbour, tmp_path: Path, which: str) -> None:
    host, _, number = getattr(port.collector, which).partition("//")[2].partition(":")
    for garbage in GARBAGE:
        with socket.create_connection((host, int(number)), timeout=120) as connection:
            connection.sendall(garbage)

    serve(port, tmp_path / "spool", [0.0, 0.0])

    assert [one["n"] for one in port.values(NAME, "psi", step="day")] == [96, 96]
    assert port.client.get("/healthz").json() == {"healthy": True}


def test_a_deleted_telemetry_store_is_folded_again_from_the_log_and_answers_the_same(
    port: Harbour, tmp_path: Path
) -> None:
    serve(port, tmp_path / "spool", [0.0, 40.0, 40.0, 0.0, 0.0])
    before = answers(port)
    port.stop()
    for file in port.data.glob("telemetry.duckdb*"):
        file.unlink()
    port.start()
    port.settle()

    assert answers(port) == before
    assert [len(one["events"]) for one in before["alerts"]["items"]] == [2]


def test_a_frame_that_cannot_be_folded_costs_itself_and_nothing_else(
    port: Harbour, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = folding_module.fold

    def poisoned(store: Any, entries: Any, position: Any, **options: Any) -> Any:
        if any(entry.frame.deployment == "poison" for entry in entries):
            raise ZeroDivisionError("a bug")
        return real(store, entries, position, **options)

    monkeypatch.setattr(folding_module, "fold", poisoned)
    for name in ("poison", NAME):
        with agent_at(port, tmp_path / name, name) as agent:
            record_days(agent, REPLAY, [0.0])
            port.ship(agent, end=True)
    port.until(lambda: _folds(port))
    port.settle()

    assert [one["n"] for one in port.values(NAME, "missing_rate")] == [96]
    assert port.collector.folding.counts["poisonous"] > 0


def _folds(port: Harbour) -> bool:
    """Try until what stands in the way was passed over."""
    try:
        port.settle()
    except ZeroDivisionError:
        return False
    return True
