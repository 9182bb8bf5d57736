"""Binary metrics beyond AUC, log loss and accuracy: hand-computed cases, reasons, and scikit-learn on its bundled data."""

import math
import warnings

import numpy as np
import pytest
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from tidegauge_collector.core.accuracy import (
    DECISIONS,
    average_precision,
    brier,
    cells,
    ece,
    fve_binomial,
    gini,
    ks_score,
    lift_at_top,
    rate_at_top,
)

MODELS = {
    "logistic": make_pipeline(StandardScaler(), LogisticRegression()),
    "bayes, scores at 0 and 1": GaussianNB(),
    "tree, heavy ties": DecisionTreeClassifier(max_depth=4, random_state=0),
}
DATA = {"breast_cancer": (load_breast_cancer, 1), "wine": (load_wine, 0), "digits": (load_digits, 8)}


@pytest.fixture(scope="module", params=[(d, m) for d in DATA for m in MODELS], ids=" ".join)
def rows(request):
    data, model = request.param
    load, positive = DATA[data]
    features, target = load(return_X_y=True)
    labels = target == positive
    return labels, MODELS[model].fit(features[::2], labels[::2]).predict_proba(features)[:, 1]


def test_metrics_of_scores_equal_scikit_learn(rows):
    labels, scores = rows
    fpr, tpr, _ = sk.roc_curve(labels, scores, drop_intermediate=False)

    assert average_precision(*rows).value == pytest.approx(sk.average_precision_score(*rows), abs=1e-9)
    assert brier(*rows).value == pytest.approx(sk.brier_score_loss(*rows), abs=1e-9)
    assert gini(*rows).value == pytest.approx(2 * sk.roc_auc_score(*rows) - 1, abs=1e-9)
    assert ks_score(*rows).value == pytest.approx((tpr - fpr).max(), abs=1e-9)
    assert fve_binomial(*rows).value == pytest.approx(sk.d2_log_loss_score(labels, scores), abs=1e-9)


def test_metrics_of_decisions_equal_scikit_learn(rows):
    labels, scores = rows
    said = scores >= 0.5
    found = {name: metric(cells(labels, said)).value for name, metric in DECISIONS.items()}

    assert found == pytest.approx(
        {
            "balanced_accuracy": sk.balanced_accuracy_score(labels, said),
            "precision": sk.precision_score(labels, said),
            "recall": sk.recall_score(labels, said),
            "specificity": sk.recall_score(~labels, ~said),
            "fpr": 1 - sk.recall_score(~labels, ~said),
            "fnr": 1 - sk.recall_score(labels, said),
            "f1": sk.f1_score(labels, said),
            "mcc": sk.matthews_corrcoef(labels, said),
        },
        abs=1e-9,
    )


def test_ece_is_the_mean_gap_of_the_reliability_diagram(rows):
    labels, scores = rows
    inner = np.where(scores == 1.0, 0.999, scores)  # scikit-learn's last bin is closed as ours
    share, mean_score = calibration_curve(labels, inner, n_bins=10)
    counts = np.bincount(np.minimum((inner * 10).astype(int), 9), minlength=10)

    by_hand = np.abs(share - mean_score) @ counts[counts > 0] / len(labels)

    assert ece(labels, inner).value == pytest.approx(by_hand, abs=1e-9)


def test_values_of_ten_rows_are_those_computed_by_hand():
    labels = [1, 1, 0, 1, 0, 0, 0, 0, 0, 0]
    scores = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05]

    assert average_precision(labels, scores).value == pytest.approx((1 + 1 + 3 / 4) / 3)
    assert ks_score(labels, scores).value == pytest.approx(1 - 1 / 7)
    assert rate_at_top(labels, scores, percent=5).value == 1.0  # ⌈0.5⌉ = one row
    assert rate_at_top(labels, scores, percent=25).value == pytest.approx(2 / 3)  # ⌈2.5⌉ = three rows
    assert lift_at_top(labels, scores, percent=10).value == pytest.approx(1 / 0.3)
    assert ece([1, 0], [0.9, 0.25]).value == pytest.approx((0.1 + 0.25) / 2)


def test_ties_at_the_cut_are_shared_in_proportion():
    # ten rows, two at the top: 0.9 for sure, and one of four tied, of which one is positive
    assert rate_at_top([1, 1, 0, 0, 0, *[0] * 5], [0.9, *[0.5] * 4, *[0.1] * 5], percent=20).value == pytest.approx(
        (1 + 1 / 4) / 2
    )


