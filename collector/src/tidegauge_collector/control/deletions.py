"""Deletions on demand: who asked for what, when, and what went. Each method is one transaction; a record is never removed.

A record is durable before anything is deleted; that it is there bars what it names from being folded again.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tidegauge_collector.control.tables import DeletionRow

_Transaction = Callable[[], AbstractContextManager[Session]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletionRecord:
    """A deletion. `prediction`: the digest of a prediction id, 16 bytes as on the wire, never the id; `counts`: rows by kind."""

    id: str
    deployment: str
    version: str | None = None
    start_us: int | None = None
    end_us: int | None = None
    prediction: bytes | None = None
    requested_by: str
    requested_at_us: int
    counts: Mapping[str, int] = field(default_factory=dict)
    done_at_us: int | None = None


class Deletions:
    """The deletions of a control store."""

    def __init__(self, read: _Transaction, write: _Transaction) -> None:
        self._read = read
        self._write = write

    def listed(self) -> list[DeletionRecord]:
        """All deletions, oldest first."""
        with self._read() as session:
            rows = session.scalars(select(DeletionRow).order_by(DeletionRow.requested_at_us, DeletionRow.id))
            return [_value(row) for row in rows]

    def add(self, record: DeletionRecord) -> None:
        """Store a new deletion."""
        with self._write() as session:
            session.add(
                DeletionRow(
                    id=record.id,
                    deployment=record.deployment,
                    version=record.version,
                    start_us=record.start_us,
                    end_us=record.end_us,
                    prediction=record.prediction,
                    requested_by=record.requested_by,
                    requested_at_us=record.requested_at_us,
                    counts={},
                    done_at_us=None,
                )
            )

    def finish(self, deletion_id: str, counts: Mapping[str, int], *, now_us: int) -> None:
        """Note that a deletion is done, and what went."""
        with self._write() as session:
            session.execute(
                update(DeletionRow).where(DeletionRow.id == deletion_id).values(counts=dict(counts), done_at_us=now_us)
            )


def _value(row: DeletionRow) -> DeletionRecord:
    return DeletionRecord(
        id=row.id,
        deployment=row.deployment,
        version=row.version,
        start_us=row.start_us,
        end_us=row.end_us,
        prediction=row.prediction,
        requested_by=row.requested_by,
        requested_at_us=row.requested_at_us,
        counts=dict(row.counts),
        done_at_us=row.done_at_us,
    )
