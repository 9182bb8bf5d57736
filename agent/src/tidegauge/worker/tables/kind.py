"""What the agent needs to know of a kind of container. All but `read` runs in the caller's thread: cheap, never waiting for a device."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Named = list[tuple[object, npt.NDArray[Any]]]
"""Columns with their names as the container has them: of any type, maybe twice the same."""

REASONS = {
    "closed": "its rows cannot be taken out of it: give the model's input as an array or a DataFrame too (`extract=`)",
    "device": "it is on a device, and nobody waits for that: give a copy on the CPU (`extract=`)",
    "lazy": "it is computed only when somebody asks for it, which the agent never does: give the collected table",
    "stream": "it can be read only once, by the model: give a list",
    "object": "give a dict, a list of dicts, a numpy array or a DataFrame",
}


@dataclass(frozen=True, slots=True)
class Unread:
    """Stands for a value that cannot be copied safely (a generator, a tensor on a device); nothing of it is kept."""

    type_name: str
    rows: int
    reason: str = "object"


class WideRows(np.ndarray[Any, Any]):
    """Rows of a tensor that are embeddings: too wide for each number to be a feature."""


@dataclass(frozen=True, slots=True)
class TableKind:
    """One kind of container.

    `count` tells rows, `size_bytes` about how much a copy takes; `copy` gives what the caller cannot change; `part` some consecutive
    rows; `read` named columns, or rows without names: an array, or `SparseRows`. Of what `is_immutable`, `copy` costs nothing.
    """

    matches: Callable[[type], bool]
    count: Callable[[Any], int]
    size_bytes: Callable[[Any], int]
    copy: Callable[[Any], Any]
    part: Callable[[Any, slice], Any]
    read: Callable[[Any], Any]
    is_immutable: bool = False


def has_all(*names: str) -> Callable[[type], bool]:
    """Whether a class has all of these attributes."""
    return lambda container: all(hasattr(container, name) for name in names)


def rows_as_objects(values: npt.NDArray[Any] | list[Any]) -> npt.NDArray[Any]:
    """A column whose values are the rows of an array of several dimensions, or the items of a list of anything."""
    column = np.empty(len(values), dtype=object)
    for i, row in enumerate(values):
        column[i] = row
    return column
