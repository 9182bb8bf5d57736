"""Whatever a model answers, as scores and labels."""

import math
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

from tidegauge.core.outcomes import NO_LABEL
from tidegauge.errors import UsageError
from tidegauge.worker.outputs import ModelFacts, facts_of, read_answers
from tidegauge.worker.shapes import Unread

BINARY = ModelFacts("binary", ("no", "yes"), "yes")
THREE = ModelFacts("multiclass", ("a", "b", "c"))
PROBABILITIES = np.array([[0.9, 0.1], [0.2, 0.8]])


@pytest.mark.parametrize(
    "result",
    [
        np.array([0.1, 0.8]),
        [0.1, 0.8],
        pd.Series([0.1, 0.8]),
        np.array([[0.1], [0.8]]),
        [Decimal("0.1"), Decimal("0.8")],
    ],
    ids=["array", "list", "series", "column", "decimals"],
)
def test_one_value_a_row_is_a_score(result: Any) -> None:
    answers = read_answers(result, 2, ModelFacts())

    assert (answers.scores[""].tolist(), answers.labels) == ([0.1, 0.8], None)


@pytest.mark.parametrize("result", [0.5, np.float64(0.5), np.array(0.5), [0.5], np.array([0.5])])
def test_a_single_answer_may_stand_alone(result: Any) -> None:
    assert read_answers(result, 1, ModelFacts()).scores[""].tolist() == [0.5]


def test_of_two_scores_that_of_the_positive_class_counts() -> None:
    assert read_answers(PROBABILITIES, 2, BINARY).scores[""].tolist() == [0.1, 0.8]
    assert read_answers(PROBABILITIES, 2, ModelFacts("binary", ("no", "yes"), "no")).scores[""].tolist() == [0.9, 0.2]
    assert read_answers([0.2, 0.8], 1, ModelFacts()).scores[""].tolist() == [0.8]


def test_scores_of_many_classes_are_one_column_each_and_the_best_is_the_label() -> None:
    answers = read_answers(np.array([[0.1, 0.7, 0.2]]), 1, THREE)

    assert {name: values.tolist() for name, values in answers.scores.items()} == {"a": [0.1], "b": [0.7], "c": [0.2]}
    assert answers.labels is not None
    assert [answers.labels.names[code] for code in answers.labels.codes] == ["b"]


@pytest.mark.parametrize(
    ("result", "facts", "method", "names"),
    [
        (["no", "yes"], ModelFacts(), "predict", ("no", "yes")),
        (np.array([True, False]), ModelFacts(), "predict", ("true", "false")),
        (np.array([1, 0]), BINARY, "predict", ("1", "0")),
        (np.array([2.0, 3.0]), THREE, "predict", ("2", "3")),
        ([True, None], ModelFacts(), "", ("true",)),
    ],
)
def test_labels_are_told_from_values(result: Any, facts: ModelFacts, method: str, names: tuple[str, ...]) -> None:
    answers = read_answers(result, 2, facts, method=method)

    assert answers.labels is not None
    assert answers.labels.names == names
    assert answers.scores == {}


def test_a_missing_label_is_no_label_and_a_missing_value_is_nan() -> None:
    labels = read_answers(["a", None], 2, ModelFacts()).labels

    assert labels is not None
    assert labels.codes.tolist() == [0, NO_LABEL]
    assert math.isnan(read_answers([1.5, None], 2, ModelFacts()).scores[""][1])


@pytest.mark.parametrize(
    ("result", "problem"),
    [
        ([0.1, 0.2, 0.3], "3 predictions for 2 rows"),
        (0.5, "1 predictions for 2 rows"),
        ({"score": 0.5}, "1 predictions for 2 rows"),
        (Unread("generator", 1), "a generator is no prediction that can be read"),
        ([[0.1], [0.2, 0.3]], "predictions of several shapes"),
        (np.zeros((2, 2, 2)), "predictions of shape"),
        (np.array([["a", "b"], ["c", "d"]]), "class scores must be numbers"),
        (np.empty((2, 0)), "class scores must be numbers"),
    ],
)
def test_an_answer_that_cannot_be_told_to_rows_is_refused(result: Any, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        read_answers(result, 2, ModelFacts())


def test_facts_are_learnt_from_scikit_learn_where_nobody_stated_them() -> None:
    classifier = LogisticRegression().fit([[0.0], [1.0]], [False, True])

    assert facts_of(classifier) == ModelFacts("binary", ("false", "true"), "true")
    assert facts_of(classifier, positive_class="false").positive_index == 0
    assert facts_of(LinearRegression()).task == "regression"
    assert facts_of(object()) == ModelFacts()
