"""Rows that were understood: columns, answers, times, ids and segments, whatever calls they came in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegauge.core.columns import PREDICTION, PREDICTION_LABEL, RULE_PREFIX
from tidegauge.core.humility import Condition, judged_score
from tidegauge.core.outcomes import NO_LABEL, Labels
from tidegauge.wire.rows import RecordRows, join_labels
from tidegauge.worker.facts import Times
from tidegauge.worker.outputs import Answers
from tidegauge.worker.sizes import column_bytes
from tidegauge.worker.tables.columns import SCALARS
from tidegauge.worker.tabulate import Column, Columns

Codes = npt.NDArray[np.uint32]
Ids = npt.NDArray[np.void]
Mask = npt.NDArray[np.bool_]

_LONGEST_TEXT = 64


@dataclass(frozen=True)
class Rows:
    """Some rows. `columns` are the features; `clamped` marks future event times (None: none); `ids` are 16 bytes a row (None: no
    row has one), `has_id` marks the rows that have one (None: all); `segment_codes` index `segment_sets`."""

    count: int
    columns: Columns
    answers: Answers
    event_us: Times
    arrival_us: Times
    clamped: Mask | None
    ids: Ids | None
    has_id: Mask | None
    segment_sets: tuple[tuple[str, ...], ...]
    segment_codes: Codes
    batch: str

    @property
    def can_wait(self) -> bool:
        """Whether the columns take little memory: numbers and short texts, no containers."""
        return all(map(_is_small, self.columns.values()))

    @property
    def held_bytes(self) -> int:
        """About what the columns take in memory."""
        return sum(map(column_bytes, self.columns.values()))

    def part(self, chosen: slice) -> Rows:
        """Some consecutive rows."""
        return replace(
            self,
            count=len(self.event_us[chosen]),
            columns={name: values[chosen] for name, values in self.columns.items()},
            answers=self.answers.part(chosen),
            event_us=self.event_us[chosen],
            arrival_us=self.arrival_us[chosen],
            clamped=None if self.clamped is None else self.clamped[chosen],
            ids=None if self.ids is None else self.ids[chosen],
            has_id=None if self.has_id is None else self.has_id[chosen],
            segment_codes=self.segment_codes[chosen],
        )

    def where(self, chosen: Mask) -> Rows:
        """The rows that are chosen, by a mask."""
        labels = self.answers.labels
        return replace(
            self,
            count=int(np.count_nonzero(chosen)),
            columns={name: values[chosen] for name, values in self.columns.items()},
            answers=replace(
                self.answers,
                rows=int(np.count_nonzero(chosen)),
                scores={name: values[chosen] for name, values in self.answers.scores.items()},
                labels=None if labels is None else Labels(labels.names, labels.codes[chosen]),
            ),
            event_us=self.event_us[chosen],
            arrival_us=self.arrival_us[chosen],
            clamped=None if self.clamped is None else self.clamped[chosen],
            ids=None if self.ids is None else self.ids[chosen],
            has_id=None if self.has_id is None else self.has_id[chosen],
            segment_codes=self.segment_codes[chosen],
        )

    def records(self) -> RecordRows | None:
        """The rows that have an id, as the wire's records."""
        if self.ids is None:
            return None
        chosen = slice(None) if self.has_id is None else self.has_id
        labels = self.answers.labels or Labels((), np.full(self.count, NO_LABEL, dtype=np.uint32))
        return RecordRows(
            self.ids[chosen].tobytes(),
            self.event_us[chosen],
            self.arrival_us[chosen],
            {name: values[chosen] for name, values in self.answers.scores.items()},
            Labels(labels.names, labels.codes[chosen]),
            self.segment_sets,
            self.segment_codes[chosen],
            self.batch,
        )


def _is_small(column: Column) -> bool:
    """One value is looked at: rows of a service are alike."""
    if not hasattr(column, "nbytes"):
        return False  # sparse: an array only to whoever asks for one
    first = column[0] if column.dtype.kind == "O" and len(column) else None
    return len(first) <= _LONGEST_TEXT if isinstance(first, str) else type(first) in SCALARS


