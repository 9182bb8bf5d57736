"""Which library a model is of, by the module of its class, and what is particular about that library's models.

Imports nothing that the host has not: a file of `tidegauge.integrations` is loaded when a model of its library is met.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

LIBRARIES = ("lightgbm", "mlflow", "onnxruntime", "sklearn", "torch", "xgboost")
"""Top-level modules of model classes; the file of the same name in `integrations/` knows the library."""

Extract = Callable[..., Any]
Extractor = Callable[[Any], Extract | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What a model says of itself, under the names that scikit-learn gives it; None where it says nothing."""

    feature_names_in_: Sequence[Any] | None = None
    classes_: Sequence[Any] | None = None
    feature_importances_: Sequence[float] | None = None
    coef_: Any = None
    _estimator_type: str | None = None


def _no_extract(model: Any) -> Extract | None:  # noqa: ARG001 - the calls of most models can be read as they are
    return None


def _no_description(model: Any) -> Description | None:  # noqa: ARG001 - most models speak for themselves
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """What is particular about a library's models: `methods` that answer besides the usual ones; `extractor`, which makes for a model
    the function that reads its calls, or None; `describe`, which says what the model is in scikit-learn's words, or None."""

    methods: tuple[str, ...] = ()
    extractor: Extractor = _no_extract
    describe: Callable[[Any], Description | None] = _no_description


def library_of(model: Any) -> Library | None:
    """The library that a model's class, or the nearest class it derives from, comes from; None for any other."""
    for kind in model.__class__.__mro__:  # of a watched model this is the model's own
        name = kind.__module__.partition(".")[0]
        if name in LIBRARIES:
            found: Library = importlib.import_module(f"tidegauge.integrations.{name}").LIBRARY
            return found
    return None


def methods_of(model: Any) -> tuple[str, ...]:
    """Names of methods that answer, besides `predict` and its like."""
    library = library_of(model)
    return () if library is None else library.methods


def extract_for(model: Any) -> Extract | None:
    """What reads a call of this model where the call does not speak for itself. Never raises."""
    try:
        library = library_of(model)
        return None if library is None else library.extractor(model)
    except Exception:  # noqa: BLE001 - an odd model: its calls are read as any other's, and counted where they cannot be
        return None


def described(model: Any) -> Any:
    """The model, or what stands for it where it says of itself in other words than scikit-learn's. Never raises."""
    try:
        library = library_of(model)
        description = None if library is None else library.describe(model)
    except Exception:  # noqa: BLE001 - an odd or unfitted model: what it does not say has to be stated by the user
        return model
    return model if description is None else description
