"""What profiling costs behind the caller's back: `python tests/bench/bench_profile.py`.

The parts, or those that are named (`batches`, `background`, `tail`):

1. a batch of 1 M rows x 25 columns and the memory that it adds, beside numpy's moments + searchsorted, and its sort, of the same columns;
2. background CPU (of the process) per 25-feature row, from dicts and from numpy rows, ids excluded;
3. the caller's tail with the worker busy, beside the bare service in the same run, in alternation.

Prints; asserts nothing: these machines are noisy, only ratios within one run mean something.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np

import tidegauge
from tidegauge.capture import CallBuffer
from tidegauge.core.bins import ColumnBins, NumericBins, ReferenceBins, categorical_bins, numeric_bins
from tidegauge.core.moments import add_products
from tidegauge.process import PROCESS
from tidegauge.settings import AgentSettings
from tidegauge.worker.calls import Call, Calls, Form, Origin
from tidegauge.worker.deployment import DeploymentWorker

FEATURES, ROWS = 25, 1_000_000
NAMES = [f"feature_{i}" for i in range(FEATURES)]
CARRIERS = np.array(["UA", "DL", "AA", "WN", "B6", "AS", "NK", "F9"], dtype=object)


def bins_of(sample: np.ndarray, names: int = 0) -> ReferenceBins:
    """Reference bins as a baseline would have them; the last `names` columns are categories."""
    columns: dict[str, ColumnBins] = {}
    for i, name in enumerate(NAMES):
        if i < FEATURES - names:
            columns[name] = numeric_bins(name, np.sort(sample[:, i]))
        else:
            columns[name] = categorical_bins(name, dict.fromkeys(CARRIERS.tolist(), 100))
    return ReferenceBins(columns)


def worker(bins: ReferenceBins | None) -> DeploymentWorker:
    settings = AgentSettings(deployment="bench", feature_names=tuple(NAMES))
    return DeploymentWorker(settings, bins=lambda: bins, wall_us=lambda ns: 1_795_435_200_000_000 + ns // 1_000)


def cpu_s(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def call(target: DeploymentWorker, inputs: Any, result: Any = None) -> Call:
    return Call(Origin(target, "predict"), inputs, result, 0, 1_000)


def moments_and_searchsorted(table: np.ndarray, bins: ReferenceBins) -> None:
    """The plain way to the same counts."""
    for i, one in enumerate(bins.columns.values()):
        if isinstance(one, NumericBins):
            column = np.ascontiguousarray(table[:, i])
            column.mean(), column.std(), column.min(), column.max()
            np.bincount(np.searchsorted(np.array([one.minimum, *one.edges, one.maximum]), column))


def bench_batches(rng: np.random.Generator) -> None:
    numbers = rng.normal(size=(ROWS, FEATURES))
    mixed = {name: numbers[:, i] for i, name in enumerate(NAMES[:-5])}
    codes = rng.integers(0, len(CARRIERS), (ROWS, 5))
    mixed |= {name: CARRIERS[codes[:, i]] for i, name in enumerate(NAMES[-5:])}
    print(f"1 M rows x {FEATURES} columns, CPU seconds of one core")
    bins = bins_of(numbers[:10_000])
    plain = cpu_s(lambda: moments_and_searchsorted(numbers, bins))
    sorting = cpu_s(lambda: sort_blocks(numbers))
    before_mib = resident_mib("VmRSS")
    forget_peak()
    ours = cpu_s(lambda: profile_blocks(worker(bins), numbers))
    added_mib = resident_mib("VmHWM") - before_mib
    report("numeric: numpy moments + searchsorted", plain, plain)
    report("numeric: np.sort of the blocks alone", sorting, plain)
    report("numeric: profiled (bins, moments, sketch)", ours, plain)
    some = bins_of(numbers[:10_000], names=5)
    report("20 numbers + 5 names: profiled", cpu_s(lambda: profile_columns(worker(some), mixed)), plain)
    print(f"  memory added at the peak of profiling numbers: {added_mib:.0f} MiB (target 64)")


def sort_blocks(table: np.ndarray) -> None:
    """What no profile with exact bin counts and a sketch can be faster than: its speed is that of numpy on this processor."""
    for start in range(0, len(table), 4_096):
        np.sort(np.ascontiguousarray(table[start : start + 4_096].T), axis=1)


def resident_mib(name: str) -> float:
    """A figure of this process's memory, now (VmRSS) or at its peak (VmHWM)."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith(name))) / 1_024


