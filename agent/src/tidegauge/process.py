"""What the agents of a process share: per spool root one buffer, one worker, one shipper; nothing of it crosses a fork."""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from tidegauge.capture import CallBuffer, Recorder
from tidegauge.complaints import COMPLAINTS
from tidegauge.core.bins import ReferenceBins
from tidegauge.errors import WireError
from tidegauge.settings import AgentSettings
from tidegauge.weakly import Weakly
from tidegauge.wire.binsfile import bins_path, read_bins
from tidegauge.worker.calls import Call
from tidegauge.worker.deployment import DeploymentWorker
from tidegauge.worker.outbox import Outbox
from tidegauge.worker.runtime import Runtime


class Capture:
    """What the agents of one spool root share in this process."""

    def __init__(self, settings: AgentSettings) -> None:
        self.buffer = CallBuffer(max_bytes=settings.buffer_bytes)
        self.recorders: Weakly[Recorder] = Weakly()
        self._settings = settings
        outbox = Outbox(
            settings.root,
            quota_bytes=settings.spool_quota_bytes,
            durability=settings.durability,
            on_open=self._store_address,
        )
        self.runtime = Runtime(settings.root, self.buffer, care=self.care, outbox=outbox)

    def start(self) -> bool:
        """Start the worker in this process, and see that what it holds is sealed when the process ends.

        False where no thread can run: it must be called at each call then.
        """
        _seal_at_the_end_of_a_child(self.runtime.close)
        return self.runtime.start()

    def take_large(self, call: Call, rows: int) -> None:
        """Profile a large call in the caller's thread."""
        self.runtime.take_large(call, rows)

    def refresh(self, target: DeploymentWorker) -> None:
        """Look at once for the baseline of a deployment on this host."""
        with self.runtime.locked():
            target.refresh_bins(time.time_ns() // 1_000)

    def _store_address(self) -> None:
        """So that whoever finds the spool after a kill knows where it belongs."""
        from tidegauge.shipper.start import store_address  # noqa: PLC0415 - loaded with the first seal, not by the host's import

        store_address(self._settings.root, self._settings)

    def care(self, root: Path) -> None:
        """See that a shipper looks after the spool root."""
        from tidegauge.shipper.start import look_after  # noqa: PLC0415 - loaded by the worker's thread, not by the host's import

        look_after(root, self._settings)

    def close_at_exit(self) -> None:
        """Seal what is left. A process so short that its worker never saw to a shipper does so now, with all on disk."""
        self.runtime.close()
        if self._settings.shipper == "process" and self.runtime.has_unattended_frames:
            self.care(self._settings.root)

    def reset_after_fork(self) -> None:
        """In a forked child: forget the parent's rows; the worker starts anew at the first call."""
        self.buffer.reset_after_fork()
        self.runtime.reset_after_fork()
        for recorder in self.recorders:
            recorder.reset_after_fork()


class BinsFile:
    """The reference bins of one version on this host, read again only when the file has changed."""

    def __init__(self, settings: AgentSettings) -> None:
        self._settings = settings
        self._path = bins_path(settings.root, settings.deployment, settings.version)
        self._changed_ns = 0
        self._bins: ReferenceBins | None = None

    def __call__(self) -> ReferenceBins | None:
        try:
            changed_ns = self._path.stat().st_mtime_ns
        except OSError:
            return self._bins
        if changed_ns != self._changed_ns:
            self._changed_ns = changed_ns
            try:
                self._bins = read_bins(self._settings.root, self._settings.deployment, self._settings.version)
            except OSError as error:
                raise WireError(
                    f"{self._path} cannot be read ({error}): give this user the right to read it"
                ) from error
        return self._bins


_ending_in: set[int] = set()


def _seal_at_the_end_of_a_child(close: Callable[[], None]) -> None:
    """A child of multiprocessing or of Celery's pool ends by `os._exit`, without `atexit`: both have hooks of their own."""
    key = hash((os.getpid(), close))
    if key in _ending_in:
        return
    _ending_in.add(key)
    util = sys.modules.get("multiprocessing.util")
    process = sys.modules.get("multiprocessing.process")
    if util is not None and process is not None and process.parent_process() is not None:
        util.Finalize(None, close, exitpriority=0)
    celery = sys.modules.get("celery.signals")
    if celery is not None:
        celery.worker_process_shutdown.connect(lambda **_: close(), weak=False)


def _load_what_the_worker_needs() -> None:
    """Import here what the worker would import: a child forked in the middle of an import by a thread waits for it for ever."""
    import numpy.ma  # noqa: F401, PLC0415 - numpy loads it in `unique`

    import tidegauge.shipper.start  # noqa: F401, PLC0415 - not for those who only import us


class Process:
    """The captures of this process by spool root."""

    def __init__(self) -> None:
        self._captures: dict[Path, Capture] = {}
        self._is_registered = False
        self._lock = threading.Lock()  # guards _captures

    def capture(self, settings: AgentSettings) -> Capture:
        """The capture of a spool root; made once, closed at exit, forgotten in a forked child."""
        with self._lock:
            if not self._is_registered:
                self._is_registered = True
                _load_what_the_worker_needs()
                atexit.register(self.close)
                if hasattr(os, "register_at_fork"):
                    os.register_at_fork(after_in_child=self._reset_after_fork)
            if settings.root not in self._captures:
                self._captures[settings.root] = Capture(settings)
            return self._captures[settings.root]

    def roots(self) -> list[Path]:
        """The spool roots that agents of this process use."""
        with self._lock:
            return list(self._captures)

    def flush(self, root: Path) -> None:
        """Seal what agents of one root have captured; nothing where there is none. Raises SpoolError."""
        with self._lock:
            capture = self._captures.get(root)
        if capture is not None:
            capture.runtime.flush()

    def close(self) -> None:
        """Seal what is left and end the epochs."""
        for capture in list(self._captures.values()):
            capture.close_at_exit()

    def close_capture(self, root: Path) -> None:
        """Seal what is left under one spool root and forget it: the next agent there begins anew."""
        with self._lock:
            capture = self._captures.pop(root, None)
        if capture is not None:
            capture.runtime.close()

    def _reset_after_fork(self) -> None:
        COMPLAINTS.reset_after_fork()
        self._lock = threading.Lock()
        for capture in self._captures.values():
            capture.reset_after_fork()


PROCESS = Process()
