"""What the collector of these tests holds: a loan model whose income came in other units in one region, and its calmer neighbours.

`loans`     binary, five days of a row a minute; on the last one, from 14:00 on, region north sends incomes in single euros
`prices`    a regression, calm
`shop`      a firing alert for the tests of acting pages
`pump-…`    a firing alert for each look of the way of who is on call, who lets it recover
`newcomer`  known, and without any data
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
from collector_harbour import Harbour, agent_at
from collector_rows import REPLAY, give_baseline, record_days

from tidegauge import Rule

from .looks import ON_CALL

HEALTHY, BROKEN = 0.0, 40.0
MINUTES = 1_440
LOAN_DAYS = 5
SHIFT_AT = REPLAY + timedelta(days=LOAN_DAYS - 1, hours=14)
REGIONS = ("east", "north", "south")
OWNERS = {"loans": "credit risk", "prices": "pricing", "shop": "web shop"}
OBJECTIVE = {"name": "90 % within 300 ms", "indicator": "latency", "target": 0.9, "under_s": 0.3}


def settle_town(port: Harbour, spools: Path) -> None:
    """Everything that is there before the first visitor."""
    _loans(port, spools)
    _prices(port, spools)
    for name in ("shop", *(pump_of(look) for look in ON_CALL)):
        _broken(port, spools, name)
    with agent_at(port, spools / "newcomer", "newcomer") as agent:
        agent.event("hello")
        port.ship(agent, end=True)
    port.settle()
    for name, owner in OWNERS.items():
        about = {"owner": owner} | ({"importance": "critical", "labels": {"team": "risk"}} if name == "loans" else {})
        assert port.client.patch(f"/api/v1/deployments/{name}", json=about).status_code == 200
    put = port.client.put("/api/v1/objectives/fast", json={**OBJECTIVE, "deployments": ["loans"]})
    assert put.status_code == 200, put.text
    port.clock.turn(minutes=10)  # what was promised is judged of minutes that are over
    port.settle()


def pump_of(look: Any) -> str:
    """The deployment of one look."""
    return f"pump-{look}"


def _broken(port: Harbour, spools: Path, name: str) -> None:
    with agent_at(port, spools / name, name, alerts="all") as agent:
        give_baseline(agent)
        record_days(agent, REPLAY, [HEALTHY, BROKEN, BROKEN])
        port.ship(agent, end=True)


def firing(port: Harbour, name: str = "shop") -> list[dict[str, Any]]:
    """The open alerts of one deployment."""
    return list(port.get("/alerts", deployment=name, status="firing")["items"])


def untouched(port: Harbour, name: str = "shop") -> dict[str, Any]:
    """An open alert that nobody has taken or muted."""
    number = firing(port, name)[0]["id"]
    for action in ("unacknowledge", "unmute"):
        answer = port.client.post(f"/api/v1/alerts/{number}/{action}")
        assert answer.status_code == 200, answer.text
    return dict(port.get(f"/alerts/{number}"))


def silenced(port: Harbour, name: str = "shop") -> list[dict[str, Any]]:
    """The silences that hold for one deployment by its name."""
    return [one for one in port.get("/silences", state="active")["items"] if one["matchers"]["deployment"] == [name]]


def mend(port: Harbour, spool: Path, name: str) -> None:
    """Two days more of a broken one, as healthy as its baseline: its alert is resolved."""
    with agent_at(port, spool, name, alerts="all") as agent:
        record_days(agent, REPLAY + timedelta(days=3), [HEALTHY, HEALTHY])
        port.ship(agent, end=True)
    port.settle()


def _applications(seed: int, n: int) -> tuple[list[dict[str, Any]], np.ndarray[Any, Any]]:
    """Rows, and the chance of each that it is not paid back."""
    rng = np.random.default_rng(seed)
    income, amount, age = rng.normal(40, 9, n), rng.gamma(3, 5, n), rng.integers(20, 75, n)
    risk = 1 / (1 + np.exp(income / 6 - amount / 6 - 3))
    rows = [
        {"income": float(income[i]), "amount": float(amount[i]), "age": float(age[i]), "region": REGIONS[i % 3]}
        for i in range(n)
    ]
    return rows, risk


def _loans(port: Harbour, spools: Path) -> None:
    options: dict[str, Any] = {"task": "binary", "segments": ["region"], "alerts": "all"}
    for version, days, more in (
        ("2025-05", range(2), {}),
        ("2025-06", range(LOAN_DAYS), {"rules": [Rule.uncertain_prediction(0.45, 0.55)]}),
    ):
        with agent_at(port, spools / version, "loans", version=version, **options, **more) as agent:
            rows, risk = _applications(0, 2_000)
            late = np.random.default_rng(1).random(len(risk)) < risk
            weights = {"income": 0.5, "amount": 0.3, "age": 0.15, "region": 0.05}
            agent.baseline(rows, predictions=risk, actuals=late.astype(int), importance=weights)
            for day in days:
                _day_of_loans(agent, day, step=1 if more else 4)
            agent.event(f"deployed {version}", kind="deploy")
            port.ship(agent, end=True)


def _day_of_loans(agent: Any, day: int, *, step: int) -> None:
    """A row every `step` minutes, its truth a day later, and what was asked for in euros as a metric of its own."""
    start = REPLAY + timedelta(days=day)
    times = [start + timedelta(minutes=i) for i in range(0, MINUTES, step)]
    rows, risk = _applications(day + 10, len(times))
    late = np.random.default_rng(day + 100).random(len(risk)) < risk
    for row, at, i in zip(rows, times, range(len(times)), strict=True):
        if at >= SHIFT_AT and row["region"] == "north":
            row["income"] *= 1_000
            risk[i] = 0.01
    ids = [f"loan-{step}-{day}-{i}" for i in range(len(times))]
    for hour in range(24):
        part = slice(hour * 60 // step, (hour + 1) * 60 // step)
        agent.record(
            rows[part], risk[part], prediction_ids=ids[part], timestamps=times[part], latency_s=0.05 + 0.02 * hour
        )
    agent.actuals(ids, late.astype(int), timestamps=[at + timedelta(days=1) for at in times])
    agent.metric("amount_asked", [row["amount"] for row in rows[::60]], timestamps=times[::60])


def _prices(port: Harbour, spools: Path) -> None:
    with agent_at(port, spools / "prices", "prices", task="regression", alerts="all") as agent:
        for day in range(3):
            rng = np.random.default_rng(day + 50)
            size = rng.normal(100, 10, 240)
            rows, said = [{"size": float(x)} for x in size], 3 * size
            times = [REPLAY + timedelta(days=day, minutes=6 * i) for i in range(240)]
            if day == 0:
                agent.baseline(rows, predictions=said, actuals=said + rng.normal(0, 8, 240))
            ids = [f"house-{day}-{i}" for i in range(240)]
            agent.record(rows, said, prediction_ids=ids, timestamps=times)
            agent.actuals(ids, said + rng.normal(0, 8, 240), timestamps=times)
        port.ship(agent, end=True)
