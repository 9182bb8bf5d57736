"""Drift of 250 columns × 13 bins, PSI and chance test: blocks in numpy beside a loop over SciPy in the same run.

python tests/bench/bench_drift.py
"""

import time
from collections.abc import Callable

import numpy as np
from scipy.stats import chi2_contingency

from tidegauge_collector.core.drift import chance_rows, chance_test, psi, psi_rows

COLUMNS, ROUNDS = 250, 7
KINDS = ["below", *["interval"] * 8, "above", "missing", "non_finite", "invalid"]
SHARES = np.array([0, *[0.12] * 8, 0, 0.04, 0, 0])


def best_s(work: Callable[[], object]) -> float:
    """The fastest of several rounds: the least disturbed by the machine's other work."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def scipy_loop(windows: np.ndarray, baselines: np.ndarray) -> list[tuple[float, float]]:
    """What one would write without us: shares, floor and PSI in numpy, the test by scipy.stats, column by column."""
    results = []
    for window, baseline in zip(windows, baselines, strict=True):
        used = (window > 0) | (baseline > 0)
        p = np.maximum(window[used] / window.sum(), 1e-4)
        q = np.maximum(baseline[used] / baseline.sum(), 1e-4)
        p, q = p / p.sum(), q / q.sum()
        test = chi2_contingency(np.vstack([window[used], baseline[used]]), correction=False)
        results.append((float(((p - q) * np.log(p / q)).sum()), float(test.pvalue)))
    return results


def main() -> None:
    rng = np.random.default_rng(0)
    windows, baselines = rng.multinomial(2_000, SHARES, COLUMNS), rng.multinomial(20_000, SHARES, COLUMNS)
    two_bins = [0] * 5 + [500, 1500] + [0] * 6, [0] * 5 + [5200, 14800] + [0] * 6

    values, tests = psi_rows(windows, baselines), chance_rows(windows, baselines, KINDS)
    witness = scipy_loop(windows, baselines)
    np.testing.assert_allclose(values, [value for value, _ in witness], rtol=1e-9)
    np.testing.assert_allclose([test.p_value for test in tests], [p for _, p in witness], rtol=1e-9)

    yardstick = best_s(lambda: scipy_loop(windows, baselines))
    cases: dict[str, Callable[[], object]] = {
        "psi, blocks": lambda: psi_rows(windows, baselines),
        "psi + chance, blocks": lambda: (psi_rows(windows, baselines), chance_rows(windows, baselines, KINDS)),
        "psi + chance, one by one": lambda: [
            (psi(w, b), chance_test(w, b, KINDS)) for w, b in zip(windows, baselines, strict=True)
        ],
        "chance, blocks, all Fisher": lambda: chance_rows([two_bins[0]] * COLUMNS, two_bins[1], KINDS),
    }
    print(f"{COLUMNS} columns × {len(KINDS)} bins; yardstick: scipy loop {yardstick * 1e3:.2f} ms")
    for name, work in cases.items():
        taken = best_s(work)
        print(
            f"{name:28} {taken * 1e3:8.3f} ms  {taken / COLUMNS * 1e6:7.2f} µs/column  {yardstick / taken:7.1f}× faster"
        )


if __name__ == "__main__":
    main()
