"""Random lives and deaths of a collector: 30 in `make test`, 300 in `make fault` (FAULT_ROUNDS); FAULT_SEED=n runs one again."""

import os
import random
import threading
from pathlib import Path

import pytest
from collector_fleet import NAME, Fleet
from collector_lives import Lives

from tidegauge_collector.crash_points import CRASH_POINTS
from tidegauge_collector.telemetry.store import TelemetryStore

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "30"))
SEEDS = [int(os.environ["FAULT_SEED"])] if "FAULT_SEED" in os.environ else range(ROUNDS)
RARE = ("migration.", "heal.", "shrink.")  # these need a reason of their own; see test_crash_points.py


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_kills_the_collector_everything_acknowledged_is_stored_once(lives: Lives, seed: int) -> None:
    print(f"FAULT_SEED={seed}")
    draws = random.Random(seed)
    fleet = Fleet(draws)
    lives.configure(backs_up=draws.random() < 0.5, log_keep_hours=draws.choice([0.0, 24.0]))

    for _ in range(draws.randint(1, 3)):
        die(lives, fleet, draws)
    settle(lives, fleet)

    with TelemetryStore.open(lives.data / "telemetry.duckdb") as store:
        fleet.check(store)


def die(lives: Lives, fleet: Fleet, draws: random.Random) -> None:
    """One life that is killed from outside at any moment, or by itself at a crash point."""
    points = [one for one in CRASH_POINTS if not one.startswith(RARE)]
    crash_at = f"{draws.choice(points)}:{draws.randint(1, 4)}" if draws.random() < 0.5 else ""
    address = lives.start(crash_at)
    executioner = threading.Timer(draws.uniform(0.01, 0.8), lives.kill)
    executioner.start()
    while address and fleet.ship(address, draws.randint(1, 8)):
        pass
    executioner.join()
    assert lives.wait() in {-9, 137}, lives.story()


def settle(lives: Lives, fleet: Fleet) -> None:
    """A life without trouble: everything is shipped, folded, and the collector ended in good order."""
    address = lives.start()
    fleet.finish(address)
    if any(epoch.made for epoch in fleet.epochs):
        lives.folded(NAME)
    assert lives.stop() == 0, lives.story()
    assert not (Path(lives.data) / "incidents.jsonl").exists()
