"""The collector as the demo runs it: a process with its embedded stores that can be killed and started again on its ports."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from flights_demo.receiver import RECEIVER

START_S = 180.0
STOP_S = 15.0
POLL_S = 0.05


class CollectorError(Exception):
    """The collector does not do what the demo needs; the message ends with its last lines."""


class CollectorProcess:
    """One collector on one data directory; started again it listens on the ports that it had."""

    def __init__(self, folder: Path, *, hook_url: str, hook_secret: str, more: str = "") -> None:
        self._data = folder / "collector"
        self._log = folder / "collector.log"
        self._config = folder / "collector.toml"
        self._config.write_text(
            f'[[channels]]\nname = "{RECEIVER}"\nkind = "webhook"\nurl = "{hook_url}"\nsecret = "{hook_secret}"\n'
            'allow = ["127.0.0.1"]\n' + more
        )
        self._process: subprocess.Popen[bytes] | None = None
        self.http = self.grpc = ""

    def start(self) -> None:
        """Start it and wait until it listens. Raises CollectorError."""
        command = [*_program(), "serve", "--data", str(self._data), "--config", str(self._config)]
        command += ["--http", _address(self.http), "--grpc", _address(self.grpc)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        endpoints = self._wait_for_endpoints(self._process)
        self.http, self.grpc = endpoints["http"], endpoints["grpc"]

    def kill(self) -> None:
        """End it with SIGKILL, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """Ask it to end, and wait."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def check(self) -> None:
        """CollectorError where it has ended by itself."""
        if self._process is not None and self._process.poll() is not None:
            raise CollectorError(f"the collector ended with code {self._process.returncode}:\n{self.last_lines()}")

    def last_lines(self, count: int = 15) -> str:
        """The end of its log."""
        lines = self._log.read_text(errors="replace").splitlines() if self._log.exists() else []
        return "\n".join(lines[-count:])

    def _wait_for_endpoints(self, process: subprocess.Popen[bytes]) -> dict[str, Any]:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            self.check()
            endpoints = _read_endpoints(self._data / "endpoints.json")
            if endpoints.get("pid") == process.pid:  # a killed one leaves its file behind
                return endpoints
            time.sleep(POLL_S)
        raise CollectorError(f"the collector does not listen after {START_S:.0f} s:\n{self.last_lines()}")


def _program() -> list[str]:
    beside = Path(sys.executable).parent / "tidegauge-collector"
    return [str(beside)] if beside.exists() else [sys.executable, "-m", "tidegauge_collector.cli"]


def _address(url: str) -> str:
    return url.partition("//")[2] or "127.0.0.1:0"


def _read_endpoints(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text()))
    except FileNotFoundError:
        return {}
    except ValueError:
        return {}  # being written
