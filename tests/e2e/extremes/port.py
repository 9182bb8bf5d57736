"""A collector whose deployments are as much of everything as there may be: names that attack, nothing at all, one row, a year, 2,000
features, 1,000 segments; and alerts, silences and routes that name them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from collector_harbour import Harbour, Tide, agent_at, amid_a_day, harbour, make_stores
from collector_rows import REPLAY, amounts

from tidegauge.core.windows import DAY_US

from .filled import Filled, fill

MARKUP = "<img src=x onerror=alert(1)>"
BIDI = "\u202eevil\u2066\u200f"
LONG = "m" * 127
SPACED = " 'quoted\" & ${x} %s {{7*7}} "
HOSTILE = (MARKUP, BIDI, LONG, SPACED)
FEATURES, SEGMENTS = 2_000, 1_000
TRAINED, SERVED = 300, 600
GROUP = "<i onmouseover=alert(1)>group"
LONGEST = "h" + "o" * 127  # the longest name that a deployment may have


@contextmanager
def extremes(folder: Path, **options: Any) -> Iterator[Harbour]:
    """It runs, everything is judged, and alerts of the deployment with hostile names are firing; today is the same one to the end."""
    with amid_a_day(), _filled(folder, **options) as running:
        yield running


@contextmanager
def _filled(folder: Path, **options: Any) -> Iterator[Harbour]:
    data = folder / "data"
    make_stores(data)
    clock = Tide()
    today_us = clock.now_us() // DAY_US * DAY_US
    fill(data, deployments(), today_us=today_us)
    with harbour(data, clock=clock, **options) as running:
        with agent_at(running, folder / "one", "one-row") as agent:
            agent.record([{"amount": 1.0}], [0.5], prediction_ids=["1"], latency_s=0.01)
            running.ship(agent, end=True)
        record_hostile(running, folder)
        running.settle()
        yield running


def deployments() -> list[Filled]:
    """Those that are filled."""
    return [
        Filled("empty", columns=(), versions=(), days=0, hours=0),
        Filled("a-year", columns=("amount", "age", "_prediction"), days=365, hours=24 * 90, labelled=5),
        Filled("wide", columns=(*(f"feature_{i:04}" for i in range(FEATURES)), "_prediction"), days=1, hours=12),
        Filled(
            "segmented", segments=[f"shop={i:04}" for i in range(SEGMENTS)], days=2, hours=12, labelled=5 * SEGMENTS
        ),
    ]


def record_hostile(running: Harbour, folder: Path) -> None:
    """A deployment of the longest name whose columns, segments, versions and events attack; every column drifts, so alerts name them."""
    for number, version in enumerate((MARKUP, LONG)):
        options = {"version": version, "alerts": "all", "segments": [GROUP], "task": "binary"}
        with agent_at(running, folder / f"spool-{number}", LONGEST, **options) as agent:
            agent.baseline([_row(i, one["amount"]) for i, one in enumerate(amounts(TRAINED))])
            rows = [_row(i, one["amount"]) for i, one in enumerate(amounts(SERVED, shift=80.0))]
            ids = [f"{version}-{i}" for i in range(SERVED)]
            times = [REPLAY + timedelta(minutes=5 * i) for i in range(SERVED)]
            scores = [i % 10 / 10 for i in range(SERVED)]
            agent.record(rows, scores, prediction_ids=ids, timestamps=times, latency_s=0.01)
            agent.actuals(ids, [i % 2 for i in range(SERVED)], timestamps=times)
            agent.metric("basket", 1.5)
            agent.event(f"{MARKUP} {BIDI} {LONG}")
            running.ship(agent, end=True)


def _row(number: int, amount: float) -> dict[str, object]:
    return dict.fromkeys(HOSTILE, amount) | {GROUP: HOSTILE[number % len(HOSTILE)]}