def forget_peak() -> None:
    """Let the peak begin at what is resident now; where the system does not know how, the figure says too little."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError as error:
        print(f"  (the peak of memory cannot be reset: {error})")


def report(name: str, seconds: float, yardstick: float) -> None:
    values = ROWS * FEATURES / seconds / 1e6
    print(
        f"  {name:44}{seconds:6.2f} s {ROWS / seconds / 1e6:6.2f} M rows/s {values:6.0f} M values/s  x{seconds / yardstick:.2f}"
    )


def profile_blocks(target: DeploymentWorker, table: np.ndarray) -> None:
    for start in range(0, len(table), 4_096):
        target.take(Calls.of([call(target, table[start : start + 4_096])]), 0)
        target.aggregate(0)
    target.seal(0, profiles=True, everything=True)


def profile_columns(target: DeploymentWorker, columns: dict[str, np.ndarray]) -> None:
    """As a frame would be: profiling alone, without the cost of taking a frame apart."""
    from tidegauge.worker.outputs import Answers
    from tidegauge.worker.rows import Rows

    for start in range(0, ROWS, 4_096):
        part = {name: values[start : start + 4_096] for name, values in columns.items()}
        count = len(part[NAMES[0]])
        times, codes = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.uint32)
        target._take_rows(
            Rows(count, part, Answers(count), times, times, None, None, None, ((),), codes, ""), 0, _go_on
        )
    target.seal(0, profiles=True, everything=True)


def _go_on() -> None: ...


def bench_background(rng: np.random.Generator) -> None:
    numbers = rng.normal(size=(4_096, FEATURES))
    bins = bins_of(numbers)
    dicts = [dict(zip(NAMES, row, strict=True)) for row in numbers.tolist()]
    packed = [row.tobytes() for row in numbers]
    print(f"\nbackground CPU per {FEATURES}-feature row, ids excluded")
    getter = itemgetter(*NAMES)
    read = each_us(lambda: read_all(getter, dicts))
    joined = each_us(lambda: turn_all(packed))
    sort = each_us(lambda: np.sort(numbers.T, axis=1))
    products = each_us(lambda: add_products(numbers.T.copy(), np.zeros((FEATURES, FEATURES))))
    facts = [(0.5, i, i + 1_000) for i in range(len(dicts))]
    called = each_us(lambda: [np.fromiter(one, np.float64, len(facts)) for one in zip(*facts, strict=True)])
    print(
        f"  yardsticks: np.fromiter(chain(map(itemgetter, rows))) {read:.2f} us; np.sort of the columns {sort:.2f} us"
    )
    print(f"  yardsticks: bytes joined and turned {joined:.2f} us; second moments {products:.2f} us")
    print(f"  yardstick: answer and two times of a call as arrays {called:.2f} us")
    floors = {"dicts": read + sort + products + called, "numpy rows": joined + sort + products + called}
    kinds = (("dicts", dicts, Form.ROW_OF_NAMES, 1.5), ("numpy rows", packed, Form.ROW_OF_FLOATS, 0.5))
    for name, inputs, form, target_us in kinds:
        target = worker(bins)
        origin = Origin(target, "predict", form)
        calls = [Call(origin, one, 0.5, 0, 1_000) for one in inputs]
        take_all(target, calls, 1)  # what is imported, looked at and learned once is no cost of a row
        spent = min(cpu_s(partial(take_all, target, calls, 20)) for _ in range(3)) / 20 / len(calls) * 1e6
        floor = floors[name]
        print(
            f"  from {name:12} {spent:6.2f} us, x{spent / floor:.2f} of its yardsticks together ({floor:.2f} us)  (target {target_us} us)"
        )


def turn_all(rows: list[bytes]) -> np.ndarray:
    return np.frombuffer(b"".join(rows)).reshape(-1, FEATURES).T.copy()


def each_us(work: Callable[[], object]) -> float:
    """Microseconds of a row in 4,096; the least of some rounds."""
    return min(cpu_s(lambda: [work() for _ in range(10)]) for _ in range(3)) / 10 / 4_096 * 1e6


def read_all(getter: Callable[[Any], Any], rows: list[dict[str, float]]) -> None:
    np.fromiter(chain.from_iterable(map(getter, rows)), dtype=np.float64, count=len(rows) * FEATURES)


def take_all(target: DeploymentWorker, calls: list[Call], times: int) -> None:
    buffer = CallBuffer(max_calls=len(calls) * times)
    buffer.fields.extend([field for call in calls for field in call] * times)
    while len(taken := buffer.take(256)):
        target.take(taken, 0)
    target.seal(0, profiles=True, everything=True)


def bench_tail() -> None:
    """A service of 20,000 calls a second, each some 20 us of Python, bare and watched in turns."""
    agent = tidegauge.init("bench-tail", version="v1", spool=tempfile.mkdtemp(), shipper="none")
    row = {name: i + 0.5 for i, name in enumerate(NAMES)}

    def model(_row: dict[str, float]) -> float:
        return sum(value * value for value in _row.values() for _ in range(10))

    cases = {"bare": model, "floor": copying_beside_a_thread(model), "watched": agent.watch(model)}
    found: dict[str, list[np.ndarray]] = {name: [] for name in cases}
    for _ in range(30):
        for name, function in cases.items():
            found[name].append(paced(function, row))
            agent.flush()
    print("\nthe caller's latency at 20,000 calls/s, us")
    for name, rounds in found.items():
        quantiles = np.median([np.quantile(one, [0.5, 0.99, 0.999]) for one in rounds], axis=0) / 1e3
        print(
            f"  {name:10} p50 {quantiles[0]:8.1f}   p99 {quantiles[1]:8.1f}   p99.9 {quantiles[2]:8.1f}   (medians of 30 rounds)"
        )
    status = agent.status()
    print(f"  captured {status['captured']:,}, dropped {status['dropped']}")
    PROCESS.close()


def copying_beside_a_thread(model: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The floor of the tail: a copy of each row in a queue, and a thread that wakes 80 times a second, empties it and works for 25 us: a
    twelfth of what profiling 20,000 rows takes."""
    waiting: deque[Any] = deque()
    clock = time.perf_counter_ns

    def call(row: dict[str, float]) -> Any:
        started = clock()
        result = model(row)
        waiting.extend((None, row.copy(), result, started, clock(), None))
        return result

    def empty() -> None:
        while True:
            time.sleep(1 / 80)
            for _ in range(len(waiting)):
                waiting.popleft()
            until = clock() + 25_000
            while clock() < until:
                pass

    threading.Thread(target=empty, daemon=True).start()
    return call


def paced(function: Callable[[Any], Any], row: Any, calls: int = 8_000, gap_ns: int = 50_000) -> np.ndarray:
    clock, found = time.perf_counter_ns, np.empty(calls, dtype=np.int64)
    due = clock()
    for i in range(calls):
        while clock() < due:
            if due - clock() > 20_000:
                time.sleep(0)
        started = clock()
        function(row)
        found[i] = clock() - started
        due = max(due + gap_ns, started)
    return found


def main() -> None:
    parts = sys.argv[1:] or ["batches", "background", "tail"]
    rng = np.random.default_rng(7)
    if "batches" in parts:
        bench_batches(rng)
    if "background" in parts:
        bench_background(rng)
    if "tail" in parts:
        bench_tail()


if __name__ == "__main__":
    main()
