"""LightGBM: the estimators are scikit-learn's in all but name; a Booster takes plain tables and says its objective in its parameters."""

from __future__ import annotations

from os import PathLike
from typing import Any

from tidegauge.integrations.reading import ELSEWHERE, Reading, as_given, both_scores
from tidegauge.recognition import Description, Library
from tidegauge.worker.shapes import Unread

NO_PREDICTIONS = ("pred_leaf", "pred_contrib")
BINARY = frozenset({"binary", "cross_entropy"})
REGRESSION = frozenset(
    {"regression", "regression_l1", "huber", "fair", "poisson", "quantile", "mape", "gamma", "tweedie"}
)


def extractor(model: Any) -> Reading:
    """Reads calls of a Booster, and those of an estimator that explain rather than predict or ask for margins."""
    if not _is_booster(model):
        return Reading(as_given, _margin_or_label if hasattr(type(model), "predict_proba") else _answer)
    return Reading(_inputs, _binary_answer if _objective(model) in BINARY else _answer)


def _margin_or_label(result: Any, *_: Any, raw_score: bool = False, **options: Any) -> Any:
    return both_scores(result) if raw_score else _answer(result, **options)


def _inputs(*args: Any, **options: Any) -> Any:
    data = args[0] if args else options.get("data")
    return ELSEWHERE if isinstance(data, (str, PathLike)) else None


def _answer(result: Any, *_: Any, **options: Any) -> Any:
    return Unread("explanation", result.shape[0]) if any(options.get(name) for name in NO_PREDICTIONS) else result


def _binary_answer(result: Any, *_: Any, **options: Any) -> Any:
    answer = _answer(result, **options)
    return both_scores(answer) if answer is result else answer


def describe(model: Any) -> Description | None:
    """A Booster's feature names, classes by number, and gains."""
    if not _is_booster(model):
        return None
    names, objective, trees = model.feature_name(), _objective(model), model.num_model_per_iteration()
    classes = 2 if objective in BINARY else trees if trees > 1 else 0
    return Description(
        feature_names_in_=None if names == [f"Column_{i}" for i in range(len(names))] else names,
        classes_=list(range(classes)) if classes else None,
        feature_importances_=model.feature_importance("gain"),
        _estimator_type="regressor" if objective in REGRESSION else None,
    )


def _is_booster(model: Any) -> bool:
    return hasattr(model, "num_model_per_iteration")


def _objective(booster: Any) -> str:
    return str(booster.params.get("objective", ""))


LIBRARY = Library(extractor=extractor, describe=describe)
