"""scikit-learn: a watched estimator is an estimator."""

import inspect
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import agent_frames as view
import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone, is_classifier
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.utils import estimator_html_repr
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

import tidegauge

MakeAgent = Callable[..., tidegauge.Agent]
X, Y = load_iris(return_X_y=True, as_frame=True)
BINARY = (Y == 2).to_numpy()


def fitted(estimator: Any, labels: Any = BINARY) -> Any:
    return estimator.fit(X, labels)


def test_a_watched_estimator_answers_scores_and_validates_as_the_bare_one(make_agent: MakeAgent) -> None:
    bare = fitted(LogisticRegression())
    model = make_agent().watch(bare)

    assert np.array_equal(model.predict(X), bare.predict(X))
    assert np.array_equal(model.predict_proba(X), bare.predict_proba(X))
    assert model.score(X, BINARY) == bare.score(X, BINARY)
    assert is_classifier(model)
    assert np.array_equal(cross_val_score(model, X, BINARY), cross_val_score(bare, X, BINARY))
    with pytest.raises(ValueError, match="feature names"):
        model.predict(X.iloc[:, :2])


def test_fitting_a_watched_estimator_leaves_it_watched(make_agent: MakeAgent, spooled: Any) -> None:
    agent = make_agent()
    model = agent.watch(LogisticRegression())

    assert model.fit(X, BINARY) is model
    assert model.set_params(C=0.5) is model
    model.predict(X)
    agent.flush()

    assert view.column(spooled(agent), "_prediction_label").rows == 150


def test_a_watched_estimator_is_searched_over_as_the_bare_one(make_agent: MakeAgent) -> None:
    agent, grid = make_agent(), {"C": [0.01, 1.0]}

    bare = GridSearchCV(LogisticRegression(), grid, cv=3).fit(X, BINARY)
    found = GridSearchCV(agent.watch(LogisticRegression()), grid, cv=3).fit(X, BINARY)

    assert found.best_params_ == bare.best_params_
    assert np.array_equal(found.cv_results_["mean_test_score"], bare.cv_results_["mean_test_score"])
    assert type(found.best_estimator_) is LogisticRegression
    agent.flush()
    assert agent.status()["captured"] == 0  # what the search fits and asks are clones


def test_a_watched_search_and_pipeline_speak_for_the_estimator_within(make_agent: MakeAgent, weighed: Any) -> None:
    agent = make_agent()
    pipeline = make_pipeline(StandardScaler(), LogisticRegression())
    search = agent.watch(GridSearchCV(pipeline, {"logisticregression__C": [0.1, 1.0]}, cv=3)).fit(X, BINARY)

    agent.baseline(X.to_numpy(), predictions=search.predict_proba(X), actuals=BINARY, model=search)

    weights = weighed(agent)
    assert set(weights) == set(X.columns)
    assert max(weights, key=lambda name: weights[name]).startswith("petal")
    assert agent.status()["counters"]["faults"] == 0


@pytest.mark.parametrize("compress", [0, 3])
def test_joblib_stores_and_loads_the_bare_model(make_agent: MakeAgent, tmp_path: Path, compress: int) -> None:
    bare = fitted(RandomForestClassifier(n_estimators=3, random_state=7))

    joblib.dump(make_agent().watch(bare), tmp_path / "model", compress=compress)
    loaded = joblib.load(tmp_path / "model")

    assert type(loaded) is RandomForestClassifier
    assert np.array_equal(loaded.predict_proba(X), bare.predict_proba(X))


def test_a_watched_estimator_is_displayed_and_checked_as_the_bare_one(make_agent: MakeAgent) -> None:
    bare = fitted(LogisticRegression())
    model = make_agent().watch(bare)

    assert estimator_html_repr(model).count("LogisticRegression") == estimator_html_repr(bare).count(
        "LogisticRegression"
    )
    assert check_is_fitted(model) is None
    assert inspect.signature(model.fit) == inspect.signature(bare.fit)
    assert has_fit_parameter(model, "sample_weight")


