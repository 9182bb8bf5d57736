"""Numbered, append-only migrations of the store's tables.

A migration is a file `sql/migrations/NNNN_name.sql` of DDL statements, each ended by `;` at a line's end. Every statement is
committed together with its own row in `schema_steps` and followed by a CHECKPOINT: killed anywhere, the next start goes on with
the first statement that has no row. Before a file that already holds tables is changed, it is copied to `FILE.before-NNNN`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import duckdb

from tidegauge_collector.crash_points import crash_here
from tidegauge_collector.errors import NewerDataError
from tidegauge_collector.telemetry.filecopy import copy_file

_STEPS = "CREATE TABLE IF NOT EXISTS schema_steps (version INTEGER, step INTEGER)"


@dataclass(frozen=True, slots=True)
class Migration:
    """One version of the tables: the statements that lead to it from the one before."""

    version: int
    statements: tuple[str, ...]


def known_migrations() -> tuple[Migration, ...]:
    """The migrations that this version ships, in order."""
    folder = files(__package__) / "sql" / "migrations"
    names = sorted(one.name for one in folder.iterdir() if one.name.endswith(".sql"))
    return tuple(Migration(int(name[:4]), _statements((folder / name).read_text(encoding="utf-8"))) for name in names)


def migrate(
    connection: duckdb.DuckDBPyConnection, migrations: Sequence[Migration], *, path: Path | None = None
) -> tuple[int, ...]:
    """Bring the tables to the newest version; returns the versions worked on. `path` is the file to copy first, if any.

    Raises NewerDataError, with nothing touched, where the file holds a version that is not among `migrations`.
    """
    done = _steps_done(connection)
    _refuse_newer(done, migrations, path)
    pending = [one for one in migrations if done.get(one.version, 0) < len(one.statements)]
    if not pending:
        return ()
    if done and path is not None:
        _back_up(connection, path, pending[0].version)
    for one in pending:
        for step, statement in enumerate(one.statements[done.get(one.version, 0) :], done.get(one.version, 0) + 1):
            _apply(connection, one.version, step, statement)
    return tuple(one.version for one in pending)


def _statements(text: str) -> tuple[str, ...]:
    """The statements of a file, without comment lines."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("--")]
    return tuple(part.strip() for part in "\n".join(lines).split(";\n") if part.strip())


def _steps_done(connection: duckdb.DuckDBPyConnection) -> dict[int, int]:
    tables = {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    if "schema_steps" not in tables:
        return {}
    return dict(connection.execute("SELECT version, MAX(step) FROM schema_steps GROUP BY version").fetchall())


def _refuse_newer(done: dict[int, int], migrations: Sequence[Migration], path: Path | None) -> None:
    known = {one.version: len(one.statements) for one in migrations}
    for version, steps in sorted(done.items()):
        if steps > known.get(version, 0):
            raise NewerDataError(
                f"telemetry store {path or 'in memory'} has tables of version {version}, this collector knows "
                f"{max(known, default=0)}: upgrade the collector, or restore the backup FILE.before-{version:04d}"
            )


def _back_up(connection: duckdb.DuckDBPyConnection, path: Path, version: int) -> None:
    """Copy the file as it was before `version`; a copy made by an interrupted attempt is the older, better one."""
    target = path.with_name(f"{path.name}.before-{version:04d}")
    if target.exists():
        return
    connection.execute("CHECKPOINT")
    partial = target.with_name(f"{target.name}.partial")
    partial.unlink(missing_ok=True)
    copy_file(path, partial)
    crash_here("migration.copied")
    partial.rename(target)


def _apply(connection: duckdb.DuckDBPyConnection, version: int, step: int, statement: str) -> None:
    crash_here("migration.before_step")
    connection.execute("BEGIN")
    if step == 1:
        connection.execute(_STEPS)
    connection.execute(statement)
    connection.execute("INSERT INTO schema_steps VALUES (?, ?)", [version, step])
    crash_here("migration.before_commit")
    connection.execute("COMMIT")
    crash_here("migration.committed")
    connection.execute("CHECKPOINT")
