"""What a model answered and what was true, column by column: the rows that accuracy is measured on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegauge.core.columns import canonical_text, is_missing

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.uint32]

NO_LABEL = 0xFFFFFFFF


@dataclass(frozen=True)
class Labels:
    """Labels of rows: `codes` (uint32) index `names`; NO_LABEL = none."""

    names: tuple[str, ...]
    codes: Codes

    def part(self, rows: slice) -> Labels:
        """Some of the rows, with only the names that they have."""
        used, codes = np.unique(self.codes[rows], return_inverse=True)
        named = used != NO_LABEL
        names = tuple(self.names[code] for code in used[named].tolist())
        return Labels(names, np.where(named[codes], codes, NO_LABEL).astype(np.uint32))


def _label_bytes(labels: Labels) -> bytes:
    """Bytes that change with the rows' labels, not with the way in which those are numbered."""
    used = labels.part(slice(None))
    order = sorted(range(len(used.names)), key=used.names.__getitem__)
    rank = np.full(len(order) + 1, NO_LABEL, dtype="<u4")
    rank[order] = np.arange(len(order))
    return "\0".join(used.names[i] for i in order).encode() + rank[np.minimum(used.codes, len(order))].tobytes()


@dataclass(frozen=True)
class Truth:
    """True outcomes of rows: `values` (float64, NaN where there is a label instead) and `labels`."""

    values: Floats
    labels: Labels

    def part(self, rows: slice) -> Truth:
        """Some of the rows."""
        return Truth(self.values[rows], self.labels.part(rows))


@dataclass(frozen=True)
class Outcomes:
    """Predictions and truth of the same rows. `outputs`: "" = value or score of the positive class, else a class's score."""

    outputs: Mapping[str, Floats] = field(default_factory=dict)
    predicted: Labels | None = None
    actual: Truth | None = None

    def digest_bytes(self) -> bytes:
        """Bytes that change with the content."""
        parts = [
            name.encode() + b"\0" + values.astype("<f8").tobytes() for name, values in sorted(self.outputs.items())
        ]
        both = (self.predicted, self.actual.labels if self.actual else None)
        parts += [_label_bytes(one) for one in both if one is not None]
        if self.actual is not None:
            parts.append(self.actual.values.astype("<f8").tobytes())
        return b"".join(parts)

    def every(self, step: int) -> Outcomes:
        """Each `step`-th row."""
        return self.part(slice(None, None, step))

    def part(self, rows: slice) -> Outcomes:
        """Some of the rows."""
        predicted = self.predicted.part(rows) if self.predicted else None
        actual = self.actual.part(rows) if self.actual else None
        return Outcomes({name: values[rows] for name, values in self.outputs.items()}, predicted, actual)


def encode_labels(values: Sequence[Any] | npt.NDArray[Any]) -> Labels:
    """Number the distinct labels (canonical text) in order of appearance; missing and impossible ones are NO_LABEL."""
    index: dict[str, int] = {}
    codes = np.full(len(values), NO_LABEL, dtype=np.uint32)
    for row, value in enumerate(values.tolist() if isinstance(values, np.ndarray) else values):
        text = None if is_missing(value) else canonical_text(value)
        if text is not None:
            codes[row] = index.setdefault(text, len(index))
    return Labels(tuple(index), codes)


_NUMBERS = (int, float, Decimal, np.integer, np.floating, np.bool_)


def _number(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def encode_truth(values: Sequence[Any] | npt.NDArray[Any]) -> Truth:
    """Numbers stay numbers (booleans too: 1 and 0), everything else is a label."""
    rows = values.tolist() if isinstance(values, np.ndarray) else list(values)
    if all(isinstance(value, _NUMBERS) or is_missing(value) for value in rows):
        numbers = np.array([np.nan if is_missing(value) else _number(value) for value in rows], dtype=np.float64)
        return Truth(numbers, Labels((), np.full(len(rows), NO_LABEL, dtype=np.uint32)))
    return Truth(np.full(len(rows), np.nan), encode_labels(rows))
