"""The collector as a process that a test can kill and start again on its ports and data."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx

MORTAL = Path(__file__).with_name("mortal.py")
WAIT_S = 60.0


class Daemon:
    """`serve` on a data directory; ports are kept over restarts."""

    def __init__(self, folder: Path, config: Path | None = None) -> None:
        self.data = folder / "data"
        self.http = self.grpc = "127.0.0.1:0"
        self._config = ["--config", str(config)] if config else []
        self.process: subprocess.Popen[str] | None = None

    def start(self, point: str = "never", count: int = 1) -> "Daemon":
        """Start it and return when it listens."""
        self.process = self.spawn(point, count)
        assert self.process.stdout is not None
        lines = [self.process.stdout.readline() for _ in range(3)]
        assert lines[2].startswith("data"), self.process.communicate()
        self.http, self.grpc = (line.split("//")[1].strip() for line in lines[:2])
        return self

    def spawn(self, point: str = "never", count: int = 1) -> "subprocess.Popen[str]":
        where = ["--data", str(self.data), "--http", self.http, "--grpc", self.grpc]
        command = [sys.executable, str(MORTAL), point, str(count), "serve", *where, *self._config]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def refused(self) -> tuple[int, list[str]]:
        """Exit code and lines of standard error of a start that must fail."""
        process = self.spawn()
        _, errors = process.communicate(timeout=WAIT_S)
        return process.returncode, errors.splitlines()

    def wait(self) -> int:
        """Its exit code, once it has ended."""
        assert self.process is not None
        self.process.communicate(timeout=WAIT_S)
        return self.process.returncode

    def end(self) -> None:
        """Kill what is left."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
        if self.process is not None:
            self.process.communicate()

    @property
    def endpoints(self) -> dict[str, Any]:
        return dict(json.loads((self.data / "endpoints.json").read_text()))

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        answer = httpx.get(f"http://{self.http}/api/v1{path}", params=query, timeout=WAIT_S)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def settled(self, deployment: str) -> dict[str, Any]:
        """The deployment's status, once everything is folded and judged."""
        deadline = time.monotonic() + WAIT_S
        while True:
            status = self.get(f"/deployments/{deployment}/status")
            if status["settled"]:
                return status
            assert time.monotonic() < deadline, status