def test_scores_of_exactly_0_and_1_are_in_the_first_and_last_bin():
    assert ece([0, 1], [0.0, 1.0]).value == 0.0
    assert brier([0, 1], [0.0, 1.0]).value == 0.0
    assert fve_binomial([0, 1], [0.0, 1.0]).value == pytest.approx(1.0, abs=1e-12)
    assert fve_binomial([1, 0], [0.0, 1.0]).value == pytest.approx(1 - -math.log(2**-52) / math.log(2))


def test_of_positives_only_average_precision_and_lift_are_one():
    labels, scores = [1, 1, 1], [0.2, 0.9, 0.4]

    assert average_precision(labels, scores).value == 1.0
    assert lift_at_top(labels, scores, percent=10).value == 1.0


@pytest.mark.parametrize(
    ("labels", "said", "reasons"),
    [
        ([1, 1], [1, 0], {"balanced_accuracy": "one_class", "specificity": "one_class", "fpr": "one_class"}),
        ([0, 0], [1, 0], {"balanced_accuracy": "one_class", "recall": "no_positive", "fnr": "no_positive"}),
        ([1, 0], [0, 0], {"precision": "no_predicted_positive", "mcc": "one_class"}),
        ([0, 0], [0, 0], {"f1": "no_positive", "precision": "no_predicted_positive", "mcc": "one_class"}),
        ([], [], dict.fromkeys(DECISIONS, "no_rows")),
    ],
)
def test_zero_denominators_have_their_reason(labels, said, reasons):
    found = {name: DECISIONS[name](cells(labels, said)) for name in reasons}

    assert {name: one.reason for name, one in found.items()} == reasons
    assert all(one.value is None for one in found.values())


@pytest.mark.parametrize("metric", [average_precision, brier, ece, fve_binomial, gini, ks_score])
def test_scores_without_rows_or_not_finite_are_undefined(metric):
    assert metric([], []).reason == "no_rows"
    assert metric([True, False], [math.nan, 0.5]).reason == "out_of_domain"


@pytest.mark.parametrize("metric", [brier, ece, fve_binomial])
def test_scores_outside_0_to_1_are_out_of_domain_of_probabilities(metric):
    assert metric([True, False], [1.5, 0.5]).reason == "out_of_domain"


@pytest.mark.parametrize("metric", [fve_binomial, gini, ks_score])
def test_one_class_is_undefined(metric):
    assert metric([True, True], [0.5, 0.6]).reason == "one_class"


def test_no_positive_is_undefined_for_what_is_about_positives():
    assert average_precision([False], [0.5]).reason == "no_positive"
    assert lift_at_top([False], [0.5], percent=10).reason == "no_positive"


def _jackknife(metric, labels, scores):
    n = len(labels)
    values = np.array([metric(np.delete(labels, i), np.delete(scores, i)).value for i in range(n)])
    return math.sqrt((n - 1) / n * ((values - values.mean()) ** 2).sum())


@pytest.mark.parametrize(
    "metric",
    [
        average_precision,
        gini,
        brier,
        ece,
        fve_binomial,
        *[lambda labels, scores, of=of: of(cells(labels, scores >= 0.5)) for of in DECISIONS.values()],
    ],
    ids=["average_precision", "gini", "brier", "ece", "fve_binomial", *DECISIONS],
)
def test_standard_errors_agree_with_the_jackknife(metric):
    rng = np.random.default_rng(7)
    labels = rng.random(400) < 0.3
    scores = 1 / (1 + np.exp(-rng.normal(labels * 2.0 - 1.2)))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert metric(labels, scores).standard_error == pytest.approx(_jackknife(metric, labels, scores), rel=0.03)


def test_errors_that_take_the_best_threshold_as_given_are_about_the_spread_of_samples():
    rng = np.random.default_rng(8)
    found = []
    for _ in range(300):
        labels = rng.random(600) < 0.3
        scores = rng.normal(labels * 1.5)
        found.append((ks_score(labels, scores), lift_at_top(labels, scores, percent=10)))

    for estimates, low, high in zip(zip(*found, strict=True), (0.85, 0.8), (1.4, 1.25), strict=True):
        spread = np.std([one.value for one in estimates])
        assert low < np.mean([one.standard_error for one in estimates]) / spread < high
