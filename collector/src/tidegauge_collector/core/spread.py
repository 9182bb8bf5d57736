"""How a metric spreads over windows of one size: what learned limits are counted from."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

LEAST_WINDOWS = 5
DRAWS = 200
SEED = 20_130_401


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean and population standard deviation of a metric over so many windows, and where these are from."""

    mean: float
    deviation: float
    windows: int
    method: str


def spread_of(values: Sequence[float], method: str) -> Spread | None:
    """Of the values of windows; None of fewer than 5.

    >>> spread_of([1, 2, 3, 4, 5], "trailing_windows").mean
    3.0
    """
    found = np.asarray(values, dtype=np.float64)
    found = found[np.isfinite(found)]
    if found.size < LEAST_WINDOWS:
        return None
    return Spread(float(found.mean()), float(found.std()), int(found.size), method)


def drawn_spread(counts: npt.ArrayLike, n: int, statistic: Callable[[Floats], Floats]) -> Spread | None:
    """Of a statistic of windows of n rows drawn from the shares of `counts`: 200 draws, the same ones for the same question.

    `statistic` takes the drawn counts, a row a window, and returns a value a row.
    """
    baseline = np.asarray(counts, dtype=np.float64)
    total = baseline.sum()
    if n < 1 or total <= 0:
        return None
    drawn = np.random.default_rng(SEED).multinomial(n, baseline / total, DRAWS).astype(np.float64)
    return spread_of(statistic(drawn).tolist(), "drawn_from_baseline")


def blocks_spread(rows: int, n: int, value_of: Callable[[npt.NDArray[np.int64]], float | None]) -> Spread | None:
    """Of a value over blocks of n consecutive ones of `rows` rows; of fewer than 10 such blocks over rows drawn with replacement.

    `value_of` takes the places of a block's rows; a block without a value is left out.
    """
    if n < 1 or rows < 1:
        return None
    whole = rows // n
    if whole >= 2 * LEAST_WINDOWS:
        blocks = np.arange(whole * n).reshape(whole, n)[: DRAWS // 2]
        method = "baseline_blocks"
    else:
        blocks = np.random.default_rng(SEED).integers(0, rows, (DRAWS // 2, n))
        method = "drawn_from_baseline"
    values = [value for block in blocks if (value := value_of(block)) is not None]
    return spread_of(values, method)


def rate_spread(rate: float, n: int) -> Spread | None:
    """Of a share of n rows, by the binomial distribution."""
    return None if n < 1 else Spread(rate, math.sqrt(rate * (1 - rate) / n), 0, "binomial")
