"""What routes and silences match alerts by, and which alerts match, within one transaction."""

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from tidegauge_collector.control import alerts, monitors
from tidegauge_collector.control.tables import AlertTableRow, DeploymentRow
from tidegauge_collector.core.blocks import block_of
from tidegauge_collector.core.matching import LABEL, Matchers, matches
from tidegauge_collector.core.monitor_problems import Block


class Labelling:
    """The labels of alerts; the monitors of a deployment are read once, however many alerts it has."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._blocks: dict[int, dict[str, Block]] = {}

    def of(self, alert: AlertTableRow, owner: DeploymentRow) -> dict[str, str]:
        """Fields and values, and the deployment's labels under `label.NAME`."""
        return {
            "severity": alert.severity,
            "deployment": owner.name,
            "monitor": alert.monitor,
            "metric": alert.metric,
            "column": alert.column,
            "segment": alert.segment,
            "version": alert.version,
            "owner": owner.owner,
            "importance": owner.importance,
            "block": self._block(alert),
            **{f"{LABEL}{name}": str(value) for name, value in owner.labels.items()},
        }

    def _block(self, alert: AlertTableRow) -> Block:
        """The block of its monitor; of one that is gone, that of the metric."""
        if alert.deployment_id not in self._blocks:
            self._blocks[alert.deployment_id] = monitors.blocks(self._session, alert.deployment_id)
        found = self._blocks[alert.deployment_id].get(alert.monitor)
        return found or block_of(stated="", kind="measurement", metric=alert.metric)


def labels_of_number(session: Session, alert: int) -> dict[str, str]:
    """The labels of the alert of that number; raises LookupError where there is none."""
    row = session.get(AlertTableRow, alert)
    if row is None:
        raise LookupError(f"alert {alert} does not exist")
    return Labelling(session).of(row, session.get_one(DeploymentRow, row.deployment_id))


def matching(session: Session, matchers: Matchers, since_us: int, limit: int) -> tuple[list[alerts.AlertRow], bool]:
    """Alerts that fire or opened since a time, and match, the newest first; and whether all were looked at, or the newest `limit`."""
    row = AlertTableRow
    query = select(row, DeploymentRow).join(DeploymentRow, DeploymentRow.id == row.deployment_id)
    recent = query.where(or_(row.status == "firing", row.opened_at_us >= since_us)).order_by(row.id.desc())
    found = session.execute(recent.limit(limit)).all()
    labels = Labelling(session)
    fitting = [alerts.value(one, owner.name) for one, owner in found if matches(matchers, labels.of(one, owner))]
    return fitting, len(found) < limit
