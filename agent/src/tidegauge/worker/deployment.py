"""One deployment's and version's part of the worker: calls in, sealed frames out. Touched only under the runtime's lock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from tidegauge.core.bins import ReferenceBins
from tidegauge.core.columns import ColumnKind
from tidegauge.core.derived import PARTS, derive, take_over
from tidegauge.core.humility import resolve_all
from tidegauge.core.kinds import infer_kind
from tidegauge.core.moments import Standard, standard_of
from tidegauge.core.windows import HOUR_US
from tidegauge.errors import WireError
from tidegauge.settings import AgentSettings
from tidegauge.weakly import Weakly
from tidegauge.wire.rows import ActualRows, RecordRows
from tidegauge.worker.additions import Addition, Knowledge, profile_rows
from tidegauge.worker.blocks import Layouts
from tidegauge.worker.calls import Calls, Form, ServiceOnly
from tidegauge.worker.cells import LEAST_ROWS, MAX_CELLS, OpenWindows, SealedWindow, WindowKey
from tidegauge.worker.frames import FrameEncoder, SealedFrame
from tidegauge.worker.metrics import CustomMetrics
from tidegauge.worker.outputs import ModelFacts
from tidegauge.worker.pacing import Breathe, no_pause
from tidegauge.worker.reading import CallReader
from tidegauge.worker.records import join_records
from tidegauge.worker.rows import Rows, answer_columns, join_rows, rule_columns
from tidegauge.worker.rowtypes import has_plain_values, lightened
from tidegauge.worker.sampling import sampled_rows
from tidegauge.worker.service import Requests, ServiceMinutes
from tidegauge.worker.shapes import count_rows, row_counts
from tidegauge.worker.sizes import held_bytes
from tidegauge.worker.tabulate import MAX_FEATURES, Column, Columns

ROWS_AT_ONCE = 4_096
ROWS_LOOKED_AT = 4_096
MAX_WAITING_BYTES = 2 * 1024 * 1024
MAX_READ_BYTES = 1024 * 1024
LOST = "take_failed"
"""Why rows are dropped that the worker had taken out of the buffer, and lost by a fault of ours before they were in a window."""
MAX_COLUMNS = MAX_FEATURES + 100  # with the answers'


class Shortcut(Protocol):
    """A caller's way that copies rows without a look at their values."""

    def close_shortcut(self) -> None: ...


