"""Messages to channels: durable before the first attempt, in order per channel and alert key, with a receipt per attempt.

Only the oldest pending message of a channel and alert key may be sent (its head), so that a resolve never overtakes its
trigger; while the head waits for its next attempt, those behind it wait with it.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select, update
from sqlalchemy.orm import Session, aliased

from tidegauge_collector.control.ids import delivery_id
from tidegauge_collector.control.tables import AlertTableRow, OutboxTableRow, ReceiptRow, ThreadMemberRow

Row = OutboxTableRow


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRow:
    """One message to one channel; `body` is sent byte for byte as it is, under the same `delivery_id` at every attempt."""

    id: int
    delivery_id: str
    alert: int | None
    alert_key: str
    seq: int
    channel: str
    event_type: str
    body: bytes
    status: str
    attempts: int
    next_attempt_us: int
    last_error: str | None
    created_at_us: int
    delivered_at_us: int | None
    thread: int | None = None
    begun_at_us: int | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What came of one attempt: delivered, retry, waiting, paused, dead, expired or collapsed.

    `status_code` is that of the answer, where there was one.
    """

    at_us: int
    outcome: str
    status_code: int | None
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What goes into the outbox, for each of some channels."""

    event_type: str
    body: bytes
    alert: int | None = None
    alert_key: str | None = None
    seq: int = 0
    thread: int | None = None


def put(session: Session, channel: str, message: Message, now_us: int) -> str:
    """Adds a message, due at once; returns its delivery id."""
    name = delivery_id(now_us)
    session.add(
        Row(
            delivery_id=name,
            alert_id=message.alert,
            alert_key=message.alert_key or name,
            seq=message.seq,
            channel=channel,
            event_type=message.event_type,
            body=message.body,
            status="pending",
            attempts=0,
            next_attempt_us=now_us,
            created_at_us=now_us,
            thread_id=message.thread,
        )
    )
    return name


def due(session: Session, now_us: int, limit: int, channels: Collection[str] | None) -> list[OutboxRow]:
    """Heads whose next attempt is due, the longest due first; of these channels, or of all."""
    query = _heads(select(Row), channels).where(Row.next_attempt_us <= now_us)
    return [value(row) for row in session.scalars(query.order_by(Row.next_attempt_us, Row.id).limit(limit))]


def next_due_us(session: Session, channels: Collection[str] | None) -> int | None:
    """When the next head is due (it may be in the past), or None where nothing is pending."""
    found: int | None = session.scalars(_heads(select(func.min(Row.next_attempt_us)), channels)).one()
    return found


def depth(session: Session) -> dict[str, int]:
    """Pending messages by channel; channels without any are left out."""
    query = select(Row.channel, func.count()).where(Row.status == "pending").group_by(Row.channel)
    return {channel: count for channel, count in session.execute(query)}  # noqa: C416 - rows, not pairs, to the type checker


def deliveries(session: Session, alert: int) -> list[OutboxRow]:
    """The messages of an alert, oldest first: those of its threads from its opening on."""
    return deliveries_of(session, [alert]).get(alert, [])


def deliveries_of(session: Session, alerts: Collection[int]) -> dict[int, list[OutboxRow]]:
    """The same of each alert that has some."""
    own = select(Row.alert_id.label("alert"), Row.id.label("message")).where(Row.alert_id.in_(alerts))
    of_threads = (
        select(ThreadMemberRow.alert_id, Row.id)
        .join(Row, Row.thread_id == ThreadMemberRow.thread_id)
        .join(AlertTableRow, AlertTableRow.id == ThreadMemberRow.alert_id)
        .where(ThreadMemberRow.alert_id.in_(alerts), Row.created_at_us >= AlertTableRow.opened_at_us)
    )
    pairs = own.union(of_threads).subquery()
    found: dict[int, list[OutboxRow]] = defaultdict(list)
    for alert, row in session.execute(select(pairs.c.alert, Row).join(Row, Row.id == pairs.c.message).order_by(Row.id)):
        found[alert].append(value(row))
    return dict(found)


def receipts(session: Session, outbox_id: int) -> list[Receipt]:
    """What came of each attempt, oldest first."""
    rows = session.scalars(select(ReceiptRow).where(ReceiptRow.outbox_id == outbox_id).order_by(ReceiptRow.id))
    return [Receipt(row.at_us, row.outcome, row.status_code, row.detail) for row in rows]


def settle(session: Session, outbox_id: int, receipt: Receipt, *, is_attempt: bool = True, **changes: Any) -> None:
    """Writes the receipt of an attempt and what follows from it; a message that is no longer pending stays as it is.

    `is_attempt` is false where the receiver only needs time: that is not one of the message's attempts.

    Raises LookupError where there is no such message.
    """
    row = session.get(Row, outbox_id)
    if row is None:
        raise LookupError(f"outbox message {outbox_id} does not exist")
    session.add(ReceiptRow(outbox_id=outbox_id, **asdict(receipt)))
    if row.status != "pending":
        return
    row.attempts += is_attempt
    for name, value in changes.items():
        setattr(row, name, value)


def resend(session: Session, outbox_id: int, now_us: int) -> None:
    """Makes a dead message pending again, under the same delivery id; raises LookupError where there is no dead one.

    It is as old as this from now on: it has three days again.
    """
    row = session.get(Row, outbox_id)
    if row is None or row.status != "dead":
        raise LookupError(f"outbox message {outbox_id} is not dead: only a dead one can be sent again")
    row.status, row.attempts, row.next_attempt_us, row.created_at_us = "pending", 0, now_us, now_us


def expire(session: Session, channel: str, created_before_us: int, now_us: int) -> int:
    """Gives up the pending messages of a channel made before that time; returns how many."""
    of = and_(Row.channel == channel, Row.created_at_us < created_before_us)
    return _give_up(session, of, Receipt(now_us, "expired", None, "not delivered in time: the channel was paused"))


def leave(session: Session, channels: Collection[str], now_us: int) -> int:
    """Gives up the pending messages of all but these channels; returns how many."""
    reason = "the channel is not configured any more: resend it when it is again"
    return _give_up(session, Row.channel.not_in(channels), Receipt(now_us, "dead", None, reason))


def _give_up(session: Session, of: ColumnElement[bool], receipt: Receipt) -> int:
    given_up = session.scalars(
        update(Row)
        .where(of, Row.status == "pending")
        .values(status="dead", last_error=receipt.detail)
        .returning(Row.id)
    ).all()
    for outbox_id in given_up:
        session.add(ReceiptRow(outbox_id=outbox_id, **asdict(receipt)))
    return len(given_up)


def _heads(query: Select[Any], channels: Collection[str] | None) -> Select[Any]:
    """Keeps the oldest pending message of each channel and alert key."""
    older = aliased(Row)
    blocked = (
        select(older.id)
        .where(
            older.status == "pending",
            older.channel == Row.channel,
            older.alert_key == Row.alert_key,
            older.id < Row.id,
        )
        .exists()
    )
    query = query.where(Row.status == "pending", ~blocked)
    return query if channels is None else query.where(Row.channel.in_(channels))


def value(row: OutboxTableRow) -> OutboxRow:
    """A row as a value."""
    return OutboxRow(
        id=row.id,
        delivery_id=row.delivery_id,
        alert=row.alert_id,
        alert_key=row.alert_key,
        seq=row.seq,
        channel=row.channel,
        event_type=row.event_type,
        body=row.body,
        status=row.status,
        attempts=row.attempts,
        next_attempt_us=row.next_attempt_us,
        last_error=row.last_error,
        created_at_us=row.created_at_us,
        delivered_at_us=row.delivered_at_us,
        thread=row.thread_id,
        begun_at_us=row.begun_at_us,
    )
