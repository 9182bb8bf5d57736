"""Curves of scores against the truth: by hand, as scikit-learn has them, and thinned without losing the ends."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import auc, roc_auc_score

from tidegauge_collector.core.curves import POINTS, calibration, deciles, lift, roc, scattered

RNG = np.random.default_rng(7)
SCORE = RNG.random(5_000)
ACTUAL = RNG.random(5_000) < SCORE


def test_roc_by_hand_ties_are_one_step() -> None:
    found = roc(np.array([True, False, True, False]), np.array([0.9, 0.5, 0.5, 0.1]))

    assert found == [(0.0, 0.0, None), (0.0, 0.5, 0.9), (0.5, 1.0, 0.5), (1.0, 1.0, 0.1)]


def test_the_area_under_the_thinned_curve_is_the_auc() -> None:
    found = roc(ACTUAL, SCORE)

    area = auc([x for x, _, _ in found], [y for _, y, _ in found])
    assert len(found) <= POINTS + 2
    assert found[-1][:2] == (1.0, 1.0)
    assert area == pytest.approx(roc_auc_score(ACTUAL, SCORE), abs=2e-3)


def test_calibration_is_scikit_learns() -> None:
    truth, said = calibration_curve(ACTUAL, SCORE, n_bins=10)

    found = calibration(ACTUAL, SCORE)

    assert [one.predicted for one in found] == pytest.approx(said)
    assert [one.actual for one in found] == pytest.approx(truth)


def test_tenths_have_all_rows_and_lift_falls_for_a_good_score() -> None:
    found = lift(ACTUAL, SCORE)

    assert [one.n for one in found] == [500] * 10
    assert (found[0].actual > 0.9, found[-1].actual < 0.1) == (True, True)
    assert sum(one.n * one.actual for one in found) == pytest.approx(ACTUAL.sum())


def test_of_a_regression_tenths_rise_with_the_prediction() -> None:
    found = deciles(SCORE * 2, SCORE)

    assert [one.actual / one.predicted for one in found] == pytest.approx([2.0] * 10)
    assert found[0].predicted < found[-1].predicted


def test_few_rows_are_all_there_and_many_are_thinned() -> None:
    assert scattered(np.array([1.0, 2.0]), np.array([3.0, 4.0])) == [(3.0, 1.0), (4.0, 2.0)]
    assert len(scattered(SCORE, SCORE)) == POINTS + 1
    assert len(lift(np.array([True, False, True]), np.array([0.1, 0.2, 0.3]))) == 3


@pytest.mark.parametrize("curve", [roc, calibration, lift])
def test_nothing_is_no_curve(curve) -> None:  # type: ignore[no-untyped-def]
    assert curve(np.array([], dtype=bool), np.array([])) == []


def test_what_is_undefined_is_empty() -> None:
    ones = np.array([True, True])

    assert roc(ones, np.array([0.1, 0.2])) == []
    assert lift(~ones, np.array([0.1, 0.2])) == []
    assert calibration(ones, np.array([0.1, 1.2])) == []
    assert deciles(np.array([]), np.array([])) == []
