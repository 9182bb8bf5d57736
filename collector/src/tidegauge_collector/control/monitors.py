"""Monitors of a deployment and where each of their series stands, as JSON of the core's values."""

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, String, cast, select
from sqlalchemy.orm import Session

from tidegauge_collector.control import deployments
from tidegauge_collector.control.tables import DeploymentRow, MonitorRow, MonitorStateRow
from tidegauge_collector.core.advancing import Place
from tidegauge_collector.core.alerts import SeriesState
from tidegauge_collector.core.blocks import block_of
from tidegauge_collector.core.definitions import MONITOR_FIELDS
from tidegauge_collector.core.judging import SeriesKey
from tidegauge_collector.core.monitor_problems import Block
from tidegauge_collector.core.monitors import Monitor, Verdict
from tidegauge_collector.core.shapes import plain, read


def listed(session: Session, deployment: str) -> list[Monitor]:
    """The monitors of a deployment, in their stated order."""
    return list(by_id(session, deployments.row_of(session, deployment).id).values())


def by_id(session: Session, deployment_id: int) -> dict[str, Monitor]:
    """The monitors of a deployment, in their stated order, by their id."""
    found = of_all(session, MonitorRow.deployment_id == deployment_id)
    return {one.id: one for one in found.get(deployment_id, ())}


def blocks(session: Session, deployment_id: int) -> dict[str, Block]:
    """The block of health that each monitor of a deployment speaks for, by its id."""
    query = select(MonitorRow.id, MonitorRow.parameters).where(MonitorRow.deployment_id == deployment_id)
    return {
        name: block_of(
            stated=found.get("block", ""), kind=found.get("kind", "measurement"), metric=found.get("metric", "")
        )
        for name, found in session.execute(query)
    }


def of_all(session: Session, *of: ColumnElement[bool]) -> dict[int, list[Monitor]]:
    """The monitors of every deployment that has any, in their stated order, or those `of` which conditions hold."""
    columns = select(MonitorRow.deployment_id, MonitorRow.id, cast(MonitorRow.parameters, String)).where(*of)
    found: dict[int, list[Monitor]] = {}
    for deployment_id, name, text in session.execute(
        columns.order_by(MonitorRow.deployment_id, MonitorRow.position, MonitorRow.id)
    ):
        found.setdefault(deployment_id, []).append(_read(name, text))
    return found


def by_deployment(session: Session) -> dict[str, list[Monitor]]:
    """`of_all` by the names of the deployments."""
    rows = session.execute(select(DeploymentRow.id, DeploymentRow.name))
    names = {number: name for number, name in rows}  # noqa: C416 - rows, not pairs, to the type checker
    return {names[number]: found for number, found in of_all(session).items()}


def states(session: Session, deployment: str, monitors: Collection[str] | None) -> dict[Place, SeriesState]:
    """Where every series of a deployment, or of some of its monitors, stands, by monitor id and series."""
    row = MonitorStateRow
    columns = select(row.monitor, row.metric, row.column, row.segment, row.version)
    query = columns.add_columns(row.last_window_end_us, cast(row.state, String))
    query = query.where(row.deployment_id == deployments.row_of(session, deployment).id)
    if monitors is not None:
        query = query.where(row.monitor.in_(sorted(monitors)))
    return {
        (monitor, SeriesKey(*series)): _state(state, end_us)
        for monitor, *series, end_us, state in session.execute(query)
    }


@lru_cache(maxsize=1_024)  # most series of a monitor stand alike
def _state(stored: str, end_us: int | None) -> SeriesState:
    """The stored state; how far it was judged may have moved on since it was written."""
    return replace(state_of(json.loads(stored)), last_window_end_us=end_us)


def parameters_of(monitor: Monitor) -> dict[str, Any]:
    """Every field of a monitor but its id, as JSON."""
    return {name: value for name, value in plain(monitor).items() if name != "id"}


def monitor_of(name: str, parameters: Mapping[str, Any]) -> Monitor:
    """The monitor of stored parameters; a field of a newer version than theirs has its default."""
    found = {one.name: read(one, parameters[one.name]) for one in MONITOR_FIELDS if one.name in parameters}
    return Monitor(**{**found, "id": name})


@lru_cache(maxsize=4_096)
def _read(name: str, text: str) -> Monitor:
    """From stored parameters. Thousands of deployments have the same few monitors: each is read once."""
    return monitor_of(name, json.loads(text))


def state_of(stored: Mapping[str, Any]) -> SeriesState:
    recent = tuple(Verdict(each) for each in stored["recent"])
    verdict = None if stored.get("verdict") is None else Verdict(stored["verdict"])
    changes = tuple(stored.get("changes", ()))
    return SeriesState(**{**stored, "recent": recent, "verdict": verdict, "changes": changes})
