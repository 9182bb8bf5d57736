"""MLflow: a pyfunc model answers as the model within does, and knows its inputs' names from its signature."""

from __future__ import annotations

from typing import Any

from tidegauge.recognition import Description, Library, described


def describe(model: Any) -> Description | None:
    """The names in a model's signature; classes and importance of the model within, where it gives one out."""
    schema = model.metadata.get_input_schema() if getattr(model, "metadata", None) is not None else None
    names = schema.input_names() if schema is not None and schema.has_input_names() else None
    within = described(_model_within(model))
    return Description(
        feature_names_in_=names or getattr(within, "feature_names_in_", None),
        classes_=getattr(within, "classes_", None),
        feature_importances_=getattr(within, "feature_importances_", None),
        coef_=getattr(within, "coef_", None),
        _estimator_type=getattr(within, "_estimator_type", None),
    )


def _model_within(model: Any) -> Any:
    try:
        return model.get_raw_model()
    except Exception:  # noqa: BLE001 - many flavours have none to give, and say so each in its way
        return None


LIBRARY = Library(describe=describe)
