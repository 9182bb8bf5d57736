"""XGBoost: the estimators are scikit-learn's in all but name; a Booster takes its rows as a DMatrix and says its objective in JSON."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from tidegauge.integrations.reading import Reading, as_given, both_scores
from tidegauge.integrations.tables import without_columns
from tidegauge.recognition import Description, Library
from tidegauge.worker.calls import LARGE_BYTES
from tidegauge.worker.shapes import Unread

NO_PREDICTIONS = ("pred_leaf", "pred_contribs", "approx_contribs", "pred_interactions")


def extractor(model: Any) -> Reading | None:
    """Reads the calls of a Booster; and those of a classifier that asks for margins, which are no labels."""
    if not _is_booster(model):
        return Reading(as_given, _margin_or_label) if hasattr(type(model), "predict_proba") else None
    return Reading(_inputs, _binary_answer if _objective(model).startswith("binary:") else _answer)


def _margin_or_label(result: Any, *_: Any, output_margin: bool = False, **__: Any) -> Any:
    return both_scores(result) if output_margin else None


def _inputs(data: Any, *_: Any, **__: Any) -> Any:
    return rows_of(data) if hasattr(data, "num_row") else data


def _answer(result: Any, *_: Any, **options: Any) -> Any:
    return Unread("explanation", len(result)) if any(options.get(name) for name in NO_PREDICTIONS) else result


def _binary_answer(result: Any, *_: Any, **options: Any) -> Any:
    answer = _answer(result, **options)
    return both_scores(answer) if answer is result else answer


def rows_of(matrix: Any) -> Any:
    """The rows of a DMatrix under its feature names, NaN where missing; beyond 8 MiB, or where it does not give them, only their number."""
    rows, width = matrix.num_row(), matrix.num_col()
    if rows * width * 4 > LARGE_BYTES or not hasattr(matrix, "get_data"):
        return without_columns(rows)
    sparse = matrix.get_data()
    table = np.full((rows, width), np.nan, dtype=np.float32)
    table[np.repeat(np.arange(rows), np.diff(sparse.indptr)), sparse.indices] = sparse.data
    names = matrix.feature_names
    return table if names is None else table.view([(name, np.float32) for name in names]).reshape(rows)


def describe(model: Any) -> Description | None:
    """A Booster's feature names, classes by number, and gains."""
    if not _is_booster(model):
        return None
    names = model.feature_names or [f"f{i}" for i in range(model.num_features())]
    gains = model.get_score(importance_type="gain")
    objective, classes = _objective(model), _classes(model)
    return Description(
        feature_names_in_=model.feature_names,
        classes_=list(range(classes)) if classes else None,
        feature_importances_=[gains.get(name, 0.0) for name in names],
        _estimator_type="regressor" if objective.startswith(("reg:", "count:")) else None,
    )


def _is_booster(model: Any) -> bool:
    return hasattr(model, "inplace_predict")


def _objective(booster: Any) -> str:
    return str(json.loads(booster.save_config())["learner"]["objective"]["name"])


def _classes(booster: Any) -> int:
    learner = json.loads(booster.save_config())["learner"]
    if learner["objective"]["name"].startswith("binary:"):
        return 2
    return int(learner["learner_model_param"]["num_class"])


LIBRARY = Library(methods=("inplace_predict",), extractor=extractor, describe=describe)
