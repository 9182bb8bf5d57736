"""What people do with alerts, whether in the API, on the command line, or in a tool that tells us. Each method is one transaction.

An alert is named by its number, by its key, or by the key of a thread, which means all firing alerts that the thread tells of. Each
method returns the alerts that it changed; what is so already is left as it is, so that the same said twice has no effect.
Raises LookupError where nothing of that name is known.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from tidegauge_collector.control import alerts, threads
from tidegauge_collector.control.alerts import AlertRow
from tidegauge_collector.control.silences import Silences
from tidegauge_collector.control.tables import AlertTableRow, DeploymentRow, ThreadMemberRow, ThreadRow
from tidegauge_collector.control.telling import FOREVER_US
from tidegauge_collector.core.silences import Silence

_Transaction = Callable[[], AbstractContextManager[Session]]
_Change = Callable[[AlertTableRow], dict[str, Any] | None]  # None: it is so already; else what the event says
Which = int | str
PRESSED_TWICE_US = 60_000_000
"""A silence that is to end no later after one of the same is that one: a button was pressed twice."""


class People:
    """Also for integrations that tell of what people did elsewhere; `actor` says who, `at_us` when."""

    def __init__(self, write: _Transaction, silences: Silences) -> None:
        self._write = write
        self._silences = silences

    def acknowledge(self, which: Which, *, actor: str, at_us: int) -> list[AlertRow]:
        """Somebody looks after it: no reminders and no escalation any more. The first who says so is remembered."""

        def change(alert: AlertTableRow) -> dict[str, Any] | None:
            if alert.acknowledged_by:
                return None
            alert.acknowledged_by, alert.acknowledged_at_us = actor or "somebody", at_us
            return {}

        return self._change(which, "acknowledged", change, actor=actor, at_us=at_us)

    def unacknowledge(self, which: Which, *, actor: str, at_us: int) -> list[AlertRow]:
        """Nobody looks after it any more."""

        def change(alert: AlertTableRow) -> dict[str, Any] | None:
            if not alert.acknowledged_by:
                return None
            alert.acknowledged_by, alert.acknowledged_at_us = "", None
            return {}

        return self._change(which, "unacknowledged", change, actor=actor, at_us=at_us)

    def assign(self, which: Which, assignee: str, *, actor: str, at_us: int) -> list[AlertRow]:
        """It is theirs now; "" is nobody's."""

        def change(alert: AlertTableRow) -> dict[str, Any] | None:
            if alert.assignee == assignee:
                return None
            alert.assignee = assignee
            return {"assignee": assignee}

        return self._change(which, "assigned", change, actor=actor, at_us=at_us)

    def comment(self, which: Which, text: str, *, actor: str, at_us: int) -> list[AlertRow]:
        """A remark in its history, that its threads tell too. Saying it again right after is no second remark."""
        with self._write() as session:
            found = self._firing(session, which)
            changed = [
                alert for alert in found if not _said_last(session, alert, kind="commented", actor=actor, text=text)
            ]
            for alert in changed:
                alerts.add_event(session, alert, "commented", now_us=at_us, actor=actor, details={"text": text})
                alert.updated_at_us = at_us
            return _changed(session, changed, at_us)

    def mute(self, which: Which, *, until_us: int | None, actor: str, at_us: int) -> list[AlertRow]:
        """Nothing is told of it until a time, or until it recovers."""
        until = FOREVER_US if until_us is None else until_us

        def change(alert: AlertTableRow) -> dict[str, Any] | None:
            if alert.muted_until_us == until:
                return None
            alert.muted_until_us = until
            return {"until_us": until_us}

        return self._change(which, "muted", change, actor=actor, at_us=at_us)

    def unmute(self, which: Which, *, actor: str, at_us: int) -> list[AlertRow]:
        """It is told of again."""

        def change(alert: AlertTableRow) -> dict[str, Any] | None:
            if alert.muted_until_us is None:
                return None
            alert.muted_until_us = None
            return {}

        return self._change(which, "unmuted", change, actor=actor, at_us=at_us)

    def close_by_person(self, which: Which, *, actor: str, at_us: int) -> list[AlertRow]:
        """It is over, somebody says. It opens again only after it was well once."""

        def change(alert: AlertTableRow) -> dict[str, Any] | None:
            alert.status, alert.resolved_at_us = "resolved", at_us
            return {"severity": alert.severity, "value": alert.value, "threshold": alert.threshold}

        return self._change(which, "resolved", change, actor=actor or "somebody", at_us=at_us)

    def silence(self, which: Which, *, until_us: int, actor: str, at_us: int, comment: str = "") -> Silence | None:
        """Silences what the alerts have in common (deployment, monitor and column) until a time; None where that is so already."""
        with self._write() as session:
            found = self._firing(session, which)
            if not found:
                return None
            names = {session.get_one(DeploymentRow, alert.deployment_id).name for alert in found}
            matchers = {
                "deployment": tuple(sorted(names)),
                "monitor": tuple(sorted({alert.monitor for alert in found})),
                "column": tuple(sorted({alert.column for alert in found})),
            }
        escaped = {name: tuple(_literal(one) for one in values) for name, values in matchers.items()}
        for one in self._silences.listed(ending_after_us=at_us):
            if one.matchers == escaped and one.weekly is None and one.ends_at_us >= until_us - PRESSED_TWICE_US:
                return None
        return self._silences.create(
            escaped, starts_at_us=at_us, ends_at_us=until_us, comment=comment, by=actor, now_us=at_us
        )

    def _change(self, which: Which, kind: str, change: _Change, *, actor: str, at_us: int) -> list[AlertRow]:
        with self._write() as session:
            changed = []
            for alert in self._firing(session, which):
                details = change(alert)
                if details is not None:
                    alert.updated_at_us = at_us
                    alerts.add_event(session, alert, kind, now_us=at_us, actor=actor, details=details)
                    changed.append(alert)
            return _changed(session, changed, at_us)

    def _firing(self, session: Session, which: Which) -> Sequence[AlertTableRow]:
        """The firing ones of what is meant; of a number that is resolved, none."""
        if isinstance(which, int):
            found = session.get(AlertTableRow, which)
            if found is None:
                raise LookupError(f"alert {which} does not exist")
            return [found] if found.status == "firing" else []
        members = (
            select(ThreadMemberRow.alert_id)
            .join(ThreadRow, ThreadRow.id == ThreadMemberRow.thread_id)
            .where(ThreadRow.key == which, ThreadRow.status == "open")
        )
        meant = or_(AlertTableRow.key == which, AlertTableRow.id.in_(members))
        firing = session.scalars(select(AlertTableRow).where(AlertTableRow.status == "firing", meant)).all()
        if not firing and not _is_known(session, which):
            raise LookupError(f"no alert and no thread has the key {which!r:.80}")
        return firing


def _changed(session: Session, changed: Sequence[AlertTableRow], at_us: int) -> list[AlertRow]:
    session.flush()
    threads.stir(session, [alert.id for alert in changed], at_us)
    names = {alert.deployment_id: session.get_one(DeploymentRow, alert.deployment_id).name for alert in changed}
    return [alerts.value(alert, names[alert.deployment_id]) for alert in changed]


def _is_known(session: Session, key: str) -> bool:
    alert = select(AlertTableRow.id).where(AlertTableRow.key == key).limit(1)
    thread = select(ThreadRow.id).where(ThreadRow.key == key).limit(1)
    return any(session.scalars(query).first() is not None for query in (alert, thread))


def _said_last(session: Session, alert: AlertTableRow, *, kind: str, actor: str, text: str) -> bool:
    newest = alerts.events(session, alert.id)[-1]
    return newest.kind == kind and newest.actor == actor and newest.details.get("text") == text


def _literal(text: str) -> str:
    """A pattern that fits this text alone."""
    return "".join(f"[{one}]" if one in "*?[" else one for one in text)
