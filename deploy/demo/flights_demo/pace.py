"""Keeps the workers within a few hours of event time of one another, over a file that each of them writes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

POLL_S = 0.005
_FINISHED = 2**62


class Pace:
    """One worker's view; a worker that is killed is waited for until it is back. POSIX only."""

    def __init__(
        self, folder: Path, *, worker: int, workers: int, spread: int, wait: Callable[[float], None] = time.sleep
    ) -> None:
        """`spread`: how many batches this worker may be ahead of the slowest one."""
        self._files = [os.open(folder / f"worker-{one}.hour", os.O_RDWR | os.O_CREAT, 0o600) for one in range(workers)]
        self._worker, self._spread, self._wait = worker, spread, wait

    def reach(self, number: int) -> None:
        """Say that this worker comes to a batch, and wait while others are too far behind."""
        self._write(number)
        while self.slowest() < number - self._spread:
            self._wait(POLL_S)

    def finish(self) -> None:
        """Say that nobody needs to wait for this worker any more."""
        self._write(_FINISHED)

    def slowest(self) -> int:
        """The batch of the worker that is furthest behind; one that has not begun is at 0."""
        return min(int.from_bytes(os.pread(one, 8, 0), "little") for one in self._files)

    def close(self) -> None:
        for one in self._files:
            os.close(one)

    def _write(self, number: int) -> None:
        os.pwrite(self._files[self._worker], number.to_bytes(8, "little"), 0)
