"""Accuracy of several classes: hand-computed cases, reasons, and scikit-learn on its bundled data."""

import math

import numpy as np
import pytest
from sklearn import metrics as sk
from sklearn.datasets import load_digits, load_iris, load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tidegauge_collector.core.accuracy import DECISIONS, cells, matthews
from tidegauge_collector.core.accuracy.multiclass import (
    AVERAGES,
    PARTS,
    auc_ovr_macro,
    averaged,
    balanced,
    confusion,
    log_loss,
    one_against_rest,
    right,
    top_k_accuracy,
)

MODELS = {"logistic": make_pipeline(StandardScaler(), LogisticRegression()), "bayes, scores at 0 and 1": GaussianNB()}
DATA = {"iris": load_iris, "wine": load_wine, "digits": load_digits}


@pytest.fixture(scope="module", params=[(d, m) for d in DATA for m in MODELS], ids=" ".join)
def rows(request):
    data, model = request.param
    features, target = DATA[data](return_X_y=True)
    scores = MODELS[model].fit(features[::3], target[::3]).predict_proba(features)
    return target, scores.argmax(axis=1), scores


def test_metrics_of_labels_equal_scikit_learn(rows):
    target, said, _ = rows
    table = confusion(target, said, target.max() + 1)

    assert table.tolist() == sk.confusion_matrix(target, said).tolist()
    assert right(table).value == pytest.approx(sk.accuracy_score(target, said), abs=1e-9)
    assert balanced(table).value == pytest.approx(sk.balanced_accuracy_score(target, said), abs=1e-9)
    assert matthews(table).value == pytest.approx(sk.matthews_corrcoef(target, said), abs=1e-9)
    scores = sk.precision_recall_fscore_support(target, said)
    for c in range(len(table)):
        one = one_against_rest(table, c)
        assert [DECISIONS[part](one).value for part in PARTS] == pytest.approx([s[c] for s in scores[:3]], abs=1e-9)
    for average in AVERAGES:
        expected = sk.precision_recall_fscore_support(target, said, average=average)[:3]
        assert [averaged(table, part, average).value for part in PARTS] == pytest.approx(expected, abs=1e-9)


def test_metrics_of_scores_equal_scikit_learn(rows):
    target, _, scores = rows

    assert log_loss(target, 3 * scores).value == pytest.approx(sk.log_loss(target, scores), abs=1e-9)
    expected = sk.roc_auc_score(target, scores, multi_class="ovr", average="macro")
    assert auc_ovr_macro(target, scores).value == pytest.approx(expected, abs=1e-9)


def test_top_3_equals_scikit_learn_where_no_scores_tie():
    features, target = load_digits(return_X_y=True)
    scores = MODELS["logistic"].fit(features[::3], target[::3]).predict_proba(features)

    assert top_k_accuracy(target, scores).value == pytest.approx(sk.top_k_accuracy_score(target, scores, k=3), abs=1e-9)


def test_a_tie_at_the_cut_is_in_the_top():
    scores = np.array([[0.4, 0.2, 0.2, 0.2], [0.4, 0.3, 0.2, 0.1]])

    assert top_k_accuracy(np.array([3, 3]), scores, k=3).value == 0.5
    assert top_k_accuracy(np.array([3, 2]), scores, k=2).value == 0.5


def test_averages_are_over_present_classes_and_a_class_never_predicted_counts_as_precision_0():
    # actual 0 0 1, predicted 0 2 0: class 2 is in no actual, class 1 is never predicted
    table = confusion(np.array([0, 0, 1]), np.array([0, 2, 0]), 3)

    assert averaged(table, "precision", "macro").value == pytest.approx((1 / 2 + 0) / 2)
    assert averaged(table, "recall", "macro").value == pytest.approx((1 / 2 + 0) / 2)
    assert averaged(table, "precision", "weighted").value == pytest.approx(2 / 3 * 1 / 2)
    assert averaged(table, "f1", "micro").value == pytest.approx(1 / 3)


def test_auc_of_present_classes_only():
    scores = np.array([[0.8, 0.1, 0.1], [0.6, 0.3, 0.1], [0.2, 0.7, 0.1]])

    assert auc_ovr_macro(np.array([0, 0, 1]), scores).value == 1.0


@pytest.mark.parametrize("scores", [[[-0.1, 1.1]], [[0.0, 0.0]], [[math.nan, 0.5]], [[math.inf, 0.5]]])
def test_scores_that_cannot_be_renormalised_are_out_of_domain(scores):
    assert log_loss(np.array([0]), np.array(scores)).reason == "out_of_domain"


def test_what_one_class_leaves_undefined():
    table = confusion(np.array([1, 1]), np.array([1, 0]), 2)

    assert balanced(table).reason == "one_class"
    assert matthews(table).reason == "one_class"
    assert auc_ovr_macro(np.array([1, 1]), np.array([[0.5, 0.5], [0.1, 0.9]])).reason == "one_class"


def test_no_rows_are_no_value():
    nothing, none = np.zeros((2, 2), dtype=np.int64), np.zeros(0, dtype=np.int64)

    for found in (right(nothing), balanced(nothing), matthews(nothing), averaged(nothing, "f1", "macro")):
        assert (found.value, found.reason) == (None, "no_rows")
    for metric in (log_loss, auc_ovr_macro, top_k_accuracy):
        assert metric(none, np.zeros((0, 2))).reason == "no_rows"


@pytest.mark.parametrize("average", AVERAGES)
@pytest.mark.parametrize("part", PARTS)
def test_errors_of_averages_agree_with_the_jackknife(part, average):
    rng = np.random.default_rng(2)
    target = rng.choice(3, 300, p=[0.5, 0.3, 0.2])
    said = np.where(rng.random(300) < 0.7, target, rng.integers(0, 3, 300))
    n = len(target)
    left = [averaged(confusion(np.delete(target, i), np.delete(said, i), 3), part, average).value for i in range(n)]
    jackknife = math.sqrt((n - 1) / n * np.square(np.array(left) - np.mean(left)).sum())

    assert averaged(confusion(target, said, 3), part, average).standard_error == pytest.approx(jackknife, rel=0.02)


def test_errors_of_mcc_and_auc_agree_with_the_jackknife():
    rng = np.random.default_rng(3)
    target = rng.choice(3, 300, p=[0.5, 0.3, 0.2])
    scores = np.exp(rng.normal(np.eye(3)[target] * 1.2))
    n = len(target)
    keep = [np.arange(n) != i for i in range(n)]
    mccs = [matthews(confusion(target[k], scores[k].argmax(axis=1), 3)).value for k in keep]
    aucs = [auc_ovr_macro(target[k], scores[k]).value for k in keep]

    for left, found in (
        (mccs, matthews(confusion(target, scores.argmax(axis=1), 3))),
        (aucs, auc_ovr_macro(target, scores)),
    ):
        jackknife = math.sqrt((n - 1) / n * np.square(np.array(left) - np.mean(left)).sum())
        assert found.standard_error == pytest.approx(jackknife, rel=0.03)


def test_the_mcc_of_two_classes_is_that_of_the_binary_cells():
    labels, said = np.array([1, 1, 0, 0, 1, 0]), np.array([1, 0, 0, 0, 1, 1])

    assert DECISIONS["mcc"](cells(labels, said)) == matthews(confusion(labels, said, 2))
