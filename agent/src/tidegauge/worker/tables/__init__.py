"""Tables in other libraries' containers, recognised by what their classes offer: a file for each kind; none imports the library."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from tidegauge.worker.tables import arrow, closed, pandas, polars, sparse, tensors
from tidegauge.worker.tables.kind import Named, TableKind, Unread

_KINDS = (
    *sparse.KINDS,
    *pandas.KINDS,
    *polars.KINDS,
    *arrow.KINDS,
    *closed.KINDS,
    *tensors.KINDS,  # last: of others too there are arrays
)


def kind_of(value: Any) -> TableKind | None:
    """How a container is handled; None for those of Python and numpy, and for what is no table."""
    return _known(type(value))


def _find(container: type) -> TableKind | None:
    if issubclass(container, (np.ndarray, np.generic)):
        return None
    try:
        return next((kind for kind in _KINDS if kind.matches(container)), None)
    except Exception:  # noqa: BLE001 - a class that does not even say what it has
        return None


_known: Callable[[type], TableKind | None] = lru_cache(maxsize=1_024)(_find)

__all__ = ["Named", "TableKind", "Unread", "kind_of"]
