"""Threads: what one channel says of one group of alerts, and what the receiver calls it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tidegauge_collector.control.tables import ThreadRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """A thread as a channel sees it; `remembered` is what it noted of the receiver's side (ids, keys), as JSON.

    `before`: the last thread of the same channel and key that is closed, for receivers that open a ticket again.
    """

    id: int
    channel: str
    key: str
    labels: Mapping[str, str]
    is_open: bool
    opened_at_us: int
    closed_at_us: int | None
    remembered: Mapping[str, Any]
    before: "Thread | None" = None


def find(session: Session, thread_id: int) -> Thread | None:
    """The thread with the one before it, or None."""
    row = session.get(ThreadRow, thread_id)
    if row is None:
        return None
    earlier = session.scalars(
        select(ThreadRow)
        .where(ThreadRow.channel == row.channel, ThreadRow.key == row.key, ThreadRow.id < row.id)
        .order_by(ThreadRow.id.desc())
        .limit(1)
    ).one_or_none()
    return _value(row, None if earlier is None else _value(earlier, None))


def remember(session: Session, thread_id: int, remembered: Mapping[str, Any]) -> None:
    """Replaces what a channel noted of a thread. Raises LookupError where there is no such thread."""
    row = session.get(ThreadRow, thread_id)
    if row is None:
        raise LookupError(f"thread {thread_id} does not exist")
    row.remembered = dict(remembered)


def _value(row: ThreadRow, before: Thread | None) -> Thread:
    return Thread(
        id=row.id,
        channel=row.channel,
        key=row.key,
        labels=row.labels,
        is_open=row.status == "open",
        opened_at_us=row.opened_at_us,
        closed_at_us=row.closed_at_us,
        remembered=row.remembered,
        before=before,
    )
