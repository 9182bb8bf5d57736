"""Segments of rows: `column=value`, at most so many values a column, the rest is `other`; and declared intersections `a=1&b=2`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegauge.core.columns import canonical_text, is_missing

MAX_SEGMENT_VALUES = 50
OTHER = "other"

_BOOLEANS = frozenset({bool, np.bool_})

Sets = tuple[tuple[str, ...], ...]
Codes = npt.NDArray[np.uint32]


class SegmentNames:
    """Names of segments, at most `max_values` a column; the rest is `other`, and counted."""

    def __init__(self, max_values: int = MAX_SEGMENT_VALUES) -> None:
        self._known: dict[str, set[str]] = {}
        self._most = self._max_values = max_values
        self.overflowed_rows = 0

    def limit(self, max_values: int) -> None:
        """From now on take up new values only below so many (values taken up before stay)."""
        self._max_values = min(max_values, self._most)

    def names(self, column: str, values: Sequence[Any] | npt.NDArray[Any]) -> list[str]:
        """`column=value` for each row; missing values are `column=missing`."""
        rows = values.tolist() if isinstance(values, np.ndarray) else list(values)
        has_booleans = not _BOOLEANS.isdisjoint(map(type, rows))  # True == 1, but they are different segments
        try:
            keys = list(zip(map(type, rows), rows, strict=True)) if has_booleans else rows
            cache = {key: self._name(column, key[1] if has_booleans else key) for key in dict.fromkeys(keys)}
            names = [cache[key] for key in keys]
        except TypeError:  # a list, or something else that cannot be told apart by its hash
            names = [self._name(column, value) for value in rows]
        if OTHER not in self._known.get(column, ()):
            self.overflowed_rows += names.count(f"{column}={OTHER}")
        return names

    def sets(self, segments: Iterable[str], named: Mapping[str, Sequence[str]], rows: int) -> tuple[Sets, Codes]:
        """The distinct combinations of segments and each row's place among them, from the names of the columns (`names`).

        A segment of which a column is not named is left out.
        """
        given = []
        for one in segments:
            parts = one.split("&")
            if all(part in named for part in parts):
                several = [named[part] for part in parts]
                given.append(self.crossed(one, several) if len(parts) > 1 else several[0])
        if not given:
            return ((),), np.zeros(rows, dtype=np.uint32)
        found = list(zip(*given, strict=True))
        index = {row: i for i, row in enumerate(dict.fromkeys(found))}
        return tuple(index), np.fromiter(map(index.__getitem__, found), dtype=np.uint32, count=rows)

    def crossed(self, column: str, parts: Sequence[Sequence[str]]) -> list[str]:
        """Names of a declared intersection `a&b` from the names of its parts: `a=1&b=2`, at most as many as of a column."""
        known = self._known.setdefault(column, set())
        names = []
        for row in zip(*parts, strict=True):
            text = "&".join(row)
            if text not in known and len(known) >= self._max_values:
                text = f"{column}={OTHER}"
                self.overflowed_rows += 1
            known.add(text)
            names.append(text)
        return names

    def _name(self, column: str, value: Any) -> str:
        known = self._known.setdefault(column, set())
        text = "missing" if is_missing(value) else canonical_text(value)
        if text is None or (text not in known and len(known) >= self._max_values):
            return f"{column}={OTHER}"
        known.add(text)
        return f"{column}={text}"
