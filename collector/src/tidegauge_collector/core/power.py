"""What a drift monitor can see: the power of PSI with the chance test for a shift, and within how many windows it is seen.

The window's n rows are drawn from the shifted shares p, independently; the baseline's shares q of N rows are what production was before.

    PSI      normal, with mean f(p) + ½ Σ f''·p(1−p)/n and variance (Σ p·f'² − (Σ p·f')²)/n + ½ Σ (f''·p/n)²,  f = Σ (p−q)·ln(p/q)
    chance   χ² = nN/(n+N) · Σ (p̂−q)²/d, d = (n·p + N·q)/(n+N), as c times a non-central χ²: c·(k−1) = N/(n+N) · Σ p(1−p)/d

(delta method; Patnaik 1949). Both look at the same counts, and move together: a window is bad with the lesser of the two probabilities.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import chdtri, chndtr, ndtr

from tidegauge.core.bins import NumericBins
from tidegauge.core.sketch import QuantileSketch
from tidegauge_collector.core.drift import SHARE_FLOOR, tested_bins

Floats = npt.NDArray[np.float64]

MOST_WINDOWS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A drift rule: PSI over `threshold`, and the chance test's p below `alpha` after the adjustment over `columns` judged together.

    A column that drifts alone must be below alpha / columns (the first step of Benjamini and Hochberg). `hold`: bad windows in a row.
    """

    threshold: float
    alpha: float | None = None
    columns: int = 1
    hold: int = 1


@dataclass(frozen=True, slots=True)
class Sides:
    """Shares of a column's bins in the window and in the baseline, of these kinds, and how many rows each side has."""

    window: Floats
    baseline: Floats
    kinds: Sequence[str]
    rows: int
    baseline_rows: int


def power(sides: Sides, rule: Rule) -> float:
    """The probability that a window with these shares is bad by a rule.

    >>> half = np.array([0.5, 0.5])
    >>> power(Sides(half, half, ["category"] * 2, 1_000, 10_000), Rule(threshold=0.1, alpha=0.01)) < 0.001
    True
    """
    over = _psi_over(sides, rule.threshold)
    return over if rule.alpha is None else min(over, _by_more_than_chance(sides, rule.alpha / rule.columns))


def windows_until(each: float, *, hold: int = 1, confidence: float = 0.95) -> int | None:
    """After how many windows `hold` bad ones in a row have come with this confidence; None where it takes more than 10,000.

    >>> windows_until(0.5), windows_until(1.0, hold=2), windows_until(0.0)
    (5, 2, None)
    """
    runs = np.zeros(hold)  # probability of a run of i bad windows so far
    runs[0], seen = 1.0, 0.0
    for window in range(1, MOST_WINDOWS + 1):
        seen += runs[-1] * each
        if seen >= confidence:
            return window
        runs = np.concatenate([[runs.sum() * (1 - each)], runs[:-1] * each])
    return None


def moved_mass(q: npt.ArrayLike, share: float) -> Floats | None:
    """Shares after that much of all rows went from the most frequent category to the next; None where it has less, or is alone."""
    before = np.asarray(q, dtype=np.float64)
    order = np.argsort(-before, kind="stable")
    if len(order) < 2 or before[order[1]] <= 0 or before[order[0]] < share:
        return None
    after = before.copy()
    after[order[0]] -= share
    after[order[1]] += share
    return after


def shifted(bins: NumericBins, sketch: QuantileSketch, q: npt.ArrayLike, by: float) -> Floats | None:
    """Shares of a numeric column's bins after every finite value has moved `by`, from its quantiles; rows without a value stay.

    q are the shares of the bins, those without a value last. None where no value is known.
    """
    after = np.array(q, dtype=np.float64)
    own = len(bins.labels)
    if not sketch.count:
        return None
    moved = bins.count_sketch(QuantileSketch(sketch.count, sketch.points + by))
    after[:own] = moved / moved.sum() * after[:own].sum()
    return after


def _psi_over(sides: Sides, threshold: float) -> float:
    used = (sides.window > 0) | (sides.baseline > 0)
    n, p, q = sides.rows, _floored(sides.window[used]), _floored(sides.baseline[used])
    slope = np.log(p / q) + 1 - q / p
    bend = 1 / p + q / p**2
    mean = float(((p - q) * np.log(p / q)).sum() + 0.5 * (bend * p * (1 - p)).sum() / n)
    variance = float(((p * slope**2).sum() - (p * slope).sum() ** 2) / n + 0.5 * ((bend * p / n) ** 2).sum())
    if variance <= 0:
        return float(mean > threshold)
    return float(ndtr((mean - threshold) / math.sqrt(variance)))


def _by_more_than_chance(sides: Sides, alpha: float) -> float:
    n, baseline_n = sides.rows, sides.baseline_rows
    window, baseline = tested_bins((sides.window * n)[None, :], sides.baseline * baseline_n, sides.kinds)
    used = (window[0] + baseline[0]) > 0
    p, q = window[0][used] / n, baseline[0][used] / baseline_n
    freedom = len(p) - 1
    if freedom < 1:
        return 0.0
    middle = (n * p + baseline_n * q) / (n + baseline_n)
    noise = baseline_n / (n + baseline_n) * float((p * (1 - p) / middle).sum()) / freedom
    if noise <= 0:
        return 0.0
    moved = n * baseline_n / (n + baseline_n) * float(((p - q) ** 2 / middle).sum())
    return float(1 - chndtr(float(chdtri(freedom, alpha)) / noise, freedom, moved / noise))


def _floored(shares: Floats) -> Floats:
    raised = np.maximum(shares, SHARE_FLOOR)
    found: Floats = raised / raised.sum()
    return found
