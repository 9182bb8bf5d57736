"""Observations: rows of an upload as features, answers, times, ids, segments and truth, with the wrong ones left out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from tidegauge.core.columns import MAX_NAME_LENGTH, ColumnKind, is_missing, is_reserved
from tidegauge.core.kinds import infer_kind
from tidegauge.core.outcomes import NO_LABEL, Labels
from tidegauge.core.segments import Codes, SegmentNames, Sets
from tidegauge.core.windows import clamp_future
from tidegauge.wire.rows import ActualRows, RecordRows
from tidegauge_collector.uploads.errors import UploadRefused
from tidegauge_collector.uploads.facts import Ids, Times, listed, read_ids, read_latencies, read_times
from tidegauge_collector.uploads.formats import RowBatch
from tidegauge_collector.uploads.meaning import OBSERVATIONS, Meaning
from tidegauge_collector.uploads.outcomes import AnswerReader, Answers, OutcomeReader, truth_of
from tidegauge_collector.uploads.problems import BatchProblems, Mask, Problems
from tidegauge_collector.uploads.values import Column, Raw, kind_of_text, plain_column, read_times_text, text_column

MAX_FEATURES = 2_000
_INDEX = re.compile(r"__index_level_\d+__")  # what pandas adds to Parquet and Arrow


@dataclass(frozen=True)
class Observed:
    """Good rows of one batch. `latency_ns` is None where no column says it, -1 in rows that do not."""

    count: int
    features: Mapping[str, Column]
    answers: Answers
    event_us: Times
    arrival_us: int
    clamped: Mask
    ids: Ids | None
    has_id: Mask | None
    latency_ns: Times | None
    segment_sets: Sets
    segment_codes: Codes
    truth: list[Any] | None
    truth_us: Times
    batch: str

    def where(self, chosen: Mask) -> Observed:
        """Some of the rows."""
        if bool(chosen.all()):
            return self
        return replace(
            self,
            count=int(np.count_nonzero(chosen)),
            features={name: values[chosen] for name, values in self.features.items()},
            answers=self.answers.where(chosen),
            event_us=self.event_us[chosen],
            clamped=self.clamped[chosen],
            ids=None if self.ids is None else self.ids[chosen],
            has_id=None if self.has_id is None else self.has_id[chosen],
            latency_ns=None if self.latency_ns is None else self.latency_ns[chosen],
            segment_codes=self.segment_codes[chosen],
            truth=None
            if self.truth is None
            else [v for v, kept in zip(self.truth, chosen.tolist(), strict=True) if kept],
            truth_us=self.truth_us[chosen],
        )

    def records(self) -> RecordRows | None:
        """The rows that have an id, as the wire's records."""
        if self.ids is None or self.has_id is None or not self.has_id.any():
            return None
        chosen, labels = self.has_id, self.answers.labels or Labels((), np.full(self.count, NO_LABEL, dtype=np.uint32))
        event_us = self.event_us[chosen]
        return RecordRows(
            self.ids[chosen].tobytes(),
            event_us,
            np.full(len(event_us), self.arrival_us, dtype=np.int64),
            {name: values[chosen] for name, values in self.answers.scores.items()},
            Labels(labels.names, labels.codes[chosen]),
            self.segment_sets,
            self.segment_codes[chosen],
            self.batch,
        )

    def actuals(self) -> ActualRows | None:
        """The truth that rows with an id have."""
        if self.truth is None or self.ids is None or self.has_id is None:
            return None
        known = np.array([not is_missing(value) for value in self.truth], dtype=bool) & self.has_id
        if not known.any():
            return None
        values = [value for value, kept in zip(self.truth, known.tolist(), strict=True) if kept]
        return ActualRows(self.ids[known].tobytes(), self.truth_us[known], truth_of(values))


