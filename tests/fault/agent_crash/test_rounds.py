"""Random lives and deaths: `make fault` runs 500 (FAULT_ROUNDS), FAULT_SEED=n runs one again."""

import os
from pathlib import Path

import pytest
from crash_intake import Intake
from crash_rounds import Round

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "20"))
SEEDS = [int(os.environ["FAULT_SEED"])] if "FAULT_SEED" in os.environ else range(ROUNDS)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_sealed_row_is_stored_once_or_told_of(tmp_path: Path, intake: Intake, seed: int) -> None:
    print(f"FAULT_SEED={seed}")

    Round(seed, tmp_path, intake).run()
