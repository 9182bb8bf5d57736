"""The store's file: opening, locking, reopening, damage, checkpoints, reading while folding."""

import json
import shutil
import subprocess
import sys
import threading
from typing import NamedTuple

import duckdb
import numpy as np
import pytest

from tidegauge.core.bins import ReferenceBins, numeric_bins
from tidegauge.core.columns import numeric_values
from tidegauge.core.profile import profile_numeric
from tidegauge_collector.errors import ConfigError, DataDirectoryLocked, NewerDataError, StoreFatal
from tidegauge_collector.telemetry.counts import column_counts
from tidegauge_collector.telemetry.extent import known, log_position, low_watermarks, marks
from tidegauge_collector.telemetry.fold import LogPosition, fold
from tidegauge_collector.telemetry.moments import column_moments
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.telemetry.testing import (
    HOUR,
    Answers,
    Sender,
    Source,
    actuals_frame,
    profile_frame,
    records_frame,
)

TEMP = numeric_bins("temp", np.arange(10.0))
BINS = ReferenceBins({"temp": TEMP})

HOLDER = """
import sys
from tidegauge_collector.telemetry.store import TelemetryStore
with TelemetryStore.open(sys.argv[1]):
    print("open", flush=True)
    sys.stdin.readline()
"""


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def frame(rows=1, **source):
    one = profile_numeric("temp", numeric_values([1.0] * rows), TEMP)
    return profile_frame([one], source=Source(**source), bins_id=BINS.bins_id)


def rows(store):
    found = column_moments(store, "flights", version="1", segment="", window=HOUR)
    return found["temp"].rows if found else 0


def at(seq):
    return LogPosition(b"log", seq)


def test_a_reopened_store_knows_all_that_it_knew(tmp_path):
    path, sender = tmp_path / "t.duckdb", Sender()
    answers = Answers([0.5], ["late"], [("b=2", "a=1")], {"A": [0.1], "B": [0.2]})
    with TelemetryStore.open(path) as store:
        entries = [
            sender.send(frame(low_watermark_us=5)),
            sender.send(records_frame("a", [1], answers)),
            sender.send(actuals_frame("a", [1], [2]), closed=True),
        ]
        fold(store, entries, at(7))
        index = store.index

    with TelemetryStore.open(path) as store:
        assert log_position(store) == at(7)
        assert marks(store)[sender.epoch].closed
        assert low_watermarks(store, "flights") == {sender.epoch: 5}
        for name in ("series", "deployments", "versions", "epochs", "segment_sets", "score_classes"):
            assert getattr(store.index, name).known == getattr(index, name).known
        assert known(store, "flights").versions == ("1",)
        assert fold(store, entries, at(7)).skipped == 3
        fold(store, [sender.send(frame(2))], at(8))
        assert rows(store) == 3


def test_a_second_process_is_told_who_holds_the_store(tmp_path):
    path = tmp_path / "t.duckdb"
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "open\n"
        before = path.read_bytes()

        with pytest.raises(DataDirectoryLocked, match=f"held by process {holder.pid}"):
            TelemetryStore.open(path)

        assert path.read_bytes() == before
        holder.communicate("\n")
    with TelemetryStore.open(path) as store:
        assert store.healthy()


def test_a_directory_that_is_missing_is_named(tmp_path):
    with pytest.raises(ConfigError, match="missing is no directory"):
        TelemetryStore.open(tmp_path / "missing" / "t.duckdb")


def test_tables_of_a_newer_version_are_refused_untouched(tmp_path):
    path = tmp_path / "t.duckdb"
    TelemetryStore.open(path).close()
    with duckdb.connect(str(path), config={"storage_compatibility_version": "v1.5.0"}) as newer:
        newer.execute("INSERT INTO schema_steps VALUES (99, 1)")
    before = path.read_bytes()

    with pytest.raises(NewerDataError, match="tables of version 99, this collector knows"):
        TelemetryStore.open(path)

    assert path.read_bytes() == before


def test_the_file_can_be_read_by_duckdb_1_5(tmp_path):
    path = tmp_path / "t.duckdb"
    TelemetryStore.open(path).close()

    with duckdb.connect(str(path), read_only=True) as reader:
        ((tags,),) = reader.execute("SELECT tags FROM duckdb_databases() WHERE NOT internal").fetchall()

    assert "v1.5.0" in json.dumps(tags)


