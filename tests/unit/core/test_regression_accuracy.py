"""Regression metrics: hand-computed cases, reasons, and scikit-learn on real data."""

import math

import numpy as np
import pytest
from sklearn import metrics as sk
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression

from tidegauge_collector.core.accuracy import REGRESSION, interval_coverage

WITNESS = {
    "rmse": lambda y, x: math.sqrt(sk.mean_squared_error(y, x)),
    "mae": sk.mean_absolute_error,
    "median_ae": sk.median_absolute_error,
    "max_error": sk.max_error,
    "bias": lambda y, x: float(np.mean(x - y)),
    "mape": sk.mean_absolute_percentage_error,
    "smape": lambda y, x: float(np.mean(2 * np.abs(x - y) / (np.abs(y) + np.abs(x)))),
    "r2": sk.r2_score,
    "rmsle": lambda y, x: math.sqrt(sk.mean_squared_log_error(y, x)),
    "poisson_deviance": sk.mean_poisson_deviance,
    "gamma_deviance": sk.mean_gamma_deviance,
    "tweedie_deviance": lambda y, x: sk.mean_tweedie_deviance(y, x, power=1.5),
    "fve_poisson": lambda y, x: sk.d2_tweedie_score(y, x, power=1),
    "fve_gamma": lambda y, x: sk.d2_tweedie_score(y, x, power=2),
    "fve_tweedie": lambda y, x: sk.d2_tweedie_score(y, x, power=1.5),
}


@pytest.fixture(scope="module", params=["diabetes", "flights"])
def rows(request, flights):
    if request.param == "diabetes":
        features, target = load_diabetes(return_X_y=True)
    else:
        known = flights.dropna(subset=["air_time"]).iloc[::500]
        features, target = known[["distance", "hour"]].to_numpy(float), known["air_time"].to_numpy(float)
    predicted = LinearRegression().fit(features[::2], target[::2]).predict(features)
    return target, np.maximum(predicted, 1.0)


@pytest.mark.parametrize("name", REGRESSION)
def test_metrics_equal_scikit_learn_on_real_data(rows, name):
    assert REGRESSION[name](*rows).value == pytest.approx(WITNESS[name](*rows), abs=1e-9, rel=1e-9)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rmse", math.sqrt(5 / 3)),
        ("mae", 1.0),
        ("median_ae", 1.0),
        ("max_error", 2.0),
        ("bias", -1 / 3),
        ("mape", (1 / 2 + 2 / 4) / 2),
        ("smape", (0 + 2 / 5 + 4 / 6) / 3),
        ("r2", 1 - 5 / 8),
    ],
)
def test_values_of_three_rows_are_those_computed_by_hand(name, value):
    found = REGRESSION[name]([0.0, 2.0, 4.0], [0.0, 3.0, 2.0])

    assert found.value == pytest.approx(value, abs=1e-12)


def test_mape_leaves_out_zero_actuals_and_counts_them():
    found = REGRESSION["mape"]([0.0, 0.0, 2.0], [1.0, 0.0, 3.0])

    assert (found.value, found.n, found.left_out) == (0.5, 1, 2)
    assert (REGRESSION["mape"]([0.0, 0.0], [1.0, 2.0]).reason, REGRESSION["mape"]([0.0], [1.0]).left_out) == (
        "no_rows",
        1,
    )


def test_a_row_of_two_zeros_has_no_symmetric_error():
    assert REGRESSION["smape"]([0.0, 1.0], [0.0, 0.0]).value == 1.0


def test_poisson_deviance_of_a_zero_count_is_twice_the_prediction():
    assert REGRESSION["poisson_deviance"]([0.0], [1.5]).value == pytest.approx(3.0)


@pytest.mark.parametrize("name", ["r2", "fve_poisson", "fve_gamma", "fve_tweedie"])
@pytest.mark.parametrize("actual", [[3.0], [3.0, 3.0]])
def test_actuals_that_do_not_vary_are_nothing_to_explain(name, actual):
    assert REGRESSION[name](actual, np.full(len(actual), 2.0)).reason == "constant_actual"


@pytest.mark.parametrize(
    ("name", "actual", "predicted"),
    [
        ("rmsle", [-1.0, 2.0], [1.0, 2.0]),
        ("rmsle", [1.0, 2.0], [1.0, -1.5]),
        ("poisson_deviance", [-1.0, 2.0], [1.0, 2.0]),
        ("poisson_deviance", [1.0, 2.0], [1.0, 0.0]),
        ("gamma_deviance", [0.0, 2.0], [1.0, 2.0]),
        ("fve_gamma", [0.0, 2.0], [1.0, 2.0]),
        ("tweedie_deviance", [1.0, 2.0], [0.0, 2.0]),
    ],
)
def test_values_outside_the_domain_are_undefined(name, actual, predicted):
    assert REGRESSION[name](actual, predicted).reason == "out_of_domain"


@pytest.mark.parametrize("name", REGRESSION)
def test_no_rows_and_numbers_that_are_not_finite_are_undefined(name):
    assert REGRESSION[name]([], []).reason == "no_rows"
    assert REGRESSION[name]([1.0, 2.0], [math.inf, 2.0]).reason == "out_of_domain"
    assert REGRESSION[name]([math.nan, 2.0], [1.0, 2.0]).reason == "out_of_domain"


def test_unequal_lengths_are_refused():
    with pytest.raises(ValueError, match=r"actual has shape \(2,\) and predicted \(1,\)"):
        REGRESSION["rmse"]([1.0, 2.0], [1.0])


def test_interval_coverage_counts_bounds_as_inside():
    found = interval_coverage([1.0, 2.0, 3.0, 4.0], [1.0, 0.0, 3.5, 0.0], [2.0, 2.0, 4.0, 9.0])

    assert (found.value, found.n, found.method) == (0.75, 4, "wilson")
    assert interval_coverage([], [], []).reason == "no_rows"


@pytest.mark.parametrize("name", sorted(REGRESSION.keys() - {"max_error", "median_ae"}))
def test_standard_errors_agree_with_the_jackknife(name):
    rng = np.random.default_rng(1)
    actual = rng.gamma(3.0, size=400)
    predicted = np.maximum(actual + rng.normal(0, 0.5, 400), 0.3)
    n, metric = len(actual), REGRESSION[name]
    left = np.array([metric(np.delete(actual, i), np.delete(predicted, i)).value for i in range(n)])
    jackknife = math.sqrt((n - 1) / n * ((left - left.mean()) ** 2).sum())

    assert metric(actual, predicted).standard_error == pytest.approx(jackknife, rel=0.05)


def test_the_band_of_the_median_covers_it_about_as_often_as_it_says():
    rng = np.random.default_rng(9)
    true = 0.6744897501960817  # the median of |a standard normal|
    bands = [REGRESSION["median_ae"](np.zeros(101), rng.normal(size=101)) for _ in range(500)]

    assert 0.92 <= np.mean([one.low <= true <= one.high for one in bands]) <= 0.985


def test_the_largest_error_and_tiny_samples_have_no_band():
    assert REGRESSION["max_error"]([1.0, 2.0], [1.0, 4.0]).low is None
    assert REGRESSION["median_ae"]([1.0, 2.0], [1.0, 4.0]).low is None
    assert REGRESSION["rmse"]([1.0], [3.0]).standard_error is None


def test_exact_predictions_have_no_error_at_all():
    found = REGRESSION["rmse"]([1.0, 2.0], [1.0, 2.0])

    assert (found.value, found.standard_error, found.low, found.high) == (0.0, 0.0, 0.0, 0.0)
