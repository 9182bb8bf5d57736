"""Binary accuracy: hand-computed cases, reasons, and scikit-learn as the independent witness on its bundled data."""

import math

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, roc_auc_score
from sklearn.metrics import log_loss as sklearn_log_loss
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from tidegauge_collector.core.accuracy import accuracy, accuracy_from_labels, auc, log_loss

MODELS = {
    "logistic": make_pipeline(StandardScaler(), LogisticRegression()),
    "bayes, scores at 0 and 1": GaussianNB(),
    "tree, heavy ties": DecisionTreeClassifier(max_depth=2, random_state=0),
}
DATA = {"breast_cancer": (load_breast_cancer, 1), "wine": (load_wine, 0), "digits": (load_digits, 8)}


@pytest.fixture(params=MODELS)
def model(request):
    return MODELS[request.param]


@pytest.fixture(params=DATA)
def labels_and_scores(request, model):
    load, positive = DATA[request.param]
    features, target = load(return_X_y=True)
    labels = target == positive
    return labels, model.fit(features[::2], labels[::2]).predict_proba(features)[:, 1]


def test_auc_equals_scikit_learn(labels_and_scores):
    assert auc(*labels_and_scores).value == pytest.approx(roc_auc_score(*labels_and_scores), abs=1e-9)


def test_log_loss_equals_scikit_learn(labels_and_scores):
    assert log_loss(*labels_and_scores).value == pytest.approx(sklearn_log_loss(*labels_and_scores), abs=1e-9)


def test_accuracy_equals_scikit_learn(labels_and_scores):
    labels, scores = labels_and_scores

    assert accuracy(labels, scores).value == pytest.approx(accuracy_score(labels, scores >= 0.5), abs=1e-9)


def test_auc_of_five_rows_with_a_tie_is_the_hand_computed_value():
    # positives 0.4, 0.8; negatives 0.1, 0.4, 0.9: wins 1 + ½, then 2, of 6 pairs
    assert auc([1, 0, 1, 0, 0], [0.4, 0.1, 0.8, 0.4, 0.9]).value == pytest.approx(3.5 / 6)


def test_auc_error_is_delongs_as_defined_over_all_pairs():
    rng = np.random.default_rng(5)
    labels = rng.random(300) < 0.3
    scores = np.round(rng.normal(labels * 0.8), 1)
    pairs = np.sign(scores[labels][:, None] - scores[~labels][None, :]) / 2 + 0.5
    variance = pairs.mean(axis=1).var(ddof=1) / labels.sum() + pairs.mean(axis=0).var(ddof=1) / (~labels).sum()

    estimate = auc(labels, scores)

    assert estimate.standard_error == pytest.approx(math.sqrt(variance), rel=1e-12)
    assert estimate.method == "delong"
    assert estimate.low == pytest.approx(pairs.mean() - 1.959964 * math.sqrt(variance), abs=1e-7)
    assert estimate.high == pytest.approx(pairs.mean() + 1.959964 * math.sqrt(variance), abs=1e-7)


def test_auc_band_covers_the_true_value_about_as_often_as_it_says():
    rng = np.random.default_rng(11)
    truth = 0.5 * math.erfc(-1 / 2)  # unit normals one deviation apart: Φ(1/√2)
    labels = np.arange(400) < 150
    bands = [auc(labels, rng.normal(labels * 1.0)) for _ in range(400)]

    assert 0.92 <= np.mean([band.low <= truth <= band.high for band in bands]) <= 0.98


def test_auc_with_a_single_positive_has_a_value_and_no_error():
    estimate = auc([True, False, False], [0.5, 0.4, 0.6])

    assert (estimate.value, estimate.standard_error, estimate.low, estimate.high) == (0.5, None, None, None)


