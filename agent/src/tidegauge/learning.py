"""Asks a model about rows whose features changed places, for `baseline(importance="learned")`. Tables, arrays and rows that are dicts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegauge.core.importance import Ask, learned_importance, sample_places
from tidegauge.errors import UsageError

Places = npt.NDArray[np.int64]


def importance_learned(model: Any, inputs: Any, names: Sequence[str], order: Sequence[str]) -> dict[str, float]:
    """The weight of each feature by permutation, on at most 1,000 evenly spaced rows; one call of the model for each feature.

    `order` names the columns of an array. Raises UsageError without a model that answers, and for inputs whose columns cannot change
    places.
    """
    answer = _answering(model)
    take, move = _container(inputs, order)
    sample = take(sample_places(len(inputs)))

    def ask(name: str | None, places: Places) -> npt.NDArray[np.generic]:
        return np.asarray(answer(sample if name is None else move(sample, name, places)))

    asked: Ask = ask
    return learned_importance(names, len(sample), asked)


def _answering(model: Any) -> Callable[[Any], Any]:
    """What to call: of a watched model the model itself, so that nothing is recorded."""
    bare = getattr(model, "__wrapped__", model)
    for name in ("predict_proba", "predict"):
        found = getattr(bare, name, None)
        if callable(found):
            return found  # type: ignore[no-any-return]
    if callable(bare):
        return bare  # type: ignore[no-any-return]
    raise UsageError(
        'importance="learned": give model= too, with predict_proba, predict, or a function that answers rows'
    )


Take = Callable[[Places], Any]
Move = Callable[[Any, str, Places], Any]


def _container(inputs: Any, order: Sequence[str]) -> tuple[Take, Move]:
    """How rows are taken from the inputs, and how one column of them changes places."""
    if isinstance(inputs, np.ndarray) and inputs.ndim == 2 and inputs.dtype.names is None:
        return (lambda places: inputs[places]), lambda some, name, places: _moved_array(some, order.index(name), places)
    if hasattr(inputs, "iloc") and hasattr(inputs, "columns"):
        return (lambda places: inputs.iloc[places].reset_index(drop=True)), _moved_table
    if isinstance(inputs, list) and all(isinstance(row, dict) for row in inputs):
        return (lambda places: [inputs[place] for place in places.tolist()]), _moved_rows
    raise UsageError(
        f'importance="learned": columns of {type(inputs).__name__} cannot change places; give a two-dimensional array, a pandas '
        "DataFrame or a list of dicts, or state importance={...}"
    )


def _moved_array(sample: npt.NDArray[Any], column: int, places: Places) -> npt.NDArray[Any]:
    moved = sample.copy()
    moved[:, column] = sample[places, column]
    return moved


def _moved_table(sample: Any, name: str, places: Places) -> Any:
    column = next(one for one in sample.columns if str(one) == name)
    moved = sample.copy()
    moved[column] = sample[column].take(places).set_axis(sample.index)  # so that it stays of its dtype
    return moved


def _moved_rows(sample: list[dict[str, Any]], name: str, places: Places) -> list[dict[str, Any]]:
    return [{**row, name: sample[place].get(name)} for row, place in zip(sample, places.tolist(), strict=True)]
