"""What humility rules add to a call in the caller's thread: `python tests/bench/bench_humility.py`.

Each watched call with rules is timed beside the same watched call without, interleaved; the yardstick of the same run is an append
with two clock reads. Rules that only record are judged by the worker: they should add nothing here. Prints; asserts nothing.
"""

from __future__ import annotations

import gc
import tempfile
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

import tidegauge
from tidegauge import Rule

FEATURES = 25
ROUNDS = 60
NAMES = tuple(f"feature_{i}" for i in range(FEATURES))


def rules_that(action: str) -> list[Rule]:
    """Three rules; the stated limits mark nothing, as on a good day."""
    then: dict[str, Any] = {"action": action, "value": 0.0} if action == "override" else {"action": action}
    return [
        Rule.uncertain_prediction(0.45, 0.55, **then),
        Rule.outlying_input("feature_3", -1e9, 1e9, **then),
        Rule.low_observation("feature_4", ["never"], **then),
    ]


def yardstick() -> float:
    """Microseconds of an append with two clock reads."""
    calls: deque[Any] = deque(maxlen=100_000)
    clock = time.perf_counter_ns

    def call(row: Any) -> None:
        started = clock()
        calls.append((row, started, clock() - started))

    return min(timed(call, None, 2_000) for _ in range(10))


def timed(call: Callable[[Any], Any], row: Any, times: int) -> float:
    """Microseconds of one call, the mean of so many."""
    started = time.perf_counter_ns()
    for _ in range(times):
        call(row)
    return (time.perf_counter_ns() - started) / times / 1e3


def main() -> None:
    values = np.arange(FEATURES, dtype=np.float64)
    inputs: dict[str, tuple[Any, Any, int]] = {
        "dict, 1 row": (dict(zip(NAMES, values.tolist(), strict=True)), 0.9, 300),
        "numpy, 1 row": (values.reshape(1, -1), np.array([0.9]), 300),
        "DataFrame, 1,000 rows": (
            pd.DataFrame(np.tile(values, (1_000, 1)), columns=list(NAMES)),
            np.full(1_000, 0.9),
            5,
        ),
    }
    print(f"append + 2 clocks: {yardstick():.2f} us")
    for name, (row, answer, times) in inputs.items():
        watched = {"none": without_rules(answer)}
        for action in ("record", "flag", "override", "refuse"):
            agent = tidegauge.init(
                "bench", version=f"{name} {action}", spool=tempfile.mkdtemp(), shipper="none",
                rules=rules_that(action), feature_names=NAMES,
            )  # fmt: skip
            watched[action] = agent.watch(lambda _row, answer=answer: answer)
        print(f"\n{name}: {'action':>10} {'call, us':>10} {'added by three rules, us':>26}")
        found = compare(watched, row, times)
        for action, cost in found.items():
            print(f"{'':{len(name) + 1}} {action:>10} {cost:>10.2f} {cost - found['none']:>26.2f}")


def without_rules(answer: Any) -> Callable[[Any], Any]:
    agent = tidegauge.init("bench", version="none", spool=tempfile.mkdtemp(), shipper="none", feature_names=NAMES)
    return agent.watch(lambda _row: answer)


def compare(watched: dict[str, Callable[[Any], Any]], row: Any, times: int) -> dict[str, float]:
    """The median over interleaved rounds."""
    for call in watched.values():
        timed(call, row, times)
    time.sleep(0.5)  # the workers look at the first rows
    costs: dict[str, list[float]] = {action: [] for action in watched}
    gc.disable()
    for _ in range(ROUNDS):
        for action, call in watched.items():
            costs[action].append(timed(call, row, times))
            time.sleep(0.01)  # and have time for the others
    gc.enable()
    return {action: float(np.median(found)) for action, found in costs.items()}


if __name__ == "__main__":
    main()