def test_log_loss_and_its_error_are_the_hand_computed_values():
    estimate = log_loss([True, False], [0.8, 0.4])

    losses = [-math.log(0.8), -math.log(0.6)]
    assert estimate.value == pytest.approx(sum(losses) / 2, abs=1e-15)
    assert estimate.standard_error == pytest.approx(abs(losses[0] - losses[1]) / 2, abs=1e-15)
    assert estimate.low == pytest.approx(estimate.value - 1.959964 * estimate.standard_error, abs=1e-6)


def test_log_loss_of_a_certain_miss_is_finite_and_clipped_at_the_float64_epsilon():
    assert log_loss([True], [0.0]).value == pytest.approx(-math.log(np.finfo(float).eps))


def test_log_loss_band_does_not_fall_below_zero():
    estimate = log_loss([True, True, False], [0.999, 0.999, 0.9])

    assert estimate.low == 0.0
    assert estimate.high > estimate.value


def test_log_loss_of_one_class_is_defined():
    assert log_loss([True, True], [0.5, 0.5]).value == pytest.approx(math.log(2))


def test_a_score_at_the_threshold_is_positive():
    assert accuracy([True, False], [0.5, 0.4999]).value == 1.0
    assert accuracy([True, False], [0.6, 0.5], threshold=0.7).value == 0.5


def test_accuracy_band_is_wilsons():
    # 8 of 10: (0.8 + z²/20 ± z·√(0.016 + z²/400)) / (1 + z²/10), as tabulated: 0.4902 … 0.9433
    estimate = accuracy_from_labels([1] * 10, [1] * 8 + [0] * 2)

    assert (estimate.low, estimate.high) == (pytest.approx(0.4902, abs=5e-5), pytest.approx(0.9433, abs=5e-5))
    assert (estimate.method, estimate.n) == ("wilson", 10)


@pytest.mark.parametrize(("predicted", "value"), [([1, 1, 1], 1.0), ([0, 0, 0], 0.0)])
def test_accuracy_band_has_a_width_even_where_all_rows_agree(predicted, value):
    estimate = accuracy_from_labels([1, 1, 1], predicted)

    assert estimate.low <= estimate.value == value <= estimate.high
    assert estimate.high - estimate.low == pytest.approx(0.5615, abs=5e-5)


def test_labels_of_any_kind_are_compared():
    assert accuracy_from_labels(["cat", "dog", "owl"], ["cat", "dog", "dog"]).value == pytest.approx(2 / 3)


@pytest.mark.parametrize("metric", [auc, log_loss, accuracy, accuracy_from_labels])
def test_no_rows_is_undefined_with_its_reason(metric):
    estimate = metric([], [])

    assert (estimate.value, estimate.reason, estimate.n) == (None, "no_rows", 0)


@pytest.mark.parametrize("labels", [[True, True], [False, False]])
def test_auc_of_one_class_is_undefined_with_its_reason(labels):
    estimate = auc(labels, [0.1, 0.9])

    assert (estimate.value, estimate.reason, estimate.n) == (None, "one_class", 2)


@pytest.mark.parametrize("score", [-0.01, 1.01])
def test_log_loss_of_scores_outside_zero_to_one_is_out_of_domain(score):
    assert log_loss([True, False], [0.5, score]).reason == "out_of_domain"


def test_auc_needs_no_probabilities():
    assert auc([True, False], [3.5, -12.0]).value == 1.0


@pytest.mark.parametrize("metric", [auc, log_loss, accuracy])
@pytest.mark.parametrize("score", [math.nan, math.inf])
def test_scores_that_are_not_finite_are_out_of_domain(metric, score):
    estimate = metric([True, False], [0.5, score])

    assert (estimate.value, estimate.reason) == (None, "out_of_domain")


@pytest.mark.parametrize("labels", [[2, 0], ["yes", "no"], [0.5, 1.0]])
def test_labels_that_are_not_of_two_classes_are_refused_with_the_fix(labels):
    with pytest.raises(ValueError, match="labels == positive_class"):
        auc(labels, [0.1, 0.2])


def test_unequal_lengths_are_refused():
    with pytest.raises(ValueError, match=r"actual has shape \(2,\) and scores \(1,\)"):
        auc([True, False], [0.5])
