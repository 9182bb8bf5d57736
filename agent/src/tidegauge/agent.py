"""The agent of one deployment and model version: the names users meet, and the one place where the agent's rooms are wired.

Calls of the model are recorded by `watch`, which never raises. The explicit calls (`record`, `actuals`, `baseline`, `event`,
`flush`) validate and raise `UsageError` on misuse, and wait rather than drop.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeVar, overload

import numpy as np

from tidegauge.capture import (
    STATED,
    Extract,
    Recorder,
    WatchOptions,
    current_context,
    feature_names_of,
    merged_context,
    parameters_of,
)
from tidegauge.checks import (
    check_edges,
    check_importance,
    check_kind,
    check_length,
    length,
    metric_numbers,
    nanoseconds_of,
)
from tidegauge.copies import private_copy
from tidegauge.core.baseline import Baseline, build_baseline
from tidegauge.core.derived import derive
from tidegauge.core.ids import ID_BYTES
from tidegauge.core.kinds import infer_kind
from tidegauge.core.outcomes import Outcomes, encode_truth
from tidegauge.core.windows import clamp_future
from tidegauge.errors import SpoolError, TidegaugeError, UsageError
from tidegauge.guard import current_flags
from tidegauge.learning import importance_learned
from tidegauge.process import PROCESS, BinsFile
from tidegauge.recognition import described, extract_for
from tidegauge.settings import AgentSettings, parse_settings
from tidegauge.watch import watch
from tidegauge.wire.binsfile import write_bins
from tidegauge.wire.rows import ActualRows
from tidegauge.worker.calls import LARGE_BYTES, Call, CallContext, Origin
from tidegauge.worker.deployment import DeploymentWorker
from tidegauge.worker.facts import Times, as_list, read_ids, read_times
from tidegauge.worker.outputs import ModelFacts, count_answers, facts_of, read_answers
from tidegauge.worker.privacy import Privacy
from tidegauge.worker.rows import Mask, answer_columns
from tidegauge.worker.runtime import Runtime
from tidegauge.worker.sampling import sampled_ids
from tidegauge.worker.shapes import count_rows, size_bytes, slice_rows
from tidegauge.worker.tabulate import tabulate

M = TypeVar("M")
POLL_S = 0.02
FRAMES_AT_ONCE = 1_000
ErrorClasses = type[BaseException] | tuple[type[BaseException], ...]
ACTUALS_AT_ONCE = 100_000
"""Rows of truth that are sealed at once, so that a long list of them is not kept in memory."""


def init(deployment: str, **options: Any) -> Agent:
    """Make the agent of a deployment; every option (docs/configuration.md) is also an environment variable `TIDEGAUGE_…`.

    Raises UsageError that names every wrong option. Does no I/O: the worker thread starts, and the spool is made, at the first call.

    >>> agent = init("flights-delay", version="2026-11", collector="grpc://127.0.0.1:8643")
    >>> agent.settings.version
    '2026-11'
    """
    settings = parse_settings({"deployment": deployment, **options}, os.environ)
    return Agent(settings)


class Agent:
    """Records one deployment's model; made by `init`."""

    def __init__(self, settings: AgentSettings) -> None:
        self.settings = settings
        self._capture = PROCESS.capture(settings)
        key = (settings.deployment, settings.version, settings.role)
        self._target = self._capture.runtime.target(key, settings, self._make_target)
        self._recorder = self._new_recorder()

    def _make_target(self) -> DeploymentWorker:
        return DeploymentWorker(self.settings, bins=BinsFile(self.settings), wall_us=Runtime.wall_us)

    @overload
    def watch(
        self,
        model: M,
        /,
        *,
        extract: Extract | None = None,
        user_errors: ErrorClasses = (),
        copy: str | None = None,
    ) -> M: ...

    @overload
    def watch(
        self,
        model: None = None,
        /,
        *,
        extract: Extract | None = None,
        user_errors: ErrorClasses = (),
        copy: str | None = None,
    ) -> Callable[[M], M]: ...

    def watch(
        self,
        model: Any = None,
        /,
        *,
        extract: Extract | None = None,
        user_errors: ErrorClasses = (),
        copy: str | None = None,
    ) -> Any:
        """The same model, object or function (sync, async, generator), its calls recorded; usable as a decorator.

        Results, exceptions, signature, `isinstance` and pickles stay those of the model; a call never raises because of this.
        `extract(result, *args, **kwargs)` says what to record of calls that cannot be read by themselves: an `Observed`, or the
        predictions. Exceptions that are `user_errors` count as the caller's fault. `copy="reference"` keeps the caller's own
        objects instead of copies, which must then not be changed afterwards. Raises UsageError for a wrong option.
        """
        options = self._watch_options(extract or extract_for(model), user_errors, copy)
        if model is None:
            return partial(self.watch, extract=extract, user_errors=user_errors, copy=copy)
        if not self.settings.enabled:
            return model
        parameters = () if self.settings.feature_names else parameters_of(model)
        chosen = replace(options, parameters=parameters)
        return watch(model, self._recorder if chosen == self._recorder.options else self._new_recorder(chosen))

    def _watch_options(
        self,
        extract: Extract | None,
        user_errors: ErrorClasses,
        copy: str | None,
    ) -> WatchOptions:
        """The options of one watched model. Raises UsageError for a wrong one."""
        classes: tuple[Any, ...] = user_errors if isinstance(user_errors, tuple) else (user_errors,)
        wrong = [one for one in classes if not (isinstance(one, type) and issubclass(one, BaseException))]
        if wrong:
            raise UsageError(
                f"watch(user_errors={wrong[0]!r:.80}): give exception classes, e.g. (ValueError, KeyError)"
            )
        if extract is not None and not callable(extract):
            raise UsageError(f"watch(extract={extract!r:.80}): give a function of (result, *args, **kwargs)")
        if copy not in {None, "private", "reference"}:
            raise UsageError(f"watch(copy={copy!r}): use 'private' or 'reference'")
        return WatchOptions(extract, classes, (copy or self.settings.copy) == "reference")

    def _new_recorder(self, options: WatchOptions | None = None) -> Recorder:
        recorder = Recorder(self._target, self._capture.buffer, self._capture, options)
        self._capture.recorders.add(recorder)
        return recorder

    @contextmanager
    def context(
        self,
        *,
        prediction_ids: Any = None,
        timestamps: Any = None,
        segment: Mapping[str, Any] | None = None,
        batch: str = "",
        consumer: str = "",
        cached: bool | None = None,
    ) -> Iterator[None]:
        """Say of the calls within what their input does not: an id and an event time for each row, segment values, a batch id;
        who asks (`consumer`), and whether the answer comes from a cache.

        What an inner context does not say an outer one does.
        """
        STATED.ever = True
        token = current_context.set(
            merged_context(
                current_context.get(),
                ids=prediction_ids,
                timestamps=timestamps,
                segment=segment,
                batch=batch,
                consumer=consumer,
                cached=cached,
            )
        )
        try:
            yield
        finally:
            current_context.reset(token)

    def flags(self) -> tuple[str, ...]:
        """Names of the humility rules (of those that act) that marked the last call in this thread or task."""
        target, names = current_flags.get()
        return names if target is self._target else ()

    def record(
        self,
        inputs: Any,
        predictions: Any = None,
        *,
        prediction_ids: Any = None,
        timestamps: Any = None,
        segment: Mapping[str, Any] | None = None,
        batch: str = "",
        latency_s: float | None = None,
    ) -> None:
        """Record predictions made elsewhere: batch jobs, replays, models behind someone else's API.

        `inputs` has n rows, `predictions` n answers (as `predict` or `predict_proba` would return them). Waits when the buffer is
        full. Raises UsageError where lengths or types do not fit.
        """
        context = merged_context(
            current_context.get(), ids=prediction_ids, timestamps=timestamps, segment=segment, batch=batch
        )
        rows = count_rows(inputs)
        self._check_record(inputs, predictions, rows, context)
        duration_ns = -1 if latency_s is None else nanoseconds_of(latency_s)
        started = time.perf_counter_ns() - max(0, duration_ns)
        call = Call(Origin(self._target, "record"), inputs, predictions, started, started + duration_ns, context)
        if not self.settings.enabled:
            return
        self._capture.start()
        if size_bytes(inputs) > LARGE_BYTES:
            self._capture.take_large(call, rows)
            return
        (copied, size), (answer, more) = private_copy(inputs), private_copy(predictions)
        size += more
        origin = replace(call.origin, size_bytes=size)
        while not self._capture.buffer.offer(call._replace(origin=origin, inputs=copied, result=answer), size):
            self._capture.runtime.relieve()

    def _check_record(self, inputs: Any, predictions: Any, rows: int, context: CallContext) -> None:
        """Raise UsageError where a record's parts do not fit together; of a large table only the first rows are read."""
        columns, _ = tabulate(slice_rows(inputs, slice(0, 1_000)), self._target.feature_names)
        if predictions is not None:
            answered = count_answers(predictions, rows)
            if rows not in {answered, 1}:
                raise UsageError(f"{answered} predictions for {rows} rows: give one for each")
            read_answers(slice_rows(predictions, slice(0, 1_000)), min(rows, 1_000), self._target.facts)
        if context.prediction_ids is not None:
            read_ids(context.prediction_ids, rows)
        elif self.settings.id_column in columns:
            read_ids(columns[str(self.settings.id_column)], min(rows, 1_000))
        if context.timestamps is not None:
            read_times(context.timestamps, rows)
        unknown = [name for name in context.segment or {} if name not in self.settings.segment_parts]
        if unknown:
            raise UsageError(f"segment names {unknown} that are not in segments={list(self.settings.segments)} of init")

    def baseline(
        self,
        inputs: Any,
        *,
        predictions: Any = None,
        actuals: Any = None,
        importance: Mapping[str, float] | Literal["learned"] | None = None,
        bins: Mapping[str, Sequence[float]] | None = None,
        model: Any = None,
    ) -> None:
        """Profile training or holdout data, once for each version: what production is measured against.

        `inputs` has n rows, `predictions` and `actuals` n values each. `importance` weighs features; without it a `model`'s
        `feature_importances_` or `coef_` is used; "learned" asks the model: how far its answers move when a feature's values
        change places. `bins` overrides the bin edges of numeric columns. Durable on return.
        """
        asked, model = model, described(model)
        columns, rows = tabulate(inputs, self._target.feature_names or feature_names_of(model))
        order = list(columns)
        columns = Privacy(self.settings).columns(columns)
        if rows == 0:
            raise UsageError("baseline: the data has no rows")
        columns.pop(self.settings.id_column or "", None)
        if isinstance(importance, str):
            if importance != "learned":
                raise UsageError(f'importance={importance!r:.80}: give weights by feature, or "learned"')
            importance = importance_learned(asked, inputs, list(columns), order)
        check_importance(importance or {}, columns)
        weights = dict(importance) if importance is not None else importance_of(model, list(columns))
        facts = self._target.facts
        if model is not None:
            facts = facts_of(model, facts.task, facts.positive_class)
        answers = read_answers(predictions, rows, facts) if predictions is not None else None
        outcomes = None
        if actuals is not None:
            check_length("actuals", actuals, rows)
            scores, labels = (answers.scores, answers.labels) if answers else ({}, None)
            outcomes = Outcomes(scores, labels, encode_truth(actuals))
        if answers is not None:
            columns |= answer_columns(answers)
        kinds = {name: self.settings.kinds.get(name) or infer_kind(values) for name, values in columns.items()}
        known = {name: kind for name, kind in kinds.items() if kind is not None}
        columns, derived = derive(columns, known)
        known |= derived
        check_edges(bins or {}, columns, known)
        usable = {name: values for name, values in columns.items() if name in known}
        built = build_baseline(usable, known, edges=bins, importance=weights, outcomes=outcomes)
        if self.settings.enabled:
            self._store_baseline(built, facts, feature_names_of(model))

    def _store_baseline(self, built: Baseline, facts: ModelFacts, feature_names: Sequence[str]) -> None:
        runtime, now_us = self._capture.runtime, _now_us()
        with runtime.locked():
            if facts != self._target.facts or feature_names:
                self._target.learn(facts, feature_names)
            runtime.seal_now(self._target, list(self._target.encoder.baseline(built, now_us)))
            try:
                write_bins(self.settings.root, self.settings.deployment, self.settings.version, built.bins)
            except OSError as error:
                raise SpoolError(
                    f"the bins cannot be stored in {self.settings.root} ({error}): mend the directory"
                ) from error
            self._target.refresh_bins(now_us)
        self._capture.start()

    def actuals(self, prediction_ids: Any, values: Any, *, timestamps: Any = None) -> None:
        """Say what was true for predictions made earlier; a later value (by `timestamps`, default now) corrects an earlier one.

        Raises UsageError unless there is one value, and one time, for each id.
        """
        count = length(prediction_ids)
        check_length("actuals", values, count, "ids")
        ids = read_ids(prediction_ids, count, self.settings.id_key)
        times = read_times(time.time() if timestamps is None else timestamps, count)
        truth = as_list(values)
        if self.settings.sample < 1:
            kept = sampled_ids(np.frombuffer(ids, dtype=f"V{ID_BYTES}"), self.settings.sample)
            ids, times, truth = _where(kept, ids, times, truth)
        rows = ActualRows(ids, times, encode_truth(truth))
        if not self.settings.enabled or not truth:
            return
        runtime = self._capture.runtime
        with runtime.locked():
            self._target.take_actuals(rows)
            if self._target.waiting_actuals >= ACTUALS_AT_ONCE:
                runtime.seal_now(self._target, [])
        self._capture.start()

    def metric(self, name: str, values: Any, *, timestamps: Any = None) -> None:
        """Report a number of your own (`basket_value`), or several: n values with one time for each or one for all, default now.

        Collected in windows of an hour like a feature. Raises UsageError for a name or values that are none.
        """
        numbers = metric_numbers(name, values)
        times, _ = clamp_future(read_times(time.time() if timestamps is None else timestamps, len(numbers)), _now_us())
        if not self.settings.enabled or not len(numbers):
            return
        if not self._target.metrics.offer(str(name), numbers, times):
            with self._capture.runtime.locked():
                self._target.metrics.take(_now_us())
        self._capture.start()

    def event(self, text: str, *, kind: str = "note") -> None:
        """Note something that happened (at most 1,000 characters); charts show it. `kind` is a word to find it by, such as `deploy`.

        Raises UsageError for a kind that is no such word.
        """
        check_kind(kind)
        if not self.settings.enabled:
            return
        valid = str(text)[:1_000].encode("utf-8", "backslashreplace").decode()
        frame = self._target.encoder.event(kind, valid, _now_us())
        with self._capture.runtime.locked():
            self._target.take_frames([frame])
            if self._target.ready_frames >= FRAMES_AT_ONCE:
                self._capture.runtime.seal_now(self._target, [])
        self._capture.start()

    def flush(self, timeout_s: float = 5.0, *, wait: str = "sealed") -> bool:
        """Seal everything captured so far; on return it survives kill -9 and power loss.

        `wait="acknowledged"` also waits up to `timeout_s` for the collector to have it; False where that did not happen in time.
        Raises SpoolError where the disk refuses.
        """
        if wait not in {"sealed", "acknowledged"}:
            raise UsageError(f"flush(wait={wait!r}): use 'sealed' or 'acknowledged'")
        runtime = self._capture.runtime
        deadline = time.monotonic() + timeout_s
        runtime.flush()
        if wait == "sealed" or not self.settings.enabled:
            return True
        self._capture.care(self.settings.root)
        while not runtime.is_acknowledged():
            if time.monotonic() >= deadline:
                return False
            time.sleep(POLL_S)
        return True

    def close(self, timeout_s: float = 1.0) -> bool:
        """Seal everything, and what open windows keep for their close: for a service that ends without Python's `atexit`.

        Waits at most `timeout_s`; False where that was too short or the disk refused. Never raises; a later call is captured as ever.
        """
        return self._capture.runtime.close_within(timeout_s)

    def status(self) -> dict[str, Any]:
        """Rows captured, sealed, acknowledged and dropped (by reason) in this process, and what the shipper last said.

        After `flush`: captured = sealed + waiting (for a disk that refuses) + dropped + `sampled_out` of the counters.
        """
        counts = self._capture.runtime.counts()
        dropped = self._capture.buffer.dropped()
        counts["requests_uncounted"] = dropped.pop("requests_uncounted", 0)
        for name, rows in counts.items():
            if name.startswith("dropped:") and rows:
                reason = name.removeprefix("dropped:")
                dropped[reason] = dropped.get(reason, 0) + rows
        other = {name: rows for name, rows in counts.items() if rows and not name.startswith("dropped:")}
        for name in ("captured", "sealed", "waiting", "acknowledged"):
            other.pop(name, None)
        return {
            "captured": counts.get("captured", 0),
            "sealed": counts.get("sealed", 0),
            "waiting": counts.get("waiting", 0),
            "acknowledged": counts.get("acknowledged", 0),
            "dropped": dropped,
            "counters": {**other, "faults": self._faults()},
            "shipper": _shipper_state(self.settings.root),
            "spool": str(self.settings.root),
        }

    def _faults(self) -> int:
        """Faults of ours that the callers of all models watched for this deployment and version did not notice."""
        return sum(one.fault_count for one in self._capture.recorders if one.target is self._target)


def _now_us() -> int:
    return time.time_ns() // 1_000


def importance_of(model: Any, names: Sequence[str]) -> dict[str, float]:
    """The weight of each feature by the model's own account, or nothing where it gives none."""
    weights = getattr(model, "feature_importances_", None)
    if weights is None:
        coefficients = getattr(model, "coef_", None)
        weights = None if coefficients is None else np.abs(np.atleast_2d(coefficients)).mean(axis=0)
    if weights is None or len(weights) != len(names):
        return {}
    return {name: float(weight) for name, weight in zip(names, weights, strict=True)}


def _shipper_state(root: Path) -> dict[str, Any]:
    try:
        state = json.loads((root / "shipper.json").read_text())
    except (OSError, ValueError):
        return {}
    return dict(state) if isinstance(state, dict) else {}


def _where(kept: Mask, ids: bytes, times: Times, truth: list[Any]) -> tuple[bytes, Times, list[Any]]:
    digests = np.frombuffer(ids, dtype=f"V{ID_BYTES}")[kept].tobytes()
    return digests, times[kept], [value for value, is_kept in zip(truth, kept.tolist(), strict=True) if is_kept]


__all__ = ["Agent", "TidegaugeError", "init"]
