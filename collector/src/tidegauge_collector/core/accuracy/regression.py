"""How far predicted numbers lie from the actual ones: errors, deviances, and fractions of variance explained.

Rows are pairs of finite numbers; what is not finite makes a metric `out_of_domain`, as do numbers outside its domain. `no_rows` without
rows, `constant_actual` where the actuals do not vary and the metric compares with their mean.
"""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.special import xlogy

from tidegauge_collector.core.accuracy.estimate import (
    NOT_NEGATIVE,
    Z_95,
    Estimate,
    FloatArray,
    by_influence,
    check_lengths,
    mean,
    no_value,
    proportion,
    with_error,
)

TWEEDIE_POWER = 1.5
UP_TO_ONE = (-math.inf, 1.0)


def rmse(actual: npt.ArrayLike, predicted: npt.ArrayLike) -> Estimate:
    """Root of the mean squared error; error by the delta method."""
    y, x, reason = _rows(actual, predicted)
    if reason is not None:
        return no_value("delta", reason, y.size)
    with np.errstate(over="ignore"):
        return _root_of_mean((x - y) ** 2)


def mae(actual: npt.ArrayLike, predicted: npt.ArrayLike) -> Estimate:
    """Mean absolute error."""
    y, x, reason = _rows(actual, predicted)
    return no_value("normal", reason, y.size) if reason else mean(np.abs(x - y), bounds=NOT_NEGATIVE)


def median_ae(actual: npt.ArrayLike, predicted: npt.ArrayLike) -> Estimate:
    """Median absolute error; band by order statistics (the binomial's normal limit), its error the band's width / 2·1.96."""
    y, x, reason = _rows(actual, predicted)
    if reason is not None:
        return no_value("order_statistics", reason, y.size)
    errors = np.sort(np.abs(x - y))
    n, value = errors.size, float(np.median(errors))
    half = Z_95 * math.sqrt(n) / 2
    first, last = math.floor(n / 2 - half), math.ceil(n / 2 + half)
    if first < 1 or last > n:
        return with_error(value, None, method="order_statistics", n=n)
    low, high = float(errors[first - 1]), float(errors[last - 1])
    return Estimate(value, (high - low) / (2 * Z_95), low, high, "order_statistics", None, n)


def max_error(actual: npt.ArrayLike, predicted: npt.ArrayLike) -> Estimate:
    """Largest absolute error. It has no standard error: the largest of more rows is larger."""
    y, x, reason = _rows(actual, predicted)
    if reason is not None:
        return no_value("none", reason, y.size)
    return with_error(float(np.abs(x - y).max()), None, method="none", n=y.size)


def bias(actual: npt.ArrayLike, predicted: npt.ArrayLike) -> Estimate:
    """Mean of prediction − actual: positive where the model says too much."""
    y, x, reason = _rows(actual, predicted)
    return no_value("normal", reason, y.size) if reason else mean(x - y)


def mape(actual: npt.ArrayLike, predicted: npt.ArrayLike) -> Estimate:
    """Mean of |error| / |actual|, a fraction; rows whose actual is 0 are left out and counted."""
    y, x, reason = _rows(actual, predicted)
    if reason is not None:
        return no_value("normal", reason, y.size)
    kept = y != 0
    with np.errstate(over="ignore"):
        found = mean(np.abs((x - y)[kept] / y[kept]), bounds=NOT_NEGATIVE)
    return replace(found, left_out=int(y.size - np.count_nonzero(kept)))


def smape(actual: npt.ArrayLike, predicted: npt.ArrayLike) -> Estimate:
    """Mean of 2·|error| / (|actual| + |prediction|), 0..2; a row of two zeros has no error."""
    y, x, reason = _rows(actual, predicted)
    if reason is not None:
        return no_value("normal", reason, y.size)
    total = np.abs(y) + np.abs(x)
    terms = np.divide(2 * np.abs(x - y), total, out=np.zeros_like(y), where=total > 0)
    return mean(terms, bounds=(0.0, 2.0))


def r2(actual: npt.ArrayLike, predicted: npt.ArrayLike) -> Estimate:
    """1 − squared errors / squares about the window's mean; error by its influence function."""
    y, x, reason = _rows(actual, predicted)
    if reason is not None:
        return no_value("influence", reason, y.size)
    with np.errstate(over="ignore", invalid="ignore"):
        return _explained((x - y) ** 2, (y - y.mean()) ** 2, is_constant=bool(y.min() == y.max()))


def rmsle(actual: npt.ArrayLike, predicted: npt.ArrayLike) -> Estimate:
    """Root of the mean squared difference of ln(1 + value); all values > −1. Error by the delta method."""
    y, x, reason = _rows(actual, predicted)
    if reason is None and (y.min() <= -1 or x.min() <= -1):
        reason = "out_of_domain"
    return no_value("delta", reason, y.size) if reason else _root_of_mean((np.log1p(x) - np.log1p(y)) ** 2)


def poisson_deviance(actual: npt.ArrayLike, predicted: npt.ArrayLike) -> Estimate:
    """Mean of 2·(y·ln(y/ŷ) − y + ŷ); actual ≥ 0, prediction > 0."""
    return _deviance(actual, predicted, _poisson, positive=False)


def gamma_deviance(actual: npt.ArrayLike, predicted: npt.ArrayLike) -> Estimate:
    """Mean of 2·(ln(ŷ/y) + y/ŷ − 1); both > 0."""
    return _deviance(actual, predicted, _gamma, positive=True)


