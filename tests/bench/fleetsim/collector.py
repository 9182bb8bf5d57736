"""The collector as a process of its own: started, watched from outside, killed and started again on its ports and data."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import psutil

SERVE = (sys.executable, "-m", "tidegauge_collector.cli", "serve")
PROFILED = (sys.executable, str(Path(__file__).with_name("profiled_serve.py")))
START_S = 60.0


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process has used."""

    cpu_s: float
    rss_bytes: int
    threads: int


def usage_of(process: psutil.Process) -> Usage:
    """Of a process, now."""
    times = process.cpu_times()
    return Usage(times.user + times.system, process.memory_info().rss, process.num_threads())


class CollectorProcess:
    """`tidegauge-collector serve` on a folder. `profile`: a file for what its threads did; that costs it some speed."""

    def __init__(self, folder: Path, *, config: Path | None = None, profile: Path | None = None) -> None:
        self.data = folder / "data"
        self._profile = profile
        self._config = ["--config", str(config)] if config else []
        self._http = self._grpc = "127.0.0.1:0"
        self._errors = (folder / "collector.stderr").open("a")
        self._process: subprocess.Popen[bytes] | None = None
        # As installed, with its bytecode: where Python is told to write none, it would be compiled anew at each start.
        self._environment = {
            **os.environ,
            "PYTHONDONTWRITEBYTECODE": "",
            "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
        }
        subprocess.run(
            [*SERVE[:1], "-c", f"import {SERVE[2]}.serve, tidegauge_collector.app"], env=self._environment, check=True
        )

    @property
    def grpc(self) -> str:
        """Where agents ship to."""
        return f"grpc://{self._grpc}"

    @property
    def http(self) -> str:
        """Where API and figures are."""
        return f"http://{self._http}"

    def start(self) -> float:
        """Start it and wait until it listens; seconds that it took."""
        begun = time.monotonic()
        command = [*PROFILED, str(self._profile)] if self._profile else [*SERVE]
        command += ["--data", str(self.data), "--http", self._http, "--grpc", self._grpc, *self._config]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=self._errors, env=self._environment)
        while not (announced := self._announced()):
            if self._process.poll() is not None or time.monotonic() - begun > START_S:
                raise RuntimeError(f"the collector did not start: see {self._errors.name}")
            time.sleep(0.02)
        self._http, self._grpc = (announced[name].split("//")[1] for name in ("http", "grpc"))
        return time.monotonic() - begun

    def stop(self, number: signal.Signals = signal.SIGTERM) -> float:
        """End it with a signal; seconds that it took."""
        begun = time.monotonic()
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(timeout=60)
            self._process = None
        return time.monotonic() - begun

    def close(self) -> None:
        """Kill what is left of it."""
        self.stop(signal.SIGKILL)
        self._errors.close()

    def last_words(self) -> str:
        """The end of what it wrote to standard error."""
        return Path(self._errors.name).read_text()[-4_000:]

    def usage(self) -> Usage:
        """What it has used since its start."""
        if self._process is None:
            raise ProcessLookupError("the collector is not running")
        return usage_of(psutil.Process(self._process.pid))

    def sizes(self) -> dict[str, int]:
        """Bytes on disk by the first name in the data directory."""
        found: dict[str, int] = {}
        for path in self.data.rglob("*"):
            if path.is_file():
                name = path.relative_to(self.data).parts[0]
                found[name] = found.get(name, 0) + path.stat().st_size
        return found

    def _announced(self) -> dict[str, str] | None:
        try:
            found: dict[str, str] = json.loads((self.data / "endpoints.json").read_text())
        except (OSError, ValueError):
            return None
        return found if self._process is not None and found["pid"] == self._process.pid else None


async def figures(session: aiohttp.ClientSession, url: str) -> Mapping[str, float]:
    """The samples of /metrics by name and labels as they are written there."""
    async with session.get(f"{url}/metrics") as answer:
        answer.raise_for_status()
        lines = (await answer.text()).splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line and line[0] != "#")}
