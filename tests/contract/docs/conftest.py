"""A collector as the README starts it, on free ports, and a way to run an example against it in a process of its own."""

import json
import os
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from .scripts import NEEDS, script

LOOK_AGAIN_S = 0.05
PATIENCE_S = 120.0


@dataclass(frozen=True, slots=True)
class Served:
    """A running collector and where its agents spool."""

    http: str
    grpc: str
    spool: Path

    def read(self, path: str, **query: str) -> Any:
        """The JSON that GET path answers; raises urllib.error.HTTPError with the collector's own words."""
        url = f"{self.http}{path}" + (f"?{urllib.parse.urlencode(query)}" if query else "")
        try:
            with urllib.request.urlopen(url, timeout=120) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            error.add_note(f"GET {url}: {error.read().decode(errors='replace')}")
            raise

    def wait_for(self, deployment: str, *, rows: int = 0, predictions: int = 0, actuals: int = 0) -> dict[str, int]:
        """Return what is stored of a deployment once it is at least that; folding follows the acknowledgement in a moment."""
        pause, found = threading.Event(), {}
        wanted = {"rows": rows, "predictions": predictions, "actuals": actuals}
        for _ in range(round(PATIENCE_S / LOOK_AGAIN_S)):
            found = self._stored(deployment)
            if found and all(found[name] >= least for name, least in wanted.items()):
                return found
            pause.wait(LOOK_AGAIN_S)
        raise AssertionError(f"{deployment}: {wanted} not stored in {PATIENCE_S:g} s; the collector has {found}")

    def _stored(self, deployment: str) -> dict[str, int]:
        """Rows with an id or a truth as they are stored; `rows`: all that a model answered. Empty before it is known."""
        if deployment not in {one["name"] for one in self.read("/api/v1/deployments")["items"]}:
            return {}
        path = f"/api/v1/deployments/{deployment}"
        answered = self.read(f"{path}/measurements", metric="predictions")["items"]
        return {**self.read(f"{path}/status")["stored"], "rows": sum(int(one["value"]) for one in answered)}

    def run(self, code: str, directory: Path) -> None:
        """Run a script as a user would. It must end well, and Tidegauge must not complain."""
        script = directory / "example.py"
        script.write_text(code, encoding="utf-8")
        environment = {
            **os.environ,
            "TIDEGAUGE_COLLECTOR": self.grpc,
            "TIDEGAUGE_SPOOL": str(self.spool),
            "TIDEGAUGE_SHIPPER": "thread",  # ends with the script; a process would linger for 30 s
            "COLLECTOR_URL": self.http,
        }
        done = subprocess.run(
            [sys.executable, "-X", "faulthandler", str(script)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=250,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "tidegauge:" not in done.stderr


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    directory = tmp_path_factory.mktemp("docs")
    data = directory / "data"
    command = [sys.executable, "-m", "tidegauge_collector.cli", "serve", "--data", str(data)]
    log = (directory / "collector.log").open("wb")
    ports = ["--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0"]
    with log, subprocess.Popen([*command, *ports], stdout=subprocess.PIPE, stderr=log) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(3)]  # the third line comes when it serves
        assert said[2], (directory / "collector.log").read_text()
        where = json.loads((data / "endpoints.json").read_text(encoding="utf-8"))
        yield Served(where["http"], where["grpc"], directory / "spool")
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 0, (directory / "collector.log").read_text()


@pytest.fixture(scope="session")
def ran(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], None]:
    """Runs an example, once in a session, whatever asks for it first."""
    done: set[str] = set()

    def run(name: str) -> None:
        if name in NEEDS:
            run(NEEDS[name])
        if name not in done:
            done.add(name)
            served.run(script(name), tmp_path_factory.mktemp(name))

    return run
