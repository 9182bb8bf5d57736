"""Whole copies of the control store's file, and whether one is intact: by SQLite's own means, beside whoever uses it.

SQLite keeps no checksums: what is checked is the structure of its pages, indexes and references, not each value.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tidegauge_collector.control.schema import sync

PAGES = 256  # copied between two words of progress
OnBytes = Callable[[int, int], None]


def copy_control(path: Path, target: Path, on_bytes: OnBytes) -> None:
    """Copy the database as it is now to `target`, durably; writers beside it go on.

    Raises sqlite3.Error where either file refuses, FileExistsError where the target is there.
    """
    target.touch(mode=0o600, exist_ok=False)
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(
            copy, pages=PAGES, progress=lambda _status, left, total: on_bytes((total - left) * 4096, total * 4096)
        )
        copy.execute("PRAGMA journal_mode = DELETE").close()
    sync(target)


def damage_of(path: Path) -> str | None:
    """What is wrong with the database, None where it is intact."""
    try:
        with closing(sqlite3.connect(path)) as connection:
            found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(3)").fetchall()]
            strays = connection.execute("PRAGMA foreign_key_check").fetchmany(3)
    except sqlite3.OperationalError as problem:
        if "locked" in str(problem) or "unable to open" in str(problem):
            raise
        return str(problem)
    except sqlite3.DatabaseError as problem:
        return str(problem)
    if found != ["ok"]:
        return "; ".join(" ".join(one.split()) for one in found)
    return (
        f"rows of {', '.join(sorted({str(row[0]) for row in strays}))} refer to rows that are missing"
        if strays
        else None
    )


def rows_of(path: Path) -> dict[str, int]:
    """How many rows each table has."""
    with closing(sqlite3.connect(path)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
        return {
            name: connection.execute(f'SELECT COUNT(*) FROM "{name}"').fetchone()[0]  # noqa: S608 - our own names
            for (name,) in names
        }
