"""What a start makes of stores that are damaged or gone, from a backup and the frame log; and what it says of it."""

from pathlib import Path

import pytest

from tidegauge_collector.control import ControlStore
from tidegauge_collector.errors import ConfigError
from tidegauge_collector.ingest.framelog import LogPosition, release_log
from tidegauge_collector.telemetry.damage import note_damage
from tidegauge_collector.telemetry.extent import log_position, stored_counts
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.upkeep.backing_up import back_up
from tidegauge_collector.upkeep.healing import open_stores
from tidegauge_collector.upkeep.incidents import Incident, incidents

AT_US = 1_700_000_100_000_000
FOLDED_ROWS = 200


def opened(data: Path, backup_dir: Path | None = None) -> tuple[ControlStore, TelemetryStore]:
    return open_stores(data, backup_dir, memory_limit="256MB", now_us=lambda: AT_US)


def healed(data: Path, backup_dir: Path | None = None) -> tuple[int, int | None, list[Incident]]:
    """Rows and folded position after a start, and what was noted."""
    control, store = opened(data, backup_dir)
    try:
        position = log_position(store)
        rows = stored_counts(store, "flights").prediction_ids
    finally:
        store.close()
        control.close()
    return rows, position.log_seq if position else None, incidents(data)


@pytest.fixture
def backup_dir(data: Path, tmp_path: Path) -> Path:
    with TelemetryStore.open(data / "telemetry.duckdb") as store:
        back_up(data, store, tmp_path / "backups", now_us=AT_US - 1)
    return tmp_path / "backups"


def test_stores_in_good_order_are_opened_and_nothing_is_noted(data: Path) -> None:
    assert healed(data) == (FOLDED_ROWS, 4, [])


def test_a_new_directory_is_no_incident(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()

    assert healed(tmp_path / "new") == (0, None, [])


@pytest.mark.parametrize("fate", ["garbage", "empty", "cut", "gone", "noted"])
def test_a_telemetry_store_without_backup_is_begun_empty_and_folded_again(data: Path, fate: str) -> None:
    path = data / "telemetry.duckdb"
    _befall(path, fate)

    rows, position, (told,) = healed(data)

    assert (rows, position) == (0, None)
    assert "begun empty" in told.done
    assert not told.has_hole  # the log reaches back to the first frame there was
    assert bool(told.set_aside) == (fate != "gone")
    assert all((data / name).exists() for name in told.set_aside)


@pytest.mark.parametrize("fate", ["garbage", "gone"])
def test_a_telemetry_store_is_restored_from_the_newest_backup(data: Path, backup_dir: Path, fate: str) -> None:
    _befall(data / "telemetry.duckdb", fate)

    rows, position, (told,) = healed(data, backup_dir)

    assert (rows, position) == (FOLDED_ROWS, 4)
    assert told.backup is not None
    assert not told.has_hole


def test_a_damaged_backup_is_passed_over_for_an_older_one(data: Path, backup_dir: Path) -> None:
    with TelemetryStore.open(data / "telemetry.duckdb") as store:
        newer = back_up(data, store, backup_dir, now_us=AT_US)
    (newer.path / "telemetry.duckdb").write_bytes(b"")
    _befall(data / "telemetry.duckdb", "garbage")

    _, _, (told,) = healed(data, backup_dir)

    assert told.backup != newer.path.name


def test_what_the_log_no_longer_reaches_is_told_as_a_hole(data: Path) -> None:
    (epoch,) = (data / "log").iterdir()
    release_log(data / "log", LogPosition(bytes.fromhex(epoch.name.replace("-", "")), 6), AT_US)
    _befall(data / "telemetry.duckdb", "gone")

    _, _, (told,) = healed(data)

    assert told.hole_from_us == 1_700_000_000_000_001  # when the first deployment was made
    assert told.hole_to_us == AT_US


@pytest.mark.parametrize("fate", ["garbage", "cut", "gone"])
def test_a_control_store_is_restored_from_the_newest_backup(data: Path, backup_dir: Path, fate: str) -> None:
    _befall(data / "control.sqlite", fate)

    control, store = opened(data, backup_dir)
    store.close()
    names = [one.name for one in control.deployments()]
    control.close()

    assert names == ["flights"]
    (told,) = incidents(data)
    assert (told.store, told.hole_from_us, told.hole_to_us) == ("control.sqlite", AT_US - 1, AT_US)


@pytest.mark.parametrize("fate", ["garbage", "cut", "gone"])
def test_a_control_store_without_backup_is_refused_with_the_command(data: Path, fate: str) -> None:
    path = data / "control.sqlite"
    _befall(path, fate)
    before = path.read_bytes() if path.exists() else None

    with pytest.raises(ConfigError, match=r"tidegauge-collector restore --from BACKUP --data .* --only control"):
        opened(data)

    assert (path.read_bytes() if path.exists() else None) == before
    assert incidents(data) == []


def _befall(path: Path, fate: str) -> None:
    content = path.read_bytes()
    if fate == "gone":
        path.unlink()
    elif fate == "noted":
        note_damage(path, "a page that a query has read")
    else:
        path.write_bytes({"garbage": b"\xa5" * 9_000, "empty": b"", "cut": content[: len(content) // 2]}[fate])
