"""Threads: what one channel says of one group of alerts, and what the receiver calls it.

An alert joins the threads of its groups in the transaction of its transition; what is said of it is made later (`telling`).
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import case, delete, func, insert, select, update
from sqlalchemy.orm import Session

from tidegauge_collector.control import alerts as alert_rows
from tidegauge_collector.control.labelling import Labelling
from tidegauge_collector.control.tables import (
    AlertTableRow,
    DeploymentRow,
    OutboxTableRow,
    ReceiptRow,
    ThreadMemberRow,
    ThreadRow,
)
from tidegauge_collector.core.routing import Place, Policy, Routing, storm_key
from tidegauge_collector.core.telling import Conversation, tell_at_us, told_from_json

T = TypeVar("T")
AT_ONCE = 500  # parameters of one statement


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
    return None if row is None else _with_before(session, row)


def open_with_ticket(session: Session, channel: str) -> list[Thread]:
    """The open threads of a channel of which the receiver keeps something."""
    rows = session.scalars(
        select(ThreadRow).where(ThreadRow.channel == channel, ThreadRow.status == "open").order_by(ThreadRow.id)
    )
    return [_with_before(session, row) for row in rows if row.remembered]


def remember(session: Session, thread_id: int, remembered: Mapping[str, Any]) -> None:
    """Replaces what a channel noted of a thread. Raises LookupError where there is no such thread."""
    row = session.get(ThreadRow, thread_id)
    if row is None:
        raise LookupError(f"thread {thread_id} does not exist")
    row.remembered = dict(remembered)


def of_alert(session: Session, alert: int) -> list[Thread]:
    """The threads that tell of an alert, oldest first."""
    query = select(ThreadRow).join(ThreadMemberRow, ThreadMemberRow.thread_id == ThreadRow.id)
    rows = session.scalars(query.where(ThreadMemberRow.alert_id == alert).order_by(ThreadRow.id))
    return [_value(row, None) for row in rows]


# ---------------------------------------------------------------- joining


def route(
    session: Session, routing: Routing, owner: DeploymentRow, alerts: Sequence[AlertTableRow], now_us: int
) -> None:
    """Lets alerts of a deployment, that have just changed, join the threads of their groups, and makes these due."""
    labels = Labelling(session)
    wanted = [
        (alert, place)
        for alert in alerts
        if alert.status == "firing"
        for place in routing.places(alert.key, labels.of(alert, owner))
    ]
    Joining(session, routing, now_us).join(wanted)
    wake(session, routing, [alert.id for alert in alerts], now_us)


def wake(session: Session, routing: Routing, alerts: Collection[int], now_us: int) -> None:
    """The open threads of these alerts are due as soon as they may say something."""
    for row in _open_threads_of(session, alerts):
        _make_due(row, routing, now_us)


def stir(session: Session, alerts: Collection[int], now_us: int) -> None:
    """The same where no routes are at hand: they are looked at in the next pass."""
    for some in chunks(alerts):
        members = select(ThreadMemberRow.thread_id).where(ThreadMemberRow.alert_id.in_(some))
        _hasten(session, ThreadRow.id.in_(members), now_us)


def stir_all(session: Session, now_us: int) -> None:
    """Every open thread that tells of alerts is looked at in the next pass: silences, routes or the clock have changed."""
    _hasten(session, ThreadRow.id.in_(select(ThreadMemberRow.thread_id)), now_us)


def _hasten(session: Session, which: Any, now_us: int) -> None:
    sooner = case((ThreadRow.due_us.is_(None), now_us), (ThreadRow.due_us > now_us, now_us), else_=ThreadRow.due_us)
    session.execute(
        update(ThreadRow)
        .where(ThreadRow.status == "open", which)
        .values(due_us=sooner)
        .execution_options(synchronize_session=False)
    )


class Joining:
    """Alerts and places, brought together in a few statements, however many there are."""

    def __init__(self, session: Session, routing: Routing, now_us: int) -> None:
        self._session = session
        self._routing = routing
        self._now_us = now_us
        self._open: dict[tuple[str, str], ThreadRow] = {}
        self._lately: dict[str, int] = {}

    def join(self, wanted: Sequence[tuple[AlertTableRow, Place]]) -> None:
        """Each alert becomes a member of the open thread of its place; where there is none, of a new one, or of the storm's."""
        if not wanted:
            return
        keys = {place.key for _, place in wanted}
        storms = {storm_key(place.channel) for _, place in wanted}
        self._open = _open_threads(self._session, keys | storms)
        self._lately = self._counted(max(place.policy.storm_us for _, place in wanted))
        self._seqs = _last_seqs(self._session, keys | storms)
        members = _memberships(self._session, [alert.id for alert, _ in wanted])
        found: dict[tuple[int, int], tuple[ThreadRow, AlertTableRow]] = {}
        for alert, place in wanted:
            row = self._row(alert, place, members)
            if row is not None:
                found[id(row), alert.id] = row, alert
        self._session.add_all(row for row, _ in found.values())
        self._session.flush()
        new = [(row.id, alert.id) for row, alert in found.values() if (row.id, alert.id) not in members]
        for some in chunks(new):
            rows = [{"thread_id": thread, "alert_id": alert} for thread, alert in some]
            self._session.execute(insert(ThreadMemberRow), rows)

    def _row(self, alert: AlertTableRow, place: Place, members: Collection[tuple[int, int]]) -> ThreadRow | None:
        row = self._open.get((place.channel, place.key))
        if row is not None:
            if self._routing.rank(place.route) < self._routing.rank(row.route):
                row.route = place.route
            _make_due(row, self._routing, self._now_us)
            return row
        whole = storm_key(place.channel)
        storm = self._open.get((place.channel, whole))
        if storm is not None and (storm.id, alert.id) in members:
            return None
        is_storm = 0 < place.policy.storm_after <= self._lately.get(place.channel, 0)
        if is_storm and storm is not None:
            _make_due(storm, self._routing, self._now_us)
            return storm
        return self._new(alert, place, whole if is_storm else place.key)

    def _new(self, alert: AlertTableRow, place: Place, key: str) -> ThreadRow:
        """A thread; its numbers go on where those of the one before have ended."""
        before = self._seqs.get((place.channel, key), 0)
        row = ThreadRow(
            channel=place.channel,
            route=place.route,
            key=key,
            labels=dict(place.labels) if key == place.key else {"channel": place.channel},
            status="open",
            seq=max(before, alert.seq - 1) if key == alert.key else before,
            told={},
            told_at_us=None,
            due_us=None,
            opened_at_us=self._now_us,
            closed_at_us=None,
            remembered={},
        )
        _make_due(row, self._routing, self._now_us)
        self._open[place.channel, key] = row
        self._lately[place.channel] = self._lately.get(place.channel, 0) + 1
        return row

    def _counted(self, within_us: int) -> Counter[str]:
        """How many threads each channel has opened lately."""
        since = self._now_us - within_us
        query = select(ThreadRow.channel, func.count()).where(
            ThreadRow.opened_at_us > since, ThreadRow.opened_at_us <= self._now_us
        )
        found = self._session.execute(query.group_by(ThreadRow.channel))
        return Counter({channel: n for channel, n in found})  # noqa: C416 - rows, not pairs, to the type checker


