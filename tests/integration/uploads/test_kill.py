"""A collector that is killed while it takes an upload: the same key again counts every row once, and leaves nothing behind."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from collector_daemon import Daemon
from collector_lives import Launcher
from upload_flights import FORMATS, MEANING, Row, flights

WAIT_S = 120.0
ROWS = flights(8_000, days=8.0)  # more than one batch of frames
SMALL = ROWS[:200]
POINTS = ("upload.received", "upload.stored", "upload.taken", "upload.sent", "log.before_append", "log.durable")
CUT = [pytest.param(point, SMALL, id=f"{point}-one batch") for point in POINTS]
CUT += [pytest.param(point, ROWS, id=f"{point}-several") for point in ("log.durable:2",)]


@pytest.fixture
def daemon(launcher: Launcher, tmp_path: Path) -> Iterator[Daemon]:
    made = Daemon(launcher, tmp_path)
    yield made
    made.end()


def post(daemon: Daemon, rows: list[Row], key: str) -> httpx.Response:
    kind, encode = FORMATS["parquet"]
    return httpx.post(
        f"http://{daemon.http}/api/v1/deployments/flights/observations",
        params=MEANING,
        content=encode(rows),
        headers={"Content-Type": kind, "Idempotency-Key": key},
        timeout=WAIT_S,
    )


def stored(daemon: Daemon, predictions: int) -> dict[str, Any]:
    """What is stored once it is so many predictions and nothing waits to be sent or folded."""
    deadline, pause = time.monotonic() + WAIT_S, threading.Event()
    while True:
        waits = any((daemon.data / "uploads").iterdir())  # what has left it stands in the log
        figures = httpx.get(f"http://{daemon.http}/metrics", timeout=WAIT_S).text
        waits = waits or "tidegauge_fold_caught_up 1" not in figures
        status = httpx.get(f"http://{daemon.http}/api/v1/deployments/flights/status", timeout=WAIT_S)
        found = dict(status.json().get("stored", {}))  # nothing before the deployment is known
        if found.get("predictions", 0) >= predictions and not waits:
            return found
        assert time.monotonic() < deadline, found
        pause.wait(0.05)


@pytest.mark.parametrize(("point", "rows"), CUT)
def test_a_request_cut_by_a_kill_counts_once_when_it_is_sent_again(
    daemon: Daemon, tmp_path: Path, point: str, rows: list[Row]
) -> None:
    daemon.start(crash_at=point)
    with pytest.raises(httpx.TransportError):
        post(daemon, rows, "a-key")
    assert daemon.wait() == 137

    daemon.start()
    first = post(daemon, rows, "a-key")
    again = post(daemon, rows, "a-key")

    assert first.status_code == 200, first.text
    assert again.json() == first.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert stored(daemon, len(rows)) == dict.fromkeys(
        ("predictions", "prediction_ids", "actuals", "actual_ids"), len(rows)
    )
    counted = daemon.get("/deployments/flights/measurements", metric="predictions")["items"]
    profiled = daemon.get("/deployments/flights/profiles", column="distance", version="v1")
    assert profiled["n"] == len(rows), (counted, profiled["n"])
    assert list((tmp_path / "data" / "uploads").iterdir()) == []


def test_a_request_that_counts_is_finished_at_the_next_start_without_its_sender(
    daemon: Daemon,
) -> None:
    daemon.start(crash_at="log.durable:2")
    with pytest.raises(httpx.TransportError):
        post(daemon, ROWS, "a-key")
    daemon.wait()

    daemon.start()

    assert stored(daemon, len(ROWS))["predictions"] == len(ROWS)
