"""scikit-learn: its words are those that the agent speaks; pipelines and searches speak through the estimator within."""

from __future__ import annotations

from typing import Any

from tidegauge.recognition import Description, Library


def describe(model: Any) -> Description | None:
    """What a pipeline or a search does not say itself: the importance that its last, or best, estimator gives."""
    from sklearn.base import is_regressor  # noqa: PLC0415 - the host has loaded it

    estimator = _within(model)
    if estimator is model:
        return None
    return Description(
        feature_names_in_=getattr(model, "feature_names_in_", None),
        classes_=getattr(model, "classes_", None),
        feature_importances_=getattr(estimator, "feature_importances_", None),
        coef_=getattr(estimator, "coef_", None),
        _estimator_type="regressor" if is_regressor(model) else None,
    )


def _within(model: Any) -> Any:
    """The estimator that answers: the last step of a pipeline, the best of a search, or the model itself."""
    best = getattr(model, "best_estimator_", None)
    if best is not None:
        return _within(best)
    steps = getattr(model, "steps", None)
    return _within(steps[-1][1]) if isinstance(steps, list) and steps else model


LIBRARY = Library(describe=describe)
