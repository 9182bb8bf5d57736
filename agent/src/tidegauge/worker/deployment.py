"""One deployment's and version's part of the worker: calls in, sealed frames out. Touched only under the runtime's lock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tidegauge.core.bins import ReferenceBins
from tidegauge.core.columns import PREDICTION, PREDICTION_LABEL, ColumnKind
from tidegauge.core.kinds import infer_kind
from tidegauge.core.outcomes import NO_LABEL, Labels
from tidegauge.core.windows import HOUR_US
from tidegauge.errors import UsageError
from tidegauge.settings import AgentSettings
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.rows import ActualRows, RecordRows
from tidegauge.worker.calls import Call, ServiceOnly
from tidegauge.worker.cells import OpenWindows, WindowKey, profile_columns
from tidegauge.worker.facts import SegmentNames, Times, clamp_future, read_ids, read_times
from tidegauge.worker.frames import FrameEncoder, SealedFrame, with_watermark
from tidegauge.worker.outputs import Answers, ModelFacts, read_answers
from tidegauge.worker.pooling import Table, join, pool
from tidegauge.worker.service import ServiceMinutes
from tidegauge.worker.tabulate import Column, Columns, tabulate

ROWS_AT_ONCE = 4_096
MAX_FEATURES = 2_000

Codes = npt.NDArray[np.uint32]


@dataclass(frozen=True)
class Rows:
    """Some rows, understood: columns (features and answers), event times, ids or None, and the segments that each row is in."""

    count: int
    columns: Columns
    answers: Answers
    event_us: Times
    arrival_us: Times
    clamped: npt.NDArray[np.bool_]
    ids: bytes | None
    segment_sets: tuple[tuple[str, ...], ...]
    segment_codes: Codes
    batch: str


class DeploymentWorker:
    """Gathers one deployment's telemetry until it is sealed."""

    def __init__(
        self, settings: AgentSettings, *, bins: Callable[[], ReferenceBins | None], wall_us: Callable[[int], int]
    ) -> None:
        """`bins` reads the reference bins that are known on this host; `wall_us` turns a monotonic reading into wall-clock time."""
        self.settings = settings
        self.encoder = FrameEncoder(settings)
        self._facts = ModelFacts(settings.task, (), settings.positive_class)
        self._feature_names = settings.feature_names
        self._load_bins = bins
        self._wall_us = wall_us
        self._segments = SegmentNames()
        self.forget()

    def forget(self) -> None:
        """Begin anew, as in a forked child: what was gathered is somebody else's."""
        self.counts: Counter[str] = Counter()
        self._bins: ReferenceBins | None = None
        self._windows = OpenWindows()
        self._service = ServiceMinutes()
        self._kinds: dict[str, ColumnKind] = dict(self.settings.kinds)
        self._pool: list[Call] = []
        self._pool_rows = 0
        self._records: list[RecordRows] = []
        self._actuals: list[ActualRows] = []
        self._ready: list[SealedFrame] = []
        self._newest_event_us = 0
        self._announced = False

    def learn(self, facts: ModelFacts, feature_names: Sequence[str]) -> None:
        """Take over what a model says of itself."""
        self._facts = facts
        self._feature_names = self._feature_names or tuple(feature_names)
        self._announced = False

    @property
    def facts(self) -> ModelFacts:
        """What is known of the model's answers."""
        return self._facts

    @property
    def feature_names(self) -> Sequence[str]:
        """Names of the columns of a bare matrix, where known."""
        return self._feature_names

    # ------------------------------------------------------------------ in

    def take(self, call: Call, rows: int, now_s: float) -> None:
        """Take in one call of `rows` rows."""
        if call.duration_ns >= 0:
            self._service.add(self._wall_us(call.started_ns), call.duration_ns, rows, call.error)
        if call.error is not None:
            return
        self.counts["captured"] += rows
        self._pool.append(call)
        self._pool_rows += rows
        if self._pool_rows >= ROWS_AT_ONCE:
            self.aggregate(now_s)

    def take_service_only(self, kept: ServiceOnly) -> None:
        """Count a call whose rows found no room."""
        self._service.add(self._wall_us(kept.started_ns), kept.duration_ns, kept.rows, kept.error)
        self.counts["captured"] += 0 if kept.error else kept.rows

    def take_actuals(self, rows: ActualRows) -> None:
        """Take in the truth of some predictions."""
        self._actuals.append(rows)
        self.counts["actuals"] += rows.rows

    def take_frames(self, frames: Sequence[SealedFrame]) -> None:
        """Take in frames that are ready (baseline, events)."""
        self._ready.extend(frames)

    # ------------------------------------------------------------------ rows to cells

    def aggregate(self, now_s: float) -> None:
        """Turn the pooled calls into cells and records."""
        calls, self._pool, self._pool_rows = self._pool, [], 0
        for group in pool(calls):
            try:
                self._add(self._read(join(group), now_s), now_s)
            except Exception:  # noqa: BLE001 - one strange call must not cost its neighbours: read them one by one
                self._add_one_by_one(group, now_s)

    def _add_one_by_one(self, group: list[Call], now_s: float) -> None:
        for call in group:
            try:
                self._add(self._read(join([call]), now_s), now_s)
            except UsageError:
                self.counts["dropped:unreadable_input"] += _rows_of(call)
            except Exception:  # noqa: BLE001 - counted; the host must not notice
                self.counts["dropped:internal_error"] += _rows_of(call)

    def _read(self, table: Table, now_s: float) -> Rows:
        columns, count = tabulate(table.inputs, self._feature_names)
        lengths = table.rows or [count]
        answers = self._answers(table, count)
        arrival = np.repeat([self._wall_us(call.started_ns) for call in table.calls], lengths).astype(np.int64)
        ids = self._ids_or_none(columns, table.calls, lengths)
        event, clamped = self._event_times(table.calls, lengths, arrival, int(now_s * 1e6))
        sets, codes = self._segment_sets(columns, table.calls, lengths, count)
        context = table.calls[0].context
        batch = context.batch if context is not None else ""
        return Rows(count, columns, answers, event, arrival, clamped, ids, sets, codes, batch)

    def _answers(self, table: Table, count: int) -> Answers:
        if table.result is None or hasattr(table.result, "__next__"):
            return Answers(count)
        try:
            return read_answers(table.result, count, self._facts, method=table.method)
        except UsageError:
            self.counts["unreadable_predictions"] += count
            return Answers(count)

    def _ids_or_none(self, columns: Columns, calls: Sequence[Call], lengths: Sequence[int]) -> bytes | None:
        try:
            return self._ids(columns, calls, lengths)
        except UsageError:
            self.counts["unreadable_ids"] += sum(lengths)
            return None

    def _ids(self, columns: Columns, calls: Sequence[Call], lengths: Sequence[int]) -> bytes | None:
        column = columns.pop(self.settings.id_column, None) if self.settings.id_column else None
        contexts = [call.context for call in calls]
        if any(context is not None and context.prediction_ids is not None for context in contexts):
            parts = [read_ids(c.prediction_ids, n) for c, n in zip(contexts, lengths, strict=True) if c is not None]
            return b"".join(parts) if len(parts) == len(calls) else None
        return read_ids(column, len(column)) if column is not None else None

    def _event_times(
        self, calls: Sequence[Call], lengths: Sequence[int], arrival: Times, now_us: int
    ) -> tuple[Times, npt.NDArray[np.bool_]]:
        if all(call.context is None or call.context.timestamps is None for call in calls):
            return arrival, np.zeros(len(arrival), dtype=bool)
        parts, start = [], 0
        for call, n in zip(calls, lengths, strict=True):
            stated = call.context.timestamps if call.context is not None else None
            parts.append(arrival[start : start + n] if stated is None else read_times(stated, n))
            start += n
        times = np.concatenate(parts)
        clamped, _ = clamp_future(times, now_us)
        return clamped, clamped != times

    def _segment_sets(
        self, columns: Columns, calls: Sequence[Call], lengths: Sequence[int], count: int
    ) -> tuple[tuple[tuple[str, ...], ...], Codes]:
        names = [self._segment_column(one, columns, calls, lengths) for one in self.settings.segments]
        rows = list(zip(*(column for column in names if column is not None), strict=True)) or [()] * count
        index: dict[tuple[str, ...], int] = {}
        codes = np.fromiter((index.setdefault(row, len(index)) for row in rows), dtype=np.uint32, count=count)
        return tuple(index), codes

    def _segment_column(
        self, name: str, columns: Columns, calls: Sequence[Call], lengths: Sequence[int]
    ) -> list[str] | None:
        if any(call.context is not None and call.context.segment for call in calls):
            values: list[object] = []
            for call, n in zip(calls, lengths, strict=True):
                stated = (call.context.segment or {}).get(name) if call.context is not None else None
                several = isinstance(stated, (list, tuple, np.ndarray)) and len(stated) == n
                values += list(stated) if several else [stated] * n  # type: ignore[arg-type]
            if any(value is not None for value in values):
                return self._segments.names(name, values)
        return self._segments.names(name, columns[name]) if name in columns else None

    def _add(self, rows: Rows, now_s: float) -> None:
        if not rows.count:
            return
        if rows.ids is not None:
            self._records.append(_records(rows))
        columns = {**dict(list(rows.columns.items())[:MAX_FEATURES]), **answer_columns(rows.answers)}
        self.counts["columns_over_limit"] += max(0, len(rows.columns) - MAX_FEATURES)
        self._learn_kinds(columns)
        self._newest_event_us = max(self._newest_event_us, int(rows.event_us.max()))
        hours = rows.event_us - rows.event_us % HOUR_US
        for start in np.unique(hours).tolist():
            inside = np.flatnonzero(hours == start)
            self._add_window(rows, columns, inside, start, now_s)
        if self._windows.over_budget:
            self._seal_windows(self._windows.oldest(), int(now_s * 1e6))

    def _add_window(self, rows: Rows, columns: Columns, inside: npt.NDArray[np.intp], start: int, now_s: float) -> None:
        keys = [(WindowKey(start, "", rows.batch), inside)]
        codes = rows.segment_codes[inside]
        for segment in dict.fromkeys(name for one in rows.segment_sets for name in one):
            member = np.array([segment in one for one in rows.segment_sets], dtype=bool)
            chosen = inside[member[codes]]
            if len(chosen):
                keys.append((WindowKey(start, segment, rows.batch), chosen))
        for key, chosen in keys:
            whole = len(chosen) == rows.count
            part = columns if whole else {name: values[chosen] for name, values in columns.items()}
            profiles = profile_columns(part, self._kinds, self._bins)
            event = int(rows.event_us[chosen].min())
            self._windows.add(key, profiles, rows=len(chosen), event_us=event, now_s=now_s)
        clamped = int(np.count_nonzero(rows.clamped[inside]))
        self._windows.count_clamped(keys[0][0], clamped)
        self.counts["clamped_future"] += clamped

    def _learn_kinds(self, columns: Columns) -> None:
        known = self._bins.columns if self._bins else {}
        for name, values in columns.items():
            if name not in self._kinds:
                kind = known[name].kind if name in known else infer_kind(values)
                if kind is None:
                    continue
                self._kinds[name] = kind
                if not (kind.is_numeric or kind.is_categorical):
                    self.counts[f"columns_skipped:{kind.value}"] += 1
        for name in [name for name in columns if name not in self._kinds]:
            columns.pop(name)  # nothing there yet to tell its kind by

    # ------------------------------------------------------------------ out

    def refresh_bins(self, now_us: int) -> None:
        """Take up reference bins that have become known or changed; what was counted in the old ones is sealed first."""
        bins = self._load_bins()
        if bins is None or (self._bins is not None and bins.bins_id == self._bins.bins_id):
            return
        self.aggregate(now_us / 1e6)
        self._seal_windows(self._windows.all_keys(), now_us)
        self._bins = bins
        stated = self.settings.kinds
        self._kinds = {**self._kinds, **{name: one.kind for name, one in bins.columns.items() if name not in stated}}

    def seal(self, now_us: int, *, profiles: bool, everything: bool = False, final: bool = False) -> list[SealedFrame]:
        """Take the frames that are due: always records, actuals and service columns; `profiles` with the windows that are due;
        `everything` down to the last row; `final` closes all windows."""
        self.aggregate(now_us / 1e6)
        for start, columns in self._service.seal():
            self._ready.append(self.encoder.minute(start, columns, now_us))
        records, self._records = self._records, []
        for rows in _joined_records(records):
            self._ready.extend(self.encoder.records(rows, now_us))
        actuals, self._actuals = self._actuals, []
        for truth in actuals:
            self._ready.extend(self.encoder.actuals(truth, now_us))
        if profiles or everything:
            due = self._windows.due_to_close(
                now_s=now_us / 1e6, newest_event_us=self._newest_event_us, length_us=HOUR_US
            )
            self._seal_windows(self._windows.all_keys() if final else due, now_us, everything=everything)
        return self._take_ready(now_us)

    def _seal_windows(self, close: frozenset[WindowKey], now_us: int, *, everything: bool = False) -> None:
        for sealed in self._windows.seal(close=close, everything=everything):
            self._ready.extend(self.encoder.window(sealed, self._bins, now_us))

    def _take_ready(self, now_us: int) -> list[SealedFrame]:
        frames, self._ready = self._ready, []
        if frames and not self._announced:
            self._announced = True
            frames.insert(0, self._announcement(now_us))
        if frames and self._newest_event_us:
            held = self._windows.first_unsealed_us()
            frames[-1] = with_watermark(frames[-1], self._newest_event_us + 1 if held is None else held)
        return frames

    def _announcement(self, now_us: int) -> SealedFrame:
        chosen, facts = self.settings, self._facts
        proposal = pb.DeploymentProposal(
            task=facts.task,
            positive_class=facts.positive_class or "",
            classes=facts.classes,
            time_zone=chosen.time_zone,
            segment_columns=chosen.segments,
            alerts=chosen.alerts,
        )
        return self.encoder.event("agent.started", "", now_us, proposal=proposal)


