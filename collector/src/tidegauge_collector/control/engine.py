"""A SQLite file as a SQLAlchemy engine: durable at commit, many readers beside one writer, foreign keys checked.

Transactions are begun by us, not by the driver: `sqlite3` would begin them late and not at all before DDL or SELECT.
Writers begin with BEGIN IMMEDIATE, so that they wait for each other (up to BUSY_TIMEOUT_MS) instead of failing when a
read transaction turns into a writing one.
"""

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event

BUSY_TIMEOUT_MS = 30_000
_PRAGMAS = (
    f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}",  # first: switching to WAL may itself have to wait
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
)


def open_engine(path: Path) -> Engine:
    """Opens (and makes, where it is missing) the database file; a transaction begins with the option `begin`.

    Raises sqlalchemy.exc.DatabaseError at the first connection where the file is no SQLite database.
    """
    engine = create_engine(URL.create("sqlite", database=str(path)))
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def writing(engine: Engine) -> Engine:
    """The same engine, whose transactions take the write lock at once."""
    return engine.execution_options(begin="BEGIN IMMEDIATE")


def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(pragma).close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))