class DeploymentWorker:
    """Gathers one deployment's telemetry until it is sealed."""

    def __init__(
        self, settings: AgentSettings, *, bins: Callable[[], ReferenceBins | None], wall_us: Callable[[int], int]
    ) -> None:
        """`bins` reads the reference bins that are known on this host; `wall_us` turns a monotonic reading into wall-clock time."""
        self._load_bins = bins
        self._wall_us = wall_us
        self._reader = CallReader(settings, Counter(), wall_us)
        self._bins: ReferenceBins | None = None
        self._standard: Standard | None = None
        self.recorders: Weakly[Shortcut] = Weakly()
        self.adopt(settings)
        self.forget()

    def adopt(self, settings: AgentSettings) -> None:
        """Take over the settings of another `init` for the same deployment and version: the newest hold."""
        self.settings = settings
        self.encoder = FrameEncoder(settings)
        reader = self._reader
        reader.adopt(settings)
        known = reader.facts
        positive_class = settings.positive_class or known.positive_class
        reader.facts = ModelFacts(settings.task or known.task, known.classes, positive_class)
        reader.feature_names = settings.feature_names or reader.feature_names
        reader.kinds.update(settings.kinds)
        self._layouts = Layouts(self.kinds, self._bins)
        self._announced = False
        self._resolve_rules()

    def forget(self) -> None:
        """Begin anew, as in a forked child: what was gathered is somebody else's."""
        self.counts: Counter[str] = Counter()
        self._reader.counts = self.counts
        self._reader.kinds = dict(self.settings.kinds)
        self._bins = self._standard = None
        self._layouts = Layouts(self.kinds, None)
        self._windows = OpenWindows(suppress_below=self.settings.suppress_below)
        self.metrics = CustomMetrics(self.counts)
        self._service = ServiceMinutes()
        self._waiting: list[Calls] = []
        self._waiting_counts: list[npt.NDArray[np.int64]] = []
        self._waiting_rows = self._waiting_bytes = 0
        self._read: list[Rows] = []
        self._read_rows = self._read_bytes = 0
        self._read_is_large = False
        self._records: list[RecordRows] = []
        self._actuals: list[ActualRows] = []
        self._ready: list[SealedFrame] = []
        self._new: set[str] = set()
        self._kindless: set[str] = set()  # columns of which no value was there yet
        self._absent: set[str] = set()
        self.newest_event_us = 0
        self._announced = False
        self._rows_seen = self._looked_at = 0
        self._untaken = 0  # captured rows on their way into windows
        self.rows_are_plain: bool | None = None
        self._resolve_rules()

    def learn(self, facts: ModelFacts, feature_names: Sequence[str]) -> None:
        """Take over what a model says of itself."""
        self._reader.facts = facts
        self._reader.feature_names = self._reader.feature_names or tuple(feature_names)
        self._announced = False
        self._resolve_rules()

    def _resolve_rules(self) -> None:
        self.conditions = resolve_all(self.settings.rules, self._bins, self.facts.task)

    @property
    def facts(self) -> ModelFacts:
        """What is known of the model's answers."""
        return self._reader.facts

    @property
    def feature_names(self) -> Sequence[str]:
        """Names of the columns of a bare matrix, where known."""
        return self._reader.feature_names

    @property
    def kinds(self) -> dict[str, ColumnKind]:
        """Kinds of columns, as far as known."""
        return self._reader.kinds

    # ------------------------------------------------------------------ in

    def take(self, calls: Calls, now_us: int, breathe: Breathe = no_pause) -> None:
        """Take in calls; they are looked at when enough rows have come.

        What a fault of ours loses on the way, of these calls or of those that waited, is counted as dropped before it is raised.
        """
        if not len(calls):
            return
        try:
            self._let_wait(calls)
        except Exception:
            self.lose(_answered_rows(calls))
            raise
        if self._waiting_rows >= ROWS_AT_ONCE or self._waiting_bytes >= MAX_WAITING_BYTES:
            self._read_waiting(now_us, breathe)
        if self._read_rows >= ROWS_AT_ONCE or self._read_bytes >= MAX_READ_BYTES or self._read_is_large:
            self._profile_read(now_us, breathe)

    def lose(self, rows: int) -> None:
        """Count rows that were handed over and are lost by a fault of ours."""
        self.counts["captured"] += rows
        self.counts[f"dropped:{LOST}"] += rows

    def _let_wait(self, calls: Calls) -> None:
        """Keep the calls; nothing of them where that fails."""
        origin, last = calls.origin, calls.last("inputs")
        self._look_for_containers(calls)
        if type(last) is dict and lightened(last) is not last:  # one of them is looked at: rows of a service are alike
            inputs = [lightened(row) if type(row) is dict else row for row in calls.field("inputs")]
            calls = calls.with_inputs(inputs)
            last = inputs[-1]
        is_row = origin is not None and origin.form is not Form.ANY
        counts = np.ones(len(calls), dtype=np.int64) if is_row else row_counts(calls.field("inputs"))
        rows = len(calls) if is_row else int(counts.sum())
        size = 0 if is_row else sum(one.size_bytes for one in calls.field("origin"))
        if not calls.last("origin").size_bytes:
            size += held_bytes(last) * len(calls)
        self._waiting.append(calls.waiting())
        self._waiting_counts.append(counts)
        self._waiting_rows += rows
        self._waiting_bytes += size

    def _look_for_containers(self, calls: Calls) -> None:
        """Whether rows have plain values only, so that a shallow copy of a dict is a private one: seen at the first thousands of
        rows, later at one of each batch; once they have not, each row is looked at before it is copied."""
        if self.rows_are_plain is False:
            return
        inputs = [calls.last("inputs")] if self._looked_at >= ROWS_LOOKED_AT else calls.field("inputs")
        self._looked_at += len(inputs)
        self.rows_are_plain = all(map(has_plain_values, inputs))
        if not self.rows_are_plain:
            for recorder in self.recorders:
                recorder.close_shortcut()

    def take_service_only(self, kept: Sequence[ServiceOnly]) -> None:
        """Count calls whose rows were dropped, and so need not be profiled."""
        self.counts["captured"] += sum(one.rows for one in kept if not one.error)
        self.serve(kept)

    def serve(self, kept: Sequence[ServiceOnly]) -> None:
        """Count calls in the service statistics alone."""
        if kept:
            self._service.add(Requests.of_kept(kept, self._wall_us))

    def take_actuals(self, rows: ActualRows) -> None:
        """Take in the truth of some predictions."""
        self._actuals.append(rows)
        self.counts["actuals"] += rows.rows

    @property
    def segment_overflow_rows(self) -> int:
        """Rows in the segment `other` of a column with too many values."""
        return self._reader.segments.overflowed_rows

    @property
    def waiting_actuals(self) -> int:
        """Rows of truth that wait for a seal."""
        return sum(rows.rows for rows in self._actuals)

    @property
    def ready_frames(self) -> int:
        """Frames that wait for a seal."""
        return len(self._ready)

    def take_frames(self, frames: Sequence[SealedFrame]) -> None:
        """Take in frames that are ready (baseline, events)."""
        self._ready.extend(frames)

    # ------------------------------------------------------------------ calls to cells

    def aggregate(self, now_us: int, breathe: Breathe = no_pause) -> None:
        """Turn the waiting calls into records, cells and service statistics."""
        self._read_waiting(now_us, breathe)
        self._profile_read(now_us, breathe)

    def _read_waiting(self, now_us: int, breathe: Breathe) -> None:
        """Turn the waiting calls into columns, which take a fraction of their memory and so may wait for more rows."""
        waiting, self._waiting = self._waiting, []
        counts, self._waiting_counts = self._waiting_counts, []
        self._waiting_rows = self._waiting_bytes = 0
        if not waiting:
            return
        counted = self.counts["captured"]
        try:
            calls = Calls.joined(waiting, breathe)
            waiting[:] = [calls]
            self.refresh_bins(now_us)
            self._service.add(Requests.of(calls, np.concatenate(counts), self._wall_us))
            is_answered = [i for i, error in enumerate(calls.errors) if error is None]
            answered = calls.where(is_answered) if calls.errors else calls
            breathe()
            read = self._reader.read(answered, now_us, breathe)
        except Exception:
            self.lose(sum(map(_answered_rows, waiting)) - (self.counts["captured"] - counted))
            raise
        self._read += read
        self._read_rows += sum(one.count for one in read)
        self._read_bytes += sum(one.held_bytes for one in read)
        self._read_is_large = not all(one.can_wait for one in read)
        for segment, requests in self._reader.take_segment_requests():
            self._service.add(requests, segment)
            breathe()

    def _profile_read(self, now_us: int, breathe: Breathe) -> None:
        """Profile the rows that were read: many at once, because each block of rows and each segment costs something by itself."""
        read, self._read = self._read, []
        self._read_rows = self._read_bytes = 0
        self._read_is_large = False
        rows, counted, self._untaken = sum(one.count for one in read), self.counts["captured"], 0
        try:
            for part in join_rows(read):
                self._take_rows(part, now_us, breathe)
        except Exception:
            self.lose(rows - (self.counts["captured"] - counted))
            self.counts[f"dropped:{LOST}"] += self._untaken
            raise

    def _take_rows(self, rows: Rows, now_us: int, breathe: Breathe) -> None:
        self.counts["captured"] += rows.count
        self._untaken = rows.count
        rows = self._sampled(rows)
        if not rows.count:
            return
        records = rows.records()
        if records is not None:
            self._records.append(records)
        self.counts["columns_over_limit"] += max(0, len(rows.columns) - MAX_FEATURES)
        blocks = max(1, rows.count // ROWS_AT_ONCE)
        step = -(-rows.count // blocks)
        for start in range(0, rows.count, step):
            part = rows.part(slice(start, start + step)) if blocks > 1 else rows
            try:
                additions = list(self._additions(part, now_us, breathe))
            except Exception:  # noqa: BLE001 - a fault of ours in profiling: counted; the rows' records are kept
                self.counts["dropped:internal_error"] += part.count
                self._untaken -= part.count
                continue
            self._add(additions, now_us)

    def _sampled(self, rows: Rows) -> Rows:
        share, first = self.settings.sample, self._rows_seen
        if share >= 1:
            return rows
        self._rows_seen += rows.count
        kept = rows.where(sampled_rows(rows, share, first))
        self.counts["sampled_out"] += rows.count - kept.count
        self._untaken = kept.count
        return kept

    def _additions(self, rows: Rows, now_us: int, breathe: Breathe) -> Iterator[Addition]:
        features = dict(list(rows.columns.items())[:MAX_FEATURES]) if len(rows.columns) > MAX_FEATURES else rows.columns
        self._learn_kinds(features, now_us)
        usable, derived = derive(features, self.kinds, breathe)
        self.kinds.update(derived)
        columns = self._with_missing(usable) | answer_columns(rows.answers)
        columns |= rule_columns(self.conditions, features, rows)
        self._learn_kinds(columns, now_us)
        empty = self._kindless.intersection(columns)
        kinds = {**self.kinds, **dict.fromkeys(empty, ColumnKind.UNKNOWN)} if empty else self.kinds
        columns = {name: values for name, values in columns.items() if name in kinds}
        known = Knowledge(kinds, self._bins, self._standard, self._layouts)
        return profile_rows(rows, columns, known, breathe)

    def _with_missing(self, columns: Columns) -> dict[str, Column | None]:
        """The columns, and those that belong there and are not: all of their values are missing."""
        if self._bins is not None:
            self._new.update([name for name in columns if name not in self._bins.columns][:MAX_FEATURES])
            self.counts["columns_new"] = len(self._new)
        absent = [
            name for name in self.kinds if not (name in columns or name.startswith("_") or self.kinds[name] in PARTS)
        ]
        self._absent.update(absent)
        self.counts["columns_missing"] = len(self._absent)
        return {**columns, **dict.fromkeys(absent)}

    def _learn_kinds(self, columns: Mapping[str, Column | None], now_us: int) -> None:
        """By the values that are there. Where there is none a column has no kind yet; what was counted so is sealed once it has one."""
        unknown = [name for name in columns if name not in self.kinds]
        for name in unknown:
            values = columns[name]
            kind = infer_kind(values) if values is not None else None
            if len(self.kinds) + len(self._kindless) >= MAX_COLUMNS:
                continue
            if kind is None:
                self._kindless.update([name] if values is not None else [])
            else:
                self.kinds[name] = kind
        if not self._kindless.isdisjoint(self.kinds):
            self._seal_windows(self._windows.all_keys(), now_us)
            self._kindless.difference_update(self.kinds)
        if unknown:
            self._reader.segments.limit(max(1, MAX_CELLS // max(1, len(self.kinds)) - 1))

    def _add(self, additions: list[Addition], now_us: int) -> None:
        for one in additions:
            self._untaken -= 0 if one.key.segment else len(one.event_us)
            self._windows.add(
                one.key,
                one.profiles,
                one.event_us,
                arrived_us=one.arrived_us,
                blocks=one.blocks,
                clamped_rows=one.clamped_rows,
            )
            if one.moments is not None:
                self._windows.add_moments(one.key, one.moments)
            self.newest_event_us = max(self.newest_event_us, int(one.event_us.max()))
            self.counts["clamped_future"] += one.clamped_rows
        if self._windows.over_budget:
            self.counts["sealed_early"] += 1
            self._seal_windows(self._windows.oldest(), now_us)

    # ------------------------------------------------------------------ out

    def refresh_bins(self, now_us: int) -> None:
        """Take up reference bins that have become known or changed; what was counted in the old ones is sealed first."""
        try:
            bins = self._load_bins()
        except WireError:
            self.counts["bins_unreadable"] += 1
            return
        if bins is None or (self._bins is not None and bins.bins_id == self._bins.bins_id):
            return
        self._seal_windows(self._windows.all_keys(), now_us)
        self._bins, self._standard = bins, standard_of(bins)
        self.counts["moments_columns_over_limit"] = self._standard.over_limit
        self._resolve_rules()
        take_over(self.kinds, {name: one.kind for name, one in bins.columns.items()}, self.settings.kinds)
        self._layouts = Layouts(self.kinds, self._bins)

    def seal(
        self,
        now_us: int,
        *,
        profiles: bool,
        everything: bool = False,
        final: bool = False,
        breathe: Breathe = no_pause,
    ) -> list[SealedFrame]:
        """Take the frames that are due: always records, actuals and service columns; `profiles` with the windows that are due;
        `everything` down to the last row; `final` closes all windows."""
        self.aggregate(now_us, breathe)
        self.refresh_bins(now_us)
        for start, segment, columns in self._service.seal():
            self._ready.append(self.encoder.minute(start, segment, columns, now_us))
            breathe()
        for sealed in self.metrics.seal(now_us):
            self._ready.extend(self.encoder.window(sealed, None, now_us))
        records, self._records = self._records, []
        for rows in join_records(records):
            self._ready.extend(self.encoder.records(rows, now_us))
            breathe()
        actuals, self._actuals = self._actuals, []
        for truth in actuals:
            self._ready.extend(self.encoder.actuals(truth, now_us))
            breathe()
        if profiles or everything:
            due = self._windows.due_to_close(now_us=now_us, newest_event_us=self.newest_event_us, length_us=HOUR_US)
            closing = self._windows.all_keys() if final else due
            self._seal_windows(closing, now_us, everything=everything, breathe=breathe)
        frames, self._ready = self._ready, []
        if frames and not self._announced:
            self._announced = True
            frames.insert(0, self.encoder.announcement(self.facts, now_us))
        return frames

    def first_unsealed_us(self) -> int | None:
        """Earliest event time of the rows that no seal has taken yet."""
        return self._windows.first_unsealed_us()

    def _seal_windows(
        self, close: frozenset[WindowKey], now_us: int, *, everything: bool = False, breathe: Breathe = no_pause
    ) -> None:
        for sealed in self._windows.seal(close=close, everything=everything, breathe=breathe):
            try:
                frames = list(self.encoder.window(self._with_enough_moments(sealed), self._bins, now_us))
            except Exception:  # noqa: BLE001 - a fault of ours in encoding: counted; it costs the other windows nothing
                self.counts["dropped:internal_error"] += sealed.counted_rows
                continue
            self._ready.extend(frames)
            breathe()

    def _with_enough_moments(self, sealed: SealedWindow) -> SealedWindow:
        """The window, without second moments of fewer than 10 rows: out of so few, single rows could be told again."""
        if sealed.moments is None or sealed.moments.rows >= LEAST_ROWS:
            return sealed
        self.counts["moments_rows_too_few"] += sealed.moments.rows
        return replace(sealed, moments=None)


def _answered_rows(calls: Calls) -> int:
    """How many rows were answered; a call whose rows cannot be counted is one."""
    return sum(
        _rows_of(inputs)
        for inputs, origin in zip(calls.field("inputs"), calls.field("origin"), strict=True)
        if origin.error is None
    )


def _rows_of(inputs: object) -> int:
    try:
        return count_rows(inputs)
    except Exception:  # noqa: BLE001 - a value of the host's that fails when asked for its length
        return 1
