"""The worker of a process: one lazily started thread for each spool root drains calls, seals frames and commits them.

    CallSource ─take─▶ DeploymentWorker ─seal─▶ SpoolWriter.append … commit ─▶ durable, and readable by the shipper

Every step runs under one lock, so that `flush` may do the same work in the caller's thread. A forked child forgets everything
(`reset_after_fork`) and starts anew: the parent's calls and its spool stay the parent's.
"""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from tidegauge.complaints import COMPLAINTS
from tidegauge.errors import SpoolError
from tidegauge.locks import is_of_this_process
from tidegauge.settings import AgentSettings
from tidegauge.worker.calls import (
    LARGE_BYTES,
    Call,
    Calls,
    CallSource,
    Origin,
    ServiceOnly,
)
from tidegauge.worker.deployment import DeploymentWorker
from tidegauge.worker.frames import SealedFrame, with_watermark
from tidegauge.worker.outbox import Outbox
from tidegauge.worker.pacing import TICK_S, Breathe, no_pause, rest_s
from tidegauge.worker.shapes import by_rows, count_rows, slice_rows
from tidegauge.worker.threads import threads_can_run

T = TypeVar("T")

PAUSE_S = 0.0002
HELD_NS = 25_000
CALLS_AT_ONCE = 256
CALLS_FAR_AHEAD = 4_096
ROWS_A_BLOCK = 4_096
BLOCKS_A_SEAL = 64
SEAL_RECORDS_S = 10.0
SEAL_PROFILES_S = 60.0
CARE_S = 5.0
THREADLESS_S = 60.0


