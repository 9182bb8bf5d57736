"""Brings a database file to the schema of this version: backup first, one transaction per migration, newer ones refused."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from tidegauge_collector.control.engine import writing
from tidegauge_collector.errors import NewerDataError

MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(engine: Engine, path: Path, *, migrations: Path = MIGRATIONS) -> None:
    """Runs the migrations that `path` (opened as `engine`) lacks; resumes one that a crash has interrupted.

    Raises NewerDataError, having touched nothing, where the file's schema is not one of `migrations`.
    """
    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    scripts = ScriptDirectory.from_config(config)
    head, found = scripts.get_current_head(), _revision(engine)
    if found == head:
        return
    if found is not None:
        _refuse_newer(scripts, path, found)
        _back_up(path, found)
    with writing(engine).connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _revision(engine: Engine) -> str | None:
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def _refuse_newer(scripts: ScriptDirectory, path: Path, found: str) -> None:
    known = {script.revision for script in scripts.walk_revisions()}
    if found in known:
        return
    backups = ", ".join(sorted(each.name for each in path.parent.glob(f"{path.name}.backup-*"))) or "none found"
    raise NewerDataError(
        f"{path} has schema {found}, which this version does not know (it knows up to {scripts.get_current_head()}): "
        f"a newer Tidegauge wrote it. Install that version again, or put back a backup of the file (beside it: {backups})."
    )


def _back_up(path: Path, revision: str) -> None:
    """Writes `<file>.backup-<revision>`, whole or not at all: the last state under the old schema."""
    target = path.with_name(f"{path.name}.backup-{revision}")
    partial = target.with_name(f"{target.name}.partial")
    partial.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(partial)) as copy:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE").close()
    sync(partial)
    partial.replace(target)
    sync(target.parent)


def sync(path: Path) -> None:
    """Makes a file's content, or a directory's names, durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
