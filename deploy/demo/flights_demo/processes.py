"""The demo's own Python processes (training job, workers): started, read line by line, started again after a kill."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

Fact = dict[str, Any]
STOP_S = 10.0
SOURCE = Path(__file__).resolve().parents[1]


class ProcessError(Exception):
    """A process of the demo failed; the message ends with what it said."""


def environment() -> dict[str, str]:
    """Ours, this package findable, and one thread for each process: two workers share two cores with the collector."""
    path = [str(SOURCE), *(part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


class Child:
    """One process running a module of the demo; the JSON lines that it prints land in a queue."""

    def __init__(self, module: str, *arguments: str, log: Path, facts: queue.Queue[Fact]) -> None:
        self._command = [sys.executable, "-m", f"flights_demo.{module}", *arguments]
        self._log, self._facts = log, facts
        self.start()

    def start(self) -> None:
        """Start it (again)."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, stderr=log, env=environment())
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()

    @property
    def ended(self) -> bool:
        """Whether it has done its work and everything it said is in the queue. Raises ProcessError where it failed."""
        self.raise_for_failure()
        return self._process.returncode == 0 and not self._reader.is_alive()

    def raise_for_failure(self) -> None:
        """Raise ProcessError where it has ended with an error."""
        if code := self._process.poll():
            raise ProcessError(f"{' '.join(self._command[2:])} ended with code {code}:\n{self._last_lines()}")

    def join(self) -> None:
        """Wait until it has ended by itself and everything it said is in the queue. Raises ProcessError where it failed."""
        self._process.wait()
        self._reader.join()
        self.raise_for_failure()

    def kill(self) -> None:
        """End it with SIGKILL."""
        self._process.kill()
        self._process.wait()
        self._reader.join()

    def stop(self) -> None:
        """End it if it still runs."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._reader.join()

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        if process.stdout is None:
            return
        with process.stdout as lines:
            for line in lines:
                if line.endswith(b"\n"):  # a killed process may leave half a line
                    self._facts.put(json.loads(line))

    def _last_lines(self, count: int = 15) -> str:
        lines = self._log.read_text(errors="replace").splitlines() if self._log.exists() else []
        return "\n".join(lines[-count:])


def run_job(module: str, *arguments: str, log: Path) -> list[Fact]:
    """Run a module of the demo to its end and return what it told. Raises ProcessError."""
    facts: queue.Queue[Fact] = queue.Queue()
    job = Child(module, *arguments, log=log, facts=facts)
    try:
        job.join()
    finally:
        job.stop()
    return [facts.get_nowait() for _ in range(facts.qsize())]
