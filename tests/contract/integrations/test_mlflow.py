"""MLflow: a pyfunc model speaks for the model within."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

import tidegauge

from .models import FRAME, NAMES, Y, mlflow_pyfunc, quiet

MakeAgent = Callable[..., tidegauge.Agent]


@pytest.fixture
def classifier(tmp_path: Path) -> Any:
    """A scikit-learn classifier as a pyfunc model."""
    with quiet():
        import mlflow.pyfunc
        import mlflow.sklearn
        from mlflow.models import infer_signature

        model = LogisticRegression().fit(FRAME, np.where(Y, "late", "early"))
        path = str(tmp_path / "model")
        mlflow.sklearn.save_model(
            model, path, signature=infer_signature(FRAME), pip_requirements=[], serialization_format="cloudpickle"
        )
        return mlflow.pyfunc.load_model(path)


def test_labels_are_those_of_the_model_within(make_agent: MakeAgent, sealed: Any, classifier: Any) -> None:
    agent = make_agent()

    answers = agent.watch(classifier).predict(FRAME)

    columns = sealed(agent)
    assert set(columns) == {*NAMES, "_prediction_label"}
    assert columns["_prediction_label"].names == {name: list(answers).count(name) for name in ("early", "late")}


def test_columns_in_a_dict_are_columns(make_agent: MakeAgent, sealed: Any, tmp_path: Path) -> None:
    agent, model = make_agent(), mlflow_pyfunc(tmp_path).model

    agent.watch(model).predict({name: FRAME[name].tolist() for name in NAMES})

    columns = sealed(agent)
    assert set(columns) == {*NAMES, "_prediction"}
    assert {column.rows for column in columns.values()} == {60}


def test_parameters_are_no_input(make_agent: MakeAgent, sealed: Any, tmp_path: Path) -> None:
    agent, model = make_agent(), mlflow_pyfunc(tmp_path).model

    agent.watch(model).predict(FRAME, params=None)

    assert set(sealed(agent)) == {*NAMES, "_prediction"}


def test_the_model_within_gives_the_baseline_classes_and_importance(
    make_agent: MakeAgent, weighed: Any, spooled: Any, classifier: Any
) -> None:
    agent = make_agent()

    agent.baseline(FRAME, model=classifier)

    weights = weighed(agent)
    assert max(weights, key=lambda name: weights[name]) == "distance"
    assert list(spooled(agent)[0].event.proposal.classes) == ["early", "late"]
