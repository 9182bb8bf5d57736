"""Agents as they are stored, and what deployments have put into the frame log today. Each method is one transaction.

What is here is at most half a minute old, and is only for people and for the next start: nothing is counted by it.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, create_engine, delete, func, insert, select, update
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session, sessionmaker

from tidegauge_collector.control.tables import AgentRow, IntakeDayRow
from tidegauge_collector.errors import ConfigError

MAX_AGENTS = 20_000
_SOME = 500  # ids in one query

_Transaction = Callable[[], AbstractContextManager[Session]]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRecord:
    """A stored agent; `details` is what `ingest.keeping` makes of the rest."""

    id: str
    host: str
    pid: int
    agent_version: str
    protocol: int
    state: str
    first_contact_us: int
    last_contact_us: int
    details: dict[str, Any]


class StoredAgents:
    """The agents of a control store."""

    def __init__(self, read: _Transaction, write: _Transaction) -> None:
        self._read = read
        self._write = write

    def listed(self) -> list[AgentRecord]:
        """All agents, last contact first."""
        with self._read() as session:
            rows = session.scalars(select(AgentRow).order_by(AgentRow.last_contact_us.desc(), AgentRow.id))
            return [
                AgentRecord(**{name: getattr(row, name) for name in AgentRecord.__dataclass_fields__}) for row in rows
            ]

    def used_today(self) -> tuple[int, dict[str, int]]:
        """The newest day (since 1970) that was stored, and its bytes by deployment."""
        with self._read() as session:
            day = session.scalars(select(func.max(IntakeDayRow.day))).one() or 0
            rows = session.scalars(select(IntakeDayRow).where(IntakeDayRow.day == day))
            return day, {row.deployment: row.size_bytes for row in rows}

    def save(
        self, agents: Sequence[AgentRecord], *, day: int, used_bytes: Mapping[str, int], forget_before_us: int
    ) -> None:
        """Store agents and the day's bytes; forget agents unheard of since `forget_before_us`, and other days."""
        with self._write() as session:
            known = _known(session, [one.id for one in agents])
            fresh = [asdict(one) for one in agents if one.id not in known]
            old = [asdict(one) for one in agents if one.id in known]
            if fresh:
                session.execute(insert(AgentRow), fresh)
            if old:
                session.execute(update(AgentRow), old)
            _forget(session, forget_before_us)
            session.execute(delete(IntakeDayRow))
            if used_bytes:
                rows = [{"day": day, "deployment": name, "size_bytes": size} for name, size in used_bytes.items()]
                session.execute(insert(IntakeDayRow), rows)


def agents_in(path: Path) -> list[AgentRecord]:
    """The agents in a control store's file, which is only read, whoever has it open. Raises ConfigError where there are none."""
    engine = create_engine(
        URL.create("sqlite", database=f"file:{quote(str(path))}", query={"mode": "ro", "uri": "true"})
    )
    transaction = sessionmaker(engine).begin
    try:
        return StoredAgents(transaction, transaction).listed()
    except DatabaseError as problem:
        raise ConfigError(
            f"control store {path} cannot be read ({problem.orig}): give the collector's --data, and start a collector of this "
            "version there once"
        ) from problem
    finally:
        engine.dispose()


def _known(session: Session, names: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for start in range(0, len(names), _SOME):
        found.update(session.scalars(select(AgentRow.id).where(AgentRow.id.in_(names[start : start + _SOME]))))
    return found


def _forget(session: Session, before_us: int) -> None:
    session.execute(delete(AgentRow).where(AgentRow.last_contact_us < before_us))
    surplus = select(AgentRow.id).order_by(AgentRow.last_contact_us.desc(), AgentRow.id).offset(MAX_AGENTS)
    session.execute(delete(AgentRow).where(AgentRow.id.in_(surplus.limit(_SOME))))
