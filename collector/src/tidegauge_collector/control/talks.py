"""What the sender and those who look after it ask of the outbox and its threads. Each method is one transaction."""

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tidegauge_collector.control import outbox, threads
from tidegauge_collector.control.outbox import Message, OutboxRow, Receipt
from tidegauge_collector.control.tables import OutboxTableRow, ReceiptRow, ThreadRow
from tidegauge_collector.control.threads import Thread

Row = OutboxTableRow
_Transaction = Callable[[], AbstractContextManager[Session]]
OWN_ROUTE = "tidegauge"
"""The route of threads in which Tidegauge speaks of itself, to every channel."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a message belongs to. `may_have_arrived`: when the newest attempt in its thread began whose end nobody knows.

    `is_moot`: the thread is over, and nothing of it has been told to anybody, surely.
    """

    thread: Thread | None
    may_have_arrived: int | None
    is_moot: bool = False


@dataclass(frozen=True, slots=True)
class ChannelFigures:
    """How a channel's outbox stands; `oldest_us`: since when the oldest pending message waits."""

    depth: int = 0
    oldest_us: int | None = None
    dead: int = 0
    last: Receipt | None = None


class Talks:
    """The outbox as a sender sees it."""

    def __init__(self, read: _Transaction, write: _Transaction) -> None:
        self._read = read
        self._write = write

    def context(self, message: OutboxRow) -> Context:
        """The thread of a message and what is known of it."""
        if message.thread is None:
            return Context(None, message.begun_at_us)
        with self._read() as session:
            thread = threads.find(session, message.thread)
            begun = select(func.max(Row.begun_at_us)).where(Row.thread_id == message.thread)
            return Context(thread, session.scalar(begun), _is_moot(session, message.thread))

    def open_threads(self, channel: str) -> list[Thread]:
        """The open threads of a channel of which the receiver keeps something."""
        with self._read() as session:
            return threads.open_with_ticket(session, channel)

    def begin(self, outbox_id: int, now_us: int) -> None:
        """From now on the message may arrive. Raises LookupError where there is no such message."""
        with self._write() as session:
            row = session.get(Row, outbox_id)
            if row is None:
                raise LookupError(f"outbox message {outbox_id} does not exist")
            row.begun_at_us = now_us

    def remember(self, thread: int, remembered: Mapping[str, Any]) -> None:
        """A channel's note, instead of the one before."""
        with self._write() as session:
            threads.remember(session, thread, remembered)

    def collapse(self, thread: int, *, now_us: int) -> int:
        """Settles the pending messages of a thread that is moot, unsent; returns how many, 0 where it is not (any more)."""
        receipt = Receipt(now_us, "collapsed", None, "over before it was told to anybody")
        with self._write() as session:
            if not _is_moot(session, thread):
                return 0
            pending = session.scalars(select(Row).where(Row.thread_id == thread, Row.status == "pending")).all()
            for row in pending:
                row.status, row.last_error = "delivered", None
                session.add(ReceiptRow(outbox_id=row.id, **asdict(receipt)))
            return len(pending)

    def raise_own(self, channels: Collection[str], key: str, *, body: bytes, now_us: int) -> list[str]:
        """Opens a thread of Tidegauge itself in these channels and puts a message into each; not where one is open already.

        Returns the channels that are told.
        """
        with self._write() as session:
            open_in = set(session.scalars(_own_threads(key).with_only_columns(ThreadRow.channel)))
            told = [channel for channel in channels if channel not in open_in]
            for channel in told:
                row = _new_thread(channel, key, now_us)
                session.add(row)
                session.flush()
                _put_own(session, row, "alert.firing", body, now_us)
            return told

    def clear_own(self, key: str, *, body: bytes, now_us: int) -> int:
        """Ends the threads that `raise_own` opened, with a message in each; returns how many."""
        with self._write() as session:
            rows = session.scalars(_own_threads(key)).all()
            for row in rows:
                row.status, row.closed_at_us, row.seq = "closed", now_us, row.seq + 1
                _put_own(session, row, "alert.resolved", body, now_us)
            return len(rows)

    def find(self, delivery_id: str) -> OutboxRow | None:
        """The message of that delivery id, or None."""
        with self._read() as session:
            row = session.scalars(select(Row).where(Row.delivery_id == delivery_id)).one_or_none()
            return None if row is None else outbox.value(row)

    def dead(self, *, channel: str | None = None, limit: int = 100, before: int | None = None) -> list[OutboxRow]:
        """Messages that were given up, newest first; `before` is the id of the last one of the page before."""
        query = select(Row).where(Row.status == "dead").order_by(Row.id.desc()).limit(limit)
        query = query if channel is None else query.where(Row.channel == channel)
        query = query if before is None else query.where(Row.id < before)
        with self._read() as session:
            return [outbox.value(row) for row in session.scalars(query)]

    def figures(self) -> dict[str, ChannelFigures]:
        """How the outbox stands, by channel; also of channels that are not configured any more and still have messages."""
        counted = select(
            Row.channel,
            func.count().filter(Row.status == "pending"),
            func.min(Row.created_at_us).filter(Row.status == "pending"),
            func.count().filter(Row.status == "dead"),
        ).group_by(Row.channel)
        with self._read() as session:
            return {
                channel: ChannelFigures(depth, oldest_us, dead, _last_receipt(session, channel))
                for channel, depth, oldest_us, dead in session.execute(counted)
            }


def _is_moot(session: Session, thread: int) -> bool:
    """Is the newest message of a thread its end, while none was delivered or may have arrived?"""
    of_thread = Row.thread_id == thread
    newest = session.scalar(select(Row.event_type).where(of_thread).order_by(Row.id.desc()).limit(1))
    told = select(Row.id).where(of_thread, (Row.status == "delivered") | Row.begun_at_us.is_not(None)).limit(1)
    return newest == "alert.resolved" and session.scalar(told) is None


def _own_threads(key: str) -> Any:
    return select(ThreadRow).where(ThreadRow.route == OWN_ROUTE, ThreadRow.key == key, ThreadRow.status == "open")


def _new_thread(channel: str, key: str, now_us: int) -> ThreadRow:
    return ThreadRow(
        channel=channel,
        route=OWN_ROUTE,
        key=key,
        labels={},
        status="open",
        seq=1,
        told={},
        opened_at_us=now_us,
        told_at_us=now_us,
        remembered={},
    )


def _put_own(session: Session, row: ThreadRow, event_type: str, body: bytes, now_us: int) -> None:
    message = Message(event_type=event_type, body=body, alert_key=row.key, seq=row.seq, thread=row.id)
    outbox.put(session, row.channel, message, now_us)


def _last_receipt(session: Session, channel: str) -> Receipt | None:
    query = (
        select(ReceiptRow)
        .join(Row, Row.id == ReceiptRow.outbox_id)
        .where(Row.channel == channel)
        .order_by(ReceiptRow.id.desc())
        .limit(1)
    )
    row = session.scalars(query).one_or_none()
    return None if row is None else Receipt(row.at_us, row.outcome, row.status_code, row.detail)
