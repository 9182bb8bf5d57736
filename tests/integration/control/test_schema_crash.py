"""A process is killed before each statement of a migration; the next start must find a schema that is old or new, never half."""

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from tidegauge_collector.control import ControlStore, schema
from tidegauge_collector.control.engine import open_engine
from tidegauge_collector.control.tables import Table

# Forks one child per crash point, so that the imports are paid for once, up to the first that has no statement left to die at.
KILLER = """
import os, sys
from pathlib import Path
from sqlalchemy import Engine, event
from tidegauge_collector.control import schema
from tidegauge_collector.control.engine import open_engine

folder, scripts = Path(sys.argv[1]), Path(sys.argv[2])

def child(path, point):
    left = point
    def crash_here(*_):
        nonlocal left
        if left == 0:
            os._exit(137)
        left -= 1
    event.listen(Engine, "before_cursor_execute", crash_here)
    event.listen(Engine, "commit", crash_here)
    engine = open_engine(path)
    schema.upgrade(engine, path, migrations=scripts)
    os._exit(0)

for path in sorted(folder.glob("*.sqlite"), key=lambda path: int(path.stem)):
    point = int(path.stem)
    pid = os.fork()
    if pid == 0:
        child(path, point)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    print(point, code)
    if code == 0:
        break
"""
POINTS = 120
TWO_STEPS = """
from alembic import op
revision, down_revision, branch_labels, depends_on = "9999", "0008", None, None
def upgrade():
    op.execute("ALTER TABLE deployments ADD COLUMN note VARCHAR")
    op.execute("UPDATE deployments SET note = name")
    op.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY)")
"""


def killed(folder, scripts=schema.MIGRATIONS):
    """Exit code by crash point."""
    done = subprocess.run([sys.executable, "-c", KILLER, folder, scripts], capture_output=True, text=True, check=True)
    return {int(point): int(code) for point, code in (line.split() for line in done.stdout.splitlines())}


def tables_of(path):
    with closing(sqlite3.connect(path)) as connection:
        return {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def whole_schemas(path):
    """The tables before the first migration and after each."""
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    steps = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    found, engine = [set()], open_engine(path)
    for revision in reversed(steps):
        with engine.connect() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
        found.append(tables_of(path) - {"alembic_version"})
    engine.dispose()
    assert found[-1] == set(Table.metadata.tables)
    return found


def test_a_first_start_killed_before_any_statement_is_resumed_by_the_next(tmp_path):
    for point in range(POINTS):
        (tmp_path / f"{point}.sqlite").touch()

    *codes, last = killed(tmp_path).values()

    assert set(codes) == {137}
    assert last == 0, "raise POINTS: the migration has more statements"
    whole = whole_schemas(tmp_path / "whole.db")
    for point in range(len(codes) + 1):
        path = tmp_path / f"{point}.sqlite"
        assert tables_of(path) - {"alembic_version"} in whole, f"half a migration at {point}"
        store = ControlStore.open(path)
        assert store.ensure_deployment("flights", proposal={}, now_us=1).config_revision == 1
        store.close()


@pytest.fixture
def next_version(tmp_path):
    scripts = tmp_path / "next_migrations"
    shutil.copytree(schema.MIGRATIONS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    (scripts / "versions" / "9999_notes.py").write_text(TWO_STEPS)
    return scripts


def test_an_upgrade_killed_before_any_statement_keeps_the_data_and_is_resumed(tmp_path, next_version):
    points = range(16)
    for point in points:
        store = ControlStore.open(tmp_path / f"{point}.sqlite")
        store.ensure_deployment("flights", proposal={}, now_us=1)
        store.close()

    codes = killed(tmp_path, next_version)

    assert set(codes.values()) == {0, 137}
    for point in codes:
        path = tmp_path / f"{point}.sqlite"
        engine = open_engine(path)
        schema.upgrade(engine, path, migrations=next_version)
        with engine.connect() as connection:
            assert connection.exec_driver_sql("SELECT name, note FROM deployments").all() == [("flights", "flights")]
            extra = compare_metadata(MigrationContext.configure(connection), Table.metadata)
        engine.dispose()
        assert {each[0] if isinstance(each, tuple) else each[0][0] for each in extra} == {
            "remove_table",
            "remove_column",
        }