def _killed_while_folding(path):
    """A file with one checkpointed fold, and a write-ahead log with two more."""
    with TelemetryStore.open(path) as store:
        sender = Sender()
        entries = [sender.send(frame(i + 1)) for i in range(3)]
        fold(store, entries[:1], at(1))
        assert store.checkpoint()
        fold(store, entries[1:2], at(2))
        fold(store, entries[2:], at(3))
        for suffix in ("", ".wal"):
            shutil.copyfile(f"{path}{suffix}", f"{path}{suffix}.copy")
    for suffix in ("", ".wal"):
        shutil.move(f"{path}{suffix}.copy", f"{path}{suffix}")
    return entries


def test_a_log_is_replayed(tmp_path):
    path = tmp_path / "t.duckdb"
    _killed_while_folding(path)

    with TelemetryStore.open(path) as store:
        assert (rows(store), log_position(store), store.set_aside) == (6, at(3), ())


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_damaged_log_is_set_aside_and_folding_again_heals(tmp_path, share):
    path = tmp_path / "t.duckdb"
    entries = _killed_while_folding(path)
    log = tmp_path / "t.duckdb.wal"
    damaged = bytearray(log.read_bytes())
    damaged[int(len(damaged) * share)] ^= 0x10
    log.write_bytes(damaged)

    with TelemetryStore.open(path, now_us=lambda: 77) as store:
        if store.set_aside:  # a flipped bit in a length may read as a torn end instead: then only later folds are lost
            assert store.set_aside == (tmp_path / "t.duckdb.wal.corrupt-77",)
            assert log_position(store) == at(1)
            assert store.set_aside[0].read_bytes() == bytes(damaged)
        position = log_position(store)
        fold(store, entries[position.log_seq - 1 :], at(3))
        assert rows(store) == 6


def test_an_unreplayable_log_is_set_aside(tmp_path):
    path = tmp_path / "t.duckdb"
    entries = _killed_while_folding(path)
    log = tmp_path / "t.duckdb.wal"
    whole = log.read_bytes()
    log.write_bytes(whole[:-40] + bytes(byte ^ 0xFF for byte in whole[-40:-20]) + whole[-20:])

    with TelemetryStore.open(path, now_us=lambda: 5) as store:
        assert [one.name for one in store.set_aside] == ["t.duckdb.wal.corrupt-5"]
        assert (rows(store), log_position(store)) == (1, at(1))
        assert fold(store, entries, at(3)).folded == 2
        assert rows(store) == 6
    with TelemetryStore.open(path) as store:
        assert rows(store) == 6


def test_a_damaged_data_file_is_fatal_and_stays_as_it_is(tmp_path):
    path = tmp_path / "t.duckdb"
    TelemetryStore.open(path).close()
    damaged = bytearray(path.read_bytes())
    damaged[5000] ^= 0x10
    path.write_bytes(damaged)

    with pytest.raises(StoreFatal, match="restore its newest backup"):
        TelemetryStore.open(path)

    assert path.read_bytes() == bytes(damaged)


def test_a_checkpoint_moves_the_log_into_the_file(tmp_path):
    path = tmp_path / "t.duckdb"
    with TelemetryStore.open(path) as store:
        fold(store, [Sender().send(frame())], at(1))
        log = tmp_path / "t.duckdb.wal"
        assert log.stat().st_size > 0

        assert store.checkpoint()

        assert not log.exists() or log.stat().st_size == 0
        assert rows(store) == 1


def test_a_checkpoint_waits_for_room_on_the_disk(tmp_path, monkeypatch):
    with TelemetryStore.open(tmp_path / "t.duckdb") as store:
        fold(store, [Sender().send(frame())], at(1))
        monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10_000, 9_000, 1_000))

        assert not store.checkpoint()

        assert (tmp_path / "t.duckdb.wal").stat().st_size > 0
        assert rows(store) == 1


def test_threads_read_whole_folds_while_another_folds_and_compacts(tmp_path):
    folds, torn, done = 60, [], threading.Event()

    def read():
        while not done.is_set():
            found = column_counts(store, "flights", version="1", segment="", bins=BINS, windows=[HOUR])["temp"]
            if found.rows[0] != found.counts[0].sum() or found.rows[0] % 3:
                torn.append(found)

    with TelemetryStore.open(tmp_path / "t.duckdb") as store:
        sender = Sender()
        readers = [threading.Thread(target=read) for _ in range(3)]
        for reader in readers:
            reader.start()
        try:
            for i in range(folds):
                fold(store, [sender.send(frame(1)), sender.send(frame(2))], at(i))
        finally:
            done.set()
            for reader in readers:
                reader.join()

        assert torn == []
        assert rows(store) == 3 * folds
