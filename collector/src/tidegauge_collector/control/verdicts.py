"""The newest verdict of every series and the monitors they are of, for many deployments at once: what their health is made of."""

from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from tidegauge_collector.control import monitors
from tidegauge_collector.control.tables import DeploymentRow, MonitorRow, MonitorStateRow
from tidegauge_collector.core.health import Said
from tidegauge_collector.core.monitors import Monitor, Verdict

FEW = 100


@dataclass(slots=True)
class Verdicts:
    """Of one deployment."""

    monitors: list[Monitor] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)


def verdicts(session: Session, names: Collection[str]) -> dict[str, Verdicts]:
    """Of those of the deployments that exist: three queries, however many they are."""
    wanted = set(names)
    rows = session.execute(select(DeploymentRow.id, DeploymentRow.name))
    numbers = {number: name for number, name in rows if name in wanted}
    found = {name: Verdicts() for name in numbers.values()}
    only = _only(MonitorRow.deployment_id, numbers)
    for number, some in monitors.of_all(session, *only).items():
        if number in numbers:
            found[numbers[number]].monitors.extend(some)
    state = MonitorStateRow
    newest = state.state["verdict"].as_string()
    query = select(
        state.deployment_id,
        state.monitor,
        state.metric,
        state.column,
        state.segment,
        state.version,
        newest,
        state.last_window_end_us,
    )
    query = query.where(*_only(state.deployment_id, numbers))
    for number, monitor, metric, column, segment, version, verdict, end_us in session.execute(query):
        if number in numbers and verdict is not None and end_us is not None:
            said = Said(monitor, metric, column, segment, version, _WORDS[verdict], end_us)
            found[numbers[number]].said.append(said)
    return found


def _only(column: InstrumentedAttribute[int], numbers: Collection[int]) -> list[ColumnElement[bool]]:
    """Of a few deployments their rows are asked for, of many all rows: a statement has room for so many numbers."""
    return [column.in_(numbers)] if len(numbers) <= FEW else []


_WORDS = {one.value: one for one in Verdict}
