"""The real rows that metrics are compared on: flights of 2013, and the sets that come with scikit-learn, with models trained on them."""

import numpy as np
import pandas as pd
from sklearn.base import ClassifierMixin
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

BUNDLED = {"breast_cancer": load_breast_cancer, "wine": load_wine, "digits": load_digits}
POSITIVE = {"breast_cancer": 1, "wine": 0, "digits": 8}
FLIGHT_FEATURES = ["dep_delay", "hour", "distance", "month"]


def models() -> dict[str, ClassifierMixin]:
    """Scores that spread, that lie at 0 and 1, and that tie."""
    return {
        "logistic": make_pipeline(StandardScaler(), LogisticRegression()),
        "bayes": GaussianNB(),
        "tree": DecisionTreeClassifier(max_depth=3, random_state=0),
    }


def arrived(flights: pd.DataFrame) -> pd.DataFrame:
    """Every 60th flight whose delays are known."""
    return flights.dropna(subset=["dep_delay", "arr_delay", "air_time"]).iloc[::60]


def features_of(name: str, flights: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Features and classes of a set; of flights: late or not."""
    if name != "flights":
        features, target = BUNDLED[name](return_X_y=True)
        return features, target
    known = arrived(flights)
    return known[FLIGHT_FEATURES].to_numpy(float), (known["arr_delay"] >= 15).to_numpy(int)


def binary_rows(name: str, model: ClassifierMixin, flights: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Whether each row is of the positive class, and a model's score for it."""
    features, target = features_of(name, flights)
    labels = target == POSITIVE.get(name, 1)
    return labels, model.fit(features[::2], labels[::2]).predict_proba(features)[:, 1]


def multiclass_rows(name: str, model: ClassifierMixin, flights: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """The class of each row, from 0 on, and a model's scores; of flights: from which airport."""
    features, target = features_of(name, flights)
    if name == "flights":
        target = np.unique(arrived(flights)["origin"].to_numpy(str), return_inverse=True)[1]
    return target, model.fit(features[::3], target[::3]).predict_proba(features)


def regression_rows(name: str, flights: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """What was true and what a line says: the disease's progress, or minutes in the air; both above 0."""
    if name == "diabetes":
        features, target = load_diabetes(return_X_y=True)
    else:
        known = arrived(flights)
        features, target = known[["distance", "hour"]].to_numpy(float), known["air_time"].to_numpy(float)
    return target, np.maximum(LinearRegression().fit(features[::2], target[::2]).predict(features), 1.0)


def columns_of(name: str, flights: pd.DataFrame) -> dict[str, tuple[pd.Series, pd.Series]]:
    """Window and baseline of columns; of flights with missing values, zeros, few and many names: January against July."""
    if name == "flights":
        names = ["carrier", "origin", "dest", "dep_delay", "arr_delay", "distance", "hour", "minute", "air_time"]
        baseline, window = (flights[flights["month"] == month].iloc[::20] for month in (1, 7))
        return {one: (window[one], baseline[one]) for one in names}
    load = load_diabetes if name == "diabetes" else BUNDLED[name]
    table = pd.DataFrame(load().data[:, :20])
    half = len(table) // 2
    return {str(one): (table[one].iloc[half:], table[one].iloc[:half]) for one in table.columns}
