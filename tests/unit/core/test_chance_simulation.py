"""On equal distributions the chance test cries drift no more often than its level says (fixed seeds)."""

import numpy as np

from tidegauge_collector.core.drift import chance_test

WINDOW_ROWS, BASELINE_ROWS, REPETITIONS = 200, 5000, 400
TAIL = ["missing", "non_finite", "invalid"]


def share_of_small_p(results) -> float:
    return float(np.mean([result.p_value is not None and result.p_value < 0.01 for result in results]))


def decile_counts(edges: np.ndarray, values: np.ndarray) -> list[int]:
    """Counts in (−∞, a), nine inner deciles' intervals to b inclusive, (b, ∞), and three zeros."""
    inner = np.searchsorted(edges[1:-1], values, side="right") + 1
    slot = np.where(values < edges[0], 0, np.where(values > edges[-1], len(edges), inner))
    return [*np.bincount(slot, minlength=len(edges) + 1).tolist(), 0, 0, 0]


def test_normal_deciles_of_one_distribution_rarely_look_like_drift():
    rng = np.random.default_rng(20261123)
    kinds = ["below", *["interval"] * 10, "above", *TAIL]
    results = []
    for _ in range(REPETITIONS):
        baseline = np.sort(rng.normal(size=BASELINE_ROWS))
        ranks = [-(-k * BASELINE_ROWS // 10) - 1 for k in range(1, 10)]
        edges = np.array([baseline[0], *baseline[ranks], baseline[-1]])
        window = rng.normal(size=WINDOW_ROWS)
        results.append(chance_test(decile_counts(edges, window), decile_counts(edges, baseline), kinds))

    assert all(result.df == 9 for result in results)
    assert share_of_small_p(results) <= 0.03


def test_zipf_categories_of_one_distribution_rarely_look_like_drift():
    rng = np.random.default_rng(8643)
    shares = 1 / np.arange(1, 51)
    shares /= shares.sum()
    kinds = [*["category"] * 50, "new", *TAIL]
    results = []
    for _ in range(REPETITIONS):
        baseline, window = rng.multinomial(BASELINE_ROWS, shares), rng.multinomial(WINDOW_ROWS, shares)
        unseen = baseline == 0
        known = np.where(unseen, 0, window)
        results.append(chance_test([*known, window[unseen].sum(), 0, 0, 0], [*baseline, 0, 0, 0, 0], kinds))

    assert all(result.df is not None and result.df >= 5 for result in results)
    assert share_of_small_p(results) <= 0.03


def test_a_shift_of_half_a_deviation_is_seen_nearly_always():
    rng = np.random.default_rng(8642)
    kinds = ["below", *["interval"] * 10, "above", *TAIL]
    results = []
    for _ in range(100):
        baseline = np.sort(rng.normal(size=BASELINE_ROWS))
        edges = np.array([baseline[0], *baseline[499:4999:500], baseline[-1]])
        window = rng.normal(loc=0.5, size=WINDOW_ROWS)
        results.append(chance_test(decile_counts(edges, window), decile_counts(edges, baseline), kinds))

    assert share_of_small_p(results) >= 0.95
