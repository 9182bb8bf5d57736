"""The model of the demo: how likely it is that a flight arrives 15 minutes late or more, by what is known when it is scheduled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.inspection import permutation_importance
from sklearn.metrics import accuracy_score, roc_auc_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer

from flights_demo.data import CATEGORIES, FEATURES, TRAINING_MONTHS

HOLDOUT_SHARE = 0.3
IMPORTANCE_ROWS = 4_000


@dataclass(frozen=True, slots=True)
class Trained:
    """A model, and the rows held out from its training with its answers for them: an honest baseline."""

    model: Pipeline
    training_rows: int
    holdout: pd.DataFrame
    scores: npt.NDArray[np.float64]
    importance: dict[str, float]

    @property
    def accuracy(self) -> float:
        """Share of right answers on the holdout at 0.5."""
        return float(accuracy_score(self.holdout["late"], self.scores >= 0.5))

    @property
    def auc(self) -> float:
        return float(roc_auc_score(self.holdout["late"], self.scores))


def train(rows: pd.DataFrame) -> Trained:
    """Train on 70 % of January to March; the same model for the same rows."""
    early = rows[rows["month"] <= TRAINING_MONTHS]
    held = np.random.default_rng(2013).random(len(early)) < HOLDOUT_SHARE
    training, holdout = early[~held], early[held]
    trees = HistGradientBoostingClassifier(max_iter=60, max_leaf_nodes=15, early_stopping=False, random_state=0)
    model = make_pipeline(FunctionTransformer(as_numbers), trees)
    model.fit(training[FEATURES], training["late"])
    scores = model.predict_proba(holdout[FEATURES])[:, 1]
    return Trained(model, len(training), holdout, scores, _importance(model, holdout))


def as_numbers(flights: pd.DataFrame) -> npt.NDArray[np.float64]:
    """The features as a matrix; categories by their codes, which boosted trees split well; a ColumnTransformer takes ten times as long."""
    columns = [flights[name].cat.codes if name in CATEGORIES else flights[name] for name in FEATURES]
    return np.column_stack([np.asarray(column, dtype=np.float64) for column in columns])


def _importance(model: Pipeline, holdout: pd.DataFrame) -> dict[str, float]:
    """How much AUC is lost when a feature's values change places between rows; never below 0."""
    sample = holdout.sample(min(IMPORTANCE_ROWS, len(holdout)), random_state=0)
    found = permutation_importance(
        model, sample[FEATURES], sample["late"], scoring="roc_auc", n_repeats=3, random_state=0
    )
    return {name: max(0.0, float(value)) for name, value in zip(FEATURES, found.importances_mean, strict=True)}
