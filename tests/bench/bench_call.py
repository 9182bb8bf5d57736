"""What watching adds to one single-row call, with the worker alive and draining: `python tests/bench/bench_call.py`.

Yardsticks timed in the same run, interleaved with it: an append with two clock reads, and prometheus_client's observe + inc. "added"
is the watched call less the bare one. Prints; asserts nothing: these machines are noisy, only ratios within one run mean something.
"""

from __future__ import annotations

import gc
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
from prometheus_client import CollectorRegistry, Counter, Histogram

import tidegauge

FEATURES = 25
ROUNDS = 150
CALLS = 500


class Model:
    """Answers at once, so that what is added is all there is to see."""

    def predict(self, row: Any) -> float:
        return 0.5


def append_and_two_clocks() -> Callable[[Any], None]:
    calls: deque[Any] = deque(maxlen=100_000)
    clock = time.perf_counter_ns

    def call(row: Any) -> None:
        started = clock()
        calls.append((row, started, clock() - started))

    return call


def copy_append_and_two_clocks(copy: Callable[[Any], Any]) -> Callable[[Any], None]:
    """The floor of a private copy: nothing that hands one over can add less than this and a call of a function around the model."""
    calls: deque[Any] = deque(maxlen=2_000)
    clock = time.perf_counter_ns

    def call(row: Any) -> None:
        started = clock()
        calls.append((copy(row), started, clock() - started))

    return call


def wrap_that_looks_at_nothing(function: Callable[[Any], Any], copy: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The floor of a watched call: the model's method called by another, two clocks, a copy, and what a call hands over."""
    calls: deque[Any] = deque(maxlen=2_000)
    clock = time.perf_counter_ns

    def call(row: Any) -> Any:
        started = clock()
        result = function(row)
        ended = clock()
        calls.append((None, copy(row), result, started, ended, None))
        return result

    return call


def prometheus() -> Callable[[Any], None]:
    registry = CollectorRegistry()
    latency = Histogram("latency", "of a call", registry=registry)
    total = Counter("calls", "so far", registry=registry)

    def call(_row: Any) -> None:
        latency.observe(0.001)
        total.inc()

    return call


def time_each(function: Callable[[Any], Any], row: Any) -> np.ndarray:
    """Nanoseconds of single calls, clock reads included."""
    clock, found = time.perf_counter_ns, np.empty(CALLS, dtype=np.int64)
    for i in range(CALLS):
        started = clock()
        function(row)
        found[i] = clock() - started
    return found


def time_mean(function: Callable[[Any], Any], row: Any) -> float:
    """Nanoseconds of a call in a tight loop."""
    started = time.perf_counter_ns()
    for _ in range(CALLS):
        function(row)
    return (time.perf_counter_ns() - started) / CALLS


def main() -> None:
    agent = tidegauge.init("bench-call", version="v1", spool=tempfile.mkdtemp(), shipper="none")
    model = Model()
    watched = agent.watch(model)
    as_dict = {f"feature_{i}": i + 0.5 for i in range(FEATURES)}
    rows = {"dict": as_dict, "numpy row": np.array(list(as_dict.values())), "numpy 1 x 25": np.ones((1, FEATURES))}
    cases: dict[str, tuple[Callable[[Any], Any], Any]] = {
        "loop alone": (lambda _row: None, None),
        "append + 2 clocks": (append_and_two_clocks(), None),
        "prometheus observe + inc": (prometheus(), None),
        "dict.copy + append": (copy_append_and_two_clocks(dict.copy), as_dict),
        "wrap: tobytes + append": (wrap_that_looks_at_nothing(model.predict, np.ndarray.tobytes), rows["numpy row"]),
        "tobytes + append": (copy_append_and_two_clocks(np.ndarray.tobytes), rows["numpy row"]),
    }
    for name, row in rows.items():
        cases[f"{name}: bare"] = (model.predict, row)
        cases[f"{name}: watched"] = (watched.predict, row)
    means: dict[str, list[float]] = {name: [] for name in cases}
    singles: dict[str, list[np.ndarray]] = {name: [] for name in cases}
    gc.disable()
    for _ in range(ROUNDS):
        for name, (function, row) in cases.items():
            means[name].append(time_mean(function, row))
            singles[name].append(time_each(function, row))
            time.sleep(0.02)  # the buffer is bounded: let the worker catch up, as it would between real calls
    report(means, singles, list(rows))
    agent.flush()
    status = agent.status()
    print(f"\ncaptured {status['captured']:,} rows, dropped {status['dropped']}, threads {threading.active_count()}")


def report(means: dict[str, list[float]], singles: dict[str, list[np.ndarray]], rows: list[str]) -> None:
    """Print added costs and their ratios to the yardsticks."""
    mean = {name: float(np.median(values)) for name, values in means.items()}
    every = {name: np.concatenate(values) for name, values in singles.items()}
    half = {name: float(np.median(values)) for name, values in every.items()}
    for name in (
        "append + 2 clocks",
        "dict.copy + append",
        "tobytes + append",
        "wrap: tobytes + append",
        "prometheus observe + inc",
    ):
        print(
            f"{name:26} mean {mean[name] - mean['loop alone']:6.0f} ns   p50 {half[name] - half['loop alone']:6.0f} ns"
        )
    yard, prom = (half[name] - half["loop alone"] for name in ("append + 2 clocks", "prometheus observe + inc"))
    print(f"\n{'added to one call':20}{'mean':>8}{'p50':>8}{'p99':>8}{'p99.9':>8} ns   p50/append  p50/prometheus")
    for name in rows:
        watched, bare = every[f"{name}: watched"], half[f"{name}: bare"]
        added = [mean[f"{name}: watched"] - mean[f"{name}: bare"], *(np.quantile(watched, [0.5, 0.99, 0.999]) - bare)]
        ratios = f"{added[1] / yard:13.2f}{added[1] / prom:16.2f}"
        print(f"{name:20}" + "".join(f"{value:8.0f}" for value in added) + "   " + ratios)


if __name__ == "__main__":
    main()
