"""XGBoost: estimators and boosters, DMatrix inputs that are read back, and what is not a prediction."""

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xgboost

import tidegauge
from tidegauge.integrations import xgboost as integration

from .models import FRAME, NAMES, X, Y

MakeAgent = Callable[..., tidegauge.Agent]


def booster(objective: str = "binary:logistic", table: Any = FRAME, **options: Any) -> Any:
    labels = np.arange(60) % 3 if "num_class" in options else Y
    options |= {"objective": objective, "nthread": 1}
    return xgboost.train(options, xgboost.DMatrix(table, label=labels), num_boost_round=3)


def test_the_rows_of_a_matrix_are_recorded_with_what_is_missing(make_agent: MakeAgent, sealed: Any) -> None:
    agent, table = make_agent(), FRAME.copy()
    table.iloc[:20, 0] = np.nan
    table.iloc[:, 1] = 0.0

    agent.watch(booster()).predict(xgboost.DMatrix(table))

    columns = sealed(agent)
    assert (columns["distance"].rows, columns["distance"].missing) == (60, 20)
    assert (columns["delay"].minimum, columns["delay"].maximum, columns["delay"].missing) == (0.0, 0.0, 0)
    assert columns["load"].maximum == np.float32(X[:, 2].max())


def test_a_matrix_without_names_takes_those_that_were_stated(make_agent: MakeAgent, sealed: Any) -> None:
    agent = make_agent(feature_names=NAMES)

    agent.watch(booster(table=X)).predict(xgboost.DMatrix(X))

    assert set(sealed(agent)) == {*NAMES, "_prediction"}


def test_of_a_matrix_too_large_to_copy_only_the_predictions_are_recorded(
    make_agent: MakeAgent, sealed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(integration, "LARGE_BYTES", 500)
    agent = make_agent()

    agent.watch(booster()).predict(xgboost.DMatrix(FRAME))

    columns = sealed(agent)
    assert {name: column.rows for name, column in columns.items()} == {"_prediction": 60}


def test_scores_of_two_classes_are_those_that_the_booster_gave(make_agent: MakeAgent, sealed: Any) -> None:
    agent, bare = make_agent(), booster()

    scores = agent.watch(bare).predict(xgboost.DMatrix(FRAME))

    column = sealed(agent)["_prediction"]
    assert (column.minimum, column.maximum) == (scores.min(), scores.max())


@pytest.mark.parametrize(
    ("objective", "options", "answers"),
    [
        ("reg:squarederror", {}, {"_prediction"}),
        ("multi:softprob", {"num_class": 3}, {"_prediction.0", "_prediction.1", "_prediction.2", "_prediction_label"}),
        ("multi:softmax", {"num_class": 3}, {"_prediction_label"}),
    ],
)
def test_the_objective_says_what_the_answers_are(
    make_agent: MakeAgent, sealed: Any, objective: str, options: Any, answers: set[str]
) -> None:
    agent = make_agent()

    agent.watch(booster(objective, **options)).predict(xgboost.DMatrix(FRAME))

    assert {name for name in sealed(agent) if name.startswith("_")} == answers


@pytest.mark.parametrize("option", integration.NO_PREDICTIONS)
def test_explanations_are_answered_and_not_taken_for_predictions(
    make_agent: MakeAgent, sealed: Any, option: str
) -> None:
    agent, bare = make_agent(), booster()
    asked = {option: True} | ({"pred_contribs": True} if option == "approx_contribs" else {})

    answer = agent.watch(bare).predict(xgboost.DMatrix(FRAME), **asked)

    assert np.array_equal(answer, bare.predict(xgboost.DMatrix(FRAME), **asked))
    assert set(sealed(agent)) == {*NAMES}
    assert agent.status()["counters"]["unreadable_predictions"] == 60


def test_a_booster_gives_the_baseline_names_and_importance(make_agent: MakeAgent, weighed: Any) -> None:
    agent = make_agent()

    agent.baseline(X, predictions=np.column_stack([1 - Y, Y]), actuals=Y, model=booster())

    weights = weighed(agent)
    assert set(weights) == {*NAMES}
    assert max(weights, key=lambda name: weights[name]) == "distance"


def test_a_pickled_booster_does_not_need_tidegauge(make_agent: MakeAgent) -> None:
    bare = booster()

    data = pickle.dumps(make_agent().watch(bare))

    assert b"tidegauge" not in data
    assert np.array_equal(pickle.loads(data).inplace_predict(X), bare.inplace_predict(X))


def test_an_estimator_that_is_fitted_after_it_is_watched_is_watched_still(make_agent: MakeAgent, sealed: Any) -> None:
    agent = make_agent()
    model = agent.watch(xgboost.XGBClassifier(n_estimators=2, n_jobs=1)).fit(FRAME, Y)

    model.predict_proba(FRAME)

    assert set(sealed(agent)) == {*NAMES, "_prediction"}


def test_margins_of_a_classifier_are_scores_and_no_labels(make_agent: MakeAgent, sealed: Any) -> None:
    agent, bare = make_agent(), xgboost.XGBClassifier(n_estimators=3, n_jobs=1).fit(FRAME, Y)

    margins = agent.watch(bare).predict(FRAME, output_margin=True)

    assert np.array_equal(margins, bare.predict(FRAME, output_margin=True))
    columns = sealed(agent)
    assert set(columns) == {*NAMES, "_prediction"}
    assert columns["_prediction"].minimum == margins.min()
