"""PyTorch: a module answers when it is called, with tensors; only those in the host's memory are read, none is waited for."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from tidegauge.integrations.reading import Reading
from tidegauge.integrations.tables import Array, as_table, without_columns
from tidegauge.recognition import Library

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def extractor(model: Any) -> Reading:
    """Reads calls of a module: its tensors as one table, under the names of `forward`'s parameters where there are several."""
    names = _parameters(model)

    def inputs(*args: Any, **kwargs: Any) -> Any:
        if _is_being_traced():
            return without_columns(0)
        tensors = dict(_tensors(_by_name(names, args, kwargs)))
        return _table(tensors) if tensors else None

    return Reading(inputs, _answer)


def _parameters(model: Any) -> list[str]:
    try:
        parameters = inspect.signature(model.forward).parameters.values()
    except (TypeError, ValueError):
        return []  # a compiled module
    return [one.name for one in parameters if one.kind in _POSITIONAL]


def _by_name(names: list[str], args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    if len(args) > len(names):
        names = [*names, *(f"input{i}" for i in range(len(names), len(args)))]
    return {**dict(zip(names, args, strict=False)), **kwargs}


def _is_being_traced() -> bool:
    """Whether this call only draws up a graph: nobody is answered, and looking at its tensors would become part of the graph."""
    torch: Any = sys.modules["torch"]
    is_compiling = getattr(getattr(torch, "compiler", None), "is_compiling", None)  # from 2.3 on
    return bool(torch.jit.is_tracing() or (is_compiling is not None and is_compiling()))


def _tensors(given: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in given.items():
        if hasattr(value, "detach"):
            yield name, value
        elif isinstance(value, Mapping):
            yield from _tensors(value)


def _table(tensors: Mapping[str, Any]) -> Any:
    """The tensors side by side; where none can be read the first one as it is: it is counted as unreadable, with the reason."""
    arrays = {name: _array(tensor) for name, tensor in tensors.items()}
    read = {name: array for name, array in arrays.items() if isinstance(array, np.ndarray)}
    if len(tensors) == 1:
        read = {name: _ids_as_rows(array) for name, array in read.items()}
    table = as_table(read)
    return next(iter(tensors.values())) if table is None else table


def _ids_as_rows(array: Array) -> Array:
    """A vector of whole numbers is one id a row, as embeddings take them; one of floats is a single row."""
    return array.reshape(-1, 1) if array.ndim == 1 and array.dtype.kind in "iu" else array


def _answer(result: Any, *_: Any, **__: Any) -> Any:
    """The tensor that answers: the one, the first of several, or the logits."""
    if _is_being_traced():
        return []
    if isinstance(result, Mapping):
        named = {name: _array(value) for name, value in result.items()}
        return next(iter(named.values())) if len(named) == 1 else named.get("logits", named)
    if isinstance(result, tuple) and result:
        result = result[0]
    return _array(result)


def _array(value: Any) -> Any:
    """A tensor in the host's memory as an array that shares it; anything else as it is."""
    if not hasattr(value, "detach") or value.device.type != "cpu" or value.layout is not sys.modules["torch"].strided:
        return value
    try:
        tensor = value.detach()
        has_numpy_type = tensor.is_complex() or tensor.element_size() > 2 or not tensor.is_floating_point()
        return (tensor if has_numpy_type else tensor.float()).numpy()
    except (RuntimeError, TypeError):  # it stands for others, as under vmap: counted as unreadable
        return value


LIBRARY = Library(extractor=extractor)
