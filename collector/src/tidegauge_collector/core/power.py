"""What a drift monitor can see: how likely a window is bad after a shift, and within how many windows the alert opens.

Windows are drawn from the shifted shares, row by row independently (400 of them, the same draws for the same question), and judged by
the statistics that judging uses, so that nothing is assumed of their distributions: the standard error of a power is at most 0.025.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tidegauge.core.bins import NumericBins
from tidegauge.core.sketch import QuantileSketch
from tidegauge_collector.core.drift import chance_tests, psi_rows

Floats = npt.NDArray[np.float64]

DRAWS = 400
SEED = 20_130_401
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
    """Shares of a column's bins in the window, and the baseline's counts in the same bins, of these kinds; `rows` of the window."""

    window: Floats
    baseline: Floats
    kinds: Sequence[str]
    rows: int


def power(sides: Sides, rule: Rule) -> float:
    """The probability that a window with these shares is bad by a rule.

    >>> power(Sides(np.array([0.5, 0.5]), np.array([5_000, 5_000]), ["category"] * 2, 1_000), Rule(threshold=0.1, alpha=0.01))
    0.0
    """
    shares = sides.window / sides.window.sum()
    drawn = np.random.default_rng(SEED).multinomial(sides.rows, shares, DRAWS)
    bad = psi_rows(drawn, sides.baseline) > rule.threshold
    if rule.alpha is not None and bad.any():
        bad[bad] = chance_tests(drawn[bad], sides.baseline, sides.kinds).p_value < rule.alpha / rule.columns
    return float(bad.mean())


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
