"""Migrations: a backup first, killed anywhere they go on where they stood, nothing newer is touched."""

import subprocess
import sys

import duckdb
import pytest

from tidegauge_collector.errors import NewerDataError
from tidegauge_collector.telemetry.migrations import Migration, known_migrations, migrate

FIRST = Migration(1, ("CREATE TABLE cells (a INTEGER)", "CREATE TABLE bins (a INTEGER)"))
SECOND = Migration(
    2,
    (
        "ALTER TABLE cells ADD COLUMN b INTEGER",
        "CREATE TABLE names (a INTEGER)",
        "INSERT INTO names SELECT a FROM cells",
    ),
)

KILLED = """
import os, sys
import duckdb
from pathlib import Path
from tidegauge_collector.telemetry import migrations
from tidegauge_collector.telemetry.migrations import Migration, migrate

class Dying:
    def __init__(self, inner, steps):
        self.inner, self.steps = inner, steps
    def execute(self, *arguments):
        if self.steps == 0:
            os._exit(137)
        self.steps -= 1
        return self.inner.execute(*arguments)

path, steps, first, second = Path(sys.argv[1]), int(sys.argv[2]), *map(eval, sys.argv[3:])
migrate(Dying(duckdb.connect(str(path)), steps), [first, second], path=path)
os._exit(0)
"""


def connect(path):
    return duckdb.connect(str(path))


def columns(path):
    with connect(path) as connection:
        found = connection.execute("SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal").fetchall()
    return {one for one in found if one[0] != "schema_steps"}


def old_file(tmp_path):
    path = tmp_path / "t.duckdb"
    with connect(path) as connection:
        migrate(connection, [FIRST], path=path)
        connection.execute("INSERT INTO cells VALUES (1), (2)")
    return path


def test_a_new_file_gets_all_tables_and_no_backup(tmp_path):
    path = tmp_path / "t.duckdb"

    with connect(path) as connection:
        assert migrate(connection, [FIRST, SECOND], path=path) == (1, 2)
        assert migrate(connection, [FIRST, SECOND], path=path) == ()

    assert sorted(one.name for one in tmp_path.iterdir()) == ["t.duckdb"]


def test_a_file_with_tables_is_copied_before_it_is_changed(tmp_path):
    path = old_file(tmp_path)

    with connect(path) as connection:
        assert migrate(connection, [FIRST, SECOND], path=path) == (2,)
        assert connection.execute("SELECT COUNT(*) FROM names").fetchall() == [(2,)]

    backup = tmp_path / "t.duckdb.before-0002"
    assert columns(backup) == {("cells", "a"), ("bins", "a")}
    with connect(backup) as connection:
        assert connection.execute("SELECT COUNT(*) FROM cells").fetchall() == [(2,)]


def test_killed_before_any_of_its_queries_a_migration_is_finished_by_the_next_start(tmp_path):
    finished, steps = False, 0
    while not finished:
        folder = tmp_path / str(steps)
        folder.mkdir()
        path = old_file(folder)
        arguments = [sys.executable, "-c", KILLED, str(path), str(steps), repr(FIRST), repr(SECOND)]
        finished = subprocess.run(arguments, check=False).returncode == 0

        with connect(path) as connection:
            migrate(connection, [FIRST, SECOND], path=path)
            assert connection.execute("SELECT COUNT(*) FROM names").fetchall() == [(2,)], steps
        assert columns(path) == {("cells", "a"), ("cells", "b"), ("bins", "a"), ("names", "a")}
        assert columns(folder / "t.duckdb.before-0002") == {("cells", "a"), ("bins", "a")}
        steps += 3

    assert steps > 12


@pytest.mark.parametrize("row", [(2, 1), (3, 1), (1, 3)])
def test_what_a_newer_version_made_is_refused(tmp_path, row):
    path = old_file(tmp_path)
    with connect(path) as connection:
        connection.execute("INSERT INTO schema_steps VALUES (?, ?)", row)

        with pytest.raises(NewerDataError, match="upgrade the collector"):
            migrate(connection, [FIRST], path=path)


def test_shipped_migrations_are_numbered_without_holes():
    shipped = known_migrations()

    assert [one.version for one in shipped] == list(range(1, len(shipped) + 1))
    assert all(one.statements for one in shipped)
    assert not any("INDEX" in statement or "PRIMARY" in statement for one in shipped for statement in one.statements)
