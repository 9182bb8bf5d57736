"""The number that tells agents to ask for their configuration again: it rises with every change that concerns them."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tidegauge_collector.control.tables import DeploymentRow, RevisionRow


def current(session: Session) -> int:
    """The global revision; 0 before the first change."""
    return session.scalars(select(RevisionRow.value)).one()


def bump(session: Session, deployment: DeploymentRow) -> None:
    """Raises the global revision by one and stamps the deployment with it."""
    deployment.config_revision = session.scalars(
        update(RevisionRow).values(value=RevisionRow.value + 1).returning(RevisionRow.value)
    ).one()
