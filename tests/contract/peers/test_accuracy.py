"""Accuracy equals scikit-learn's, SciPy's and fairlearn's to 1e-9, by the names that the API has, on real rows."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tidegauge_collector.core.metrics import BINARY, OF_ONE_CLASS
from tidegauge_collector.measuring.labelled import LabelledRows, Task, estimate

from . import rows, witnesses

SETS = (*rows.BUNDLED, "flights")
MODELS = tuple(rows.models())
NEAR = {"abs": 1e-9, "rel": 1e-9}


def labelled(actual: np.ndarray, **given: object) -> LabelledRows:
    nothing = np.full(len(actual), None, dtype=object)
    plain = {"score": np.full(len(actual), np.nan), "label": nothing, "actual_label": nothing}
    return LabelledRows(**{**plain, "actual_value": actual.astype(float), **given})


def found(metric: str, measured: LabelledRows, task: Task) -> object:
    one = estimate(metric, measured, task)
    assert one.estimate.reason is None, metric
    return one.extra["matrix"] if metric == "confusion_matrix" else one.estimate.value


def agrees(value: object, expected: object) -> None:
    if isinstance(value, list):
        assert value == np.asarray(expected).tolist()
    else:
        assert value == pytest.approx(float(expected), **NEAR)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("data", SETS)
def test_binary(data: str, model: str, flights: pd.DataFrame) -> None:
    labels, scores = rows.binary_rows(data, rows.models()[model], flights)
    measured = labelled(labels, score=scores)

    for metric, witness in witnesses.BINARY.items():
        if metric == "ece":  # scikit-learn puts a score at an edge into the lower bin: compared where none is there
            scores = np.where(scores * 10 % 1 == 0, np.clip(scores, 0.001, 0.999) + 1e-4, scores)
            measured = labelled(labels, score=scores)
        agrees(
            found(metric, measured, Task(kind="binary", positive_class="1", classes=None)),
            witness.of(labels, scores, scores >= 0.5),
        )


def test_every_binary_metric_is_compared_or_computed_by_hand() -> None:
    assert set(BINARY) <= witnesses.BINARY.keys() | witnesses.BY_HAND.keys()


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("data", ["wine", "digits", "flights"])
def test_multiclass(data: str, model: str, flights: pd.DataFrame) -> None:
    target, scores = rows.multiclass_rows(data, rows.models()[model], flights)
    said, names = scores.argmax(axis=1), [str(c) for c in range(scores.shape[1])]
    measured = labelled(target, class_scores=dict(zip(names, scores.T, strict=True)))

    for metric, witness in witnesses.MULTICLASS.items():
        if metric == "top_k_accuracy" and model != "logistic":
            continue  # among ties scikit-learn takes the later class, whoever is asked: docs/metrics.md counts all of them
        task = Task(kind="multiclass", positive_class=None, classes=tuple(names))
        agrees(found(metric, measured, task), witness.of(target, said, scores))
    for place, name in enumerate(names):
        one = Task(kind="multiclass", positive_class=None, classes=tuple(names), of_class=name)
        for metric in OF_ONE_CLASS:
            if (said == place).any() or metric != "precision":
                expected = witnesses.BINARY[metric].of(target == place, scores[:, place], said == place)
                agrees(found(metric, measured, one), expected)


@pytest.mark.parametrize("data", ["diabetes", "flights"])
def test_regression(data: str, flights: pd.DataFrame) -> None:
    actual, predicted = rows.regression_rows(data, flights)
    measured = labelled(actual, score=predicted)

    for metric, witness in witnesses.REGRESSION.items():
        agrees(
            found(metric, measured, Task(kind="regression", positive_class=None, classes=None)),
            witness.of(actual, predicted),
        )


@pytest.mark.parametrize("data", SETS)
def test_bands_of_shares_are_the_wilson_bands_of_scipy(data: str, flights: pd.DataFrame) -> None:
    labels, scores = rows.binary_rows(data, rows.models()["logistic"], flights)
    measured = labelled(labels, score=scores)

    for metric in ("accuracy", "precision", "recall", "specificity", "fpr", "fnr", "rate_at_top_10"):
        one = estimate(metric, measured, Task(kind="binary", positive_class="1", classes=None)).estimate
        hits = round(one.value * one.n)
        if abs(hits - one.value * one.n) < 1e-9:  # not a share of tied rows
            band = stats.binomtest(hits, one.n).proportion_ci(method="wilson")
            assert (one.low, one.high) == pytest.approx((band.low, band.high), **NEAR)
