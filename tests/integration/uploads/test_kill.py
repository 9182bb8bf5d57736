"""A collector that is killed while it takes an upload: the same key again counts every row once, and leaves nothing behind."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from upload_flights import FORMATS, MEANING, Row, flights

WAIT_S = 60.0
ROWS = flights(8_000, days=8.0)  # more than one batch of frames
SMALL = ROWS[:200]
POINTS = ("upload.received", "upload.stored", "upload.taken", "upload.sent", "log.before_append", "log.durable")
CUT = [pytest.param(point, SMALL, id=f"{point}-one batch") for point in POINTS]
CUT += [pytest.param(point, ROWS, id=f"{point}-several") for point in ("log.durable:2",)]


class Daemon:
    """`serve` as a process on one data directory."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._process: subprocess.Popen[str] | None = None
        self.http = ""

    def start(self, crash_at: str = "") -> "Daemon":
        command = [sys.executable, "-m", "tidegauge_collector.cli", "serve", "--data", str(self._data)]
        ports = ["--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0"]
        environment = {**os.environ, "TIDEGAUGE_CRASH_AT": crash_at}
        with (self._data.parent / "log").open("a") as log:
            self._process = subprocess.Popen(
                [*command, *ports], stdout=subprocess.PIPE, stderr=log, text=True, env=environment
            )
        assert self._process.stdout is not None
        said = [self._process.stdout.readline() for _ in range(3)]
        assert said[2], (self._data.parent / "log").read_text()
        self.http = json.loads((self._data / "endpoints.json").read_text())["http"]
        return self

    def wait(self) -> int:
        assert self._process is not None
        self._process.communicate(timeout=WAIT_S)
        return self._process.returncode

    def end(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
        if self._process is not None:
            self._process.communicate()

    def post(self, rows: list[Row], key: str, format_: str = "parquet") -> httpx.Response:
        kind, encode = FORMATS[format_]
        return httpx.post(
            f"{self.http}/api/v1/deployments/flights/observations",
            params=MEANING,
            content=encode(rows),
            headers={"Content-Type": kind, "Idempotency-Key": key},
            timeout=WAIT_S,
        )

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        return dict(httpx.get(f"{self.http}/api/v1{path}", params=query, timeout=WAIT_S).json())

    def stored(self, predictions: int) -> dict[str, Any]:
        """What is stored once it is so many predictions and nothing waits to be sent or folded."""
        deadline, pause = time.monotonic() + WAIT_S, threading.Event()
        while True:
            found = dict(self.get("/deployments/flights/status").get("stored", {}))
            figures = httpx.get(f"{self.http}/metrics", timeout=WAIT_S).text
            waits = any((self._data / "uploads").iterdir()) or "tidegauge_fold_caught_up 1" not in figures
            if found.get("predictions", 0) >= predictions and not waits:
                return found
            assert time.monotonic() < deadline, found
            pause.wait(0.1)


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    one = Daemon(tmp_path / "data")
    yield one
    one.end()


@pytest.mark.parametrize(("point", "rows"), CUT)
def test_a_request_cut_by_a_kill_counts_once_when_it_is_sent_again(
    daemon: Daemon, tmp_path: Path, point: str, rows: list[Row]
) -> None:
    daemon.start(crash_at=point)
    with pytest.raises(httpx.TransportError):
        daemon.post(rows, "a-key")
    assert daemon.wait() == 137

    daemon.start()
    first = daemon.post(rows, "a-key")
    again = daemon.post(rows, "a-key")

    assert first.status_code == 200, first.text
    assert again.json() == first.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    stored = daemon.stored(len(rows))
    assert stored == dict.fromkeys(("predictions", "prediction_ids", "actuals", "actual_ids"), len(rows))
    counted = daemon.get("/deployments/flights/measurements", metric="predictions")["items"]
    profiled = daemon.get("/deployments/flights/profiles", column="distance", version="v1")
    assert profiled["n"] == len(rows), (counted, profiled["n"])
    assert list((tmp_path / "data" / "uploads").iterdir()) == []


def test_a_request_that_counts_is_finished_at_the_next_start_without_its_sender(
    daemon: Daemon,
) -> None:
    daemon.start(crash_at="log.durable:2")
    with pytest.raises(httpx.TransportError):
        daemon.post(ROWS, "a-key")
    daemon.wait()

    daemon.start()

    assert daemon.stored(len(ROWS))["predictions"] == len(ROWS)
