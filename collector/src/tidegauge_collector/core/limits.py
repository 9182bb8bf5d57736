"""A monitor's limits as numbers on the scale of what is compared, and the chance of a value beyond one without a breach.

A limit is a pair (low, high), either side None where there is none: `above` has no low one, a relative change neither.
"""

import math

import numpy as np
import numpy.typing as npt
from scipy.special import bdtr, bdtrc, ndtr

from tidegauge_collector.core.monitor_problems import band, sides
from tidegauge_collector.core.monitors import Limit, Monitor
from tidegauge_collector.core.spread import Spread

Pair = tuple[float | None, float | None]
NO_SIDES = (-math.inf, math.inf)
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def pair_of(monitor: Monitor, limit: Limit, spread: Spread | None, *, margin: float = 0.0) -> Pair:
    """Low and high of a limit, drawn in by `margin` (a fraction); (None, None) where the limit is off or not learned yet."""
    if limit is None or (monitor.limits != "stated" and spread is None):
        return None, None
    if monitor.limits != "stated" and spread is not None:
        reach = sides(limit)[0] * (1 - margin) * spread.deviation
        low, high = spread.mean - reach, spread.mean + reach
    elif monitor.comparison == "outside":
        low, high = band(limit)
        low, high = low + margin * abs(low), high - margin * abs(high)
    else:
        number = sides(limit)[0]
        low, high = number + margin * abs(number), number - margin * abs(number)
    return {"outside": (low, high), "below": (low, None)}.get(monitor.comparison, (None, high))


def nearest(compared: float, pair: Pair) -> float | None:
    """The side that the value lies beyond, or comes nearest to."""
    found = [side for side in pair if side is not None]
    return min(found, key=lambda side: abs(compared - side), default=None)


def binomial_p(events: int, n: int, pair: Pair) -> float:
    """The chance of at least (below a low limit: at most) so many events in n, were the true rate the limit; exact."""
    low, high = (
        np.array([otherwise if side is None else side]) for side, otherwise in zip(pair, NO_SIDES, strict=True)
    )
    return float(binomial_ps(np.array([events]), np.array([n]), low, high)[0])


def binomial_ps(events: Ints, n: Ints, low: Floats, high: Floats) -> Floats:
    """`binomial_p` of many; a limit that there is not is infinite."""
    at_least = np.where(high <= 0, 0.0, bdtrc(np.maximum(events - 1, 0), n, np.clip(high, 0, 1)))
    at_least[(events <= 0) | (high >= 1)] = 1.0
    at_most = np.where(low >= 1, 0.0, bdtr(np.minimum(events, n), n, np.clip(low, 0, 1)))
    at_most[(events >= n) | (low <= 0)] = 1.0
    found: Floats = np.minimum(at_least, at_most)
    return found


def normal_p(compared: float, deviation: float, pair: Pair) -> float:
    """The chance of such a value or a worse one, were the true one the limit, by the standard error of what is compared."""
    low, high = pair
    distances = [] if high is None else [compared - high]
    distances += [] if low is None else [low - compared]
    if deviation <= 0:
        return 0.0 if any(distance > 0 for distance in distances) else 1.0
    return min((float(ndtr(-distance / deviation)) for distance in distances), default=1.0)


def relative_error(value: float, error: float, reference: float, reference_error: float) -> float:
    """The standard error of value / reference, to first order."""
    return math.hypot(error / reference, value * reference_error / reference**2)
