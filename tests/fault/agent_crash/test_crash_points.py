"""The agent dies at each place where it matters: nothing sealed is missing, nothing counts twice."""

import random
from pathlib import Path

import pytest
from crash_intake import Intake
from crash_rounds import Round, start_victim

from tidegauge.spool import crash_points

LIVES = 12


@pytest.mark.parametrize("point", crash_points.CRASH_POINTS)
def test_agent_that_dies_here_loses_nothing_sealed_and_counts_nothing_twice(
    tmp_path: Path, intake: Intake, point: str
) -> None:
    chance = random.Random(point)
    life = Round(0, tmp_path, intake)
    plan = {
        "steps": 2_000,
        "quota_bytes": 1 << 20 if point == "sender.refused" else 4_000,
        "faults": ["poison"] if point == "sender.refused" else ["partition"],
    }

    for number in range(LIVES):  # on a busy machine a whole life may pass without an answer of the collector's
        plan["seed"] = chance.getrandbits(32)
        victim = start_victim(tmp_path, intake, f"victim{number}", plan, f"{point}:{chance.randint(1, 2)}")
        if victim.process.wait(120) != 0:
            break

    assert victim.process.returncode == crash_points.EXIT_CODE, victim.story()
    life.settle(was_damaged=False)
