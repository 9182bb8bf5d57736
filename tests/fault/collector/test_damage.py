"""Flipped and cut bytes in everything that a collector keeps: healed or reported, never silent; the next start always comes.

`FAULT_ROUNDS` says how many draws of the damage are tried (a hundredth of it; one by default).
"""

import os
import random
from collections.abc import Callable
from pathlib import Path

import grpc
import httpx
import pytest
from collector_fleet import NAME, Fleet
from collector_lives import Lives

from tidegauge_collector.telemetry.damage import noted_damage
from tidegauge_collector.telemetry.extent import gap_summary
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.upkeep.examining import examine
from tidegauge_collector.upkeep.incidents import incidents

LIVES = 4
GONE = (grpc.RpcError, httpx.TransportError, FileNotFoundError)  # nobody answers, or nothing says where to ask
SEEDS = range(max(1, int(os.environ.get("FAULT_ROUNDS", "0")) // 100))
Damage = Callable[[bytes, random.Random], bytes]
DATABASE, CONTROL = "telemetry.duckdb", "control.sqlite"


def flipped(content: bytes, draws: random.Random) -> bytes:
    changed = bytearray(content)
    changed[draws.randrange(len(changed))] ^= 1 << draws.randrange(8)
    return bytes(changed)


def cut(content: bytes, draws: random.Random) -> bytes:
    return content[: draws.randrange(len(content))]


def zero_tailed(content: bytes, draws: random.Random) -> bytes:
    return content + bytes(draws.randrange(1, 8_192))


def damage(path: Path, how: Damage, draws: random.Random) -> None:
    path.write_bytes(how(path.read_bytes(), draws))


@pytest.fixture
def draws(request: pytest.FixtureRequest) -> random.Random:
    return random.Random(request.node.name)


@pytest.fixture
def fleet(draws: random.Random) -> Fleet:
    return Fleet(draws)


def lived(lives: Lives, fleet: Fleet) -> None:
    """A life that ends well: all of it folded, checkpointed and in a backup."""
    assert fleet.ship(lives.start(), 12)
    lives.folded(NAME)
    assert lives.stop() == 0, lives.story()


def served_at_last(lives: Lives) -> str:
    """The address of a life that stays: one that finds damage in use ends with 70, and the next start heals it."""
    for _ in range(LIVES):
        address = lives.start()
        if address and answers(lives):
            return address
        assert lives.wait() == 70, lives.story()
    raise AssertionError(f"it does not come up: {lives.story()}")


def answers(lives: Lives) -> bool:
    """Whether it answers well, and has not ended before or in the middle of its answer."""
    try:
        return lives.get(f"/api/v1/deployments/{NAME}/status").status_code == 200
    except GONE:
        return False


def taken_in(lives: Lives, fleet: Fleet) -> bool:
    """Whether a life took the rest in, folded everything and ended well; one that met damage on the way ends with 70."""
    try:
        fleet.finish(lives.address if lives.is_alive() else served_at_last(lives))
        lives.folded(NAME)
        code = lives.stop()
    except GONE:
        code = lives.wait()
    assert code in {0, 70}, lives.story()
    return code == 0


def check(lives: Lives, fleet: Fleet) -> None:
    """The rest comes in, everything is folded; then the oracle is asked."""
    assert any(taken_in(lives, fleet) for _ in range(LIVES)), lives.story()
    with TelemetryStore.open(lives.data / DATABASE) as store:
        fleet.check(store)


@pytest.mark.parametrize("how", [flipped, cut, zero_tailed])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_damaged_write_ahead_log_costs_nothing(lives: Lives, fleet: Fleet, how: Damage, seed: int) -> None:
    draws = random.Random(seed)
    lived(lives, fleet)
    address = lives.start("checkpoint.before:3")
    while address and fleet.ship(address, 1):
        pass
    assert lives.wait() == 137
    log = lives.data / f"{DATABASE}.wal"
    if log.exists() and log.stat().st_size:
        damage(log, how, draws)

    check(lives, fleet)


@pytest.mark.parametrize("backs_up", [True, False])
@pytest.mark.parametrize("how", [flipped, cut])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_damaged_database_is_healed_or_reported(
    lives: Lives, fleet: Fleet, how: Damage, seed: int, backs_up: bool
) -> None:
    draws = random.Random(seed)
    lives.configure(backs_up=backs_up)
    lived(lives, fleet)
    lived(lives, fleet)
    damage(lives.data / DATABASE, how, draws)

    check(lives, fleet)  # whatever of it was read, by then

    told = incidents(lives.data)
    assert not any(one.has_hole for one in told)
    report = examine(lives.data, None, now_us=0, every_us=1, ask_running=None)
    state = {one.check: one.state for one in report.findings}["telemetry"]
    if state == "bad":  # nobody had read that page before
        assert noted_damage(lives.data / DATABASE)
        check(lives, fleet)
        assert len(incidents(lives.data)) == len(told) + 1


def test_a_database_that_is_gone_with_its_log_is_begun_again_and_the_hole_is_told(lives: Lives, fleet: Fleet) -> None:
    lives.configure(backs_up=False, log_keep_hours=0.0)
    address = lives.start("release.done")  # what it stands for has left the log, if it filled a segment
    while address and fleet.ship(address, 1):
        pass
    assert lives.wait() == 137
    (lives.data / DATABASE).unlink()
    for epoch in (lives.data / "log").iterdir():
        for segment in epoch.glob("0*"):
            segment.unlink()

    address = served_at_last(lives)

    (told,) = incidents(lives.data)
    assert (told.store, told.has_hole) == (DATABASE, True)
    report = examine(lives.data, None, now_us=told.at_us, every_us=1, ask_running=_anatomy)
    assert ("incident", "warn") in {(one.check, one.state) for one in report.findings}
    metrics = lives.get("/metrics").text
    assert 'tidegauge_store_incidents_total{store="telemetry.duckdb"} 1' in metrics
    assert "store.healed" in lives.story()
    fleet.greet_after_damage(address)  # the marks are back at 0, so shippers send again what they still hold
    assert {one.acknowledged for one in fleet.epochs} == {0}
    check(lives, fleet)


def _anatomy() -> dict[str, object]:
    return {"tables": [], "file": {"bytes": 0, "free_bytes": 0}, "folded": None, "epochs": 0, "gaps": []}


@pytest.mark.parametrize("how", [flipped, cut])
@pytest.mark.parametrize("seed", range(3))
def test_a_damaged_segment_of_the_frame_log_costs_its_frames_and_says_which(
    lives: Lives, fleet: Fleet, how: Damage, seed: int
) -> None:
    draws = random.Random(seed)
    lives.configure(backs_up=False)
    address = lives.start("fold.effects:3")
    while address and fleet.ship(address, 1):
        pass
    assert lives.wait() == 137
    segment = max((lives.data / "log").glob("*/*.open"), key=lambda one: one.parent.name)
    damage(segment, how, draws)

    address = lives.start()
    fleet.greet_after_damage(address)
    fleet.finish(address)
    lives.folded(NAME)
    assert lives.stop() == 0, lives.story()

    with TelemetryStore.open(lives.data / DATABASE) as store:
        missing = sum(one.numbers for one in gap_summary(store))
        assert {one.reason for one in gap_summary(store)} <= {"missing in the frame log"}
        assert fleet.stored_frames(store) + missing == sum(one.made for one in fleet.epochs)


@pytest.mark.parametrize("backs_up", [True, False])
@pytest.mark.parametrize("how", [flipped, cut])
@pytest.mark.parametrize("seed", range(3))
def test_a_damaged_control_store_is_healed_from_a_backup_or_refused_with_the_command(
    lives: Lives, fleet: Fleet, how: Damage, seed: int, backs_up: bool
) -> None:
    draws = random.Random(seed)
    lives.configure(backs_up=backs_up)
    lived(lives, fleet)
    damage(lives.data / CONTROL, how, draws)

    address = lives.start()

    if not address:
        assert lives.wait() == 78, lives.story()
        assert not backs_up
        assert "tidegauge-collector restore --from BACKUP" in lives.story()
        return
    fleet.finish(address)  # where SQLite sees nothing wrong, a value may differ: it keeps no checksums
    lives.folded(NAME)
    assert lives.stop() == 0, lives.story()
    assert all(one.store == CONTROL and one.backup for one in incidents(lives.data))


def test_a_control_store_that_is_gone_is_not_silently_made_anew(lives: Lives, fleet: Fleet) -> None:
    lives.configure(backs_up=False)
    lived(lives, fleet)
    (lives.data / CONTROL).unlink()

    assert not lives.start()

    assert lives.wait() == 78
    assert "control.sqlite: it is missing, though the directory has been in use" in lives.story()
    assert not (lives.data / CONTROL).exists()