def _rows_of(call: Call) -> int:
    try:
        return tabulate(call.inputs)[1]
    except Exception:  # noqa: BLE001 - it is being counted as unreadable; one row is all that is known of it
        return 1


def answer_columns(answers: Answers) -> Columns:
    columns: Columns = {}
    for name, values in answers.scores.items():
        columns[f"{PREDICTION}.{name}" if name else PREDICTION] = values
    if answers.labels is not None:
        names: Column = np.array([*answers.labels.names, None], dtype=object)
        columns[PREDICTION_LABEL] = names[np.minimum(answers.labels.codes, len(answers.labels.names))]
    return columns


def _records(rows: Rows) -> RecordRows:
    labels = rows.answers.labels or Labels((), np.full(rows.count, NO_LABEL, dtype=np.uint32))
    return RecordRows(
        rows.ids or b"",
        rows.event_us,
        rows.arrival_us,
        rows.answers.scores,
        labels,
        rows.segment_sets,
        rows.segment_codes,
        rows.batch,
    )


def _joined_records(parts: list[RecordRows]) -> Iterator[RecordRows]:
    """Put records together that have the same scores, labels and batch, so that small calls share frames."""
    groups: dict[object, list[RecordRows]] = {}
    for part in parts:
        groups.setdefault((tuple(part.outputs), part.labels.names, part.batch), []).append(part)
    for group in groups.values():
        yield group[0] if len(group) == 1 else _join_group(group)


def _join_group(group: list[RecordRows]) -> RecordRows:
    sets: dict[tuple[str, ...], int] = {}
    codes = []
    for part in group:
        recode = np.array([sets.setdefault(one, len(sets)) for one in part.segment_sets], dtype=np.uint32)
        codes.append(recode[part.segment_codes])
    return replace(
        group[0],
        ids=b"".join(part.ids for part in group),
        event_times_us=np.concatenate([part.event_times_us for part in group]),
        arrival_times_us=np.concatenate([part.arrival_times_us for part in group]),
        outputs={name: np.concatenate([part.outputs[name] for part in group]) for name in group[0].outputs},
        labels=Labels(group[0].labels.names, np.concatenate([part.labels.codes for part in group])),
        segment_sets=tuple(sets),
        segment_codes=np.concatenate(codes),
    )
