"""Drift of 500 deployments × 100 columns, measured and judged: blocks in numpy beside a loop over SciPy in the same run.

Six statistics (psi, kl, js_distance, hellinger, total_variation, chi_square with its p-value) of counts in bins; "measured": as the
collector does it, with a value of every column; "judged": with the verdicts of the default monitor on top. KS and Wasserstein from
sketches of 2,048 points apart, for they are asked for column by column.

python tests/bench/bench_drift.py
"""

import time
from collections.abc import Callable

import numpy as np
from scipy.spatial.distance import jensenshannon
from scipy.stats import chi2_contingency, entropy, ks_2samp, wasserstein_distance

from tidegauge.core.baseline import build_baseline
from tidegauge.core.bins import numeric_bins
from tidegauge.core.columns import ColumnKind
from tidegauge.core.sketch import sketch_sorted
from tidegauge.core.windows import DAY_US, Window
from tidegauge_collector.core.default_monitors import DRIFT
from tidegauge_collector.core.drift import BinnedColumn, Side, chance_rows, distances, drift_of_columns
from tidegauge_collector.core.judging import OK, Judgements, judge_all
from tidegauge_collector.measuring.drifts import ColumnDrift, Drifts, drifts_of
from tidegauge_collector.measuring.gauged import GaugedColumn, Scope

DEPLOYMENTS, COLUMNS, ROUNDS = 500, 100, 5
LOOPED = 250  # columns of the SciPy loop; its time is scaled
KINDS = ["below", *["interval"] * 10, "above", "missing", "non_finite", "invalid"]
SHARES = np.array([0, *[0.096] * 10, 0, 0.04, 0, 0])
DAY = [Window(0, DAY_US)]
SCOPE = Scope(deployment="flights", version="1", segment="", windows=DAY)
NAMES = ["psi", "kl", "js_distance", "hellinger", "total_variation"]


def best_s(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """The fastest of several rounds: the least disturbed by the machine's other work."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def scipy_loop(windows: np.ndarray, baselines: np.ndarray) -> list[list[float]]:
    """What one would write without us, column by column."""
    results = []
    for window, baseline in zip(windows, baselines, strict=True):
        used = (window > 0) | (baseline > 0)
        shares = window[used] / window.sum(), baseline[used] / baseline.sum()
        p, q = (np.maximum(side, 1e-4) for side in shares)
        kl = float(entropy(p, q))
        distance = jensenshannon(*shares, base=2)
        hellinger = np.linalg.norm(np.sqrt(shares[0]) - np.sqrt(shares[1])) / np.sqrt(2)
        test = chi2_contingency(np.vstack([window[used], baseline[used]]), correction=False)
        variation = np.abs(shares[0] - shares[1]).sum() / 2
        results.append([kl + entropy(q, p), kl, distance, hellinger, variation, test.pvalue])
    return results


def gauged(rng: np.random.Generator, windows: np.ndarray, baselines: np.ndarray) -> list[list[GaugedColumn]]:
    """The same counts as columns of deployments, in the bins of normal values."""
    baseline = build_baseline({"x": rng.normal(size=2_000)}, {"x": ColumnKind.NUMERIC})
    bins, profile = baseline.bins.columns["x"], baseline.profiles["x"]
    exact = np.zeros(1, dtype=np.bool_)
    return [
        [
            GaugedColumn(f"f{i}", bins, profile, baselines[i], windows[i : i + 1], exact)
            for i in range(start, start + COLUMNS)
        ]
        for start in range(0, len(windows), COLUMNS)
    ]


def measured(columns: list[GaugedColumn], names: list[str]) -> Drifts:
    return drifts_of(columns, DAY, names)


def measured_one_by_one(columns: list[GaugedColumn], names: list[str]) -> list[ColumnDrift]:
    """Every column asked for by its place, as REST does."""
    return list(measured(columns, names))


def judged(columns: list[GaugedColumn], names: list[str]) -> Judgements:
    """A deployment's day, as the default monitor sees it."""
    return judge_all(DRIFT, measured(columns, names).observed("psi", SCOPE))


def sides(rng: np.random.Generator) -> tuple[list[np.ndarray], tuple[Side, Side]]:
    values = [np.sort(rng.normal(mean, size=n)) for mean, n in ((0.1, 20_000), (0.0, 100_000))]
    bins = numeric_bins("x", values[1])
    made = []
    for one in values:
        sketch = sketch_sorted(one, 2_048)
        made.append(
            Side(
                rows=len(one),
                minimum=one[0],
                maximum=one[-1],
                sketch=sketch,
                rank_error=sketch.rank_error,
                bins=bins.labels,
                counts=bins.count_sorted(one),
            )
        )
    return values, (made[0], made[1])


def main() -> None:
    rng = np.random.default_rng(0)
    total = DEPLOYMENTS * COLUMNS
    windows, baselines = rng.multinomial(2_000, SHARES, total), rng.multinomial(20_000, SHARES, total)
    fleet = [
        [BinnedColumn(windows[i : i + 1], baselines[i], KINDS) for i in range(start, start + COLUMNS)]
        for start in range(0, total, COLUMNS)
    ]
    columns = [one for some in fleet for one in some]

    found = drift_of_columns(columns[:LOOPED], NAMES)
    witness = np.array(scipy_loop(windows[:LOOPED], baselines[:LOOPED]))
    for place, name in enumerate(NAMES):
        np.testing.assert_allclose(found.values[name][:, 0], witness[:, place], rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(found.chance.p_value, witness[:, -1], rtol=1e-9)

    deployments = gauged(rng, windows, baselines)
    assert all((judged(some, NAMES).verdict == OK).all() for some in deployments), "equal distributions"

    yardstick = best_s(lambda: scipy_loop(windows[:LOOPED], baselines[:LOOPED])) * total / LOOPED
    cases: dict[str, Callable[[], object]] = {
        "six statistics, one call": lambda: drift_of_columns(columns, NAMES),
        "six statistics, a call each": lambda: [drift_of_columns(some, NAMES) for some in fleet],
        "psi + chance, a call each": lambda: [drift_of_columns(some, ["psi"]) for some in fleet],
        "six measured, one by one": lambda: [measured_one_by_one(some, NAMES) for some in deployments],
        "six measured": lambda: [measured(some, NAMES) for some in deployments],
        "six measured and judged": lambda: [judged(some, NAMES) for some in deployments],
        "psi measured and judged": lambda: [judged(some, ["psi"]) for some in deployments],
        "chance, list of tests": lambda: chance_rows(windows, baselines, KINDS),
    }
    print(f"{DEPLOYMENTS} deployments × {COLUMNS} columns × {len(KINDS)} bins; yardstick: scipy loop {yardstick:.1f} s")
    for name, work in cases.items():
        taken = best_s(work)
        print(f"{name:30} {taken:7.3f} s  {taken / total * 1e6:6.2f} µs/column  {yardstick / taken:7.1f}× faster")

    values, both = sides(rng)
    ours = best_s(lambda: distances(*both), 20)
    theirs = best_s(
        lambda: (ks_2samp(*values, method="asymp").statistic, wasserstein_distance(*values)),
    )
    print(
        f"KS + Wasserstein from sketches {ours * 1e6:.0f} µs/column; scipy on the 120,000 values {theirs / ours:.0f}×"
    )


if __name__ == "__main__":
    main()
