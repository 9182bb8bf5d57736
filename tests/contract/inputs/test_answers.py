"""What real models answer: scikit-learn with several outputs, and frames, tensors and dicts of answers by the libraries that make them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression
from sklearn.multioutput import MultiOutputClassifier
from sklearn.tree import DecisionTreeClassifier

import tidegauge
from tidegauge.copies import private_copy
from tidegauge.worker.outputs import Answers, ModelFacts, read_answers
from tidegauge.worker.shapes import slice_rows, unpacked

from .containers import FakeTensorFlow, torch

MakeAgent = Callable[..., tidegauge.Agent]
RNG = np.random.default_rng(7)
X = RNG.normal(size=(40, 3))
BOTH = np.column_stack([X[:, 0] > 0, np.digitize(X[:, 1], [-0.5, 0.5])]).astype(int)


def plain(answers: Answers) -> dict[str, list[Any]]:
    """Scores by name, and labels under `label`."""
    found: dict[str, list[Any]] = {name: values.tolist() for name, values in answers.scores.items()}
    if answers.labels is not None:
        found["label"] = [
            (*answers.labels.names, None)[min(code, len(answers.labels.names))] for code in answers.labels.codes
        ]
    return found


SCORES = [0.25, 0.75]
ONE_VALUE: dict[str, Callable[[], Any]] = {
    "Series": lambda: pd.Series(SCORES),
    "nullable Series": lambda: pd.Series(SCORES, dtype="Float64"),
    "DataFrame": lambda: pd.DataFrame({"price": SCORES}),
    "polars Series": lambda: pl.Series(SCORES),
    "polars DataFrame": lambda: pl.DataFrame({"score": SCORES}),
    "Arrow array": lambda: pa.array(SCORES),
    "Arrow chunked array": lambda: pa.chunked_array([SCORES[:1], SCORES[1:]]),
    "Arrow table": lambda: pa.table({"prediction": SCORES}),
    "torch tensor": lambda: torch().tensor(SCORES, requires_grad=True),
    "torch column": lambda: torch().tensor(SCORES).reshape(2, 1),
    "torch of bfloat16": lambda: torch().tensor(SCORES, dtype=torch().bfloat16),
    "list of torch scalars": lambda: [torch().tensor(score) for score in SCORES],
    "tensor of TensorFlow's protocol": lambda: FakeTensorFlow(SCORES),
    "structured array": lambda: np.array([(0.25,), (0.75,)], dtype=[("score", "f8")]),
    "dict of arrays": lambda: {"score": np.array(SCORES), "model": ["v1", "v1"]},
    "dict of tensors": lambda: {"score": torch().tensor(SCORES)},
    "list of dicts": lambda: [{"score": score, "request": "r"} for score in SCORES],
}


@pytest.mark.parametrize("name", ONE_VALUE)
def test_one_value_a_row_is_a_score_in_whatever_container(name: str) -> None:
    raw = ONE_VALUE[name]()
    copied = unpacked(private_copy(raw)[0])

    assert plain(read_answers(raw, 2, ModelFacts())) == plain(read_answers(copied, 2, ModelFacts())) == {"": SCORES}
    assert plain(read_answers(slice_rows(raw, slice(1, 4_096)), 1, ModelFacts())) == {"": [0.75]}


CLASSES: dict[str, Callable[[], Any]] = {
    "DataFrame": lambda: pd.DataFrame({"a": [0.2, 0.7], "b": [0.5, 0.2], "c": [0.3, 0.1]}),
    "polars DataFrame": lambda: pl.DataFrame({"a": [0.2, 0.7], "b": [0.5, 0.2], "c": [0.3, 0.1]}),
    "Arrow table": lambda: pa.table({"a": [0.2, 0.7], "b": [0.5, 0.2], "c": [0.3, 0.1]}),
    "dict of arrays": lambda: {"a": np.array([0.2, 0.7]), "b": np.array([0.5, 0.2]), "c": np.array([0.3, 0.1])},
    "list of dicts": lambda: [{"a": 0.2, "b": 0.5, "c": 0.3}, {"a": 0.7, "b": 0.2, "c": 0.1}],
    "dicts in a field": lambda: [
        {"probabilities": {"a": 0.2, "b": 0.5, "c": 0.3}},
        {"probabilities": {"a": 0.7, "b": 0.2, "c": 0.1}},
    ],
    "structured array": lambda: np.array([(0.2, 0.5, 0.3), (0.7, 0.2, 0.1)], dtype=[(name, "f8") for name in "abc"]),
}


@pytest.mark.parametrize("name", CLASSES)
def test_probabilities_with_names_are_the_scores_of_classes(name: str) -> None:
    raw = CLASSES[name]()
    expected = {"a": [0.2, 0.7], "b": [0.5, 0.2], "c": [0.3, 0.1], "label": ["b", "a"]}

    assert plain(read_answers(raw, 2, ModelFacts())) == expected
    assert plain(read_answers(private_copy(raw)[0], 2, ModelFacts())) == expected


def test_a_classifier_of_several_outputs_is_watched_and_each_output_has_its_scores(
    make_agent: MakeAgent, spooled: Any
) -> None:
    import agent_frames as view

    forest = RandomForestClassifier(n_estimators=5, random_state=0).fit(X, BOTH)
    agent = make_agent()
    model = agent.watch(forest)

    found = model.predict_proba(X)
    agent.flush()

    first, second = forest.predict_proba(X)
    assert all(np.array_equal(one, other) for one, other in zip(found, (first, second), strict=True))
    frames = spooled(agent)
    names = {c.name for body in view.profiles(frames) for c in body.columns if c.name.startswith("_")}
    assert names == {"_prediction.0", "_prediction.1.0", "_prediction.1.1", "_prediction.1.2"}
    assert view.column(frames, "_prediction.0").sum == pytest.approx(first[:, 1].sum())
    assert view.column(frames, "_prediction.1.2").sum == pytest.approx(second[:, 2].sum())
    assert agent.status()["counters"] == {"faults": 0}


@pytest.mark.parametrize("rows", [1, 2, 40])
def test_scores_by_output_are_told_from_rows_whatever_their_number(rows: int) -> None:
    model = MultiOutputClassifier(DecisionTreeClassifier(random_state=0)).fit(X, BOTH)
    result = model.predict_proba(X[:rows])

    answers = read_answers(private_copy(result)[0], rows, ModelFacts())

    assert list(answers.scores) == ["0", "1.0", "1.1", "1.2"]
    assert {len(values) for values in answers.scores.values()} == {rows}


def test_a_regression_of_several_outputs_is_a_value_for_each_and_no_label(make_agent: MakeAgent, spooled: Any) -> None:
    import agent_frames as view

    model = LinearRegression().fit(X, 100 * X[:, :2])
    agent = make_agent()

    agent.watch(model).predict(X)
    agent.flush()

    names = {c.name for body in view.profiles(spooled(agent)) for c in body.columns if c.name.startswith("_")}
    assert names == {"_prediction.0", "_prediction.1"}


def test_a_tensor_of_embeddings_is_a_vector_a_row_and_a_narrow_one_features(
    make_agent: MakeAgent, spooled: Any
) -> None:
    import agent_frames as view

    agent = make_agent(deployment="embeddings")
    model = agent.watch(lambda tensor: tensor[:, 0])
    for _ in range(3):
        model(torch().full((8, 768), 2.0))
    agent.flush()

    frames = spooled(agent)
    names = {c.name for body in view.profiles(frames) for c in body.columns}
    assert names == {"f0.norm", "f0.mean", "f0.dimensions", "_prediction"}
    assert view.column(frames, "f0.norm").maximum == pytest.approx(2.0 * 768**0.5)
    assert view.column(frames, "f0.dimensions").minimum == 768
    assert view.column(frames, "f0.mean").rows == 24


def test_answers_of_a_thousand_classes_stay_scores() -> None:
    logits = torch().nn.functional.softmax(torch().arange(2_000.0).reshape(2, 1_000) / 1_000, dim=1)

    answers = read_answers(private_copy(logits)[0], 2, ModelFacts())

    assert len(answers.scores) == 1_000
    assert answers.labels is not None
    assert answers.labels.codes.tolist() == [999, 999]


def test_services_that_answer_with_objects_are_read(make_agent: MakeAgent, spooled: Any) -> None:
    import agent_frames as view
    from pydantic import BaseModel

    class Answer(BaseModel):
        label: str
        probability: float
        request_id: str = "r-1"

    agent = make_agent(feature_names=["x"])
    model = agent.watch(lambda row: Answer(label="spam", probability=0.9))
    for _ in range(20):
        model({"x": 1.0})
    agent.flush()

    frames = spooled(agent)
    assert view.column(frames, "_prediction").sum == pytest.approx(18.0)
    assert view.column(frames, "_prediction_label").names == {"spam": 20}
