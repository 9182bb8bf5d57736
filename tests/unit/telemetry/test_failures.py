"""DuckDB's errors are sorted by what the caller does next, and a failed write leaves nothing behind."""

import duckdb
import pytest

from tidegauge.core.columns import numeric_values
from tidegauge.core.profile import profile_numeric
from tidegauge_collector.errors import DataDirectoryLocked, NewerDataError, StoreFatal
from tidegauge_collector.telemetry.extent import log_position, marks
from tidegauge_collector.telemetry.faults import (
    StoreDamaged,
    StoreRefused,
    is_replay_failure,
    translate,
    translate_opening,
)
from tidegauge_collector.telemetry.fold import LogPosition, fold
from tidegauge_collector.telemetry.moments import column_moments
from tidegauge_collector.telemetry.testing import HOUR, Sender, profile_frame

HERE = LogPosition(b"log", 1)
LOCKED = (
    'IO Error: Could not set lock on file "/t": Conflicting lock is held in /usr/bin/python3 (PID 4711). See also x'
)
NEWER = (
    "IO Error: Trying to read a database file with version number 69, but we can only read versions between 64 and 68."
)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (duckdb.FatalException("FATAL Error: no space"), StoreFatal),
        (duckdb.Error("Failed: database has been invalidated because of a previous fatal error"), StoreFatal),
        (duckdb.InternalException("INTERNAL Error: oops"), StoreFatal),
        (duckdb.TransactionException("could not write: no space left on device"), StoreRefused),
        (duckdb.OutOfMemoryException("could not allocate"), StoreRefused),
    ],
)
def test_only_an_invalidated_instance_is_fatal(error, kind):
    found = translate(error, "answering x.sql")

    assert type(found) is kind
    assert "answering x.sql" in str(found)


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (duckdb.IOException(LOCKED), DataDirectoryLocked, "held by process 4711"),
        (duckdb.Error("Could not set lock on file"), DataDirectoryLocked, "another process"),
        (duckdb.IOException(NEWER), NewerDataError, "written by a newer DuckDB"),
        (duckdb.Error("Corrupt database file: checksum"), StoreDamaged, "restore its newest backup"),
        (duckdb.Error("IO Error: Permission denied"), StoreFatal, "cannot be opened: mend the cause"),
    ],
)
def test_opening_failures_name_the_file_and_the_fix(error, kind, text):
    found = translate_opening(error, "/data/t.duckdb")

    assert type(found) is kind
    assert text in str(found)
    assert "/data/t.duckdb" in str(found)


def test_only_a_log_that_cannot_be_replayed_is_set_aside():
    assert is_replay_failure(duckdb.Error('Failure while replaying WAL file "/t.wal": Corrupt WAL file'))
    assert not is_replay_failure(duckdb.Error("Corrupt database file"))


def test_a_query_that_fails_in_a_snapshot_leaves_the_thread_usable(store):
    with pytest.raises(StoreRefused, match=r"window_bins\.sql"), store.snapshot():
        store.rows("window_bins", [0, 1])  # without the tables that it joins

    assert store.healthy()


def test_a_fold_that_fails_leaves_nothing_and_can_be_repeated(store, monkeypatch):
    entry = Sender().send(profile_frame([profile_numeric("temp", numeric_values([1.0, 2.0]))]))
    execute = store.execute

    def full_disk(name, *arguments, **more):
        if name == "write_cells":
            raise StoreRefused("no space")
        execute(name, *arguments, **more)

    with monkeypatch.context() as patched:
        patched.setattr(store, "execute", full_disk)
        with pytest.raises(StoreRefused):
            fold(store, [entry], HERE)

    assert (marks(store), log_position(store), store.index.series.known) == ({}, None, {})
    assert fold(store, [entry], HERE).folded == 1
    assert column_moments(store, "flights", version="1", segment="", window=HOUR)["temp"].rows == 2


def test_sql_can_reach_no_file_of_the_host(store, monkeypatch):
    monkeypatch.setattr("tidegauge_collector.telemetry.store.query", lambda name: name)

    with pytest.raises(StoreRefused, match="disabled"):
        store.rows("SELECT * FROM read_csv('/etc/hosts')")
    with pytest.raises(StoreRefused, match="locked"):
        store.rows("SET enable_external_access = true")
