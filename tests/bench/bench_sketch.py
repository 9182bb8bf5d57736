"""The quantile sketch that was chosen beside KLL: `python tests/bench/bench_sketch.py`.

Ours: sort blocks of 4,096 values, count the bins by searching their edges in the sorted block, keep points of equal weight. KLL (k = 200)
is Apache DataSketches' C++ through its wheel `datasketches`, which is no dependency: without it only ours is shown. KLL knows no exact
bin counts: searchsorted + bincount of the same blocks is timed beside it.

1. time a value and bytes a delta; 2. the largest rank error, over several kinds of data, of one delta, of the union of a window's
deltas in the worst of five orders, of two roll-ups, and of merging one after another, which nobody should do.

Prints; asserts nothing: these machines are noisy, only ratios within one run mean something.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import numpy as np

from tidegauge.core.bins import numeric_bins
from tidegauge.core.sketch import (
    BLOCK_POINTS,
    WINDOW_POINTS,
    QuantileSketch,
    SketchStack,
    merge_sketches,
    sketch_sorted,
)

try:
    import datasketches
except ImportError:
    datasketches = None

BLOCK, KLL_K = 4_096, 200
HOURS, DELTAS, DELTA_ROWS = 24, 40, 3_000
PROBES = np.linspace(0, 1, 2_001)[1:-1]
Ranks = Callable[[np.ndarray], np.ndarray]

DATA: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "normal": lambda rng, n: rng.normal(size=n),
    "heavy tails": lambda rng, n: rng.standard_cauchy(size=n),
    "heavy ties": lambda rng, n: rng.integers(0, 12, n).astype(float),
    "ascending": lambda _rng, n: np.arange(n, dtype=float),
    "the same each block": lambda _rng, n: np.resize(np.arange(4_096.0), n),
}


class Ours:
    name = "block sort"

    def delta(self, values: np.ndarray) -> QuantileSketch:
        stack = SketchStack()
        for start in range(0, len(values), BLOCK):
            stack.add(sketch_sorted(np.sort(values[start : start + BLOCK]), BLOCK_POINTS))
        return stack.take()

    def merge(self, parts: Sequence[QuantileSketch]) -> QuantileSketch:
        return merge_sketches(parts, WINDOW_POINTS)

    def size_bytes(self, one: QuantileSketch) -> int:
        return one.points.nbytes

    def shares(self, one: QuantileSketch, values: np.ndarray) -> np.ndarray:
        """Of each value, the share of those up to it."""
        return one.counts_below(values, inclusive=True) / one.count


class Kll:
    name = f"KLL k={KLL_K}"

    def delta(self, values: np.ndarray) -> Any:
        one = datasketches.kll_doubles_sketch(KLL_K)
        for start in range(0, len(values), BLOCK):
            one.update(values[start : start + BLOCK])
        return one

    def merge(self, parts: Sequence[Any]) -> Any:
        one = datasketches.kll_doubles_sketch(KLL_K)
        for part in parts:
            one.merge(part)
        return one

    def size_bytes(self, one: Any) -> int:
        return len(one.serialize())

    def shares(self, one: Any, values: np.ndarray) -> np.ndarray:
        """Of each value, the share of those up to it."""
        return np.array([one.get_rank(value, True) for value in values.tolist()])


def cpu_ns(work: Callable[[], object], values: int, rounds: int = 9) -> float:
    """CPU time a value, the median of some rounds."""
    found = []
    for _ in range(rounds):
        started = time.process_time_ns()
        work()
        found.append((time.process_time_ns() - started) / values)
    return float(np.median(found))


def bench_time(rng: np.random.Generator, kinds: Sequence[Any]) -> None:
    blocks = rng.normal(size=(100, BLOCK))
    bins = numeric_bins("x", np.sort(blocks[0]))
    edges = np.array([bins.minimum, *bins.edges, bins.maximum])
    n = blocks.size

    def with_bins() -> None:
        stack = SketchStack()
        for block in blocks:
            ordered = np.sort(block)
            bins.count_sorted(ordered)
            stack.add(sketch_sorted(ordered, BLOCK_POINTS))
        stack.take()

    def searched() -> None:
        for block in blocks:
            np.bincount(np.searchsorted(edges, block))

    print(f"time a value, ns of CPU, blocks of {BLOCK:,} normal values")
    print(f"  np.sort alone                              {cpu_ns(lambda: [np.sort(b) for b in blocks], n):6.1f}")
    print(f"  block sort: exact bin counts and sketch    {cpu_ns(with_bins, n):6.1f}")
    print(f"  searchsorted + bincount: exact bin counts  {cpu_ns(searched, n):6.1f}")
    for kind in kinds[1:]:
        print(f"  {kind.name}: sketch alone                   {cpu_ns(lambda: kind.delta(blocks.reshape(-1)), n):6.1f}")  # noqa: B023
    print("\nbytes a delta      " + "".join(f"{rows:>12,} rows" for rows in (100, DELTA_ROWS, 100_000)))
    for kind in kinds:
        sizes = [kind.size_bytes(kind.delta(rng.normal(size=rows))) for rows in (100, DELTA_ROWS, 100_000)]
        print(f"  {kind.name:14}   " + "".join(f"{size:>17,}" for size in sizes))


def error(kind: Any, one: Any, values: np.ndarray) -> float:
    """Largest rank error in percent, at 2,000 values of the data."""
    ordered = np.sort(values, axis=None)
    asked = np.unique(ordered[(PROBES * len(ordered)).astype(int)])
    truth = np.searchsorted(ordered, asked, "right") / len(ordered)
    return 100 * float(np.abs(kind.shares(one, asked) - truth).max())


def bench_errors(rng: np.random.Generator, kinds: Sequence[Any]) -> None:
    rows = HOURS * DELTAS * DELTA_ROWS
    print(f"\nlargest rank error, % ({HOURS} windows of {DELTAS} deltas of {DELTA_ROWS:,} rows)")
    heads = ("a delta", "union", "day", "day by 6 h", "in a chain")
    print(f"  {'':36}" + "".join(f"{head:>12}" for head in heads))
    for shape, make in DATA.items():
        hours = make(rng, rows).reshape(HOURS, DELTAS, DELTA_ROWS)
        for kind in kinds:
            found = errors_of(rng, kind, hours)
            print(f"  {shape:20}{kind.name:16}" + "".join(f"{one:12.3f}" for one in found))


def errors_of(rng: np.random.Generator, kind: Any, hours: np.ndarray) -> list[float]:
    deltas = [[kind.delta(part) for part in hour] for hour in hours]
    orders = [rng.permutation(DELTAS) for _ in range(5)]
    first = [error(kind, kind.merge([deltas[0][i] for i in order]), hours[0]) for order in orders]
    unions = [kind.merge(some) for some in deltas]
    quarters = [kind.merge(unions[i : i + 6]) for i in range(0, HOURS, 6)]
    chain = reduce(lambda all_, one: kind.merge([all_, one]), deltas[0])
    return [
        max(error(kind, one, part) for one, part in zip(deltas[0], hours[0], strict=True)),
        max(first),
        error(kind, kind.merge(unions), hours),
        error(kind, kind.merge(quarters), hours),
        error(kind, chain, hours[0]),
    ]


def main() -> None:
    rng = np.random.default_rng(11)
    kinds = [Ours(), *([Kll()] if datasketches else [])]
    if datasketches is None:
        print("KLL is not shown: pip install datasketches\n")
    bench_time(rng, kinds)
    bench_errors(rng, kinds)


if __name__ == "__main__":
    main()