def conversation(session: Session, row: ThreadRow, policy: Policy) -> Conversation:
    """A stored thread as the core sees it."""
    is_first = row.told_at_us is None and policy.interval_us > 0
    before_us = _told_before_us(session, row) if is_first else None
    return Conversation(row.opened_at_us, row.told_at_us, row.due_us, told_from_json(row.told), before_us)


def _told_before_us(session: Session, row: ThreadRow) -> int | None:
    same = (ThreadRow.channel == row.channel, ThreadRow.key == row.key, ThreadRow.id < row.id)
    return session.scalar(select(func.max(ThreadRow.told_at_us)).where(*same))


def _make_due(row: ThreadRow, routing: Routing, now_us: int) -> None:
    if row.channel not in routing.kinds:
        return
    told = Conversation(row.opened_at_us, row.told_at_us, row.due_us, {})
    at_us = tell_at_us(told, routing.policy(row.route, row.channel, row.key), now_us)
    row.due_us = at_us if row.due_us is None else min(row.due_us, at_us)


def _open_threads(session: Session, keys: Collection[str]) -> dict[tuple[str, str], ThreadRow]:
    found = {}
    for some in chunks(keys):
        query = select(ThreadRow).where(ThreadRow.status == "open", ThreadRow.key.in_(some))
        found.update({(row.channel, row.key): row for row in session.scalars(query)})
    return found


def _open_threads_of(session: Session, alerts: Collection[int]) -> Iterator[ThreadRow]:
    seen: set[int] = set()
    for some in chunks(alerts):
        query = (
            select(ThreadRow)
            .join(ThreadMemberRow, ThreadMemberRow.thread_id == ThreadRow.id)
            .where(ThreadRow.status == "open", ThreadMemberRow.alert_id.in_(some))
            .distinct()
        )
        for row in session.scalars(query):
            if row.id not in seen:
                seen.add(row.id)
                yield row


def _last_seqs(session: Session, keys: Collection[str]) -> dict[tuple[str, str], int]:
    found = {}
    for some in chunks(keys):
        query = select(ThreadRow.channel, ThreadRow.key, func.max(ThreadRow.seq)).where(ThreadRow.key.in_(some))
        for channel, key, seq in session.execute(query.group_by(ThreadRow.channel, ThreadRow.key)):
            found[channel, key] = seq
    return found


def _memberships(session: Session, alerts: Collection[int]) -> set[tuple[int, int]]:
    found: set[tuple[int, int]] = set()
    for some in chunks(alerts):
        query = select(ThreadMemberRow.thread_id, ThreadMemberRow.alert_id).where(ThreadMemberRow.alert_id.in_(some))
        found.update((thread, alert) for thread, alert in session.execute(query))
    return found


