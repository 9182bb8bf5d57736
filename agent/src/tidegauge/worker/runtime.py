"""The worker of a process: one lazily started thread for each spool root drains calls, seals frames and commits them.

    CallSource ─take─▶ DeploymentWorker ─seal─▶ SpoolWriter.append … commit ─▶ durable, and readable by the shipper

Every step runs under one lock, so that `flush` may do the same work in the caller's thread. A forked child forgets everything
(`reset_after_fork`) and starts anew: the parent's calls and its spool stay the parent's.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tidegauge.errors import SpoolError
from tidegauge.spool import SpoolWriter, read_position
from tidegauge.wire.kinds import FrameKind
from tidegauge.worker.calls import CallSource
from tidegauge.worker.deployment import DeploymentWorker
from tidegauge.worker.frames import SealedFrame

log = logging.getLogger("tidegauge")

TICK_S = 0.1
SLICE_ROWS = 32
PAUSE_S = 0.0002
SEAL_RECORDS_S = 10.0
SEAL_PROFILES_S = 60.0
CARE_S = 5.0
LOG_EVERY_S = 60.0

RowCounter = Callable[[Any], int]


class Runtime:
    """Worker thread, deployments and spool writer of one spool root in this process."""

    def __init__(self, root: Path, source: CallSource, *, count_rows: RowCounter, care: Callable[[Path], None]) -> None:
        self._root = root
        self._source = source
        self._count_rows = count_rows
        self._care = care  # makes sure that a shipper runs
        self._work = threading.RLock()  # guards everything below: draining, sealing, the spool writer
        self._targets: dict[tuple[str, str, str], DeploymentWorker] = {}
        self._writer: SpoolWriter | None = None
        self._commits: deque[tuple[int, int]] = deque(maxlen=65_536)  # (seq, rows sealed up to it)
        self._sealed_rows = 0
        self._counts: Counter[str] = Counter()
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._wake = threading.Event()
        now = time.monotonic()
        self._sealed_records_s = self._sealed_profiles_s = now
        self._cared_s = self._logged_s = 0.0

    # ------------------------------------------------------------------ used by agents

    def target(self, key: tuple[str, str, str], make: Callable[[], DeploymentWorker]) -> DeploymentWorker:
        """The worker of a deployment, version and role; made once."""
        with self._work:
            if key not in self._targets:
                self._targets[key] = make()
            return self._targets[key]

    def start(self) -> None:
        """Start the thread if it does not run (again, after a fork)."""
        if self._thread is None or not self._thread.is_alive():
            with self._work:
                if self._thread is None or not self._thread.is_alive():
                    self._stop.clear()
                    self._thread = threading.Thread(target=self._run, name="tidegauge-worker", daemon=True)
                    self._thread.start()

    @property
    def running(self) -> bool:
        """Whether the worker thread is alive."""
        return self._thread is not None and self._thread.is_alive()

    def seal_now(self, frames_of: DeploymentWorker, frames: list[SealedFrame]) -> None:
        """Make ready frames durable at once. Raises SpoolError."""
        with self._work:
            frames_of.take_frames(frames)
            self._seal(profiles=False)

    def locked(self) -> threading.RLock:
        """The lock under which deployments are touched."""
        return self._work

    def flush(self) -> None:
        """Drain and seal everything captured so far; durable on return. Raises SpoolError where the disk refuses."""
        with self._work:
            self._drain(None)
            self._seal(profiles=True, everything=True)

    def close(self) -> None:
        """Stop the thread, seal everything, end the epoch. For the end of the process: plain file I/O only."""
        self._stop.set()
        self._wake.set()
        if not self._work.acquire(timeout=1.0):
            return
        try:
            self._drain(None)
            self._seal(profiles=True, everything=True, final=True)
            if self._writer is not None:
                self._writer.close()
                self._writer = None
        except SpoolError as error:
            log.warning("tidegauge: the last telemetry could not be spooled: %s", error)
        finally:
            self._work.release()

    def reset_after_fork(self) -> None:
        """In a forked child: let go of the parent's spool and rows, and of locks that its threads may have held."""
        if self._writer is not None:
            self._writer.abandon_after_fork()
        self._writer = None
        self._work = threading.RLock()
        self._stop, self._wake = threading.Event(), threading.Event()
        self._thread = None
        self._commits.clear()
        self._counts.clear()
        self._sealed_rows = 0
        for target in self._targets.values():
            target.forget()

    @staticmethod
    def wall_us(monotonic_ns: int) -> int:
        """Wall-clock time of a reading of `time.perf_counter_ns`."""
        return (time.time_ns() - time.perf_counter_ns() + monotonic_ns) // 1_000

    def acknowledged_seq(self) -> int:
        """Highest frame of this process's epoch that a collector has acknowledged."""
        writer = self._writer
        return read_position(writer.directory).acknowledged_seq if writer is not None else 0

    def is_acknowledged(self) -> bool:
        """Whether a collector holds every frame sealed so far."""
        writer = self._writer
        return writer is None or self.acknowledged_seq() >= writer.durable_seq

    def counts(self) -> dict[str, int]:
        """Rows captured, sealed, acknowledged, and what went wrong, summed over deployments."""
        with self._work:
            total = Counter(self._counts)
            for target in self._targets.values():
                total.update(target.counts)
            acknowledged = self.acknowledged_seq()
            total["sealed"] = self._sealed_rows
            total["acknowledged"] = max((rows for seq, rows in self._commits if seq <= acknowledged), default=0)
            return dict(total)

    # ------------------------------------------------------------------ the thread

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.wait(TICK_S)
            self._wake.clear()
            try:
                self._tick()
            except SpoolError as error:
                self._complain("the spool cannot be written: %s", error)
            except Exception as error:  # noqa: BLE001 - the host must not notice; counted and logged once a minute
                self._counts["internal_errors"] += 1
                self._complain("internal error: %r", error)

    def _tick(self) -> None:
        with self._work:
            self._drain(SLICE_ROWS)
        now = time.monotonic()
        if now - self._cared_s >= CARE_S:
            self._cared_s = now
            self._care(self._root)
        profiles = now - self._sealed_profiles_s >= SEAL_PROFILES_S
        if profiles or now - self._sealed_records_s >= SEAL_RECORDS_S:
            with self._work:
                self._seal(profiles=profiles)

    def _drain(self, slice_rows: int | None) -> None:
        """Take all waiting calls; pause after each `slice_rows` rows, so that callers get the interpreter."""
        since_pause = 0
        now_s = time.time()
        while (call := self._source.take()) is not None:
            rows = self._count_rows(call.inputs) if call.inputs is not None else 0
            call.target.take(call, rows, now_s)
            since_pause += rows
            if slice_rows is not None and since_pause >= slice_rows:
                since_pause = 0
                time.sleep(PAUSE_S)
        while (kept := self._source.take_service_only()) is not None:
            kept.target.take_service_only(kept)

    def _seal(self, *, profiles: bool, everything: bool = False, final: bool = False) -> None:
        now = time.monotonic()
        self._sealed_records_s = now
        if profiles:
            self._sealed_profiles_s = now
        now_us = time.time_ns() // 1_000
        frames: list[SealedFrame] = []
        for target in self._targets.values():
            target.refresh_bins(now_us)
            frames += target.seal(now_us, profiles=profiles, everything=everything, final=final)
        if frames or (self._writer is not None and everything):
            self._commit(frames)

    def _commit(self, frames: list[SealedFrame]) -> None:
        writer = self._open_writer(frames)
        for frame in frames:
            writer.append(int(frame.kind), frame.payload, rows=frame.rows)
            self._sealed_rows += frame.rows if frame.kind is FrameKind.PROFILE else 0
        self._commits.append((writer.commit(), self._sealed_rows))

    def _open_writer(self, frames: list[SealedFrame]) -> SpoolWriter:
        if self._writer is None:
            try:
                self._writer = SpoolWriter(self._root)
            except SpoolError:
                self._counts["dropped:spool_unavailable"] += sum(frame.rows for frame in frames)
                raise
        return self._writer

    def _complain(self, message: str, error: Exception) -> None:
        now = time.monotonic()
        if now - self._logged_s >= LOG_EVERY_S or not self._logged_s:
            self._logged_s = now
            log.warning("tidegauge: " + message, error)
