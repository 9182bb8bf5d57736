"""The collector as a process that a test can kill and start again on its ports and data."""

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from collector_lives import Launcher, is_alive

WAIT_S = 120.0
POLL_S = 0.01


class Daemon:
    """`serve` on a data directory; ports are kept over restarts."""

    def __init__(self, launcher: Launcher, folder: Path, config: Path | None = None) -> None:
        self.data = folder / "data"
        self.http = self.grpc = "127.0.0.1:0"
        self.pid = 0
        self._launcher = launcher
        self._output = folder / "output"
        self._config = ["--config", str(config)] if config else []

    def start(self, *dies: object, crash_at: str = "") -> "Daemon":
        """Start it and return when it listens; `dies`: a point of `mortal.py` and the count."""
        self._spawn(crash_at=crash_at, **({"dies": dies} if dies else {}))
        self._until(lambda: self._serves() or not is_alive(self.pid))
        assert self._serves(), self.said()
        self.http, self.grpc = (self.endpoints[name].partition("//")[2] for name in ("http", "grpc"))
        return self

    def refused(self) -> tuple[int, list[str]]:
        """Exit code and lines of a start that must fail."""
        self._spawn()
        return self.wait(), self.said().splitlines()

    def wait(self) -> int:
        """Its exit code, once it has ended."""
        self._until(lambda: not is_alive(self.pid))
        pid, self.pid = self.pid, 0
        return self._launcher.ask(do="wait", pid=pid)

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def end(self) -> None:
        """Kill what is left."""
        if self.pid:
            self.signal(signal.SIGKILL)
            self.wait()

    def said(self) -> str:
        """What it has printed in its life."""
        return self._output.read_text()

    @property
    def endpoints(self) -> dict[str, Any]:
        return dict(json.loads((self.data / "endpoints.json").read_text()))

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        answer = httpx.get(f"http://{self.http}/api/v1{path}", params=query, timeout=WAIT_S)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def settled(self, deployment: str) -> dict[str, Any]:
        """The deployment's status, once everything is folded and judged."""
        found: list[dict[str, Any]] = []
        self._until(lambda: found.append(self.get(f"/deployments/{deployment}/status")) or found[-1]["settled"])
        return found[-1]

    def _spawn(self, **wish: Any) -> None:
        where = ["--data", str(self.data), "--http", self.http, "--grpc", self.grpc]
        self._output.unlink(missing_ok=True)
        self.pid = self._launcher.ask(
            do="start", arguments=["serve", *where, *self._config], output=str(self._output), **wish
        )

    def _serves(self) -> bool:
        """Whether it has said where it listens; one that was killed has left that behind."""
        return (self.data / "endpoints.json").exists() and self.endpoints["pid"] == self.pid

    def _until(self, is_so: Callable[[], object]) -> None:
        deadline = time.monotonic() + WAIT_S
        while not is_so():
            assert time.monotonic() < deadline, self.said()
            time.sleep(POLL_S)