# ---------------------------------------------------------------- reading


def due(session: Session, channels: Collection[str], now_us: int, limit: int) -> list[int]:
    """The threads of these channels that may have something to say, the longest due first."""
    query = select(ThreadRow.id).where(ThreadRow.due_us <= now_us, ThreadRow.channel.in_(channels))
    return list(
        session.scalars(query.where(ThreadRow.status == "open").order_by(ThreadRow.due_us, ThreadRow.id).limit(limit))
    )


def postpone(session: Session, thread_id: int, until_us: int) -> None:
    """Looks at a thread again at that time."""
    session.execute(update(ThreadRow).where(ThreadRow.id == thread_id).values(due_us=until_us))


def deployments_of(session: Session, threads: Collection[int]) -> set[tuple[str, str]]:
    """The deployments and versions of which these threads tell."""
    found: set[tuple[str, str]] = set()
    for some in chunks(threads):
        query = (
            select(DeploymentRow.name, AlertTableRow.version)
            .join(AlertTableRow, AlertTableRow.deployment_id == DeploymentRow.id)
            .join(ThreadMemberRow, ThreadMemberRow.alert_id == AlertTableRow.id)
            .where(ThreadMemberRow.thread_id.in_(some), AlertTableRow.status == "firing")
            .distinct()
        )
        found.update((name, version) for name, version in session.execute(query))
    return found


def leave(session: Session, channels: Collection[str], now_us: int) -> Counter[str]:
    """Closes the open threads of all but these channels: nobody is told there any more; how many, by channel.

    The history of their firing alerts says so.
    """
    query = select(ThreadRow).where(ThreadRow.status == "open", ThreadRow.channel.not_in(channels))
    left = session.scalars(query).all()
    for row in left:
        row.status, row.closed_at_us, row.due_us = "closed", now_us, None
        members = select(AlertTableRow).join(ThreadMemberRow, ThreadMemberRow.alert_id == AlertTableRow.id)
        firing = members.where(ThreadMemberRow.thread_id == row.id, AlertTableRow.status == "firing")
        for alert in session.scalars(firing):
            alert_rows.add_event(session, alert, "left", now_us=now_us, details={"channel": row.channel})
    return Counter(row.channel for row in left)


def untold(session: Session) -> dict[DeploymentRow, list[AlertTableRow]]:
    """The firing alerts that no thread has ever told of, by deployment: those of a version that had no threads."""
    query = (
        select(AlertTableRow, DeploymentRow)
        .join(DeploymentRow, DeploymentRow.id == AlertTableRow.deployment_id)
        .where(AlertTableRow.status == "firing")
        .where(~select(ThreadMemberRow).where(ThreadMemberRow.alert_id == AlertTableRow.id).exists())
    )
    found: dict[DeploymentRow, list[AlertTableRow]] = defaultdict(list)
    for alert, owner in session.execute(query):
        found[owner].append(alert)
    return found


# ---------------------------------------------------------------- forgetting


def forget(session: Session, before_us: int, most: int) -> int:
    """Deletes some threads that closed before that time and messages that are as old, with their receipts; returns how many.

    What still waits to be sent stays, and so does its thread. Alerts and their history stay.
    """
    old = select(OutboxTableRow.id).where(OutboxTableRow.created_at_us < before_us, OutboxTableRow.status != "pending")
    messages = list(session.scalars(old.order_by(OutboxTableRow.id).limit(most)))
    for some in chunks(messages):
        session.execute(delete(ReceiptRow).where(ReceiptRow.outbox_id.in_(some)))
        session.execute(delete(OutboxTableRow).where(OutboxTableRow.id.in_(some)))
    waiting = select(OutboxTableRow.id).where(OutboxTableRow.thread_id == ThreadRow.id).exists()
    closed = select(ThreadRow.id).where(ThreadRow.status == "closed", ThreadRow.closed_at_us < before_us, ~waiting)
    threads = list(session.scalars(closed.order_by(ThreadRow.id).limit(most)))
    for some in chunks(threads):
        session.execute(delete(ThreadMemberRow).where(ThreadMemberRow.thread_id.in_(some)))
        session.execute(delete(ThreadRow).where(ThreadRow.id.in_(some)))
    return len(messages) + len(threads)


def chunks(items: Iterable[T]) -> Iterator[list[T]]:
    """The items in lists that fit into one statement."""
    every = list(items)
    for start in range(0, len(every), AT_ONCE):
        yield every[start : start + AT_ONCE]


def _with_before(session: Session, row: ThreadRow) -> Thread:
    earlier = session.scalars(
        select(ThreadRow)
        .where(ThreadRow.channel == row.channel, ThreadRow.key == row.key, ThreadRow.id < row.id)
        .order_by(ThreadRow.id.desc())
        .limit(1)
    ).one_or_none()
    return _value(row, None if earlier is None else _value(earlier, None))


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
