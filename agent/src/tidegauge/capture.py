"""The hot path: hand what a call saw from the caller's thread to the worker, bounded, without a lock for small calls.

What `watch` does for a row of plain data, and `Recorder.answered` for the rest, is one append of a private copy. Small calls are
bounded by their number, large ones by their bytes too. A call that finds no room is counted, and its time, duration, row count and
outcome go into a second, smaller queue, so that service statistics stay whole. Calls of more than 8 MiB are profiled in blocks
before returning.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter, deque
from contextvars import ContextVar
from typing import Any, Protocol

import numpy as np

from tidegauge.copies import private_copy, texts_as_rows
from tidegauge.worker.calls import Call, CallContext, RawCall, ServiceOnly
from tidegauge.worker.deployment import DeploymentWorker
from tidegauge.worker.outputs import facts_of
from tidegauge.worker.shapes import count_rows, fields_of, size_bytes

log = logging.getLogger("tidegauge")

MAX_CALLS = 16_384
MAX_BYTES = 32 * 1024 * 1024
LARGE_BYTES = 8 * 1024 * 1024
MAX_SERVICE_ONLY = 65_536
FAULTS_BEFORE_PAUSE = 10
PAUSE_NS = 60 * 1_000_000_000

current_context: ContextVar[CallContext | None] = ContextVar("tidegauge_context", default=None)


class CallBuffer:
    """Calls on their way from callers to the worker; the source of the runtime."""

    def __init__(self, max_calls: int = MAX_CALLS, max_bytes: int = MAX_BYTES) -> None:
        self.calls: deque[RawCall] = deque()
        self.max_calls = max_calls
        self._service_only: deque[ServiceOnly] = deque()
        self._max_bytes = max_bytes
        self._bytes = 0
        self._lock = threading.Lock()  # guards _bytes and _dropped
        self._dropped: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self.calls)

    def offer(self, call: RawCall, size_bytes: int) -> bool:
        """Take the fields of a `Call` if there is room for them; False where there is none."""
        if len(self.calls) >= self.max_calls:
            return False
        if size_bytes:
            with self._lock:
                if self._bytes and self._bytes + size_bytes > self._max_bytes:
                    return False
                self._bytes += size_bytes
        self.calls.append(call)
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

    def take(self, most: int) -> list[RawCall]:
        """The oldest calls, at most so many."""
        pop = self.calls.popleft
        try:
            calls = [pop() for _ in range(min(most, len(self.calls)))]
        except IndexError:  # a fork emptied it between the two looks
            return []
        size = sum([call[8] for call in calls])
        if size:
            with self._lock:
                self._bytes -= size
        return calls

    def take_service_only(self) -> list[ServiceOnly]:
        """All calls that found no room, the oldest first."""
        return [self._service_only.popleft() for _ in range(len(self._service_only))]

    def reset_after_fork(self) -> None:
        """In a forked child: the parent's calls are the parent's. The queue object stays, callers hold on to it."""
        self.calls.clear()
        self._service_only.clear()
        self._bytes = 0
        self._lock = threading.Lock()
        self._dropped = Counter()


class Worker(Protocol):
    """What a recorder needs of the runtime."""

    def start(self) -> None: ...

    def take_large(self, call: Call, rows: int) -> None: ...


class Recorder:
    """What the wrapped calls of one deployment report to."""

    def __init__(self, target: DeploymentWorker, buffer: CallBuffer, worker: Worker) -> None:
        self.clock = time.perf_counter_ns
        self.target, self.calls, self.max_calls = target, buffer.calls, buffer.max_calls
        self.is_open = False  # whether calls may go straight into `calls`: the worker runs, capturing does not pause
        self.fault_count = 0
        self._buffer = buffer
        self._worker = worker
        self._faults: deque[int] = deque(maxlen=FAULTS_BEFORE_PAUSE)
        self._paused_until_ns = 0
        self._unlearned: Any = None

    def learn_from(self, model: Any) -> None:
        """Learn task and classes from a model, where nobody stated them; once more at the first call if it is not fitted yet."""
        settings = self.target.settings
        facts, names = facts_of(model, settings.task, settings.positive_class), feature_names_of(model)
        self._unlearned = None if facts.classes or names else model
        self.target.learn(facts, names)

    def reset_after_fork(self) -> None:
        """In a forked child: the worker is not there, the next call starts it."""
        self.is_open = False

    # ------------------------------------------------------------------ calls; none of these ever raises an Exception

    def answered(
        self, method: str, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any, started_ns: int, duration_ns: int
    ) -> None:
        """Hand over an answered call."""
        try:
            self._hand_over(method, inputs_of(args, kwargs), result, started_ns, duration_ns)
        except Exception:  # noqa: BLE001 - the host must not notice
            self.count_fault()

    def failed(self, method: str, error: Exception, started_ns: int, duration_ns: int) -> None:
        """Hand over a call that raised."""
        try:
            kind = f"system:{type(error).__name__}"
            call = (self.target, method, None, None, kind, started_ns, duration_ns, None, 0)
            if not (self._may_capture() and self._buffer.offer(call, 0)):
                self._buffer.keep_service_only(ServiceOnly(self.target, 0, kind, started_ns, duration_ns))
        except Exception:  # noqa: BLE001 - the host must not notice
            self.count_fault()

    def _hand_over(self, method: str, inputs: Any, result: Any, started_ns: int, duration_ns: int) -> None:
        if not self._may_capture():
            kept = ServiceOnly(self.target, count_rows(inputs), None, started_ns, duration_ns)
            self._buffer.keep_service_only(kept, "paused")
            return
        if method != "__call__":
            inputs = texts_as_rows(inputs)
        if size_bytes(inputs) > LARGE_BYTES:
            context = current_context.get()
            call = Call(self.target, method, inputs, result, None, started_ns, duration_ns, context, 0)
            self._worker.take_large(call, count_rows(inputs))
            return
        copied, size = private_copy(inputs)
        answer, more = private_copy(result)
        context, size = current_context.get(), size + more
        if not self._buffer.offer(
            (self.target, method, copied, answer, None, started_ns, duration_ns, context, size), size
        ):
            kept = ServiceOnly(self.target, count_rows(inputs), None, started_ns, duration_ns)
            self._buffer.keep_service_only(kept)

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
        self._worker.start()
        self.is_open = True
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


def feature_names_of(model: Any) -> tuple[str, ...]:
    """A model's own feature names (scikit-learn's `feature_names_in_`), if it has any."""
    names = getattr(model, "feature_names_in_", None)
    return tuple(map(str, names)) if names is not None else ()


def inputs_of(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What of a call's arguments is the model's input: the first one, or one row of all where each is a single value."""
    if not args:
        return _from_keywords(kwargs)
    if len(args) > 1 and all(np.isscalar(value) or value is None for value in args):
        return list(args)
    return args[0]


def _from_keywords(kwargs: dict[str, Any]) -> Any:
    if len(kwargs) == 1:
        only = next(iter(kwargs.values()))
        if fields_of(only) is not None or (hasattr(only, "__len__") and not isinstance(only, str)):
            return only
    return kwargs
