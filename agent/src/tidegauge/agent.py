"""The agent of one deployment and model version: the names users meet, and the one place where the agent's rooms are wired.

Calls of the model are recorded by `watch`, which never raises. The explicit calls (`record`, `actuals`, `baseline`, `event`,
`metric`, `flush`) validate and raise `UsageError` on misuse, and wait rather than drop.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from tidegauge.capture import Recorder, current_context, feature_names_of
from tidegauge.copies import private_copy
from tidegauge.core.baseline import build_baseline
from tidegauge.core.kinds import infer_kind
from tidegauge.core.outcomes import Outcomes, encode_truth
from tidegauge.errors import TidegaugeError, UsageError
from tidegauge.process import PROCESS, BinsFile
from tidegauge.settings import AgentSettings, parse_settings
from tidegauge.watch import watch
from tidegauge.wire.binsfile import write_bins
from tidegauge.wire.rows import ActualRows
from tidegauge.worker.calls import CallContext
from tidegauge.worker.deployment import DeploymentWorker, answer_columns
from tidegauge.worker.facts import read_ids, read_times
from tidegauge.worker.outputs import facts_of, read_answers
from tidegauge.worker.runtime import Runtime
from tidegauge.worker.tabulate import tabulate

M = TypeVar("M")
POLL_S = 0.02


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
        runtime = self._capture.runtime
        self._target = runtime.target((settings.deployment, settings.version, settings.role), self._make_target)
        self._recorder = Recorder(self._target, self._capture.buffer, runtime.start)
        self._capture.recorders.append(self._recorder)

    def _make_target(self) -> DeploymentWorker:
        return DeploymentWorker(self.settings, bins=BinsFile(self.settings), wall_us=Runtime.wall_us)

    def watch(self, model: M) -> M:
        """The same model, object or function (sync or async), its calls recorded; usable as a decorator. Never raises.

        Results, exceptions, signature, `isinstance` and pickles stay those of the model.
        """
        return watch(model, self._recorder) if self.settings.enabled else model

    @contextmanager
    def context(
        self,
        *,
        prediction_ids: Any = None,
        timestamps: Any = None,
        segment: Mapping[str, Any] | None = None,
        batch: str = "",
    ) -> Iterator[None]:
        """Say of the calls within what their input does not: an id and an event time for each row, segment values, a batch id."""
        inner = CallContext(prediction_ids, timestamps, dict(segment) if segment else None, batch)
        token = current_context.set(inner)
        try:
            yield
        finally:
            current_context.reset(token)

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
        columns, rows = tabulate(inputs, self._target.feature_names)
        if predictions is not None:
            read_answers(predictions, rows, self._target.facts)
        if prediction_ids is not None:
            read_ids(prediction_ids, rows)
        elif self.settings.id_column in columns:
            read_ids(columns[str(self.settings.id_column)], rows)
        if timestamps is not None:
            read_times(timestamps, rows)
        copied, size = private_copy(inputs)
        answer, more = private_copy(predictions)
        context = CallContext(prediction_ids, timestamps, dict(segment) if segment else None, batch)
        duration_ns = -1 if latency_s is None else int(latency_s * 1e9)
        started = time.perf_counter_ns() - max(0, duration_ns)
        self._hand_over(
            (self._target, "record", copied, answer, None, started, duration_ns, context, size + more), size + more
        )

    def _hand_over(self, call: tuple[Any, ...], size_bytes: int) -> None:
        if not self.settings.enabled:
            return
        self._capture.runtime.start()
        while not self._capture.buffer.offer(call, size_bytes):
            time.sleep(POLL_S)

    def baseline(
        self,
        inputs: Any,
        *,
        predictions: Any = None,
        actuals: Any = None,
        importance: Mapping[str, float] | None = None,
        bins: Mapping[str, Sequence[float]] | None = None,
        model: Any = None,
    ) -> None:
        """Profile training or holdout data, once for each version: what production is measured against.

        `inputs` has n rows, `predictions` and `actuals` n values each. `importance` weighs features; without it a `model`'s
        `feature_importances_` or `coef_` is used. `bins` overrides the bin edges of numeric columns. Durable on return.
        """
        columns, rows = tabulate(inputs, self._target.feature_names or feature_names_of(model))
        if rows == 0:
            raise UsageError("baseline: the data has no rows")
        columns.pop(self.settings.id_column or "", None)
        weights = dict(importance) if importance is not None else importance_of(model, list(columns))
        _check_names("importance", weights, columns)
        _check_edges(bins or {}, columns)
        facts = (
            facts_of(model, self._target.facts.task, self._target.facts.positive_class) if model else self._target.facts
        )
        answers = read_answers(predictions, rows, facts) if predictions is not None else None
        outcomes = None
        if actuals is not None:
            _check_length("actuals", actuals, rows)
            scores, labels = (answers.scores, answers.labels) if answers else ({}, None)
            outcomes = Outcomes(scores, labels, encode_truth(actuals))
        if answers is not None:
            columns |= answer_columns(answers)
        kinds = {name: self.settings.kinds.get(name) or infer_kind(values) for name, values in columns.items()}
        known = {name: kind for name, kind in kinds.items() if kind is not None}
        usable = {name: values for name, values in columns.items() if name in known}
        built = build_baseline(usable, known, edges=bins, importance=weights, outcomes=outcomes)
        if not self.settings.enabled:
            return
        runtime = self._capture.runtime
        if model is not None:
            with runtime.locked():
                self._target.learn(facts, feature_names_of(model))
        runtime.start()
        runtime.seal_now(self._target, list(self._target.encoder.baseline(built, time.time_ns() // 1_000)))
        write_bins(self.settings.root, self.settings.deployment, self.settings.version, built.bins)
        with runtime.locked():
            self._target.refresh_bins(time.time_ns() // 1_000)

    def actuals(self, prediction_ids: Any, values: Any, *, timestamps: Any = None) -> None:
        """Say what was true for predictions made earlier; a later value (by `timestamps`, default now) corrects an earlier one.

        Raises UsageError unless there is one value, and one time, for each id.
        """
        count = _length(prediction_ids)
        _check_length("actuals", values, count, "ids")
        ids = read_ids(prediction_ids, count)
        times = read_times(time.time() if timestamps is None else timestamps, count)
        rows = ActualRows(
            ids, times, encode_truth(values if _length(values) > 1 or hasattr(values, "__len__") else [values])
        )
        if not self.settings.enabled or not count:
            return
        with self._capture.runtime.locked():
            self._target.take_actuals(rows)
        self._capture.runtime.start()

    def event(self, text: str) -> None:
        """Note something that happened; charts show it."""
        frame = self._target.encoder.event("note", str(text)[:1_000], time.time_ns() // 1_000)
        with self._capture.runtime.locked():
            self._target.take_frames([frame])
        self._capture.runtime.start()

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

    def status(self) -> dict[str, Any]:
        """Rows captured, sealed, acknowledged and dropped (by reason) in this process, and what the shipper last said."""
        counts = self._capture.runtime.counts()
        dropped = dict(self._capture.buffer.dropped())
        for name, rows in counts.items():
            if name.startswith("dropped:"):
                reason = name.removeprefix("dropped:")
                dropped[reason] = dropped.get(reason, 0) + rows
        other = {name: rows for name, rows in counts.items() if rows and ":" not in name}
        for name in ("captured", "sealed", "acknowledged"):
            other.pop(name, None)
        return {
            "captured": counts.get("captured", 0),
            "sealed": counts.get("sealed", 0),
            "acknowledged": counts.get("acknowledged", 0),
            "dropped": dropped,
            "counters": {**other, "faults": self._recorder.fault_count},
            "shipper": _shipper_state(self.settings.root),
            "spool": str(self.settings.root),
        }


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


def _length(values: Any) -> int:
    return len(values) if hasattr(values, "__len__") and not isinstance(values, (str, bytes)) else 1


def _check_length(what: str, values: Any, rows: int, of: str = "rows") -> None:
    if _length(values) != rows:
        raise UsageError(f"{_length(values)} {what} for {rows} {of}: give one for each")


def _check_names(what: str, given: Mapping[str, Any], columns: Mapping[str, Any]) -> None:
    unknown = [name for name in given if name not in columns]
    if unknown:
        raise UsageError(f"{what} names {unknown[:5]} that are not columns; the columns are {list(columns)[:20]}")


def _check_edges(bins: Mapping[str, Sequence[float]], columns: Mapping[str, Any]) -> None:
    _check_names("bins", bins, columns)
    for name, edges in bins.items():
        if len(edges) == 0 or any(not a < b for a, b in pairwise(edges)):
            raise UsageError(f"bins[{name!r}]={list(edges)[:8]}: give edges in ascending order without repetition")


__all__ = ["Agent", "TidegaugeError", "init"]
