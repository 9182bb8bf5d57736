"""A data directory and the collectors that live and die on it, one after the other."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

LAUNCHER = Path(__file__).with_name("launcher.py")
WAIT_S = 120.0
CAUGHT_UP = "tidegauge_fold_caught_up 1"
POLL_S = 0.005


class Launcher:
    """The process that forks them; one for a whole module of tests."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(LAUNCHER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, **wish: Any) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(wish) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def end(self) -> None:
        self._process.communicate()


def is_alive(pid: int) -> bool:
    """Whether a process runs; a dead one is a zombie until it is waited for."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


class Lives:
    """At most one of them lives at a time."""

    def __init__(self, launcher: Launcher, folder: Path, data: Path | None = None) -> None:
        self.data = data or folder / "data"
        self.backups = folder / "backups"
        self.output = folder / "output"
        self._launcher = launcher
        self._settings = folder / "collector.toml"
        self._pid: int | None = None
        self.configure()

    def configure(self, *, backs_up: bool = True, log_keep_hours: float = 24.0) -> None:
        """Set what the next life is told."""
        lines = [f"log_keep_hours = {log_keep_hours}", "backup_every_hours = 0.01", "backup_keep = 2"]
        lines += [f'backup_dir = "{self.backups}"'] if backs_up else []
        self._settings.write_text("\n".join(lines) + "\n")

    def spawn(self, crash_at: str = "", migrations: int = 0, command: str = "serve") -> None:
        """Begin a life."""
        addresses = ["--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0"] if command == "serve" else []
        arguments = [command, "--data", str(self.data), "--config", str(self._settings), *addresses]
        (self.data / "endpoints.json").unlink(missing_ok=True)
        self._pid = self._launcher.ask(
            do="start",
            arguments=arguments,
            crash_at=crash_at,
            migrations=migrations,
            in_a_hurry=True,
            output=str(self.output),
        )

    def start(self, crash_at: str = "", migrations: int = 0) -> str:
        """Begin a life that serves; where agents reach it, "" where it died before it served."""
        self.spawn(crash_at, migrations)
        self.until(lambda: (self.data / "endpoints.json").exists() or not self.is_alive())
        if not (self.data / "endpoints.json").exists():
            return ""
        return self.address

    @property
    def address(self) -> str:
        """Where agents reach it."""
        return str(self.endpoints["grpc"]).partition("//")[2]

    @property
    def endpoints(self) -> dict[str, Any]:
        return dict(json.loads((self.data / "endpoints.json").read_text()))

    def is_alive(self) -> bool:
        return self._pid is not None and is_alive(self._pid)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def wait(self) -> int:
        """Its exit code, once it has ended."""
        self.until(lambda: not self.is_alive())
        pid, self._pid = self._pid, None
        return self._launcher.ask(do="wait", pid=pid)

    def stop(self) -> int:
        """End it as its operator does; its exit code."""
        self._signal(signal.SIGTERM)
        return self.wait()

    def until(self, is_so: Callable[[], object]) -> None:
        """Return once something is so."""
        deadline = time.monotonic() + WAIT_S
        while not is_so():
            assert time.monotonic() < deadline, self.story()
            time.sleep(POLL_S)

    def end(self) -> None:
        """Nothing lives after this."""
        if self._pid is not None:
            self.kill()
            self.wait()

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.endpoints["http"] + path, timeout=WAIT_S)

    def folded(self, deployment: str) -> dict[str, Any]:
        """What is stored of a deployment once everything acknowledged is folded. It need not be settled: epochs stay open."""
        deadline = time.monotonic() + WAIT_S
        while True:
            if CAUGHT_UP in self.get("/metrics").text.splitlines():
                answer = self.get(f"/api/v1/deployments/{deployment}/status")
                if answer.status_code == 200:
                    return dict(answer.json()["stored"])
            assert time.monotonic() < deadline, self.story()
            time.sleep(0.05)

    def story(self) -> str:
        return self.output.read_text()[-4_000:] if self.output.exists() else "nothing was said"

    def _signal(self, number: signal.Signals) -> None:
        if self._pid is not None and self.is_alive():
            os.kill(self._pid, number)