class RowReader:
    """Reads the batches of one request."""

    def __init__(
        self,
        meaning: Meaning,
        problems: Problems,
        *,
        task: str,
        kinds: dict[str, ColumnKind],
        segments: tuple[tuple[str, ...], SegmentNames],
        now_us: int,
    ) -> None:
        """`kinds` are those of the baseline's columns; the reader adds what it learns. `segments`: which, and the names known."""
        self.kinds = kinds
        self.seen: dict[str, str] = {}
        self.columns_over_limit = 0
        self._meaning = meaning
        self._problems = problems
        self._segments, self._segment_names = segments
        self._answers = AnswerReader(task)
        self._truth = OutcomeReader()
        self._now_us = now_us

    def read(self, batch: RowBatch) -> Observed:
        """The good rows of a batch; the others are noted as problems."""
        found = self._named(batch)
        problems = BatchProblems(self._problems, batch.numbers)
        event_us, clamped = self._times("time", found, problems)
        ids, has_id = self._ids(found, problems)
        truth, truth_us = self._read_truth(found, problems, batch.is_text)
        if truth is not None and ids is None and self._meaning.target == OBSERVATIONS:
            raise UploadRefused("actuals without prediction ids: name the column with id=…, or leave the actuals out")
        answers = self._read_answers(found, problems, batch.is_text)
        latency = self._as("latency", found)
        latency_ns = (
            None if latency is None else read_latencies(found[latency], latency, problems, is_text=batch.is_text)
        )
        parts = dict.fromkeys(part for one in self._segments for part in one.split("&") if part in found)
        named = {part: self._segment_names.names(part, listed(found[part])) for part in parts}
        sets, codes = self._segment_names.sets(self._segments, named, batch.rows)
        rows = Observed(
            batch.rows,
            self._features(found, is_text=batch.is_text),
            answers,
            event_us,
            self._now_us,
            clamped,
            ids,
            has_id,
            latency_ns,
            sets,
            codes,
            truth,
            truth_us,
            self._meaning.batch,
        )
        return rows.where(problems.finish())

    def check_stated(self) -> None:
        """Raise UploadRefused where a column that a parameter names never came."""
        absent = sorted(self._meaning.stated - self.seen.keys())
        if absent:
            there = ", ".join(list(self.seen)[:50]) or "none"
            raise UploadRefused(
                f"a parameter names the column {absent[0]!r:.140}, which is not in the body; there are {there}"
            )

    def _named(self, batch: RowBatch) -> dict[str, Raw]:
        found = {name: raw for name, raw in batch.columns.items() if not _INDEX.fullmatch(name)}
        for name in found:
            if name in self.seen:
                continue
            if len(name) > MAX_NAME_LENGTH:
                raise UploadRefused(
                    f"the column {name!r:.140} has a name of over {MAX_NAME_LENGTH} characters: rename it"
                )
            if is_reserved(name):
                raise UploadRefused(f"the column {name!r} has a reserved name: rename it")
            self.seen[name] = ""
        return found

    def _as(self, meaning: str, found: Mapping[str, Raw]) -> str | None:
        name = self._meaning.column(meaning, found)
        if name is not None:
            self.seen[name] = meaning
        return name

    def _times(self, meaning: str, found: Mapping[str, Raw], problems: BatchProblems) -> tuple[Times, Mask]:
        name = self._as(meaning, found)
        if name is None:
            rows = len(problems.bad)
            return np.full(rows, self._now_us, dtype=np.int64), np.zeros(rows, dtype=bool)
        return clamp_future(read_times(found[name], name, problems), self._now_us)

    def _ids(self, found: Mapping[str, Raw], problems: BatchProblems) -> tuple[Ids | None, Mask | None]:
        name = self._as("id", found)
        return (None, None) if name is None else read_ids(found[name], name, problems)

    def _read_truth(
        self, found: Mapping[str, Raw], problems: BatchProblems, is_text: bool
    ) -> tuple[list[Any] | None, Times]:
        name = self._as("actual", found)
        times, _ = self._times("actual_time", found, problems)
        if name is None:
            return None, times
        return self._truth.values(found[name], name, problems, is_text=is_text), times

    def _read_answers(self, found: Mapping[str, Raw], problems: BatchProblems, is_text: bool) -> Answers:
        names = [one for one in self._meaning.columns["prediction"] if one in found]
        label = self._as("label", found)
        self.seen.update(dict.fromkeys(names, "prediction"))
        given = None if label is None else (label, found[label])
        return self._answers.read({one: found[one] for one in names}, given, problems, is_text=is_text)

    def _features(self, found: Mapping[str, Raw], *, is_text: bool) -> dict[str, Column]:
        meanings = {one for names in self._meaning.columns.values() for one in names}
        chosen = self._meaning.features
        names = [one for one in found if (one not in meanings if chosen is None else one in chosen)]
        self.columns_over_limit = max(self.columns_over_limit, len(names) - MAX_FEATURES)
        for name in names[:MAX_FEATURES]:
            self.seen[name] = "feature"
        return {name: self._feature(name, found[name], is_text=is_text) for name in names[:MAX_FEATURES]}

    def _feature(self, name: str, raw: Raw, *, is_text: bool) -> Column:
        known = self.kinds.get(name)
        if isinstance(raw, list):
            return plain_column(raw)
        if is_text:
            kind = known or kind_of_text(raw)
            values = text_column(raw, kind or ColumnKind.CATEGORICAL)
            if known is None and kind is not None:
                self.kinds[name] = infer_kind(values) or kind if kind is ColumnKind.CATEGORICAL else kind
            return values
        if known is ColumnKind.DATETIME and pa.types.is_string(raw.type):
            times = read_times_text(raw)
            return plain_column(raw) if times is None else times
        return plain_column(raw)
