"""Monitor definitions, and the monitors of each deployment that follow from them: both change in one transaction, or neither.

    monitor_definitions ──resolved, matched by name and labels──▶ monitors of each deployment ──▶ their series' states, alerts

A monitor that goes takes the states of its series with it, and its firing alerts are withdrawn.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tidegauge_collector.control import monitors
from tidegauge_collector.control.tables import (
    AlertTableRow,
    DeploymentRow,
    MonitorDefinitionRow,
    MonitorRow,
    VersionRow,
)
from tidegauge_collector.control.withdrawing import withdraw
from tidegauge_collector.core import composites
from tidegauge_collector.core.definitions import (
    DEFAULTS,
    Definition,
    Target,
    definition_of,
    merged,
    monitors_of,
    resolved,
    without,
)
from tidegauge_collector.core.judging import SeriesKey
from tidegauge_collector.core.monitors import Monitor
from tidegauge_collector.core.plans import Plan, fingerprint, monitor_changes, plan
from tidegauge_collector.crash_points import crash_here

Sessions = Callable[[], AbstractContextManager[Session]]
Resolve = Callable[[Mapping[str, Definition]], tuple[dict[str, Definition], tuple[str, ...]]]


class DefinitionsChanged(ValueError):  # noqa: N818 - says what is the case
    """Somebody changed the definitions since they were planned with."""


@dataclass(frozen=True, slots=True)
class StoredDefinition:
    """A definition, when it was last changed, and how many deployments it stands for."""

    definition: Definition
    updated_at_us: int
    matched: int


@dataclass(frozen=True, slots=True)
class Applied:
    """What was done: the plan, the alerts withdrawn by it, and the fingerprint of the definitions, for who wants to go on from them."""

    plan: Plan
    withdrawn: int
    fingerprint: str


class Definitions:
    """The definitions of a control store; each method is one transaction."""

    def __init__(self, read_session: Sessions, write_session: Sessions) -> None:
        self._read = read_session
        self._write = write_session

    def listed(self) -> list[StoredDefinition]:
        """All definitions: the defaults first, then the others by id."""
        with self._read() as session:
            times = {row.id: row.updated_at_us for row in session.scalars(select(MonitorDefinitionRow))}
            targets = [_target(row) for row in session.scalars(select(DeploymentRow))]
            return [
                StoredDefinition(one, times.get(one.id, 0), sum(map(one.matches, targets)))
                for one in current(session).values()
            ]

    def refresh(self, now_us: int) -> int:
        """Writes the built-in defaults, and brings every deployment to what is defined; how many deployments that changed.

        Nothing is written where everything is so already.
        """
        with self._read() as session:
            if _is_settled(session):
                return 0
        with self._write() as session:
            everything = current(session)
            _store(session, everything, now_us)
            return sum(
                bool(materialise(session, row, everything, actor="", now_us=now_us).changes)
                for row in session.scalars(select(DeploymentRow)).all()
            )

    def plan(self, wanted: Sequence[Definition], *, prune: bool = False) -> Applied:
        """What `apply` would do. Nothing is changed."""
        with self._read() as session:
            before = current(session)
            after, missing = merged(before, wanted, prune=prune)
            planned = _planned(session, before, after, left=() if prune else missing)
            return Applied(planned, _firing_of(planned), fingerprint(before))

    def apply(
        self, wanted: Sequence[Definition], *, prune: bool = False, expected: str | None = None, actor: str, now_us: int
    ) -> Applied:
        """Defines these, each in the place of the one of its id; with `prune` those of other files go.

        `expected`: the fingerprint of a plan; raises DefinitionsChanged where the definitions are others by now.
        """

        def change(before: Mapping[str, Definition]) -> tuple[dict[str, Definition], tuple[str, ...]]:
            if expected is not None and expected != fingerprint(before):
                raise DefinitionsChanged("the monitors were changed since this was planned: plan again")
            after, missing = merged(before, wanted, prune=prune)
            return after, () if prune else missing

        return self._change(change, actor=actor, now_us=now_us)

    def remove(self, name: str, *, actor: str, now_us: int) -> Applied:
        """One definition goes; a default comes back in its place. Raises LookupError or, for a default, ValueError."""
        return self._change(lambda before: (without(before, name), ()), actor=actor, now_us=now_us)

    def of_deployment(self, deployment: str) -> list[tuple[Monitor, Definition]]:
        """The monitors of a deployment with what they follow from. Raises LookupError where there is no such deployment."""
        with self._read() as session:
            row = session.scalars(select(DeploymentRow).where(DeploymentRow.name == deployment)).one_or_none()
            if row is None:
                raise LookupError(f"deployment {deployment!r} does not exist")
            defined = current(session)
            standing = monitors.by_id(session, row.id).items()
            return [(one, found) for name, one in standing if (found := definition_of(defined, name)) is not None]

    def _change(self, change: Resolve, *, actor: str, now_us: int) -> Applied:
        with self._write() as session:
            before = current(session)
            after, left = change(before)
            planned = _planned(session, before, after, left=left)
            withdrawn = 0
            for row in session.scalars(select(DeploymentRow).where(DeploymentRow.name.in_(planned.deployments))).all():
                withdrawn += len(materialise(session, row, after, actor=actor, now_us=now_us).withdrawn)
                crash_here("monitors.half_applied")
            _store(session, after, now_us)
            session.flush()
            crash_here("monitors.before_commit")
            return Applied(planned, withdrawn, fingerprint(after))


@dataclass(frozen=True, slots=True)
class Materialised:
    """What became of a deployment: the ids of monitors that came, changed or went, and of alerts withdrawn."""

    changes: tuple[str, ...]
    withdrawn: tuple[int, ...]


def current(session: Session) -> dict[str, Definition]:
    """All definitions by id, defaults first."""
    return resolved(_definition(row) for row in session.scalars(select(MonitorDefinitionRow)))


def materialise(
    session: Session, row: DeploymentRow, defined: Mapping[str, Definition], *, actor: str, now_us: int
) -> Materialised:
    """Brings the monitors of one deployment to what is defined."""
    before, after = monitors.by_id(session, row.id), monitors_of(defined.values(), _target(row))
    changes = [one.monitor for one in monitor_changes(before, after)]
    versions = session.scalars(select(VersionRow).where(VersionRow.deployment_id == row.id)) if changes else ()
    roles = {one.name: one.role for one in versions}
    withdrawn: list[int] = []
    for name in changes:
        goes = _going(before.get(name), after.get(name), roles)
        if name in before:
            reason = "monitor_changed" if name in after else "monitor_removed"
            withdrawn += withdraw(session, row.id, name, goes=goes, reason=reason, actor=actor, now_us=now_us)
    positions = {name: position for position, name in enumerate(after)}
    for stored in session.scalars(select(MonitorRow).where(MonitorRow.deployment_id == row.id)).all():
        if stored.id in after:
            stored.position = positions[stored.id]
            stored.parameters = monitors.parameters_of(after[stored.id])
        else:
            session.delete(stored)
    for name in after.keys() - before.keys():
        parameters = monitors.parameters_of(after[name])
        session.add(MonitorRow(deployment_id=row.id, id=name, position=positions[name], parameters=parameters))
    session.flush()
    return Materialised(tuple(changes), tuple(withdrawn))


def _is_settled(session: Session) -> bool:
    everything = current(session)
    rows = session.scalars(select(MonitorDefinitionRow).order_by(MonitorDefinitionRow.position)).all()
    if [_stored(row) for row in rows] != list(everything.values()):
        return False
    kept = monitors.of_all(session)
    return all(
        kept.get(row.id, []) == list(monitors_of(everything.values(), _target(row)).values())
        for row in session.scalars(select(DeploymentRow)).all()
    )


def _going(before: Monitor | None, after: Monitor | None, roles: Mapping[str, str]) -> Callable[[SeriesKey], bool]:
    """Which series a monitor no longer looks at: all of another kind or metric, else those that it covered and does not any more.

    Which columns are important enough only the baseline knows: where that changes all go, and come again if they are bad.
    """

    def covers(monitor: Monitor, series: SeriesKey) -> bool:
        role = roles.get(series.version, "")
        return (
            monitor.covers(series.column)
            and monitor.covers_segment(series.segment)
            and (not series.version or monitor.covers_version(series.version, role))
        )

    def goes(series: SeriesKey) -> bool:
        if before is None or after is None or (before.kind, before.metric) != (after.kind, after.metric):
            return True
        if after.important_only not in (None, before.important_only):
            return True
        return covers(before, series) and not covers(after, series)

    return goes


def _planned(
    session: Session, before: Mapping[str, Definition], after: Mapping[str, Definition], *, left: Sequence[str]
) -> Plan:
    problems = composites.problems([one.monitor for one in after.values() if one.enabled])
    if problems:
        raise ValueError("; ".join(problems))
    rows = session.scalars(select(DeploymentRow).order_by(DeploymentRow.name)).all()
    firing = _firing(session)

    def count(deployment: str, monitor: str) -> int:
        return firing.get((deployment, monitor), 0)

    return plan(before, after, map(_target, rows), left=left, firing=count)


def _firing(session: Session) -> dict[tuple[str, str], int]:
    query = (
        select(DeploymentRow.name, AlertTableRow.monitor, func.count())
        .join(DeploymentRow, DeploymentRow.id == AlertTableRow.deployment_id)
        .where(AlertTableRow.status == "firing")
        .group_by(DeploymentRow.name, AlertTableRow.monitor)
    )
    return {(deployment, monitor): count for deployment, monitor, count in session.execute(query)}


def _firing_of(planned: Plan) -> int:
    return sum(one.firing for some in planned.deployments.values() for one in some)


def _store(session: Session, everything: Mapping[str, Definition], now_us: int) -> None:
    rows = {row.id: row for row in session.scalars(select(MonitorDefinitionRow))}
    for name in rows.keys() - everything.keys():
        session.delete(rows[name])
    for position, one in enumerate(everything.values()):
        row = rows.get(one.id)
        if row is None:
            row = MonitorDefinitionRow(id=one.id, updated_at_us=now_us)
            session.add(row)
        elif _definition(row) != one:
            row.updated_at_us = now_us
        row.position, row.origin, row.source = position, one.origin, one.source
        row.deployments = list(one.deployments)
        row.parameters = {
            "rule": monitors.parameters_of(one.monitor),
            "labels": dict(one.labels),
            "enabled": one.enabled,
        }


def _definition(row: MonitorDefinitionRow) -> Definition:
    """What a row says; of a default what this version says."""
    return DEFAULTS[row.id] if row.origin == "default" and row.id in DEFAULTS else _stored(row)


def _stored(row: MonitorDefinitionRow) -> Definition:
    return Definition(
        monitor=monitors.monitor_of(row.id, row.parameters["rule"]),
        deployments=tuple(row.deployments),
        labels=row.parameters["labels"],
        enabled=row.parameters["enabled"],
        origin=row.origin,  # type: ignore[arg-type]  # the table checks it
        source=row.source,
    )


def _target(row: DeploymentRow) -> Target:
    return Target(row.name, {name: str(value) for name, value in row.labels.items()})