def tweedie_deviance(actual: npt.ArrayLike, predicted: npt.ArrayLike) -> Estimate:
    """Mean unit deviance of the Tweedie family with power 1.5; actual ≥ 0, prediction > 0."""
    return _deviance(actual, predicted, _tweedie, positive=False)


def fve_poisson(actual: npt.ArrayLike, predicted: npt.ArrayLike) -> Estimate:
    """1 − Poisson deviance / that of the window's mean; error by its influence function."""
    return _deviance_explained(actual, predicted, _poisson, positive=False)


def fve_gamma(actual: npt.ArrayLike, predicted: npt.ArrayLike) -> Estimate:
    """1 − gamma deviance / that of the window's mean; error by its influence function."""
    return _deviance_explained(actual, predicted, _gamma, positive=True)


def fve_tweedie(actual: npt.ArrayLike, predicted: npt.ArrayLike) -> Estimate:
    """1 − Tweedie deviance (power 1.5) / that of the window's mean; error by its influence function."""
    return _deviance_explained(actual, predicted, _tweedie, positive=False)


def interval_coverage(actual: npt.ArrayLike, lower: npt.ArrayLike, upper: npt.ArrayLike) -> Estimate:
    """Share of actuals within the predicted interval, bounds included; Wilson band."""
    y, low, reason = _rows(actual, lower)
    _, high, also = _rows(actual, upper)
    if reason or also:
        return no_value("wilson", reason or also or "", y.size)
    return proportion(int(np.count_nonzero((low <= y) & (y <= high))), y.size)


REGRESSION: dict[str, Callable[[npt.ArrayLike, npt.ArrayLike], Estimate]] = {
    "rmse": rmse,
    "mae": mae,
    "median_ae": median_ae,
    "max_error": max_error,
    "bias": bias,
    "mape": mape,
    "smape": smape,
    "r2": r2,
    "rmsle": rmsle,
    "poisson_deviance": poisson_deviance,
    "gamma_deviance": gamma_deviance,
    "tweedie_deviance": tweedie_deviance,
    "fve_poisson": fve_poisson,
    "fve_gamma": fve_gamma,
    "fve_tweedie": fve_tweedie,
}


def _rows(actual: npt.ArrayLike, predicted: npt.ArrayLike) -> tuple[FloatArray, FloatArray, str | None]:
    y, x = np.asarray(actual, dtype=np.float64), np.asarray(predicted, dtype=np.float64)
    check_lengths(y, x, "predicted")
    if not y.size:
        return y, x, "no_rows"
    return y, x, None if np.isfinite(y).all() and np.isfinite(x).all() else "out_of_domain"


def _root_of_mean(squares: FloatArray) -> Estimate:
    of_squares = mean(squares)
    if of_squares.value is None:
        return no_value("delta", of_squares.reason or "out_of_domain", squares.size)
    value, error = math.sqrt(of_squares.value), of_squares.standard_error
    if error is not None:
        error = error / (2 * value) if value else 0.0
    return with_error(value, error, method="delta", n=squares.size, bounds=NOT_NEGATIVE)


def _explained(losses: FloatArray, null_losses: FloatArray, *, is_constant: bool) -> Estimate:
    """1 − mean loss / mean loss of the best constant, which does not move to first order with a row."""
    with np.errstate(over="ignore", invalid="ignore"):
        null, loss = float(null_losses.mean()), float(losses.mean())
        if is_constant or not null > 0:
            return no_value("influence", "constant_actual", losses.size)
        influence = -(losses - loss) / null + loss / null**2 * (null_losses - null)
    return by_influence(1.0 - loss / null, influence, bounds=UP_TO_ONE)


Deviance = Callable[[FloatArray, FloatArray], FloatArray]


def _poisson(y: FloatArray, x: FloatArray) -> FloatArray:
    values: FloatArray = 2 * (xlogy(y, y / x) - y + x)
    return values


def _gamma(y: FloatArray, x: FloatArray) -> FloatArray:
    values: FloatArray = 2 * (np.log(x / y) + y / x - 1)
    return values


def _tweedie(y: FloatArray, x: FloatArray) -> FloatArray:
    a, b = 1 - TWEEDIE_POWER, 2 - TWEEDIE_POWER
    values: FloatArray = 2 * (y**b / (a * b) - y * x**a / a + x**b / b)
    return values


def _domain(y: FloatArray, x: FloatArray, *, positive: bool) -> str | None:
    wrong = x.min() <= 0 or y.min() < 0 or (positive and y.min() <= 0)
    return "out_of_domain" if wrong else None


def _deviance(actual: npt.ArrayLike, predicted: npt.ArrayLike, of: Deviance, *, positive: bool) -> Estimate:
    y, x, reason = _rows(actual, predicted)
    reason = reason or _domain(y, x, positive=positive)
    if reason is not None:
        return no_value("normal", reason, y.size)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        return mean(of(y, x), bounds=NOT_NEGATIVE)


def _deviance_explained(actual: npt.ArrayLike, predicted: npt.ArrayLike, of: Deviance, *, positive: bool) -> Estimate:
    y, x, reason = _rows(actual, predicted)
    reason = reason or _domain(y, x, positive=positive)
    if reason is None and y.min() == y.max():
        reason = "constant_actual"
    if reason is not None:
        return no_value("influence", reason, y.size)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        return _explained(of(y, x), of(y, np.full_like(y, y.mean())), is_constant=False)
