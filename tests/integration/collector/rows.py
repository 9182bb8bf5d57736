"""Builders of telemetry for tests of judging: hours of rows about 100 or shifted, at any time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from tidegauge.agent import Agent

REPLAY = datetime(2025, 6, 2, tzinfo=UTC)
BASELINE_ROWS = 1_000


def amounts(n: int, *, shift: float = 0.0, seed: int = 1) -> list[dict[str, float]]:
    """Rows of one column `amount`, normal about 100 + shift."""
    return [{"amount": float(x)} for x in np.random.default_rng(seed).normal(100 + shift, 10, n)]


def give_baseline(agent: Agent) -> None:
    agent.baseline(amounts(BASELINE_ROWS, seed=0))


def record_day(agent: Agent, start: datetime, *, shift: float = 0.0, rows: int = 96, **options: Any) -> None:
    """A day's rows, spread evenly from `start` on."""
    step = timedelta(days=1) / rows
    times = [start + i * step for i in range(rows)]
    agent.record(amounts(rows, shift=shift, seed=start.toordinal()), timestamps=times, **options)


def record_days(agent: Agent, start: datetime, shifts: list[float]) -> None:
    """Consecutive days, one for each shift."""
    for number, shift in enumerate(shifts):
        record_day(agent, start + timedelta(days=number), shift=shift)
