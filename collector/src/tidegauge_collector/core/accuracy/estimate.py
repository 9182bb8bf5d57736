"""A metric's value with what says how far to trust it: standard error, 95 % band, and the reason where it is undefined."""

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

Z_95 = 1.959963984540054  # the normal distribution's 0.975 quantile
ANYTHING = (-math.inf, math.inf)
NOT_NEGATIVE = (0.0, math.inf)
SHARE = (0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A metric's value with standard error and 95 % band `[low, high]`; `method` names how the error was computed.

    None in `value` comes with a reason. Error and band alone are None where the sample is too small to have one, or (`method`
    `none`) where there is no formula for it. `left_out` are rows that the metric cannot speak of.
    """

    value: float | None
    standard_error: float | None
    low: float | None
    high: float | None
    method: str
    reason: str | None
    n: int
    left_out: int = 0


def no_value(method: str, reason: str, n: int) -> Estimate:
    """Undefined, for a reason."""
    return Estimate(value=None, standard_error=None, low=None, high=None, method=method, reason=reason, n=n)


def with_error(
    value: float, error: float | None, *, method: str, n: int, bounds: tuple[float, float] = ANYTHING
) -> Estimate:
    """A value with the normal band about it, cut at what the metric can be; without an error where that is None or nan."""
    if not math.isfinite(value):
        return no_value(method, "out_of_domain", n)
    if error is None or not math.isfinite(error):
        return Estimate(value=value, standard_error=None, low=None, high=None, method=method, reason=None, n=n)
    low, high = max(bounds[0], value - Z_95 * error), min(bounds[1], value + Z_95 * error)
    return Estimate(
        value=value, standard_error=error, low=min(low, value), high=max(high, value), method=method, reason=None, n=n
    )


def mean(values: FloatArray, *, bounds: tuple[float, float] = ANYTHING) -> Estimate:
    """The mean of independent rows with its standard error."""
    if not values.size:
        return no_value("normal", "no_rows", 0)
    with np.errstate(over="ignore", invalid="ignore"):  # near the largest float sums are infinite
        value = float(values.mean())
    return with_error(value, math.sqrt(variance_of_mean(values)), method="normal", n=values.size, bounds=bounds)


def proportion(hits: float, n: int) -> Estimate:
    """A share of n rows with the band of Wilson (1927); `hits` may be a fraction where ties are shared."""
    p, z2 = hits / n, Z_95**2
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z_95 / (1 + z2 / n) * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    # at 0 and n hits the band ends exactly there; rounding must not push it past the value
    low = 0.0 if hits == 0 else centre - half
    high = 1.0 if hits == n else centre + half
    return Estimate(
        value=p, standard_error=math.sqrt(p * (1 - p) / n), low=low, high=high, method="wilson", reason=None, n=n
    )


def by_influence(
    value: float, influence: FloatArray, *, bounds: tuple[float, float] = ANYTHING, method: str = "influence"
) -> Estimate:
    """A value with the error that its influence function gives it (the infinitesimal jackknife, Efron 1982): one number a row."""
    return with_error(value, math.sqrt(variance_of_mean(influence)), method=method, n=influence.size, bounds=bounds)


def by_cells(
    value: float, counts: npt.NDArray[np.generic], slopes: FloatArray, *, bounds: tuple[float, float]
) -> Estimate:
    """A function of the shares of a table's cells, by the delta method: `slopes` are its derivatives by these shares."""
    shares = counts.astype(np.float64) / counts.sum()
    centred = slopes - (shares * slopes).sum()
    variance = float((shares * centred**2).sum()) / float(counts.sum())
    return with_error(value, math.sqrt(variance), method="delta", n=int(counts.sum()), bounds=bounds)


def scaled(estimate: Estimate, factor: float, shift: float = 0.0) -> Estimate:
    """factor · value + shift, with its error and band; the factor is positive."""

    def moved(number: float | None) -> float | None:
        return None if number is None else factor * number + shift

    error = None if estimate.standard_error is None else factor * estimate.standard_error
    return replace(
        estimate, value=moved(estimate.value), standard_error=error, low=moved(estimate.low), high=moved(estimate.high)
    )


def variance_of_mean(values: FloatArray) -> float:
    """nan of fewer than two rows."""
    with np.errstate(over="ignore", invalid="ignore"):
        return float(values.var(ddof=1)) / values.size if values.size > 1 else math.nan


def check_lengths(actual: npt.NDArray[np.generic], other: npt.NDArray[np.generic], name: str) -> None:
    """Raises ValueError for what are not two vectors of one length."""
    if actual.ndim != 1 or actual.shape != other.shape:
        raise ValueError(f"actual has shape {actual.shape} and {name} {other.shape}: pass two vectors of equal length")
