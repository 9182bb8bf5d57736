"""Backups: whole or not there, read back, kept to a number; put back into an empty directory, or one store alone."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tidegauge_collector.cli import main
from tidegauge_collector.errors import ConfigError
from tidegauge_collector.telemetry.extent import log_position, stored_counts
from tidegauge_collector.telemetry.faults import StoreDamaged
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.upkeep.backing_up import BackupFailed, back_up
from tidegauge_collector.upkeep.incidents import incidents
from tidegauge_collector.upkeep.manifest import Backup, backups, prune, read_backup
from tidegauge_collector.upkeep.restoring import BackupDamaged, restore, restore_one

AT_US = 1_700_000_100_000_000
ROWS = 200
OPENER = "import duckdb, sys\nduckdb.connect(sys.argv[1])"


def backed_up(data: Path, to: Path, at_us: int = AT_US) -> Backup:
    with TelemetryStore.open(data / "telemetry.duckdb") as store:
        return back_up(data, store, to, now_us=at_us)


def rows(data: Path) -> int:
    with TelemetryStore.open(data / "telemetry.duckdb") as store:
        return stored_counts(store, "flights").prediction_ids


def test_a_backup_says_what_it_holds_and_where_the_log_stood(data: Path, tmp_path: Path) -> None:
    seen: list[str] = []
    with TelemetryStore.open(data / "telemetry.duckdb") as store:
        made = back_up(data, store, tmp_path / "to", now_us=AT_US, on_progress=lambda what, *_: seen.append(what))
        position = log_position(store)

    assert made.path.name == "backup-20231114T221500000000Z"
    assert read_backup(made.path) == made
    assert position is not None
    assert (made.manifest.log_epoch, made.manifest.log_seq) == (position.log_epoch.hex(), 4)
    assert made.manifest.files["telemetry.duckdb"].rows["predictions"] == ROWS
    assert made.manifest.files["control.sqlite"].rows["deployments"] == 1
    assert list(dict.fromkeys(seen)) == ["copying telemetry.duckdb", "copying control.sqlite", "reading back"]
    assert [one.name for one in (tmp_path / "to").iterdir()] == [made.path.name]


def test_a_backup_leaves_the_store_locked_against_other_processes(data: Path, tmp_path: Path) -> None:
    path = data / "telemetry.duckdb"
    with TelemetryStore.open(path) as store:
        back_up(data, store, tmp_path / "to", now_us=AT_US)

        other = subprocess.run([sys.executable, "-c", OPENER, str(path)], capture_output=True, text=True, check=False)

    assert other.returncode != 0
    assert "Could not set lock" in other.stderr


def test_a_backup_fills_an_empty_directory_with_the_same(data: Path, tmp_path: Path) -> None:
    made = backed_up(data, tmp_path / "to")
    target = tmp_path / "target"
    target.mkdir()

    restore(made, target, now_us=AT_US)

    assert rows(target) == ROWS
    (told,) = incidents(target)
    assert (told.backup, told.has_hole) == (made.path.name, False)


def test_a_directory_that_is_not_empty_is_not_filled(data: Path, tmp_path: Path) -> None:
    made = backed_up(data, tmp_path / "to")

    with pytest.raises(ConfigError, match=r"is not empty .*--only telemetry"):
        restore(made, data, now_us=AT_US)

    assert rows(data) == ROWS


@pytest.mark.parametrize("name", ["telemetry.duckdb", "control.sqlite"])
def test_one_store_is_put_back_and_the_other_kept(data: Path, tmp_path: Path, name: str) -> None:
    made = backed_up(data, tmp_path / "to")
    (data / name).write_bytes(b"not a database at all")

    done = restore_one(made, name, data, now_us=AT_US)

    assert done.set_aside == (f"{name}.corrupt-{AT_US}",)
    assert (data / done.set_aside[0]).read_bytes() == b"not a database at all"
    assert rows(data) == ROWS


@pytest.mark.parametrize("name", ["telemetry.duckdb", "control.sqlite"])
def test_a_backup_that_was_changed_is_not_used(data: Path, tmp_path: Path, name: str) -> None:
    made = backed_up(data, tmp_path / "to")
    changed = bytearray((made.path / name).read_bytes())
    changed[len(changed) // 2] ^= 1
    (made.path / name).write_bytes(changed)
    target = tmp_path / "target"
    target.mkdir()

    with pytest.raises(BackupDamaged, match=f"{name}: is not what was written"):
        restore(made, target, now_us=AT_US)

    assert list(target.iterdir()) == []


def test_a_damaged_source_makes_no_backup_and_is_noted_for_the_next_start(data: Path, tmp_path: Path) -> None:
    path = data / "telemetry.duckdb"
    with TelemetryStore.open(path) as store:
        store._root.execute("CREATE TABLE wide AS SELECT hash(i) AS a FROM range(2_000_000) AS r(i)")
        store.checkpoint()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1  # a page of that table, which opening does not read
    path.write_bytes(content)

    with TelemetryStore.open(path) as store, pytest.raises(StoreDamaged):
        back_up(data, store, tmp_path / "to", now_us=AT_US)

    assert list((tmp_path / "to").iterdir()) == []
    assert "damaged" in (data / "telemetry.duckdb.damaged").read_text()


def test_only_so_many_backups_are_kept_and_leftovers_go(data: Path, tmp_path: Path) -> None:
    to = tmp_path / "to"
    made = [backed_up(data, to, AT_US + n * 1_000_000) for n in range(3)]
    (to / ".partial-backup-20270101T000000000000Z").mkdir()
    (to / "mine").mkdir()

    gone = prune(to, 2)

    assert [one.path for one in backups(to)] == [made[1].path, made[2].path]
    assert {one.name for one in gone} == {made[0].path.name, ".partial-backup-20270101T000000000000Z"}
    assert (to / "mine").exists()


def test_a_folder_that_cannot_be_used_is_named(data: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(BackupFailed, match=f"backup folder {tmp_path / 'file'} cannot be used"):
        backed_up(data, tmp_path / "file")
    with pytest.raises(ConfigError, match="is the data directory itself"):
        backed_up(data, data)


def test_the_commands_back_up_and_restore(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backup", "--data", str(data), "--to", str(tmp_path / "to")]) == 0
    made = capsys.readouterr().out.strip()

    assert main(["restore", "--from", made, "--data", str(tmp_path / "new")]) == 0
    assert rows(tmp_path / "new") == ROWS
    assert main(["restore", "--from", made, "--data", str(data), "--only", "telemetry"]) == 0
    assert "telemetry.duckdb: restored from a backup" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "problem"),
    [(None, "is no backup"), ("{", "is damaged"), (json.dumps({"format": 9}), "is of format 9, this version reads 1")],
)
def test_what_is_no_backup_is_refused_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None, problem: str
) -> None:
    source = tmp_path / "backup-x"
    source.mkdir()
    if content is not None:
        (source / "manifest.json").write_text(content)

    assert main(["restore", "--from", str(source), "--data", str(tmp_path / "new")]) == 78

    assert problem in capsys.readouterr().err
    assert not os.path.lexists(tmp_path / "new")
