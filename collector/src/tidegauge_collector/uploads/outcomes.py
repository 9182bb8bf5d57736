"""Predictions and actuals of rows: numbers or labels, decided once for a request by its first values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegauge.core.columns import ColumnKind, is_missing
from tidegauge.core.outcomes import NO_LABEL, Labels, Truth, encode_labels, encode_truth
from tidegauge_collector.uploads.facts import listed, read_numbers
from tidegauge_collector.uploads.problems import BatchProblems, Mask
from tidegauge_collector.uploads.values import Raw, kind_of_text, plain_column, text_column

Floats = npt.NDArray[np.float64]
NUMBER_FIX = "the rows before have numbers here: write a number, or leave it empty"


@dataclass(frozen=True)
class Answers:
    """What a model answered: scores by class ("" = value or score of the positive class), and labels, if it gave any."""

    scores: Mapping[str, Floats] = field(default_factory=dict)
    labels: Labels | None = None

    def where(self, chosen: Mask) -> Answers:
        """Those of some rows."""
        labels = self.labels and Labels(self.labels.names, self.labels.codes[chosen])
        return Answers({name: values[chosen] for name, values in self.scores.items()}, labels)


class OutcomeReader:
    """Reads one column of outcomes over all batches of a request."""

    def __init__(self, *, labels: bool | None = None) -> None:
        """`labels`: whether they are, None to be seen."""
        self._are_labels = labels

    def are_labels(self, raw: Raw, *, is_text: bool) -> bool:
        """Whether the column holds labels: text, or truths; None values alone say nothing yet."""
        if self._are_labels is None:
            self._are_labels = _look(raw, is_text=is_text)
        return bool(self._are_labels)

    def values(self, raw: Raw, column: str, problems: BatchProblems, *, is_text: bool) -> list[Any]:
        """Values of a truth: numbers (truths too: 1 and 0), or labels."""
        if is_text and not isinstance(raw, list) and kind_of_text(raw) is ColumnKind.BOOLEAN and not self._are_labels:
            return list(text_column(raw, ColumnKind.BOOLEAN).tolist())
        if self.are_labels(raw, is_text=is_text) and not _are_truths(raw):
            return listed(raw)
        if _are_truths(raw):
            return listed(raw)
        found = read_numbers(raw, column, NUMBER_FIX, problems, is_text=is_text)
        return [None if value != value else value for value in found.tolist()]  # noqa: PLR0124 - NaN


def _are_truths(raw: Raw) -> bool:
    return not isinstance(raw, list) and str(raw.type) == "bool"


def _look(raw: Raw, *, is_text: bool) -> bool | None:
    if is_text and not isinstance(raw, list):
        kind = kind_of_text(raw)
        return None if kind is None else kind is not ColumnKind.NUMERIC
    values = plain_column(raw)
    if values.dtype.kind in "iuf":
        return False
    present = [value for value in values.tolist() if not is_missing(value)]
    numbers = sum(isinstance(value, (int, float)) and not isinstance(value, bool) for value in present)
    return 2 * numbers <= len(present) if present else None


class AnswerReader:
    """Reads the prediction columns of a request: one number or label a row, or a score for each of several classes."""

    def __init__(self, task: str) -> None:
        self._one = OutcomeReader(labels=True if task == "multiclass" else None)

    def read(
        self, raws: Mapping[str, Raw], label: tuple[str, Raw] | None, problems: BatchProblems, *, is_text: bool
    ) -> Answers:
        """The answers of a batch: `raws` are the prediction columns by name, `label` the column of labels."""
        labels = None if label is None else encode_labels(listed(label[1]))
        if len(raws) > 1:
            scores = {one: read_numbers(raw, one, NUMBER_FIX, problems, is_text=is_text) for one, raw in raws.items()}
            return Answers(scores, labels or _best(scores))
        for name, raw in raws.items():
            if not self._one.are_labels(raw, is_text=is_text):
                return Answers({"": read_numbers(raw, name, NUMBER_FIX, problems, is_text=is_text)}, labels)
            labels = labels or encode_labels(plain_column(raw) if not is_text else listed(raw))
        return Answers({}, labels)


def _best(scores: Mapping[str, Floats]) -> Labels:
    matrix = np.column_stack(list(scores.values()))
    known = ~np.isnan(matrix).any(axis=1)
    best = np.where(known, np.nan_to_num(matrix).argmax(axis=1), NO_LABEL)
    return Labels(tuple(scores), best.astype(np.uint32))


def truth_of(values: Sequence[Any]) -> Truth:
    """Truth of rows: numbers, or labels."""
    return encode_truth(values)
