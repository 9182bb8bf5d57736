import shutil
import sqlite3
from contextlib import closing

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from control_timeline import FAILING, Timeline

from tidegauge_collector.control import ControlStore, schema
from tidegauge_collector.control.engine import open_engine
from tidegauge_collector.control.tables import Table
from tidegauge_collector.errors import ConfigError, NewerDataError

HEAD = sorted(path.name[:4] for path in (schema.MIGRATIONS / "versions").glob("[0-9]*.py"))[-1]
NEXT = f"""
from alembic import op
revision, down_revision, branch_labels, depends_on = "9999", "{HEAD}", None, None
def upgrade():
    op.execute("ALTER TABLE alerts ADD COLUMN note VARCHAR")
    op.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY)")
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "control.sqlite"


@pytest.fixture
def next_version(tmp_path):
    """The migrations of a version that knows one more."""
    scripts = tmp_path / "next_migrations"
    shutil.copytree(schema.MIGRATIONS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    (scripts / "versions" / "9999_notes.py").write_text(NEXT)
    return scripts


def upgrade(path, scripts):
    engine = open_engine(path)
    schema.upgrade(engine, path, migrations=scripts)
    engine.dispose()


def columns(path, table):
    with closing(sqlite3.connect(path)) as connection:
        return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]


def test_the_migrations_amount_to_the_mapped_tables(path):
    ControlStore.open(path).close()
    engine = open_engine(path)

    with engine.connect() as connection:
        difference = compare_metadata(MigrationContext.configure(connection), Table.metadata)
    engine.dispose()

    assert difference == []


def test_a_connection_is_durable_waits_for_locks_and_checks_foreign_keys(path):
    engine = open_engine(path)
    with engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    engine.dispose()

    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}


def test_what_was_stored_is_there_after_reopening(path):
    store = ControlStore.open(path)
    (alert,) = Timeline(store).judge(FAILING)
    store.close()

    again = ControlStore.open(path)

    assert again.alerts() == [alert]
    assert again.outbox_depth() == 1
    again.close()


def test_opening_a_current_file_makes_no_backup(path):
    ControlStore.open(path).close()
    ControlStore.open(path).close()

    assert [each.name for each in path.parent.glob("*backup*")] == []


def test_a_migration_keeps_the_data_and_leaves_a_backup_of_the_schema_before(path, next_version):
    store = ControlStore.open(path)
    Timeline(store).judge(FAILING)
    store.close()

    upgrade(path, next_version)

    backup = path.with_name(f"control.sqlite.backup-{HEAD}")
    assert "note" in columns(path, "alerts")
    assert "note" not in columns(backup, "alerts")
    for file in (path, backup):
        with closing(sqlite3.connect(file)) as connection:
            assert connection.execute("SELECT count(*) FROM alerts").fetchone() == (1,)


def test_a_newer_file_is_refused_untouched_and_the_error_names_the_way_back(path, next_version):
    ControlStore.open(path).close()
    upgrade(path, next_version)
    before = path.read_bytes()

    with pytest.raises(NewerDataError, match=rf"schema 9999.*up to {HEAD}.*control\.sqlite\.backup-{HEAD}") as refused:
        ControlStore.open(path)

    assert refused.value.exit_code == 78
    assert path.read_bytes() == before


def test_a_backup_is_a_database_of_the_version_before_and_can_be_put_back(path, next_version):
    store = ControlStore.open(path)
    Timeline(store).judge(FAILING)
    store.close()
    upgrade(path, next_version)

    path.with_name(f"control.sqlite.backup-{HEAD}").replace(path)
    store = ControlStore.open(path)

    assert [each.column for each in store.alerts()] == ["temp"]
    store.close()


def test_a_file_that_is_no_database_is_refused_by_name_and_left_alone(path):
    path.write_bytes(b"this is not a database, but long enough to look at" * 100)

    with pytest.raises(ConfigError, match=r"control\.sqlite is no intact SQLite database"):
        ControlStore.open(path)

    assert path.read_bytes().startswith(b"this is not")


def test_a_missing_directory_is_named(tmp_path):
    with pytest.raises(ConfigError, match="nowhere does not exist"):
        ControlStore.open(tmp_path / "nowhere" / "control.sqlite")
