"""The hot path: hand what a call saw from the caller's thread to the worker, bounded, without a lock for small calls.

`Recorder.answered` is a look at the queue's length and one append of a private copy. Small calls are bounded by their number, large
ones by their bytes too. A call that finds no room is counted, and its time, duration, row count and outcome go into a second,
smaller queue, so that service statistics stay whole.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from tidegauge.copies import count_rows, private_copy
from tidegauge.worker.calls import Call, CallContext, ServiceOnly
from tidegauge.worker.deployment import DeploymentWorker
from tidegauge.worker.outputs import facts_of

log = logging.getLogger("tidegauge")

MAX_CALLS = 16_384
MAX_BYTES = 32 * 1024 * 1024
MAX_SERVICE_ONLY = 65_536
FAULTS_BEFORE_PAUSE = 10
PAUSE_NS = 60 * 1_000_000_000

current_context: ContextVar[CallContext | None] = ContextVar("tidegauge_context", default=None)


class CallBuffer:
    """Calls on their way from callers to the worker; the source of the runtime."""

    def __init__(self, max_calls: int = MAX_CALLS, max_bytes: int = MAX_BYTES) -> None:
        self.calls: deque[tuple[Any, ...]] = deque()
        self.max_calls = max_calls
        self._service_only: deque[ServiceOnly] = deque(maxlen=MAX_SERVICE_ONLY)
        self._max_bytes = max_bytes
        self._bytes = 0
        self._lock = threading.Lock()  # guards _bytes and _dropped
        self._dropped: Counter[str] = Counter()

    def offer(self, call: tuple[Any, ...], size_bytes: int) -> bool:
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

    def keep_service_only(self, kept: ServiceOnly) -> None:
        """Count a call's rows as dropped and keep what service statistics need of it."""
        self._service_only.append(kept)
        self.count_dropped("buffer_full", kept.rows)

    def count_dropped(self, reason: str, rows: int) -> None:
        """Count rows that will never be profiled."""
        with self._lock:
            self._dropped[reason] += rows

    def dropped(self) -> dict[str, int]:
        """Rows dropped so far by reason."""
        with self._lock:
            return dict(self._dropped)

    def take(self) -> Call | None:
        """The oldest call, or None."""
        try:
            call = Call._make(self.calls.popleft())
        except IndexError:
            return None
        if call.size_bytes:
            with self._lock:
                self._bytes -= call.size_bytes
        return call

    def take_service_only(self) -> ServiceOnly | None:
        """The oldest call that found no room, or None."""
        try:
            return self._service_only.popleft()
        except IndexError:
            return None

    def reset_after_fork(self) -> None:
        """In a forked child: the parent's calls are the parent's. The queue object stays, callers hold on to it."""
        self.calls.clear()
        self._service_only.clear()
        self._bytes = 0
        self._lock = threading.Lock()
        self._dropped = Counter()


class Recorder:
    """What the wrapped calls of one deployment report to."""

    def __init__(self, target: DeploymentWorker, buffer: CallBuffer, wake: Callable[[], None]) -> None:
        self.clock = time.perf_counter_ns
        self.awake = False  # whether the worker of this process runs; a fork resets it
        self._target = target
        self._buffer = buffer
        self._wake = wake
        self._faults: deque[int] = deque(maxlen=FAULTS_BEFORE_PAUSE)
        self._paused_until_ns = 0
        self.fault_count = 0

    def learn_from(self, model: Any) -> None:
        """Learn task and classes from a model, where nobody stated them."""
        settings = self._target.settings
        self._target.learn(facts_of(model, settings.task, settings.positive_class), feature_names_of(model))

    def answered(
        self, method: str, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any, started_ns: int, duration_ns: int
    ) -> None:
        """Hand over an answered call. Never raises."""
        if self._paused_until_ns and self._is_paused():
            return
        try:
            if not self.awake:
                self._wake()
                self.awake = True
            inputs = args[0] if args else _from_keywords(kwargs)
            copied, size = private_copy(inputs)
            answer, more = private_copy(result)
            size += more
            context = current_context.get()
            call = (self._target, method, copied, answer, None, started_ns, duration_ns, context, size)
            if not self._buffer.offer(call, size):
                self._buffer.keep_service_only(
                    ServiceOnly(self._target, count_rows(inputs), None, started_ns, duration_ns)
                )
        except Exception:  # noqa: BLE001 - the host must not notice
            self.count_fault()

    def failed(self, method: str, error: Exception, started_ns: int, duration_ns: int) -> None:
        """Hand over a call that raised. Never raises."""
        try:
            if not self.awake:
                self._wake()
                self.awake = True
            kind = f"system:{type(error).__name__}"
            call = (self._target, method, None, None, kind, started_ns, duration_ns, None, 0)
            if not self._buffer.offer(call, 0):
                self._buffer.keep_service_only(ServiceOnly(self._target, 0, kind, started_ns, duration_ns))
        except Exception:  # noqa: BLE001 - the host must not notice
            self.count_fault()

    def count_fault(self) -> None:
        """Count a fault of our own; after 10 within a minute, capturing pauses for a minute."""
        self.fault_count += 1
        now = time.monotonic_ns()
        self._faults.append(now)
        if len(self._faults) == FAULTS_BEFORE_PAUSE and now - self._faults[0] < PAUSE_NS:
            self._paused_until_ns = now + PAUSE_NS
            self._faults.clear()
            log.warning("tidegauge: capturing pauses for a minute after %d faults of its own", FAULTS_BEFORE_PAUSE)

    def _is_paused(self) -> bool:
        if time.monotonic_ns() < self._paused_until_ns:
            return True
        self._paused_until_ns = 0
        return False


def feature_names_of(model: Any) -> tuple[str, ...]:
    """A model's own feature names (scikit-learn's `feature_names_in_`), if it has any."""
    names = getattr(model, "feature_names_in_", None)
    return tuple(map(str, names)) if names is not None else ()


def _from_keywords(kwargs: dict[str, Any]) -> Any:
    if len(kwargs) == 1:
        only = next(iter(kwargs.values()))
        if hasattr(only, "__len__") and not isinstance(only, str):
            return only
    return kwargs
