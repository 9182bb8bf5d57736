"""The hot path: hand what a call saw from the caller's thread to the worker, bounded, without a lock for small calls.

What `watch` does for a row of plain data, and `Recorder.answered` for the rest, is to append a private copy with the other fields of
the call, all in one step that no other thread can come into, and without a container for the garbage collector to look at. Small calls are
bounded by their number and by the size of those lately seen, large ones by their bytes. A call that finds no room is counted, and
its time, duration, row count and outcome go into a second, smaller queue, so that service statistics stay whole. Calls of more than
8 MiB are profiled in blocks before returning.
"""

from __future__ import annotations

import inspect
import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, replace
from itertools import repeat, starmap
from types import NoneType
from typing import Any, Protocol

import numpy as np

from tidegauge.complaints import COMPLAINTS
from tidegauge.copies import private_copy, texts_as_rows
from tidegauge.core.columns import MAX_NAME_LENGTH
from tidegauge.core.humility import Condition
from tidegauge.errors import PredictionRefused, UsageError
from tidegauge.recognition import described
from tidegauge.worker.calls import FIELDS, LARGE_BYTES, Call, CallContext, Calls, Origin, ServiceOnly
from tidegauge.worker.deployment import DeploymentWorker
from tidegauge.worker.outputs import facts_of
from tidegauge.worker.shapes import count_rows, fields_of, is_immutable, size_bytes
from tidegauge.worker.sizes import held_bytes

log = logging.getLogger("tidegauge")

MAX_CALLS = 16_384
MAX_BYTES = 8 * 1024 * 1024
TAKEN_BYTES = 512 * 1024
LEAST_CALLS = 64
MAX_SERVICE_ONLY = 65_536
FAULTS_BEFORE_PAUSE = 10
PAUSE_NS = 60 * 1_000_000_000

current_context: ContextVar[CallContext | None] = ContextVar("tidegauge_context", default=None)


class Stated:
    """Whether anything was `ever` stated of calls in this process: until then a caller need not look for a context."""

    __slots__ = ("ever",)

    def __init__(self) -> None:
        self.ever = False


STATED = Stated()


Extract = Callable[..., Any]
"""`extract(result, *args, **kwargs)` says what is to be recorded of a call: an `Observed`, or else the predictions."""


@dataclass(frozen=True, kw_only=True)
class Observed:
    """What an `extract` function found in a call that cannot be read by itself; what is None is taken from the call as ever."""

    inputs: Any = None
    predictions: Any = None
    prediction_ids: Any = None
    timestamps: Any = None
    segment: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class WatchOptions:
    """How calls of one watched model are read: `extract` where that cannot be guessed, `user_errors` that are the caller's fault,
    `by_reference` where the worker may see the caller's own objects, `parameters` of a function that takes a row value by value."""

    extract: Extract | None = None
    user_errors: tuple[type[BaseException], ...] = ()
    by_reference: bool = False
    parameters: tuple[str, ...] = ()


