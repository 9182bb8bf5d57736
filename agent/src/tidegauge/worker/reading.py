"""Calls become rows: alike calls are read as one table, strange ones alone, and what cannot be read is counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from operator import attrgetter, itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegauge.core.columns import ColumnKind, is_missing
from tidegauge.core.ids import ID_BYTES, digest_id, digest_ids
from tidegauge.core.segments import SegmentNames
from tidegauge.core.windows import clamp_future
from tidegauge.errors import UsageError
from tidegauge.settings import AgentSettings
from tidegauge.worker.calls import Call, CallContext, Calls, Field, Form
from tidegauge.worker.facts import Times, as_list, read_ids, read_times
from tidegauge.worker.outputs import Answers, ModelFacts, is_one_answer, read_answers
from tidegauge.worker.pacing import Breathe
from tidegauge.worker.privacy import Privacy
from tidegauge.worker.rows import Codes, Ids, Mask, Rows
from tidegauge.worker.service import Requests
from tidegauge.worker.shapes import Unread, are_equal, count_rows, unpacked
from tidegauge.worker.tables.columns import ColumnTable
from tidegauge.worker.tables.sparse import SparseRows, join_sparse
from tidegauge.worker.tabulate import Columns, columns_of_dicts, matrix_names, tabulate

_SCALAR_ANSWERS = frozenset(
    {float, int, bool, str, np.float64, np.float32, np.int64, np.int32, np.bool_, bytes, type(None)}
)
_IDS_AT_ONCE = 64
_LOOKED_AT_AT_ONCE = 32
_JOINED_AT_ONCE = 256


class CallReader:
    """Reads the calls of one deployment. What it knows of the model (facts, feature names, kinds) is set by its owner."""

    def __init__(self, settings: AgentSettings, counts: Counter[str], wall_us: Callable[[int], int]) -> None:
        """`counts` is where oddities are counted; `wall_us` turns a monotonic reading into wall-clock time."""
        self.counts = counts
        self.adopt(settings)
        self.facts = ModelFacts(settings.task, (), settings.positive_class)
        self.feature_names: Sequence[str] = settings.feature_names
        self.kinds: dict[str, ColumnKind] = {}
        self.segments = SegmentNames(settings.segment_values)
        self._wall_us = wall_us
        self._requests: list[tuple[str, Requests]] = []

    def adopt(self, settings: AgentSettings) -> None:
        """Read by these settings from now on."""
        self.settings = settings
        self._privacy = Privacy(settings)

    def take_segment_requests(self) -> list[tuple[str, Requests]]:
        """The requests of the calls read since the last time, once for each segment that a row of theirs is in."""
        taken, self._requests = self._requests, []
        return taken

    def read(self, calls: Calls, now_us: int, breathe: Breathe) -> list[Rows]:
        """The rows of answered calls; a call that cannot be read costs itself alone, and is counted."""
        found = []
        for alike in calls.alike():
            for group in _groups(alike, breathe):
                breathe()
                try:
                    found.append(self._read(group, now_us, breathe))
                except Exception:  # noqa: BLE001 - one strange call must not cost its neighbours: read them one by one
                    found += self._one_by_one(group, now_us, breathe)
        return found

    def _one_by_one(self, group: Calls, now_us: int, breathe: Breathe) -> list[Rows]:
        found = []
        for call in group:
            try:
                found.append(self._read(Calls.of([call]), now_us, breathe))
            except UsageError:
                self._drop("unreadable_input", call)
                reason = call.inputs.reason if isinstance(call.inputs, Unread) else "shape"
                self.counts[f"unreadable_input:{reason}"] += count_rows(call.inputs)
            except Exception:  # noqa: BLE001 - counted; the host must not notice
                self._drop("internal_error", call)
        return found

    def _drop(self, reason: str, call: Call) -> None:
        rows = count_rows(call.inputs)
        self.counts["captured"] += rows
        self.counts[f"dropped:{reason}"] += rows

    def _read(self, calls: Calls, now_us: int, breathe: Breathe) -> Rows:
        contexts = calls.field("context")
        columns, each = self._columns(calls, breathe)
        columns = self._privacy.columns(columns)
        count = each * len(calls)
        answers = self._answers(calls, each)
        breathe()
        arrival = calls.integers("started_ns") // 1_000 + self._wall_us(0)
        arrival = arrival if each == 1 else np.repeat(arrival, each)
        ids, has_id = self._ids(columns, contexts, each, breathe)
        event, clamped = self._event_times(contexts, each, arrival, now_us)
        breathe()
        sets, codes = self._segment_sets(columns, contexts, each, count)
        if sets != ((),):
            self._note_requests(calls, each, sets, codes)
        batch = contexts[0].batch if contexts[0] is not None else ""
        return Rows(count, columns, answers, event, arrival, clamped, ids, has_id, sets, codes, batch)

    # ------------------------------------------------------------------ what was asked, and what was answered

    def _columns(self, calls: Calls, breathe: Breathe) -> tuple[Columns, int]:
        """Columns of alike calls, and the rows of each."""
        rows = calls.array("inputs")
        if calls.last("origin").form is Form.ROW_OF_FLOATS:
            return self._named(rows_of_bytes(rows, len(rows[0]) // 8, breathe)), 1
        if len(rows) == 1 and not isinstance(rows[0], dict):
            return self._table(rows[0], calls.field("result")[0])
        if isinstance(rows[0], dict):
            special = {self.settings.id_column, *self.settings.segment_parts}
            numeric = {name for name, kind in self.kinds.items() if kind is ColumnKind.NUMERIC and name not in special}
            return columns_of_dicts(rows, numeric, breathe), 1
        inputs = calls.field("inputs")
        if isinstance(inputs[0], SparseRows):
            return tabulate(join_sparse(inputs), self.feature_names)[0], inputs[0].rows
        if isinstance(inputs[0], tuple):
            packed = list(map(itemgetter(0), inputs))
            width = inputs[0][1][-1]
            return self._named(rows_of_bytes(packed, width, breathe)), len(packed[0]) // (8 * width)
        table = np.concatenate(list(map(np.atleast_2d, inputs)))
        breathe()
        return tabulate(table, self.feature_names)[0], len(table) // len(inputs)

    def _named(self, columns: npt.NDArray[np.float64]) -> Columns:
        """The columns of bare matrices by name."""
        names = matrix_names(len(columns), self.feature_names)
        return dict(zip(names, columns, strict=False))

    def _table(self, one: Any, result: Any) -> tuple[Columns, int]:
        if isinstance(one, ColumnTable) and self._is_one_row(one, result):
            one = dict(one.columns)
            return columns_of_dicts([one]), 1
        return tabulate(unpacked(one), self.feature_names)

    def _is_one_row(self, table: ColumnTable, result: Any) -> bool:
        """Whether what looks like columns are the vectors of one row: it got one answer, or a vector was stated."""
        is_vector = any(self.settings.kinds.get(str(name)) is ColumnKind.VECTOR for name in table.columns)
        return is_vector or (table.rows != 1 and is_one_answer(result))

    def _answers(self, calls: Calls, each: int) -> Answers:
        numbers, method = calls.float_results, calls.last("origin").method  # alike calls have one
        results = calls.field("result") if numbers is None or len(numbers) == 1 else []
        count = each * len(calls)
        if results and isinstance(results[0], Unread):
            self.counts["unreadable_predictions"] += count
            return Answers(count)
        try:
            joined = (
                unpacked(results[0]) if len(results) == 1 else _joined(results, each) if numbers is None else numbers
            )
            return Answers(count) if joined is None else read_answers(joined, count, self.facts, method=method)
        except UsageError:
            if len(calls) > 1:
                raise  # one by one it may be the fault of one call only
            self.counts["unreadable_predictions"] += count
            return Answers(count)

    # ------------------------------------------------------------------ ids

    def _ids(
        self, columns: Columns, contexts: Sequence[CallContext | None], each: int, breathe: Breathe
    ) -> tuple[Ids | None, Mask | None]:
        column = columns.pop(self.settings.id_column, None) if self.settings.id_column else None
        if contexts[0] is not None and contexts[0].prediction_ids is not None:  # calls are grouped by what they state
            return self._stated_ids(contexts, each)
        if column is None:
            return None, None
        values, found = column.tolist(), []
        try:
            for start in range(0, len(values), _IDS_AT_ONCE):
                found.append(digest_ids(values[start : start + _IDS_AT_ONCE], self.settings.id_key))
                breathe()
            return _as_ids(b"".join(found)), None
        except UsageError:
            return self._usable_ids(values)

    def _stated_ids(self, contexts: Sequence[CallContext | None], each: int) -> tuple[Ids | None, Mask | None]:
        parts = []
        for context in contexts:
            stated = context.prediction_ids if context is not None else None
            try:
                parts.append((_as_ids(read_ids(stated, each, self.settings.id_key)), np.ones(each, dtype=bool)))
            except UsageError:
                values = as_list(stated)
                ids, usable = self._usable_ids(values if len(values) == each else [_Unusable] * each)
                parts.append((ids, usable))
        return np.concatenate([ids for ids, _ in parts]), np.concatenate([usable for _, usable in parts])

    def _usable_ids(self, values: list[Any]) -> tuple[Ids, Mask]:
        """Digests of those ids that are of a type that can be one; a missing id is no fault, another is counted."""
        digests, usable = [], []
        for value in values:
            try:
                digests.append(digest_id(value, self.settings.id_key))
                usable.append(True)
            except UsageError:
                digests.append(bytes(ID_BYTES))
                usable.append(False)
                self.counts["unreadable_ids"] += not is_missing(value)
        return _as_ids(b"".join(digests)), np.array(usable, dtype=bool)

    # ------------------------------------------------------------------ times and segments

    def _event_times(
        self, contexts: Sequence[CallContext | None], each: int, arrival: Times, now_us: int
    ) -> tuple[Times, Mask | None]:
        if contexts[0] is None or contexts[0].timestamps is None:
            return arrival, None
        parts = []
        for number, context in enumerate(contexts):
            try:
                parts.append(read_times(context.timestamps if context is not None else None, each))
            except UsageError:
                self.counts["unreadable_timestamps"] += each
                parts.append(arrival[number * each : (number + 1) * each])
        times = np.concatenate(parts)
        clamped, ahead = clamp_future(times, now_us)
        return clamped, (ahead if ahead.any() else None)

    def _segment_sets(
        self, columns: Columns, contexts: Sequence[CallContext | None], each: int, count: int
    ) -> tuple[tuple[tuple[str, ...], ...], Codes]:
        found = {one: self._segment_names(one, columns, contexts, each) for one in self.settings.segment_parts}
        named = {one: names for one, names in found.items() if names is not None}
        return self.segments.sets(self.settings.segments, named, count)

    def _segment_names(
        self, name: str, columns: Columns, contexts: Sequence[CallContext | None], each: int
    ) -> list[str] | None:
        if contexts[0] is None or name not in (contexts[0].segment or {}):
            return self.segments.names(name, columns[name]) if name in columns else None
        values: list[object] = []
        for context in contexts:
            stated = (context.segment or {}).get(name) if context is not None else None
            several = as_list(stated) if not isinstance(stated, (str, bytes)) and hasattr(stated, "__len__") else None
            values += several if several is not None and len(several) == each else [stated] * each
        return self.segments.names(name, self._privacy.listed(name, values))

    def _note_requests(self, calls: Calls, each: int, sets: tuple[tuple[str, ...], ...], codes: Codes) -> None:
        call_of_row = np.repeat(np.arange(len(calls)), each)
        for segment in dict.fromkeys(name for one in sets for name in one):
            member = np.array([segment in one for one in sets], dtype=bool)
            rows = np.bincount(call_of_row[member[codes]], minlength=len(calls))
            chosen = np.flatnonzero(rows)
            if len(chosen):
                self._requests.append((segment, Requests.of(calls.where(chosen.tolist()), rows[chosen], self._wall_us)))


def rows_of_bytes(rows: list[bytes] | Field, width: int, breathe: Breathe) -> npt.NDArray[np.float64]:
    """The columns of rows of so many float64, of which each piece of bytes holds one or more, all as many."""
    each = len(rows[0]) // (8 * width)
    columns = np.empty((width, each * len(rows)))
    step = max(1, _JOINED_AT_ONCE // each)
    for start in range(0, len(rows), step):
        part = np.frombuffer(b"".join(rows[start : start + step])).reshape(-1, width)
        columns[:, start * each : start * each + len(part)] = part.T
        breathe()
    return columns


class _Unusable:
    """In place of ids whose number is wrong."""


def _as_ids(digests: bytes) -> Ids:
    return np.frombuffer(digests, dtype=f"V{ID_BYTES}")


def _joined(results: list[Any], each: int) -> Any:
    """The answers of alike calls of `each` rows, one after another."""
    first = results[0]
    if first is None:
        return None
    if isinstance(first, list):
        return np.array(results, dtype=np.float64)
    if isinstance(first, tuple):
        joined = np.frombuffer(b"".join(map(itemgetter(0), results)))
        return joined.reshape(-1, *first[1][1:]) if first[1][0] == each else joined.reshape(-1, *first[1])
    if isinstance(first, np.ndarray):
        return np.concatenate(results) if len(first) == each else np.stack(results)
    return results


# ---------------------------------------------------------------------- which calls are alike


def _groups(calls: Calls, breathe: Breathe) -> list[Calls]:
    """Calls of one method and form that can be read as one table, together; others alone. Their order is kept within a group."""
    if len(calls) == 1 or _all_alike(calls, breathe):
        return [calls]
    groups: dict[object, list[int]] = {}
    for number, call in enumerate(calls):
        groups.setdefault(_likeness(call) or number, []).append(number)
        if not number % _LOOKED_AT_AT_ONCE:
            breathe()
    return [calls.where(places) for places in groups.values()]


def _all_alike(calls: Calls, breathe: Breathe) -> bool:
    """The common case, seen without a loop over the calls: all of one kind, without context."""
    if calls.contexts:
        return False
    results = [] if calls.float_results is not None else calls.field("result")
    answers = set(map(type, results)) or {float}
    breathe()
    if len(answers) != 1 or not _are_alike(calls):
        return False
    breathe()
    if answers in ({np.ndarray}, {tuple}) and not _same(results):
        return False
    if answers == {list} and len(set(map(len, results))) != 1:
        return False
    return _likeness(calls[0]) is not None


def _are_alike(calls: Calls) -> bool:
    form = calls.last("origin").form
    if form is Form.ROW_OF_NAMES:
        return True
    if form is Form.ROW_OF_FLOATS:
        rows = calls.array("inputs")
        return bool((np.fromiter(map(len, rows), np.int64, len(rows)) == len(rows[0])).all())
    inputs = calls.field("inputs")
    kinds = set(map(type, inputs))
    return kinds == {dict} or (kinds in ({np.ndarray}, {tuple}) and _same(inputs))


def _same(arrays: list[Any]) -> bool:
    """Whether all arrays, or packed ones, have one shape and type."""
    likeness = itemgetter(1) if isinstance(arrays[0], tuple) else attrgetter("shape", "dtype")
    return are_equal(list(map(likeness, arrays)))


def _likeness(one: Call) -> object:
    is_packed_row = one.origin.form is Form.ROW_OF_FLOATS
    each, inputs = (1, len(one.inputs)) if is_packed_row else _input_likeness(one.inputs)
    answers = _answer_likeness(one.result, each) if inputs is not None else None
    if inputs is None or answers is None:
        return None
    context = one.context
    if context is None:
        return inputs, answers
    stated = (context.prediction_ids is None, context.timestamps is None, tuple(sorted(context.segment or ())))
    return inputs, answers, stated, context.batch


def _input_likeness(inputs: Any) -> tuple[int, object]:
    if isinstance(inputs, dict):
        return 1, "dict"
    if isinstance(inputs, tuple):
        shape = inputs[1]
        is_table = len(shape) in {1, 2} and 0 not in shape
        return (shape[0] if len(shape) == 2 else 1), (("packed", shape) if is_table else None)
    if isinstance(inputs, SparseRows):
        return inputs.rows, ("sparse", inputs.rows, inputs.width)
    if type(inputs) is np.ndarray and inputs.ndim in {1, 2} and inputs.dtype.kind in "iufb" and inputs.size:
        return (1 if inputs.ndim == 1 else len(inputs)), (inputs.shape, inputs.dtype)
    return 0, None


def _answer_likeness(answer: Any, each: int) -> object:
    if type(answer) in _SCALAR_ANSWERS and each == 1:
        return type(answer)
    if isinstance(answer, (np.ndarray, tuple)):
        shape, dtype = ("packed", answer[1])[::-1] if isinstance(answer, tuple) else (answer.shape, answer.dtype)
        is_one_row = len(shape) == 1 and each == 1
        return (shape, dtype) if len(shape) and (shape[0] == each or is_one_row) else None
    if isinstance(answer, list) and each == 1 and all(type(one) is float for one in answer):
        return "list", len(answer)
    if isinstance(answer, dict):
        return dict if each == 1 else None
    return type(answer) if answer is None or isinstance(answer, Unread) else None
