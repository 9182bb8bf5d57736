"""Silences: made, listed and ended by people. Each method is one transaction; a silence is never deleted."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tidegauge_collector.control import threads
from tidegauge_collector.control.ids import uuid7_hex
from tidegauge_collector.control.tables import SilenceRow
from tidegauge_collector.core.calendar import Hours
from tidegauge_collector.core.matching import Matchers
from tidegauge_collector.core.silences import Silence

_Transaction = Callable[[], AbstractContextManager[Session]]


class Silences:
    """The silences of a control store."""

    def __init__(self, read: _Transaction, write: _Transaction) -> None:
        self._read = read
        self._write = write

    def create(
        self,
        matchers: Matchers,
        *,
        starts_at_us: int,
        ends_at_us: int,
        weekly: str | None = None,
        comment: str = "",
        by: str,
        now_us: int,
    ) -> Silence:
        """A new silence. `weekly`: only in these hours, such as `Sun 02:00-04:00 UTC`. Raises ValueError where it never holds."""
        if ends_at_us <= max(starts_at_us, now_us):
            raise ValueError("a silence that ends before it begins, or is over, silences nothing: give a later end")
        if not matchers:
            raise ValueError(
                'a silence without matchers would silence everything: write {"deployment": "*"} to mean that'
            )
        row = SilenceRow(
            id=uuid7_hex(now_us),
            matchers={name: list(patterns) for name, patterns in matchers.items()},
            starts_at_us=starts_at_us,
            ends_at_us=ends_at_us,
            weekly=None if weekly is None else {"hours": weekly},
            comment=comment,
            created_by=by,
            created_at_us=now_us,
            ended_by="",
        )
        found = _value(row)
        with self._write() as session:
            session.add(row)
            threads.stir_all(session, now_us)
        return found

    def listed(self, *, ending_after_us: int | None = None) -> list[Silence]:
        """The silences, newest first; of those that end after a time, or of all."""
        query = select(SilenceRow).order_by(SilenceRow.id.desc())
        if ending_after_us is not None:
            query = query.where(SilenceRow.ends_at_us > ending_after_us)
        with self._read() as session:
            return [_value(row) for row in session.scalars(query)]

    def end(self, silence: str, *, by: str, now_us: int) -> Silence:
        """Ends a silence now; one that has ended stays as it is. What still fires is told. Raises LookupError where there is none."""
        with self._write() as session:
            row = session.get(SilenceRow, silence)
            if row is None:
                raise LookupError(f"silence {silence!r:.80} does not exist")
            if row.ends_at_us > now_us:
                row.ends_at_us, row.starts_at_us = now_us, min(row.starts_at_us, now_us)
                row.ended_by = by
                threads.stir_all(session, now_us)
            return _value(row)


def _value(row: SilenceRow) -> Silence:
    weekly: Mapping[str, Any] | None = row.weekly
    return Silence(
        id=row.id,
        matchers={name: tuple(patterns) for name, patterns in row.matchers.items()},
        starts_at_us=row.starts_at_us,
        ends_at_us=row.ends_at_us,
        weekly=None if weekly is None else Hours.parse(weekly["hours"]),
        comment=row.comment,
        created_by=row.created_by,
        created_at_us=row.created_at_us,
        ended_by=row.ended_by,
    )