class Runtime:
    """Worker thread, deployments and spool writer of one spool root in this process."""

    def __init__(
        self, root: Path, source: CallSource, *, care: Callable[[Path], None], outbox: Outbox | None = None
    ) -> None:
        self._root = root
        self._source = source
        self._care = care  # makes sure that a shipper runs
        self._waited_s = 0.0  # when the thread last began to wait for calls, and for how long; its own
        self._last_rest_s = TICK_S
        self._rested_ns = 0  # when the thread last let others have the interpreter; its own
        self._work = threading.RLock()  # guards everything below: draining, sealing, the spool writer
        self._targets: dict[tuple[str, str, str], DeploymentWorker] = {}
        self._outbox = outbox or Outbox(root)
        self._counts: Counter[str] = Counter()
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        now = time.monotonic()
        self._sealed_records_s = self._sealed_profiles_s = now
        self._cared_s = self._inline_s = self._threadless_until_s = -math.inf

    # ------------------------------------------------------------------ used by agents

    def target(
        self, key: tuple[str, str, str], settings: AgentSettings, make: Callable[[], DeploymentWorker]
    ) -> DeploymentWorker:
        """The worker of a deployment, version and role: made once, with the newest settings."""
        with self._work:
            target = self._targets.get(key)
            if target is None:
                target = self._targets[key] = make()
            elif target.settings != settings:
                target.adopt(settings)
            return target

    def start(self) -> bool:
        """Start the thread if it does not run (again, after a fork).

        False where no thread can run: some work was done here and now, and `start` must be called at each call. Never raises.
        """
        if self.running:
            return True
        if time.monotonic() < self._threadless_until_s:
            self._work_inline()
            return False
        self._renew_locks()
        with self._work:
            if not self._start_thread():
                self._threadless_until_s = time.monotonic() + THREADLESS_S
        return self.running

    def _renew_locks(self) -> None:
        """Where threads were patched since the locks were made, and none of ours runs that knows the old ones."""
        if not is_of_this_process(self._work):
            self._work = threading.RLock()
            self._stop = threading.Event()

    def _start_thread(self) -> bool:
        if self.running or not threads_can_run():
            return self.running
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, name="tidegauge-worker", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:  # a limit of the system, or the end of the interpreter
            self._thread = None
            self._counts["threads_refused"] += 1
        return self._thread is not None

    def _work_inline(self) -> None:
        """Do what the thread would do, where a tick has passed or many calls wait, unless somebody is at it."""
        now = time.monotonic()
        is_due = now - self._inline_s >= TICK_S or len(self._source) >= CALLS_AT_ONCE
        if is_due and self._work.acquire(blocking=False):
            try:
                self._inline_s = now
                self._attempt(partial(self._tick, no_pause))
            finally:
                self._work.release()

    @property
    def has_unattended_frames(self) -> bool:
        """Whether frames were spooled, and no shipper was ever looked for."""
        return self._outbox.has_spooled and self._cared_s == -math.inf

    @property
    def running(self) -> bool:
        """Whether the worker thread is alive."""
        return self._thread is not None and self._thread.is_alive()

    def locked(self) -> threading.RLock:
        """The lock under which deployments are touched."""
        return self._work

    def relieve(self) -> None:
        """Take everything out of the source in the caller's thread: for callers who would wait for room."""
        with self._work:
            self._drain(len(self._source))

    def take_large(self, call: Call, rows: int) -> None:
        """Profile a call of many rows in blocks before returning: nothing of it is copied or kept. Never raises SpoolError."""
        with self._work:
            self._take_blocks(call, rows)

    def _take_blocks(self, call: Call, rows: int, breathe: Breathe = no_pause) -> None:
        target, left = call.origin.target, rows
        try:
            call = call._replace(inputs=by_rows(call.inputs))
            if call.duration_ns >= 0:
                target.serve([ServiceOnly(target, rows, None, call.started_ns, call.duration_ns, call.context)])
            for number, start in enumerate(range(0, rows, ROWS_A_BLOCK)):
                block = Calls.of([_block(call, slice(start, start + ROWS_A_BLOCK))])
                left = max(0, rows - start - ROWS_A_BLOCK)
                target.take(block, _now_us(), breathe)
                target.aggregate(_now_us(), breathe)
                if number % BLOCKS_A_SEAL == BLOCKS_A_SEAL - 1:
                    self._attempt(lambda: self._seal(profiles=False))
        except Exception:
            target.lose(left)
            raise

    def seal_now(self, frames_of: DeploymentWorker, frames: list[SealedFrame]) -> None:
        """Make ready frames durable at once. Raises SpoolError."""
        with self._work:
            frames_of.take_frames(frames)
            self._seal(profiles=False, at_once=True)

    def flush(self, *, final: bool = False) -> None:
        """Drain and seal everything captured so far; durable on return. Raises SpoolError where the disk refuses.

        `final` closes the open windows, too: their sketches and second moments are sealed with the rest.
        """
        with self._work:
            self.relieve()
            self._seal(profiles=True, everything=True, final=final, at_once=True)

    def close_within(self, timeout_s: float) -> bool:
        """Flush with all windows closed, in a thread, and wait so long for it; whether it was done. Never raises.

        The thread goes on where time was too short: a disk that hangs holds up nobody.
        """
        done = threading.Event()

        def work() -> None:
            self.flush(final=True)
            done.set()

        attempt = partial(self._attempt, work)
        if not threads_can_run():
            attempt()
            return done.is_set()
        thread = threading.Thread(target=attempt, name="tidegauge-close", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # a limit of the system, or the end of the interpreter
            self._counts["threads_refused"] += 1
            return False
        thread.join(timeout_s)
        return done.is_set()

    def close(self) -> None:
        """Stop the thread, seal everything, end the epoch. For the end of the process: plain file I/O only. Never raises."""
        self._stop.set()
        if not self._work.acquire(timeout=1.0):
            COMPLAINTS.warn(self._root, "the worker is busy for over a second: what was not sealed yet is lost")
            return
        try:
            self._attempt(self._finish)
        finally:
            self._work.release()

    def _finish(self) -> None:
        self.relieve()
        self._seal(profiles=True, everything=True, final=True)
        self._outbox.close()

    def reset_after_fork(self) -> None:
        """In a forked child: let go of the parent's spool and rows, and of locks that its threads may have held."""
        self._outbox.abandon_after_fork()
        self._work = threading.RLock()
        self._stop = threading.Event()
        self._thread = None
        self._counts.clear()
        now = time.monotonic()
        self._sealed_records_s = self._sealed_profiles_s = now
        self._cared_s = self._inline_s = self._threadless_until_s = -math.inf
        for target in self._targets.values():
            target.forget()

    @staticmethod
    def wall_us(monotonic_ns: int) -> int:
        """Wall-clock time of a reading of `time.perf_counter_ns`."""
        return (time.time_ns() - time.perf_counter_ns() + monotonic_ns) // 1_000

    def is_acknowledged(self) -> bool:
        """Whether a collector holds every frame sealed so far."""
        return self._outbox.is_acknowledged()

    def counts(self) -> dict[str, int]:
        """Rows captured, sealed, acknowledged, and what went wrong, summed over deployments."""
        with self._work:
            total = Counter(self._counts)
            for target in self._targets.values():
                total.update(target.counts)
                total["segment_overflow_rows"] += target.segment_overflow_rows
            total.update(self._outbox.counts())
            return dict(total)

    # ------------------------------------------------------------------ the thread

    def _run(self) -> None:
        stop, thread_id, never = self._stop, threading.get_ident(), threading.Event()
        taken = 0
        while not stop.is_set():
            found = self._attempt(partial(self._tick, self._pause)) or 0
            taken += found
            if found == CALLS_AT_ONCE:
                self._pause()
            else:
                stop.wait(self._rest_s(taken))
                taken = 0
        if threading.get_ident() != thread_id:
            never.wait()  # gevent has patched the threads meanwhile: one that ends now prints an error into the host's stderr

    def _attempt(self, step: Callable[[], T]) -> T | None:
        """Do a step of work; what goes wrong is counted, and logged once a minute."""
        try:
            return step()
        except SpoolError as error:
            self._counts["spool_errors"] += 1
            self._complain("the spool cannot be written, telemetry waits in memory: %s", error)
        except Exception as error:  # noqa: BLE001 - the host must not notice
            self._counts["internal_errors"] += 1
            self._complain("internal error: %r", error)
        return None

    def _rest_s(self, taken: int) -> float:
        """How long to wait, after so many calls were taken since the last wait."""
        now = time.monotonic()
        spent_s, self._waited_s = now - self._waited_s, now
        self._last_rest_s = rest_s(taken=taken, spent_s=spent_s, room=self._source.room, last_s=self._last_rest_s)
        return self._last_rest_s

    def _tick(self, breathe: Breathe) -> int:
        """Take some calls, and seal what is due; how many were taken: there may be more where they are as many as are taken at once."""
        with self._work:
            taken = self._drain(CALLS_AT_ONCE, breathe)
            self._outbox.sync()
        now = time.monotonic()
        if now - self._cared_s >= CARE_S:
            self._cared_s = now
            self._care(self._root)
        profiles = now - self._sealed_profiles_s >= SEAL_PROFILES_S
        if profiles or now - self._sealed_records_s >= SEAL_RECORDS_S:
            with self._work:
                self._drain(len(self._source), breathe)
                self._seal(profiles=profiles, breathe=breathe)
        return taken

    def _drain(self, most: int, breathe: Breathe = no_pause) -> int:
        """Take at most so many waiting calls, and all that found no room; returns how many calls were taken.

        Calls that meet a fault of ours are lost, and counted as that by their target: they hold up no others.
        """
        taken, now_us = 0, _now_us()
        while taken < most and (calls := self._source.take(min(CALLS_AT_ONCE, most - taken))):
            taken += len(calls)
            if calls.origin is not None and calls.origin.size_bytes <= LARGE_BYTES:
                self._attempt(partial(calls.origin.target.take, calls, now_us, breathe))
            else:
                self._take_several(calls, now_us, breathe)
        kept = self._source.take_service_only()
        for target in {one.target for one in kept}:
            target.take_service_only([one for one in kept if one.target is target])
        return taken

    def _take_several(self, calls: Calls, now_us: int, breathe: Breathe) -> None:
        """Calls of several targets, or large ones: nobody can change these, so they came here whole."""
        by_target: dict[int, tuple[DeploymentWorker, list[int]]] = {}
        for place, origin in enumerate(calls.field("origin")):
            if origin.size_bytes > LARGE_BYTES:
                call = calls[place]
                self._attempt(partial(self._take_blocks, call, count_rows(call.inputs), breathe))
            else:
                by_target.setdefault(id(origin.target), (origin.target, []))[1].append(place)
        for target, places in by_target.values():
            self._attempt(partial(target.take, calls.where(places), now_us, breathe))

    def _seal(
        self,
        *,
        profiles: bool,
        everything: bool = False,
        final: bool = False,
        at_once: bool = False,
        breathe: Breathe = no_pause,
    ) -> None:
        now = time.monotonic()
        self._sealed_records_s = now
        if profiles:
            self._sealed_profiles_s = now
        frames: list[SealedFrame] = []
        by_deployment: dict[str, list[DeploymentWorker]] = {}
        for target in self._targets.values():
            by_deployment.setdefault(target.settings.deployment, []).append(target)
        for targets in by_deployment.values():
            sealed: list[SealedFrame] = []
            for target in targets:
                step = partial(
                    target.seal, _now_us(), profiles=profiles, everything=everything, final=final, breathe=breathe
                )
                sealed += self._attempt(step) or []
            frames += _with_watermark(sealed, targets)
        self._outbox.put(frames, at_once=at_once)

    def _pause(self) -> None:
        """Let callers have the interpreter where it was held for a while: for a moment, or only in passing where they are far ahead."""
        if time.perf_counter_ns() - self._rested_ns >= HELD_NS:
            time.sleep(PAUSE_S if len(self._source) < CALLS_FAR_AHEAD else 0)
            self._rested_ns = time.perf_counter_ns()

    def _complain(self, message: str, error: Exception) -> None:
        COMPLAINTS.warn(self._root, message % error)


def _with_watermark(frames: list[SealedFrame], targets: list[DeploymentWorker]) -> list[SealedFrame]:
    """The frames of a deployment, the last of which says how far all versions of it are sealed."""
    newest_us = max(target.newest_event_us for target in targets)
    if not frames or not newest_us:
        return frames
    held = [held_us for target in targets if (held_us := target.first_unsealed_us()) is not None]
    return [*frames[:-1], with_watermark(frames[-1], min(held, default=newest_us + 1))]


def _block(call: Call, rows: slice) -> Call:
    """Some rows of a call, which count in no service statistics."""
    stated = call.context
    if stated is not None:
        segment = {name: slice_rows(value, rows) for name, value in (stated.segment or {}).items()}
        ids, times = slice_rows(stated.prediction_ids, rows), slice_rows(stated.timestamps, rows)
        stated = replace(stated, prediction_ids=ids, timestamps=times, segment=segment)
    inputs, result = slice_rows(call.inputs, rows), slice_rows(call.result, rows)
    origin = Origin(call.origin.target, call.origin.method)
    return Call(origin, inputs, result, call.started_ns, -1, stated)


def _now_us() -> int:
    return time.time_ns() // 1_000
