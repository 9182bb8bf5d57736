"""Segments of rows: `column=value`, at most so many values a column; the rest is `other`. The same names as an agent gives."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegauge.core.columns import canonical_text, is_missing

MAX_SEGMENT_VALUES = 50
MAX_DEPLOYMENTS = 1_000
OTHER = "other"

Sets = tuple[tuple[str, ...], ...]
Codes = npt.NDArray[np.uint32]


class SegmentNames:
    """The segments of one deployment."""

    def __init__(self, max_values: int = MAX_SEGMENT_VALUES) -> None:
        self._known: dict[str, set[str]] = {}
        self._max_values = max_values

    def sets(self, segments: Iterable[str], columns: Mapping[str, Sequence[Any]], rows: int) -> tuple[Sets, Codes]:
        """The distinct combinations of segments, and each row's place among them. A segment without its columns is left out."""
        given = []
        for one in segments:
            parts = one.split("&")
            if all(part in columns for part in parts):
                named = [self._names(part, columns[part]) for part in parts]
                given.append(self._crossed(one, named) if len(parts) > 1 else named[0])
        if not given:
            return ((),), np.zeros(rows, dtype=np.uint32)
        found = list(zip(*given, strict=True))
        index = {row: i for i, row in enumerate(dict.fromkeys(found))}
        return tuple(index), np.fromiter(map(index.__getitem__, found), dtype=np.uint32, count=rows)

    def _names(self, column: str, values: Sequence[Any]) -> list[str]:
        cache: dict[tuple[type, Any], str] = {}
        names = []
        for value in values:
            try:
                key = (type(value), value)  # True == 1, but they are different segments
                name = cache.get(key) or cache.setdefault(key, self._name(column, value))
            except TypeError:  # a list, or something else without a hash
                name = f"{column}={OTHER}"
            names.append(name)
        return names

    def _name(self, column: str, value: Any) -> str:
        known = self._known.setdefault(column, set())
        text = "missing" if is_missing(value) else canonical_text(value)
        if text is None or (text not in known and len(known) >= self._max_values):
            return f"{column}={OTHER}"
        known.add(text)
        return f"{column}={text}"

    def _crossed(self, column: str, parts: Sequence[Sequence[str]]) -> list[str]:
        known = self._known.setdefault(column, set())
        names = []
        for row in zip(*parts, strict=True):
            text = "&".join(row)
            if text not in known and len(known) >= self._max_values:
                text = f"{column}={OTHER}"
            known.add(text)
            names.append(text)
        return names


class KnownSegments:
    """The names seen of each deployment since the start, of the 1,000 that sent last."""

    def __init__(self) -> None:
        self._names: OrderedDict[str, SegmentNames] = OrderedDict()

    def of(self, deployment: str) -> SegmentNames:
        """Those of one deployment."""
        names = self._names.pop(deployment, None) or SegmentNames()
        self._names[deployment] = names
        while len(self._names) > MAX_DEPLOYMENTS:
            self._names.popitem(last=False)
        return names
