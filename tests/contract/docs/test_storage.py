"""docs/storage.md lists every table and file that the stores make."""

import re

from tidegauge.spool import holes, lock, position, quarantine
from tidegauge.spool.record import HEADER_SIZE, RECORD_OVERHEAD
from tidegauge_collector.control.tables import Table
from tidegauge_collector.telemetry.migrations import known_migrations

from .pages import code_words, rows, section, text_of

PAGE = "docs/storage.md"


def _listed(heading):
    return sorted(name for row in rows(section(PAGE, heading)) for name in code_words(row[0]))


def test_every_table_of_the_telemetry_store_is_listed():
    made = {"schema_steps"}
    for migration in known_migrations():
        for statement in migration.statements:
            made |= set(re.findall(r"^CREATE TABLE (?:IF NOT EXISTS )?(\w+)", statement))
            made -= set(re.findall(r"^DROP TABLE (?:IF EXISTS )?(\w+)", statement))

    assert _listed("### Tables of the telemetry store (DuckDB)") == sorted(made)


def test_every_table_of_the_control_store_is_listed():
    assert _listed("### Tables of the control store (SQLite)") == sorted([*Table.metadata.tables, "alembic_version"])


def test_the_files_of_a_spool_are_named_and_its_sizes_are_true():
    drawn = section(PAGE, "## The spool")

    for name in (
        position.POSITION_NAME,
        lock.LOCK_NAME,
        lock.CLOSED_NAME,
        lock.MAINTENANCE_NAME,
        holes.HOLES_NAME,
        quarantine.QUARANTINE_NAME,
    ):
        assert name in drawn
    assert f"{HEADER_SIZE} bytes" in drawn
    assert f"{RECORD_OVERHEAD} + len bytes" in drawn


def test_numbers_of_the_quarantine_and_the_page_agree():
    assert f"at most {quarantine.QUARANTINE_BYTES // 2**20} MiB" in text_of(PAGE)
