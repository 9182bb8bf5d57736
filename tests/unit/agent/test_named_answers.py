"""Answers with names: what is taken for a label, what for a score, and what nobody can guess."""

import math
import re
from collections import namedtuple
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from tidegauge.copies import private_copy
from tidegauge.errors import UsageError
from tidegauge.worker.outputs import Answers, ModelFacts, facts_of, is_one_answer, read_answers

UNKNOWN = ModelFacts()
BINARY = ModelFacts("binary", ("no", "yes"), "yes")
THREE = ModelFacts("multiclass", ("a", "b", "c"))
PRICES = np.array([[12.0, 3.0], [15.0, 2.0]])


@dataclass
class Verdict:
    label: str
    score: float


Pair = namedtuple("Pair", "label score")  # noqa: PYI024 - as many services still write them


class OutOfTwo:
    """A classifier with two outputs, before numpy could make one array of their classes."""

    def __init__(self) -> None:
        self.classes_ = [np.array([0, 1]), np.array([0, 1, 2])]


def plain(answers: Answers) -> dict[str, list[Any]]:
    """Scores by name, and labels under `label`."""
    found: dict[str, list[Any]] = {name: values.tolist() for name, values in answers.scores.items()}
    if answers.labels is not None:
        names = (*answers.labels.names, None)
        found["label"] = [names[min(code, len(names) - 1)] for code in answers.labels.codes.tolist()]
    return found


def read(result: Any, rows: int, facts: ModelFacts = UNKNOWN, method: str = "predict") -> dict[str, list[Any]]:
    """As read from the caller's own value, which must be the same as from the private copy."""
    copied = private_copy(result)[0]
    from tidegauge.worker.shapes import unpacked

    found = plain(read_answers(result, rows, facts, method=method))
    assert plain(read_answers(unpacked(copied), rows, facts, method=method)) == found
    return found


@pytest.mark.parametrize(
    ("result", "found"),
    [
        ({"score": 0.3}, {"": [0.3]}),
        ({"Score": 0.3, "model_version": "7", "took_ms": 3}, {"": [0.3]}),
        ({"probability": 0.3}, {"": [0.3]}),
        ({"prediction": 12.5, "currency": "EUR"}, {"": [12.5]}),
        ({"prediction": "spam"}, {"label": ["spam"]}),
        ({"prediction": "spam", "confidence": 0.9}, {"": [0.9], "label": ["spam"]}),
        ({"label": "spam", "score": 0.9}, {"": [0.9], "label": ["spam"]}),
        ({"label": 1, "probability": 0.9}, {"": [0.9], "label": ["1"]}),
        ({"class": True}, {"label": ["true"]}),
        ({"label": "spam", "probabilities": {"spam": 0.9, "ham": 0.1}}, {"": [0.1], "label": ["spam"]}),
        ({"probabilities": [0.2, 0.5, 0.3]}, {"0": [0.2], "1": [0.5], "2": [0.3], "label": ["1"]}),
        ({"price": 12.5}, {"": [12.5]}),
        ({"colour": "red"}, {"label": ["red"]}),
        ({"a": 0.2, "b": 0.5, "c": 0.3}, {"a": [0.2], "b": [0.5], "c": [0.3], "label": ["b"]}),
        ({"no": 0.2, "yes": 0.8}, {"": [0.8]}),
        ({"low": 10.0, "high": 14.0}, {"low": [10.0], "high": [14.0]}),
        ({"score": None}, {"label": [None]}),
        (Verdict("spam", 0.9), {"": [0.9], "label": ["spam"]}),
        (Pair("spam", 0.9), {"": [0.9], "label": ["spam"]}),
        (("spam", 0.9), {"": [0.9], "label": ["spam"]}),
        ((1, 0.9), {"": [0.9], "label": ["1"]}),
        (("b", [0.2, 0.5, 0.3]), {"0": [0.2], "1": [0.5], "2": [0.3], "label": ["b"]}),
        ((0.2, 0.8), {"": [0.8]}),
        (b"spam", {"label": ["spam"]}),
        (None, {"label": [None]}),
    ],
    ids=repr,
)
def test_one_answer_is_read_by_its_names(result: Any, found: dict[str, list[Any]]) -> None:
    assert read(result, 1) == found


