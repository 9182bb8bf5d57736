"""Every named crash point once: the collector dies there, and the next one finds everything that was acknowledged, once."""

import random
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from collector_fleet import NAME, Fleet
from collector_lives import Lives

from tidegauge_collector.crash_points import CRASH_POINTS, EXIT_CODE
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.upkeep.incidents import incidents

SOURCE = Path(__file__).parents[3] / "collector" / "src" / "tidegauge_collector"
OTHERWISE = (
    "shrink.",
    "migration.",
    "heal.",
    "delete.",
    "upload.",  # tests/integration/uploads/test_kill.py
    "monitors.",  # test_monitors.py
    "tell.",  # test_telling.py
    "send.",  # tests/fault/notify
)
SERVING = [one for one in CRASH_POINTS if not one.startswith(OTHERWISE)]


def points(*prefixes: str) -> list[str]:
    return [one for one in CRASH_POINTS if one.startswith(prefixes)]


@pytest.fixture
def fleet(request: pytest.FixtureRequest) -> Fleet:
    return Fleet(random.Random(request.node.name))


def check(lives: Lives, fleet: Fleet, migrations: int = 0) -> None:
    """A life without trouble takes the rest in; then the oracle is asked."""
    fleet.finish(lives.start(migrations=migrations))
    lives.folded(NAME)
    assert lives.stop() == 0, lives.story()
    look = TelemetryStore.look if migrations else TelemetryStore.open
    with look(lives.data / "telemetry.duckdb") as store:
        fleet.check(store)


def lived(lives: Lives, fleet: Fleet) -> None:
    """A life in good order, so that there is something to lose, and a backup."""
    assert fleet.ship(lives.start(), 12)
    lives.folded(NAME)
    lives.until(lambda: list(lives.backups.glob("backup-*")))
    assert lives.stop() == 0, lives.story()


def test_every_point_is_somewhere_in_the_source_and_every_one_in_the_source_is_named() -> None:
    called = set()
    for path in SOURCE.rglob("*.py"):
        called |= set(re.findall(r'crash_here\("([\w.]+)"\)', path.read_text(encoding="utf-8")))

    assert called == set(CRASH_POINTS)


@pytest.mark.parametrize("point", SERVING)
def test_a_collector_that_dies_while_it_serves_has_what_it_acknowledged(lives: Lives, fleet: Fleet, point: str) -> None:
    lives.configure(log_keep_hours=0.0)
    address = lives.start(f"{point}:2" if point.startswith(("log.", "fold.", "write.")) else point)
    while address and fleet.ship(address, 1):
        pass

    assert lives.wait() == EXIT_CODE, lives.story()
    check(lives, fleet)


@pytest.mark.parametrize("point", points("migration."))
def test_a_migration_that_dies_is_gone_on_with(lives: Lives, fleet: Fleet, point: str) -> None:
    lived(lives, fleet)
    before = (lives.data / "telemetry.duckdb").read_bytes()

    assert not lives.start(point if point == "migration.copied" else f"{point}:2", migrations=3)
    assert lives.wait() == EXIT_CODE, lives.story()
    check(lives, fleet, migrations=3)

    (kept,) = [one for one in lives.data.glob("telemetry.duckdb.before-9000*") if "partial" not in one.name]
    assert kept.read_bytes() == before
    lives.spawn()  # the version before the migration
    assert lives.wait() == 78
    assert "upgrade the collector" in lives.story()


@pytest.mark.parametrize("point", points("heal."))
@pytest.mark.parametrize("fate", ["damaged", "lost"])
def test_healing_that_dies_is_begun_again(lives: Lives, fleet: Fleet, point: str, fate: str) -> None:
    lived(lives, fleet)
    assert list(lives.backups.glob("backup-*"))
    lived(lives, fleet)
    store = lives.data / "telemetry.duckdb"
    if fate == "lost":
        store.unlink()
    else:
        store.write_bytes(store.read_bytes()[:5_000])

    assert not lives.start(point)
    assert lives.wait() == EXIT_CODE, lives.story()
    check(lives, fleet)

    told = incidents(lives.data)
    assert {one.store for one in told} == {"telemetry.duckdb"}
    assert not any(one.has_hole for one in told)


@pytest.mark.parametrize("point", points("shrink."))
def test_shrinking_that_dies_leaves_a_whole_store(lives: Lives, fleet: Fleet, point: str) -> None:
    lived(lives, fleet)

    lives.spawn(point, command="shrink")
    assert lives.wait() == EXIT_CODE, lives.story()
    check(lives, fleet)

    lives.spawn(command="shrink")
    assert lives.wait() == 0, lives.story()
    check(lives, fleet)
    assert list(lives.data.glob("*.shrunk*")) == []


@pytest.mark.parametrize("point", points("delete."))
def test_a_deletion_that_dies_is_gone_through_with(lives: Lives, fleet: Fleet, point: str) -> None:
    lived(lives, fleet)
    before = settled(lives)
    doomed = next(f"{one.name}/0/0" for one in fleet.epochs if one.made >= 2)

    assert lives.start(point)
    body = {"deployment": NAME, "prediction_id": doomed, "confirm": True}
    with pytest.raises(httpx.HTTPError):
        httpx.post(lives.endpoints["http"] + "/api/v1/deletions", json=body, timeout=120)
    assert lives.wait() == EXIT_CODE, lives.story()

    after = settled(lives)
    assert after["predictions"] == before["predictions"] - 1
    lives.spawn(command="shrink")  # and it stays away
    assert lives.wait() == 0
    assert settled(lives) == after


def settled(lives: Lives) -> dict[str, Any]:
    """What is stored, by a life in good order."""
    lives.start()
    found = lives.folded(NAME)
    assert lives.stop() == 0, lives.story()
    return found