def test_a_clone_is_bare_and_unfitted_with_the_same_parameters(make_agent: MakeAgent) -> None:
    cloned = clone(make_agent().watch(fitted(LogisticRegression(C=0.5))))

    assert type(cloned) is LogisticRegression
    assert cloned.C == 0.5
    assert not hasattr(cloned, "coef_")


def test_parameters_pass_in_both_directions(make_agent: MakeAgent) -> None:
    bare = LogisticRegression()
    model = make_agent().watch(bare)

    model.set_params(C=0.25)

    assert bare.C == model.get_params()["C"] == 0.25


def test_a_pickle_does_not_need_tidegauge(make_agent: MakeAgent) -> None:
    data = pickle.dumps(make_agent().watch(fitted(LogisticRegression())))

    assert b"tidegauge" not in data
    assert type(pickle.loads(data)) is LogisticRegression


def test_a_watched_step_works_in_a_pipeline(make_agent: MakeAgent) -> None:
    agent = make_agent()
    pipeline = Pipeline([("scale", StandardScaler()), ("model", agent.watch(LogisticRegression()))]).fit(X, BINARY)

    assert pipeline.predict(X).shape == (150,)
    agent.flush()
    assert agent.status()["captured"] == 150


@pytest.mark.parametrize("name", ["predict_proba", "decision_function"])
def test_optional_methods_are_there_where_the_estimator_has_them(make_agent: MakeAgent, name: str) -> None:
    agent = make_agent()

    for estimator in (SVC(), fitted(RandomForestClassifier(n_estimators=2)), LinearRegression()):
        assert hasattr(agent.watch(estimator), name) == hasattr(estimator, name)


def test_a_pipeline_of_the_host_keeps_its_length_and_steps(make_agent: MakeAgent) -> None:
    bare = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, BINARY)
    model = make_agent().watch(bare)

    assert len(model) == 2
    assert model[-1] is bare[-1]
    assert model.named_steps["standardscaler"] is bare[0]


def test_what_is_recorded_of_a_classifier(make_agent: MakeAgent, spooled: Any) -> None:
    agent = make_agent()
    model = agent.watch(fitted(LogisticRegression(), np.where(BINARY, "virginica", "other")))

    model.predict_proba(X)
    model.predict(X[:10])
    agent.flush()

    frames = spooled(agent)
    names = set(X.columns)
    assert {c.name for b in view.profiles(frames) for c in b.columns} == names | {"_prediction", "_prediction_label"}
    assert all(view.column(frames, name).rows == 160 for name in names)
    assert view.column(frames, "_prediction").rows == 150
    assert sum(view.column(frames, "_prediction_label").names.values()) == 10
    proposal = frames[0].event.proposal
    assert (proposal.task, proposal.positive_class, list(proposal.classes)) == (
        *("binary", "virginica", ["other", "virginica"]),
    )


def test_scores_of_three_classes_are_three_columns(make_agent: MakeAgent, spooled: Any) -> None:
    agent = make_agent()

    agent.watch(fitted(LogisticRegression(max_iter=1_000), Y)).predict_proba(X)
    agent.flush()

    columns = {c.name for b in view.profiles(spooled(agent)) for c in b.columns} - set(X.columns)
    assert columns == {"_prediction.0", "_prediction.1", "_prediction.2", "_prediction_label"}


def test_a_text_model_takes_a_list_of_texts(make_agent: MakeAgent, spooled: Any) -> None:
    texts = ["cheap pills", "dear friend", "cheap watches", "see you friend"]
    agent = make_agent()
    model = agent.watch(make_pipeline(TfidfVectorizer(), MultinomialNB()).fit(texts, [1, 0, 1, 0]))

    for inputs in (texts, np.array(texts), pd.Series(texts)):
        assert model.predict(inputs).tolist() == [1, 0, 1, 0]
    agent.flush()

    assert view.column(spooled(agent), "f0").rows == 12
    assert view.column(spooled(agent), "_prediction_label").rows == 12
    assert agent.status()["dropped"] == {}
