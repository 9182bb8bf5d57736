"""Laws of the accuracy metrics and of bucket quantiles, for any rows."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import log_loss as sklearn_log_loss
from sklearn.metrics import roc_auc_score

from tidegauge_collector.core.accuracy import accuracy, accuracy_from_labels, auc, log_loss
from tidegauge_collector.core.service import bucket_quantile

LAWS = settings(deadline=None, derandomize=True, max_examples=200)
SCORES = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]) | st.floats(0, 1)
ROWS = st.lists(st.tuples(st.booleans(), SCORES), min_size=1, max_size=60)
MIXED = ROWS.filter(lambda rows: len({label for label, _ in rows}) == 2)


def arrays(rows):
    return np.array([label for label, _ in rows]), np.array([score for _, score in rows])


@LAWS
@given(MIXED)
def test_auc_equals_scikit_learn(rows):
    labels, scores = arrays(rows)

    assert auc(labels, scores).value == pytest.approx(roc_auc_score(labels, scores), abs=1e-9)


@LAWS
@given(ROWS)
def test_log_loss_equals_scikit_learn(rows):
    labels, scores = arrays(rows)

    assert log_loss(labels, scores).value == pytest.approx(
        sklearn_log_loss(labels, scores, labels=[False, True]), abs=1e-9
    )


@LAWS
@given(MIXED)
def test_turning_scores_or_labels_round_mirrors_the_auc_and_keeps_its_error(rows):
    labels, scores = arrays(rows)
    estimate, turned, swapped = auc(labels, scores), auc(labels, -scores), auc(~labels, scores)

    assert turned.value == pytest.approx(1 - estimate.value, abs=1e-12)
    assert swapped.value == pytest.approx(1 - estimate.value, abs=1e-12)
    assert turned.standard_error == pytest.approx(estimate.standard_error, abs=1e-12)


@LAWS
@given(MIXED)
def test_auc_depends_on_the_order_of_scores_only(rows):
    labels, scores = arrays(rows)
    ranks = np.unique(scores, return_inverse=True)[1]

    assert auc(labels, ranks) == auc(labels, scores)


@LAWS
@given(ROWS)
def test_band_encloses_the_value(rows):
    labels, scores = arrays(rows)

    for estimate in (auc(labels, scores), log_loss(labels, scores), accuracy(labels, scores)):
        if estimate.low is not None:
            assert estimate.low <= estimate.value <= estimate.high
            assert estimate.standard_error >= 0


@LAWS
@given(ROWS)
def test_accuracy_by_threshold_equals_accuracy_of_the_thresholded_labels(rows):
    labels, scores = arrays(rows)

    assert accuracy(labels, scores) == accuracy_from_labels(labels, scores >= 0.5)


@LAWS
@given(st.lists(st.integers(0, 99), min_size=1, max_size=80), st.integers(0, 1000))
def test_bucket_quantile_is_the_bucket_of_the_ranked_value(values, thousandths):
    q = Fraction(thousandths, 1000)
    ranked = sorted(values)[max(1, math.ceil(q * len(values))) - 1]

    quantile = bucket_quantile(range(100), range(1, 101), np.bincount(values, minlength=100), thousandths / 1000)

    assert (quantile.low, quantile.value, quantile.n) == (ranked, ranked + 0.5, len(values))
