"""A collector as a process of its own, behind TLS and tokens, and real agents whose shippers are processes too."""

import contextlib
import io
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tidegauge.cli import main as agent_main
from tidegauge_collector.cli import main as collector_main
from tidegauge_collector.control import ControlStore, TokenRecord

WAIT_S = 120.0


class Castle:
    """The daemon and its commands, all as an operator runs them."""

    def __init__(self, folder: Path) -> None:
        self.data, self.tls = folder / "data", folder / "data" / "tls"
        self.log = folder / "log.txt"
        self.process: subprocess.Popen[bytes] | None = None
        self.cli("certs", "init", "--host", "collector.example")

    def cli(self, *arguments: str) -> str:
        """What a command prints."""
        code, out = told(collector_main, *arguments, "--data", str(self.data))
        assert code == 0, out
        return out.strip()

    def token(self, *flags: str) -> str:
        return self.cli("tokens", "create", "agents", "--scope", "ingest", *flags)

    def expire(self, token: str) -> None:
        """Let a token have ended an hour ago, as if time had passed."""
        store = ControlStore.open(self.data / "control.sqlite")
        (record,) = [one for one in store.tokens.listed() if one.id == token.split("_")[1]]
        ended = {name: getattr(record, name) for name in TokenRecord.__slots__}
        ended |= {"id": "00" + record.id[2:], "expires_at_us": time.time_ns() // 1_000 - 3_600_000_000}
        store.tokens.add(TokenRecord(**ended))
        store.close()

    def start(self) -> None:
        flags = ["--tls-cert", str(self.tls / "server.pem"), "--tls-key", str(self.tls / "server.key")]
        where = ["--data", str(self.data), "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tidegauge_collector.cli", "serve", *where, *flags],
                env={**os.environ, "TIDEGAUGE_ACCESS": "required"},
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        until((self.data / "endpoints.json").exists, self.log.read_text)

    def end(self) -> None:
        if self.process is not None:
            self.process.terminate()
            assert self.process.wait(WAIT_S) == 0, self.log.read_text()

    @property
    def address(self) -> str:
        return str(json.loads((self.data / "endpoints.json").read_text())["grpc"])


def told(main: Callable[[list[str]], int], *arguments: str) -> tuple[int, str]:
    """Exit code and standard output of a command. In this process: a new one imports for longer than the command takes."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        code = main(list(arguments))
    return code, out.getvalue()


def until(is_so: Callable[[], Any], what: Callable[[], object] = lambda: "") -> None:
    """Return when something is so that nobody tells us of."""
    pause, deadline = threading.Event(), time.monotonic() + WAIT_S
    while not is_so():
        assert time.monotonic() < deadline, what()
        pause.wait(0.05)


def doctor(root: Path) -> dict[str, tuple[str, str, str]]:
    """What `tidegauge doctor` finds: the worst line of each check with its state, text and next step."""
    code, out = told(agent_main, "doctor", "--root", str(root), "--json")
    assert code in {0, 1}, out
    items = sorted(json.loads(out)["items"], key=lambda one: one["state"] == "fail")
    return {one["check"]: (one["state"], one["text"], one["next_step"]) for one in items}


@pytest.fixture(scope="package")
def castle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Castle]:
    running = Castle(tmp_path_factory.mktemp("castle"))
    running.start()
    yield running
    running.end()
