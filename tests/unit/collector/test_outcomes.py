"""What a joined row says."""

import numpy as np
import pytest

from tidegauge.core.outcomes import encode_labels
from tidegauge_collector.core.outcomes import actual_texts, binary, encoded, texts

NAN = float("nan")


def objects(*values: str | None) -> np.ndarray:
    return np.array(values, dtype=object)


@pytest.mark.parametrize(
    ("positive", "values", "labels", "expected"),
    [
        (None, [1.0, 0.0, NAN, NAN, NAN], [None, None, "1", "true", "0"], [1, 0, 1, 1, 0]),
        ("true", [1.0, 0.0, NAN, NAN, NAN], [None, None, "1", "true", "false"], [1, 0, 1, 1, 0]),
        ("2", [2.0, 1.0, NAN, NAN, NAN], [None, None, "2", "1", "x"], [1, 0, 1, 0, 0]),
    ],
)
def test_the_positive_class_may_be_told_in_numbers_or_words(
    positive: str | None, values: list[float], labels: list[str | None], expected: list[int]
) -> None:
    rows = binary(np.array(values), objects(*labels), np.full(5, 0.5), positive)

    assert rows.actual.tolist() == [bool(one) for one in expected]


def test_rows_without_score_or_truth_and_numbers_for_a_word_are_left_out() -> None:
    values, labels = np.array([NAN, 1.0, NAN, NAN]), objects("late", None, None, "early")

    rows = binary(values, labels, np.array([0.9, 0.9, 0.9, NAN]), "late")

    assert rows.used.tolist() == [True, False, False, False]
    assert (rows.actual.tolist(), rows.score.tolist()) == ([True], [0.9])


def test_booleans_are_equal_however_they_are_kept() -> None:
    truth = actual_texts(np.array([1.0, 0.0, NAN]), objects(None, None, "x"))

    codes = encoded(np.concatenate([truth, objects("true", "false", "x", None)]))

    assert codes[:3].tolist() == codes[3:6].tolist()
    assert codes[6] == -1


def test_labels_become_texts_with_none_where_there_is_none() -> None:
    assert texts(encode_labels(["a", None, "b", "a"])).tolist() == ["a", None, "b", "a"]
    assert texts(encode_labels([])).tolist() == []