@pytest.mark.parametrize(
    ("result", "found"),
    [
        ([{"score": 0.3}, {"score": 0.7}], {"": [0.3, 0.7]}),
        ({"score": [0.3, 0.7]}, {"": [0.3, 0.7]}),
        ({"score": np.array([0.3, 0.7]), "label": ["a", "b"]}, {"": [0.3, 0.7], "label": ["a", "b"]}),
        ([Verdict("a", 0.3), Verdict("b", 0.7)], {"": [0.3, 0.7], "label": ["a", "b"]}),
        ([Pair("a", 0.3), Pair("b", 0.7)], {"": [0.3, 0.7], "label": ["a", "b"]}),
        ([("a", 0.3), ("b", 0.7)], {"": [0.3, 0.7], "label": ["a", "b"]}),
        ((np.array(["a", "b"]), np.array([0.3, 0.7])), {"": [0.3, 0.7], "label": ["a", "b"]}),
        ((["a", "b"], [0.3, 0.7]), {"": [0.3, 0.7], "label": ["a", "b"]}),
        ([{"label": "a"}, {}], {"label": ["a", None]}),
        ({"probabilities": np.array([[0.2, 0.8], [0.6, 0.4]])}, {"": [0.8, 0.4]}),
        (PRICES, {"0": [12.0, 15.0], "1": [3.0, 2.0]}),
        ({"low": PRICES[:, 0], "high": PRICES[:, 1]}, {"low": [12.0, 15.0], "high": [3.0, 2.0]}),
        ([[0.2, 0.8], [0.6, 0.4]], {"": [0.8, 0.4]}),
        ([0.2, 0.8], {"": [0.2, 0.8]}),
        ((0.2, 0.8), {"": [0.2, 0.8]}),
        ([b"a", b"b"], {"label": ["a", "b"]}),
    ],
    ids=repr,
)
def test_two_answers_are_read_by_their_names(result: Any, found: dict[str, list[Any]]) -> None:
    assert read(result, 2) == found


def test_what_is_known_of_the_model_decides_what_several_numbers_a_row_are() -> None:
    logits = [[2.0, 7.0, -1.0]]

    assert read(logits, 1, THREE) == {"a": [2.0], "b": [7.0], "c": [-1.0], "label": ["b"]}
    assert read(logits, 1, UNKNOWN, "decision_function")["label"] == ["1"]
    assert "label" not in read(logits, 1)
    assert "label" not in read([[0.2, 0.5, 0.3]], 1, ModelFacts("regression"))
    assert read([[0.2, 0.8]], 1, ModelFacts("regression")) == {"0": [0.2], "1": [0.8]}
    assert read({"no": 3.0, "yes": 4.0}, 1, BINARY) == {"": [4.0]}
    assert read({"yes": 0.9, "no": 0.1}, 1, BINARY) == {"": [0.9]}


def test_probabilities_with_a_missing_row_are_probabilities() -> None:
    found = plain(read_answers([[0.2, 0.5, 0.3], [math.nan] * 3], 2, UNKNOWN))

    assert found["label"][0] == "1"


@pytest.mark.parametrize(
    "result",
    [
        {"price": 12.5, "currency": "EUR"},
        {"boxes": [[1, 2, 3, 4]], "labels": ["cat"], "scores": [0.5, 0.6]},
        {"score": {"nested": {"deep": 1}}},
        {},
        object(),
        [{"score": 1.0}, 7],
        [object(), object()],
        np.array([["a", "b"], ["c", "d"]]),
    ],
    ids=lambda value: re.sub(r" at 0x\w+", "", repr(value)),  # an address would be another in each process
)
def test_what_cannot_be_guessed_is_refused_never_an_error_of_another_kind(result: Any) -> None:
    for rows in (1, 2):
        with pytest.raises(UsageError):
            read_answers(result, rows, UNKNOWN)


def test_a_model_with_classes_for_each_output_is_none_of_one() -> None:
    assert facts_of(OutOfTwo()) == ModelFacts()


@pytest.mark.parametrize(
    ("result", "is_one"),
    [
        (0.5, True),
        ("a", True),
        (np.array([0.5]), True),
        (np.array(0.5), True),
        ([0.5], True),
        (np.ones((1, 3)), True),
        (None, False),
        (np.array([0.5, 0.5]), False),
        ([0.5, 0.5], False),
        ({"score": [0.5, 0.5]}, False),
    ],
    ids=repr,
)
def test_one_answer_is_told_from_several(result: Any, is_one: bool) -> None:
    assert is_one_answer(private_copy(result)[0]) is is_one
