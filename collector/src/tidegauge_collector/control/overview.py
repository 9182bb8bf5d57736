"""What the list of deployments says of each, for many at once: four queries, however many they are."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import String, cast, func, select
from sqlalchemy.orm import Session

from tidegauge_collector.control.deployments import Version
from tidegauge_collector.control.tables import AlertTableRow, DeploymentRow, MonitorStateRow, VersionRow
from tidegauge_collector.core.attributes import NAMES as ATTRIBUTES
from tidegauge_collector.core.attributes import Attributes

NOTHING_RECENT = '%"recent": []%'  # as a state without judgements is written


@dataclass(frozen=True, slots=True)
class Overview:
    """Of one deployment: its versions (oldest first), its firing alerts by severity, whether anything was judged lately, its attributes."""

    name: str
    task: str | None
    timezone: str
    created_at_us: int
    versions: tuple[Version, ...]
    firing: dict[str, int]
    is_judged: bool
    attributes: Attributes


def overviews(session: Session, names: Collection[str]) -> dict[str, Overview]:
    """The overviews of those of the deployments that exist, by name."""
    wanted = set(names)
    rows = [row for row in session.scalars(select(DeploymentRow)) if row.name in wanted]
    versions: dict[int, list[Version]] = defaultdict(list)
    for one in session.scalars(select(VersionRow).order_by(VersionRow.first_seen_us, VersionRow.name)):
        versions[one.deployment_id].append(Version(one.name, one.role, one.first_seen_us))
    firing: dict[int, dict[str, int]] = defaultdict(dict)
    alerts = select(AlertTableRow.deployment_id, AlertTableRow.severity, func.count()).where(
        AlertTableRow.status == "firing"
    )
    for number, severity, count in session.execute(
        alerts.group_by(AlertTableRow.deployment_id, AlertTableRow.severity)
    ):
        firing[number][severity] = count
    states = select(MonitorStateRow.deployment_id).distinct()
    judged = set(session.scalars(states.where(cast(MonitorStateRow.state, String).not_like(NOTHING_RECENT))))
    return {
        row.name: Overview(
            row.name,
            row.task,
            row.timezone,
            row.created_at_us,
            tuple(versions[row.id]),
            firing[row.id],
            row.id in judged,
            Attributes(**{name: getattr(row, name) for name in ATTRIBUTES}),
        )
        for row in rows
    }