def answer_columns(answers: Answers) -> Columns:
    """Answers as the reserved columns that they are profiled in."""
    columns: Columns = {}
    for name, values in answers.scores.items():
        columns[f"{PREDICTION}.{name}" if name else PREDICTION] = values
    if answers.labels is not None:
        names: Column = np.array([*answers.labels.names, None], dtype=object)
        columns[PREDICTION_LABEL] = names[np.minimum(answers.labels.codes, len(answers.labels.names))]
    return columns


def rule_columns(conditions: Sequence[Condition], columns: Mapping[str, Column], rows: Rows) -> Columns:
    """What humility rules mark, as the reserved boolean columns that it is profiled in."""
    score = judged_score(rows.answers.scores) if conditions else None
    found: Columns = {}
    for condition in conditions:
        values = score if condition.looks_at_answers else columns.get(condition.rule.column)
        if values is not None:
            found[RULE_PREFIX + condition.rule.name] = condition.marks(values)
    return found


def join_rows(parts: Sequence[Rows]) -> Iterator[Rows]:
    """Put rows together that are of one batch and have the same kinds of answers, in their order."""
    groups: dict[object, list[Rows]] = {}
    for part in parts:
        likeness = (part.batch, tuple(part.answers.scores), part.answers.labels is None, part.ids is None)
        groups.setdefault(likeness, []).append(part)
    for group in groups.values():
        yield group[0] if len(group) == 1 else _join(group)


def _join(parts: list[Rows]) -> Rows:
    sets: dict[tuple[str, ...], int] = {}
    codes = []
    for part in parts:
        recode = np.array([sets.setdefault(one, len(sets)) for one in part.segment_sets], dtype=np.uint32)
        codes.append(recode[part.segment_codes])
    return replace(
        parts[0],
        count=sum(part.count for part in parts),
        columns=_join_columns(parts),
        answers=_join_answers([part.answers for part in parts]),
        event_us=np.concatenate([part.event_us for part in parts]),
        arrival_us=np.concatenate([part.arrival_us for part in parts]),
        clamped=_join_masks(parts, [part.clamped for part in parts], default=False),
        ids=np.concatenate([part.ids for part in parts if part.ids is not None]) if parts[0].ids is not None else None,
        has_id=_join_masks(parts, [part.has_id for part in parts], default=True),
        segment_sets=tuple(sets),
        segment_codes=np.concatenate(codes),
    )


def _join_masks(parts: list[Rows], masks: list[Mask | None], *, default: bool) -> Mask | None:
    if all(mask is None for mask in masks):
        return None
    filled = [np.full(part.count, default) if mask is None else mask for part, mask in zip(parts, masks, strict=True)]
    return np.concatenate(filled)


def _join_answers(parts: list[Answers]) -> Answers:
    scores = {name: np.concatenate([part.scores[name] for part in parts]) for name in parts[0].scores}
    labels = [part.labels for part in parts if part.labels is not None]
    return Answers(sum(part.rows for part in parts), scores, join_labels(labels) if labels else None)


def _join_columns(parts: list[Rows]) -> Columns:
    names = dict.fromkeys(name for part in parts for name in part.columns)
    return {name: _join_column([(part.columns.get(name), part.count) for part in parts]) for name in names}


def _join_column(parts: list[tuple[Column | None, int]]) -> Column:
    """Values one after another; where a part does not have the column they are None."""
    kinds = {"O" if values is None else values.dtype.kind for values, _ in parts}
    if (len(kinds) == 1 and kinds != {"O"}) or kinds <= {"i", "u", "f"}:
        return np.concatenate([values for values, _ in parts if values is not None])
    joined: list[Any] = []
    for values, count in parts:
        joined += [None] * count if values is None else values.tolist()
    column = np.empty(len(joined), dtype=object)
    for i, value in enumerate(joined):
        column[i] = value
    return column
