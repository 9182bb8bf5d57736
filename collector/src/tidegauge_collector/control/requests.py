"""Uploads over HTTP that were taken: one row each from the moment at which it counts. Each method is one transaction.

A row with a key answers the same key again for 7 days; a row whose frames are not all sent yet is kept until they are.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from tidegauge_collector.control.tables import RequestRow

KEPT_US = 7 * 86_400 * 1_000_000
MAX_REQUESTS = 1_000_000
"""Rows that are kept; of more the oldest are forgotten before their 7 days are over."""

_Transaction = Callable[[], AbstractContextManager[Session]]


@dataclass(frozen=True, slots=True)
class TakenRequest:
    """An upload. Its frames have the numbers from `first_seq` on in `epoch`; `answer` is what its sender was told.

    `status`: taken (frames are still to be sent), sent, or refused (the intake will never take them).
    """

    deployment: str
    key: str | None
    digest: bytes
    epoch: bytes
    first_seq: int
    answer: dict[str, Any]
    created_at_us: int
    status: str = "taken"
    id: int = 0


class Requests:
    """The uploads of a control store."""

    def __init__(self, read: _Transaction, write: _Transaction) -> None:
        self._read = read
        self._write = write

    def find(self, deployment: str, key: str, *, now_us: int) -> TakenRequest | None:
        """The upload that came with this key in the last 7 days, or is not sent yet."""
        with self._read() as session:
            row = session.scalars(
                select(RequestRow).where(RequestRow.deployment == deployment, RequestRow.key == key)
            ).one_or_none()
            if row is None or (row.status != "taken" and row.created_at_us < now_us - KEPT_US):
                return None
            return _value(row)

    def add(self, request: TakenRequest) -> int:
        """Keep an upload, and forget those that are too old; its id. From now on it counts, whatever happens."""
        with self._write() as session:
            self._forget(session, request.created_at_us)
            row = RequestRow(
                deployment=request.deployment,
                key=request.key,
                digest=request.digest,
                epoch=request.epoch,
                first_seq=request.first_seq,
                answer=request.answer,
                status=request.status,
                created_at_us=request.created_at_us,
            )
            session.add(row)
            session.flush()
            return row.id

    def settle(self, request_id: int, status: str) -> None:
        """Its frames were sent, or refused; one without a key is of no more use."""
        with self._write() as session:
            session.execute(update(RequestRow).where(RequestRow.id == request_id).values(status=status))
            session.execute(delete(RequestRow).where(RequestRow.id == request_id, RequestRow.key.is_(None)))

    def unsent(self) -> list[TakenRequest]:
        """Uploads whose frames are still to be sent, in the order in which they were taken."""
        with self._read() as session:
            rows = session.scalars(select(RequestRow).where(RequestRow.status == "taken").order_by(RequestRow.id))
            return [_value(row) for row in rows]

    def _forget(self, session: Session, now_us: int) -> None:
        settled = RequestRow.status != "taken"
        session.execute(delete(RequestRow).where(RequestRow.created_at_us < now_us - KEPT_US, settled))
        newest = session.scalar(select(func.max(RequestRow.id))) or 0
        session.execute(delete(RequestRow).where(RequestRow.id <= newest - MAX_REQUESTS, settled))


def _value(row: RequestRow) -> TakenRequest:
    return TakenRequest(
        row.deployment,
        row.key,
        row.digest,
        row.epoch,
        row.first_seq,
        row.answer,
        row.created_at_us,
        row.status,
        row.id,
    )
