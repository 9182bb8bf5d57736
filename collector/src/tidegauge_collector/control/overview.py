"""All deployments with their versions, and what fires in each: a query each, however many they are."""

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tidegauge_collector.control import deployments
from tidegauge_collector.control.deployments import Deployment, Version
from tidegauge_collector.control.tables import AlertTableRow, DeploymentRow, VersionRow


@dataclass(frozen=True, slots=True)
class Overview:
    """One deployment as it is configured, and its versions, oldest first."""

    deployment: Deployment
    versions: tuple[Version, ...]


def overviews(session: Session) -> dict[str, Overview]:
    """Of all deployments, by name and in the order of names."""
    versions: dict[int, list[Version]] = defaultdict(list)
    columns = select(VersionRow.deployment_id, VersionRow.name, VersionRow.role, VersionRow.first_seen_us)
    for number, name, role, first_seen_us in session.execute(
        columns.order_by(VersionRow.first_seen_us, VersionRow.name)
    ):
        versions[number].append(Version(name, role, first_seen_us))
    return {one.name: Overview(one, tuple(versions[one.id])) for one in deployments.listed(session)}


def firing(session: Session) -> dict[str, dict[str, int]]:
    """Firing alerts by severity, of each deployment that has any."""
    row = AlertTableRow
    query = select(DeploymentRow.name, row.severity, func.count()).join(row, row.deployment_id == DeploymentRow.id)
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for name, severity, count in session.execute(
        query.where(row.status == "firing").group_by(DeploymentRow.name, row.severity)
    ):
        found[name][severity] = count
    return dict(found)