class CallBuffer:
    """Calls on their way from callers to the worker; the source of the runtime."""

    def __init__(self, max_calls: int = MAX_CALLS, max_bytes: int = MAX_BYTES) -> None:
        self.fields: deque[Any] = deque()  # of calls, one after another
        self.limit(max_calls)
        self._call_bytes = 0
        self._service_only: deque[ServiceOnly] = deque()
        self._max_bytes = max_bytes
        self._bytes = 0
        self._lock = threading.Lock()  # guards _bytes and _dropped
        self._dropped: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self.fields) // FIELDS

    def limit(self, max_calls: int) -> None:
        """Take at most so many calls; fewer where small calls turn out not to be that small."""
        self.max_calls = max_calls
        self._have_room(max_calls)

    def _have_room(self, calls: int) -> None:
        self.room = calls
        self.full = calls * FIELDS  # of `fields`

    def offer(self, call: tuple[Any, ...], size_bytes: int) -> bool:
        """Take the fields of a `Call` if there is room for them; False where there is none."""
        if len(self.fields) >= self.full:
            return False
        if size_bytes:
            with self._lock:
                if self._bytes and self._bytes + size_bytes > self._max_bytes // 2:
                    return False  # the other half is for small ones
                self._bytes += size_bytes
        self.fields.extend(call)
        return True

    def keep_service_only(self, kept: ServiceOnly, reason: str = "buffer_full") -> None:
        """Count a call's rows as dropped and keep what service statistics need of it."""
        with self._lock:
            self._dropped[reason] += kept.rows
            if len(self._service_only) >= MAX_SERVICE_ONLY:
                self._dropped["requests_uncounted"] += 1
                return
        self._service_only.append(kept)

    def dropped(self) -> dict[str, int]:
        """Rows dropped so far by reason; and calls that not even service statistics know of (`requests_uncounted`)."""
        with self._lock:
            return dict(self._dropped)

    def take(self, most: int) -> Calls:
        """The oldest calls, at most so many, and not many more than 512 KiB of them: what is taken is still in memory."""
        pop = self.fields.popleft
        waiting = min(most, len(self)) * FIELDS  # nobody else takes any
        if self._holds_bytes():
            taken, size = list[Any](), 0
            while len(taken) < waiting and size < TAKEN_BYTES:
                taken += [pop() for _ in range(FIELDS)]
                size += taken[-FIELDS].size_bytes
            fields = np.fromiter(taken, np.object_, len(taken))
        else:
            fields = np.fromiter(starmap(pop, repeat((), waiting)), np.object_, waiting)
            size = (
                sum(origin.size_bytes for origin in fields[::FIELDS]) if self._holds_bytes() else 0
            )  # one just came in
        if size:
            with self._lock:
                self._bytes -= size
        calls = Calls.of_fields(fields)
        if len(calls) and not calls.last("origin").size_bytes:
            self._make_room(held_bytes(calls.last("inputs")))
        return calls

    def _holds_bytes(self) -> bool:
        """Whether there are calls that are not small: their bytes are counted before they come in."""
        return self._bytes > 0

    def _make_room(self, call_bytes: int) -> None:
        """Let in as many small calls as there are bytes for, by the size of one that comes through; half the bytes are for large ones."""
        self._call_bytes = max(call_bytes, self._call_bytes * 15 // 16)
        self._have_room(min(self.max_calls, max(LEAST_CALLS, self._max_bytes // 2 // self._call_bytes)))

    def take_service_only(self) -> list[ServiceOnly]:
        """All calls that found no room, the oldest first."""
        return [self._service_only.popleft() for _ in range(len(self._service_only))]

    def reset_after_fork(self) -> None:
        """In a forked child: the parent's calls are the parent's. The queue object stays, callers hold on to it."""
        self.fields.clear()
        self._service_only.clear()
        self._bytes = 0
        self._lock = threading.Lock()
        self._dropped = Counter()


class Worker(Protocol):
    """What a recorder needs of the runtime."""

    def start(self) -> bool: ...

    def take_large(self, call: Call, rows: int) -> None: ...

    def refresh(self, target: DeploymentWorker) -> None: ...


class Recorder:
    """What the wrapped calls of one model report to."""

    def __init__(
        self, target: DeploymentWorker, buffer: CallBuffer, worker: Worker, options: WatchOptions | None = None
    ) -> None:
        self.clock = time.perf_counter_ns
        self.target, self.fields, self.buffer = target, buffer.fields, buffer
        self.options = options or WatchOptions(by_reference=target.settings.copy == "reference")
        # Whether calls may go straight into `fields`: the worker runs and has seen only rows of plain values, capturing does not pause.
        self.is_open = False
        self.fault_count = 0
        self._worker = worker
        self._faults: deque[int] = deque(maxlen=FAULTS_BEFORE_PAUSE)
        self._paused_until_ns = 0
        self._unlearned: Any = None
        self._knows_baseline = False
        self._origins: dict[str, Origin] = {}
        target.recorders.add(self)

    def origin(self, method: str) -> Origin:
        """What calls of a method have in common: the same object for all of them."""
        found = self._origins.get(method)
        if found is None:
            found = self._origins[method] = Origin(self.target, method)
        return found

    def close_shortcut(self) -> None:
        """From now on look at each row before it is copied."""
        self.is_open = False

    def conditions(self) -> Sequence[Condition]:
        """The deployment's humility rules with their limits; the first call in a process looks for the baseline on this host."""
        if not self._knows_baseline:
            self._knows_baseline = True
            self._worker.refresh(self.target)
        return self.target.conditions

    def learn_from(self, model: Any) -> None:
        """Learn task and classes from a model, where nobody stated them; once more at the first call if it is not fitted yet."""
        settings, told = self.target.settings, described(model)
        facts, names = facts_of(told, settings.task, settings.positive_class), feature_names_of(told)
        self._unlearned = None if facts.classes or names else model
        self.target.learn(facts, names)

    def reset_after_fork(self) -> None:
        """In a forked child: the worker is not there, the next call starts it."""
        self.is_open = self._knows_baseline = False

    # ------------------------------------------------------------------ calls; none of these ever raises an Exception

    def answered(
        self, method: str, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any, started_ns: int, ended_ns: int
    ) -> None:
        """Hand over an answered call."""
        try:
            inputs, context = inputs_of(args, kwargs, self.options.parameters), current_context.get()
            inputs = inputs if method == "__call__" else texts_as_rows(inputs)
            call = Call(self.origin(method), inputs, result, started_ns, ended_ns, context)
            found = call if self.options.extract is None else self._extracted(call, args, kwargs)
            if found is not None:
                self._hand_over(found)
        except Exception:  # noqa: BLE001 - the host must not notice
            self.count_fault()

    def failed(self, method: str, error: BaseException, started_ns: int, ended_ns: int) -> None:
        """Hand over a call that raised."""
        try:
            kind = f"{'user' if self._is_users(error) else 'system'}:{type(error).__name__}"
            context = current_context.get()
            call = (Origin(self.target, method, error=kind), None, None, started_ns, ended_ns, context)
            if not (self._may_capture() and self.buffer.offer(call, 0)):
                self.buffer.keep_service_only(
                    ServiceOnly(self.target, 0, kind, started_ns, ended_ns - started_ns, context)
                )
        except Exception:  # noqa: BLE001 - the host must not notice
            self.count_fault()

    def _extracted(self, call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call | None:
        """The call as the user's own function reads it; None where that raises: then only service statistics know of the call."""
        assert self.options.extract is not None  # noqa: S101 - asked before
        try:
            return as_extracted(call, self.options.extract(call.result, *args, **kwargs))
        except Exception as error:  # noqa: BLE001 - the user's function; the host must not notice
            rows = count_rows(call.inputs)
            kept = ServiceOnly(self.target, rows, None, call.started_ns, call.duration_ns, call.context)
            message = f"extract= raised {error!r}; such calls are counted, their rows are not recorded"
            COMPLAINTS.warn(self.target.settings.root, message)
            self.buffer.keep_service_only(kept, "extract_failed")
            return None

    def _is_users(self, error: BaseException) -> bool:
        if isinstance(error, (PredictionRefused, *self.options.user_errors)):
            return True
        names = self.target.settings.user_errors
        return bool(names) and any(kind.__name__ in names for kind in type(error).__mro__)

    def _hand_over(self, call: Call) -> None:
        inputs, target, started_ns, duration_ns = call.inputs, self.target, call.started_ns, call.duration_ns
        if not self._may_capture():
            kept = ServiceOnly(target, count_rows(inputs), None, started_ns, duration_ns, call.context)
            self.buffer.keep_service_only(kept, "paused")
            return
        if size_bytes(inputs) > LARGE_BYTES and not (self.options.by_reference or is_immutable(inputs)):
            self._worker.take_large(call, count_rows(inputs))
            return
        if self.options.by_reference:
            copied, answer, size = inputs, call.result, size_bytes(inputs) + size_bytes(call.result)
        else:
            (copied, size), (answer, more) = private_copy(inputs), private_copy(call.result)
            size += more
        origin = replace(call.origin, size_bytes=size) if size else call.origin
        if not self.buffer.offer(call._replace(origin=origin, inputs=copied, result=answer), size):
            kept = ServiceOnly(target, count_rows(inputs), None, started_ns, duration_ns, call.context)
            self.buffer.keep_service_only(kept)
            self.is_open = False  # the next call looks whether the worker still runs

    # ------------------------------------------------------------------ whether to capture

    def _may_capture(self) -> bool:
        """Whether capturing is not paused; sees to it that the worker runs."""
        if self.is_open:
            return True
        if self._paused_until_ns and time.monotonic_ns() < self._paused_until_ns:
            return False
        self._paused_until_ns = 0
        if self._unlearned is not None:
            self.learn_from(self._unlearned)
            self._unlearned = None
        self.is_open = self._worker.start() and self.target.rows_are_plain is True
        return True

    def count_fault(self) -> None:
        """Count a fault of our own; after 10 within a minute, capturing pauses for a minute."""
        self.fault_count += 1
        now = time.monotonic_ns()
        self._faults.append(now)
        if len(self._faults) == FAULTS_BEFORE_PAUSE and now - self._faults[0] < PAUSE_NS:
            self.is_open = False
            self._paused_until_ns = now + PAUSE_NS
            self._faults.clear()
            log.warning("tidegauge: capturing pauses for a minute after %d faults of its own", FAULTS_BEFORE_PAUSE)


def as_extracted(call: Call, found: Any) -> Call:
    """The call with what an `extract` function found in it."""
    if not isinstance(found, Observed):
        return call._replace(result=found)
    stated = merged_context(call.context, ids=found.prediction_ids, timestamps=found.timestamps, segment=found.segment)
    return call._replace(
        inputs=call.inputs if found.inputs is None else found.inputs,
        result=call.result if found.predictions is None else found.predictions,
        context=stated,
    )


def merged_context(
    outer: CallContext | None,
    *,
    ids: Any = None,
    timestamps: Any = None,
    segment: Mapping[str, Any] | None = None,
    batch: str = "",
    consumer: str = "",
    cached: bool | None = None,
) -> CallContext:
    """What is stated, in copies that the caller cannot change later; what is not is taken from the context around."""
    if not isinstance(segment, (Mapping, NoneType)):
        raise UsageError(f"segment={segment!r:.80}: give a value by column, e.g. {{'region': 'EU'}}")
    around = outer or CallContext()
    own = {name: private_copy(value)[0] for name, value in (segment or {}).items()}
    return CallContext(
        around.prediction_ids if ids is None else _own(ids),
        around.timestamps if timestamps is None else _own(timestamps),
        {**(around.segment or {}), **own} or None,
        str(batch) or around.batch,
        str(consumer)[:MAX_NAME_LENGTH] or around.consumer,
        around.cached if cached is None else bool(cached),
    )


def _own(values: Any) -> Any:
    return values.copy() if hasattr(values, "copy") else values


def feature_names_of(model: Any) -> tuple[str, ...]:
    """A model's own feature names (scikit-learn's `feature_names_in_`), if it has any."""
    try:
        names = getattr(model, "feature_names_in_", None)
        return tuple(map(str, names)) if names is not None else ()
    except Exception:  # noqa: BLE001 - an odd model, e.g. one with any attribute that is asked for: it says nothing then
        return ()


def inputs_of(args: tuple[Any, ...], kwargs: dict[str, Any], parameters: tuple[str, ...] = ()) -> Any:
    """What of a call's arguments is the model's input: the first one, or one row of all where each is a single value.

    Such a row has the names of the function's `parameters`, where they are known.
    """
    if not args:
        return _from_keywords(kwargs)
    if len(parameters) >= len(args) and all(map(_is_single, (*args, *kwargs.values()))):
        return {**dict(zip(parameters, args, strict=False)), **kwargs}
    if len(args) > 1 and all(map(_is_single, args)):
        return list(args)
    return args[0]


def _is_single(value: Any) -> bool:
    return value is None or bool(np.isscalar(value))


def parameters_of(function: Any) -> tuple[str, ...]:
    """Names of the parameters of a function that takes two or more by position; of anything else none."""
    if not inspect.isfunction(function):
        return ()
    code = function.__code__
    names = code.co_varnames[: code.co_argcount]
    return names if len(names) > 1 and names[0] not in {"self", "cls"} else ()


def _from_keywords(kwargs: dict[str, Any]) -> Any:
    if len(kwargs) == 1:
        only = next(iter(kwargs.values()))
        if fields_of(only) is not None or (hasattr(only, "__len__") and not isinstance(only, str)):
            return only
    return kwargs
