"""What the agents of a process share: per spool root one buffer, one worker, one shipper; nothing of it crosses a fork."""

from __future__ import annotations

import atexit
import os
import threading
from pathlib import Path

from tidegauge.capture import CallBuffer, Recorder
from tidegauge.copies import count_rows
from tidegauge.core.bins import ReferenceBins
from tidegauge.settings import AgentSettings
from tidegauge.wire.binsfile import bins_path, read_bins
from tidegauge.worker.runtime import Runtime


class Capture:
    """What the agents of one spool root share in this process."""

    def __init__(self, settings: AgentSettings) -> None:
        self.buffer = CallBuffer()
        self.recorders: list[Recorder] = []
        self._settings = settings
        self.runtime = Runtime(settings.root, self.buffer, count_rows=count_rows, care=self.care)

    def care(self, root: Path) -> None:
        """See that a shipper looks after the spool root."""
        from tidegauge.shipper.start import look_after  # noqa: PLC0415 - loaded by the worker's thread, not by the host's import

        look_after(
            root, mode=self._settings.shipper, collector=self._settings.collector, ca_file=self._settings.ca_file
        )

    def reset_after_fork(self) -> None:
        """In a forked child: forget the parent's rows; the worker starts anew at the first call."""
        self.buffer.reset_after_fork()
        self.runtime.reset_after_fork()
        for recorder in self.recorders:
            recorder.awake = False


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
            self._bins = read_bins(self._settings.root, self._settings.deployment, self._settings.version)
        return self._bins


class Process:
    """The captures of this process by spool root."""

    def __init__(self) -> None:
        self._captures: dict[Path, Capture] = {}
        self._lock = threading.Lock()  # guards _captures

    def capture(self, settings: AgentSettings) -> Capture:
        """The capture of a spool root; made once, closed at exit, forgotten in a forked child."""
        with self._lock:
            if not self._captures:
                atexit.register(self.close)
                os.register_at_fork(after_in_child=self._reset_after_fork)
            if settings.root not in self._captures:
                self._captures[settings.root] = Capture(settings)
            return self._captures[settings.root]

    def close(self) -> None:
        """Seal what is left and end the epochs."""
        for capture in list(self._captures.values()):
            capture.runtime.close()

    def _reset_after_fork(self) -> None:
        self._lock = threading.Lock()
        for capture in self._captures.values():
            capture.reset_after_fork()


PROCESS = Process()
