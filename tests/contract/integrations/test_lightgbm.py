"""LightGBM: estimators and boosters, also one that was loaded from its text, and what is not a prediction."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pytest

import tidegauge

from .models import FRAME, NAMES, X, Y

MakeAgent = Callable[..., tidegauge.Agent]


def booster(objective: str = "binary", table: Any = FRAME) -> Any:
    options = {"objective": objective, "num_threads": 1, "verbose": -1}
    return lightgbm.train(options, lightgbm.Dataset(table, label=Y), num_boost_round=3)


def loaded() -> Any:
    return lightgbm.Booster(model_str=booster().model_to_string())


@pytest.mark.parametrize("make", [booster, loaded])
def test_scores_of_two_classes_are_those_that_the_booster_gave(make_agent: MakeAgent, sealed: Any, make: Any) -> None:
    agent = make_agent()

    scores = agent.watch(make()).predict(FRAME)

    columns = sealed(agent)
    assert set(columns) == {*NAMES, "_prediction"}
    assert (columns["_prediction"].minimum, columns["_prediction"].maximum) == (scores.min(), scores.max())


def test_a_matrix_takes_the_names_that_the_booster_was_trained_with(make_agent: MakeAgent, sealed: Any) -> None:
    agent = make_agent()

    agent.watch(booster("regression")).predict(X)

    assert set(sealed(agent)) == {*NAMES, "_prediction"}


def test_names_that_lightgbm_made_up_are_not_taken(make_agent: MakeAgent, sealed: Any) -> None:
    agent = make_agent()

    agent.watch(booster("regression", X)).predict(X)

    assert set(sealed(agent)) == {"f0", "f1", "f2", "_prediction"}


@pytest.mark.parametrize("kind", [str, Path])
def test_of_a_file_only_the_predictions_are_recorded(
    make_agent: MakeAgent, sealed: Any, tmp_path: Path, kind: Any
) -> None:
    agent, bare = make_agent(), booster()
    rows = tmp_path / "rows.csv"
    np.savetxt(rows, np.column_stack([Y, X]), delimiter=",")

    answer = agent.watch(bare).predict(kind(rows))

    assert np.array_equal(answer, bare.predict(kind(rows)))
    assert {name: column.rows for name, column in sealed(agent).items()} == {"_prediction": 60}


@pytest.mark.parametrize("option", ["pred_leaf", "pred_contrib"])
@pytest.mark.parametrize("kind", ["booster", "estimator"])
def test_explanations_are_answered_and_not_taken_for_predictions(
    make_agent: MakeAgent, sealed: Any, option: str, kind: str
) -> None:
    estimator = lightgbm.LGBMClassifier(n_estimators=3, n_jobs=1, verbose=-1).fit(FRAME, Y)
    agent, bare = make_agent(), booster() if kind == "booster" else estimator

    answer = agent.watch(bare).predict(FRAME, **{option: True})

    assert np.array_equal(answer, bare.predict(FRAME, **{option: True}))
    assert set(sealed(agent)) == {*NAMES}
    assert agent.status()["counters"]["unreadable_predictions"] == 60


def test_a_booster_gives_the_baseline_names_and_importance(make_agent: MakeAgent, weighed: Any) -> None:
    agent = make_agent()

    agent.baseline(X, model=booster())

    weights = weighed(agent)
    assert set(weights) == {*NAMES}
    assert max(weights, key=lambda name: weights[name]) == "distance"


def test_a_pickled_booster_does_not_need_tidegauge(make_agent: MakeAgent) -> None:
    bare = booster()

    data = pickle.dumps(make_agent().watch(bare))

    assert b"tidegauge" not in data
    assert np.array_equal(pickle.loads(data).predict(X), bare.predict(X))


def test_margins_of_a_classifier_are_scores_and_no_labels(make_agent: MakeAgent, sealed: Any) -> None:
    agent, bare = make_agent(), lightgbm.LGBMClassifier(n_estimators=3, n_jobs=1, verbose=-1).fit(FRAME, Y)

    margins = agent.watch(bare).predict(FRAME, raw_score=True)

    assert np.array_equal(margins, bare.predict(FRAME, raw_score=True))
    columns = sealed(agent)
    assert set(columns) == {*NAMES, "_prediction"}
    assert columns["_prediction"].minimum == margins.min()
