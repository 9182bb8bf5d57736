"""The pages of 1,000 deployments × 10 columns with 90 days, asked of a real collector: what a view costs just after a start and later.

Run `python tests/bench/bench_pages.py [DEPLOYMENTS] [DAYS] [DIRECTORY]`; the directory is filled where it is empty (`filling.py`,
`filling_control.py`). p50 and p95 of every page, and of everything that their charts ask the API for, as a Chromium asks it (without one:
pages only); the target is p95 ≤ 150 ms, the yardstick `/healthz` of the same process. Of the fleet page and the drift page also first
contentful paint (target ≤ 1 s) and bytes (≤ 300 KB at the first visit, ≤ 60 KB at the next).
"""

import functools
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from browsing import asked_of_api, chromium, seen
from filling import Filling, fill_judgements, fill_profiles, fill_records, fill_service, name_of
from filling_control import fill_control
from playwright.sync_api import Browser

from tidegauge.core.windows import HOUR_US
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.web.tabs import TABS

ASKED, ASKED_OF_API = 40, 10
WAIT_S = 120
TARGET_MS = 150
SLOWEST = 12
FLEET = {
    "": "",
    " searched": "?q=model-00",
    " by owner": "?group=owner",
    " page 5": "?page=5",
    " failing": "?block=drift",
}


def fill(folder: Path, deployments: int, days: int) -> None:
    """A data directory of a collector that has run for so many days, up to the last full hour."""
    filling = Filling(deployments, days, int(time.time() * 1e6) // HOUR_US * HOUR_US)
    with TelemetryStore.open(folder / "telemetry.duckdb") as store:
        for part in (fill_profiles, fill_service, fill_records, fill_judgements):
            part(store, filling)
    fill_control(folder / "control.sqlite", filling)


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """A collector on the directory, as soon as it answers; its root address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "tidegauge_collector.cli", "serve", "--data", str(folder)]
    command += ["--http", f"127.0.0.1:{port}", "--grpc", "127.0.0.1:0"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        root, until = f"http://127.0.0.1:{port}", time.monotonic() + WAIT_S
        while not _answers(root):
            if time.monotonic() > until or process.poll() is not None:
                raise RuntimeError(f"the collector on {folder} does not answer at {root}")
            time.sleep(0.02)
        yield root
        process.terminate()


def _answers(root: str) -> bool:
    try:
        get(f"{root}/healthz")
    except OSError:
        return False
    return True


def get(address: str) -> bytes:
    """The body as it travels."""
    request = urllib.request.Request(address, headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request, timeout=WAIT_S) as answer:
        return bytes(answer.read())


def took_ms(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1e3


def percentiles(work: Callable[[int], object], asked: int = ASKED) -> tuple[float, float]:
    """p50 and p95 in milliseconds, of so many different deployments."""
    taken = [took_ms(functools.partial(work, i)) for i in range(asked)]
    return float(np.percentile(taken, 50)), float(np.percentile(taken, 95))


def pages(deployments: int) -> dict[str, Callable[[int], str]]:
    """The address of every page, of the i-th deployment asked about."""

    def tab(one: str) -> Callable[[int], str]:
        tail = "" if one == "overview" else f"/{one}"
        return lambda i: f"/deployments/{another(i, deployments)}{tail}"

    lists = {"alerts": "/alerts", "silences": "/silences", "channels": "/channels"}
    fleet = {f"fleet{name}": f"/{query}" for name, query in FLEET.items()}
    return {
        **{name: functools.partial(lambda path, _: path, path) for name, path in (fleet | lists).items()},
        "one alert": lambda i: f"/alerts/{1 + i}",
        **{f"deployment: {one}": tab(one) for one in TABS},
    }


def another(i: int, deployments: int) -> str:
    """A deployment, another for each number."""
    return name_of(i * 7919 % deployments)


def questions(browser: Browser, root: str, deployments: int) -> dict[str, Callable[[int], str]]:
    """What the charts of all pages ask, of the i-th deployment asked about."""
    whose = name_of(1)
    asked = [one for tab in TABS for one in asked_of_api(browser, root, f"/deployments/{whose}/{tab}")]
    return {
        one.removeprefix(f"/api/v1/deployments/{whose}/"): functools.partial(
            lambda address, i: address.replace(whose, another(i, deployments)), one
        )
        for one in dict.fromkeys(asked)
    }


def measure(root: str, what: str, addresses: Mapping[str, Callable[[int], str]], asked: int = ASKED) -> None:
    """The slowest of some addresses, and how many miss the target."""
    found = {
        name: percentiles(lambda i, address=address: get(root + address(i)), asked)  # type: ignore[misc]
        for name, address in addresses.items()
    }
    missed = sum(p95 > TARGET_MS for _, p95 in found.values())
    worst = max(p95 for _, p95 in found.values())
    print(f"{what}: {len(found)} addresses, slowest p95 {worst:.0f} ms, {missed} above {TARGET_MS} ms")
    for name, (p50, p95) in sorted(found.items(), key=lambda one: -one[1][1])[:SLOWEST]:
        print(f"    p50 {p50:6.1f} ms, p95 {p95:6.1f} ms  {name}", flush=True)


def look(browser: Browser, root: str) -> None:
    """What a Chromium sees of two pages."""
    for name, path in (("fleet", "/"), ("drift", f"/deployments/{name_of(1)}/drift")):
        found = seen(browser, root, path)
        print(
            f"{name} page in Chromium: first contentful paint {found.paint_ms:.0f} ms, drawn {found.drawn_ms:.0f} ms; "
            f"first visit {found.cold_bytes / 1e3:.0f} KB, next {found.warm_bytes / 1e3:.1f} KB",
            flush=True,
        )


def main() -> None:
    deployments, days = (int(sys.argv[i]) if len(sys.argv) > i else default for i, default in ((1, 1_000), (2, 90)))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(sys.argv[3]) if len(sys.argv) > 3 else Path(temporary)
        if not (folder / "control.sqlite").exists():
            folder.mkdir(parents=True, exist_ok=True)
            took = took_ms(lambda: fill(folder, deployments, days)) / 1e3
            print(f"{deployments} deployments × {days} days filled in {took:.0f} s", flush=True)
        start = time.perf_counter()
        with serving(folder) as root, chromium() as browser:
            print(f"answers {time.perf_counter() - start:.1f} s after its start")
            first = {
                name: took_ms(lambda address=address: get(root + address(0)))
                for name, address in pages(deployments).items()
            }  # type: ignore[misc]
            slow = sorted(first.items(), key=lambda one: -one[1])[:4]
            print("first views: " + ", ".join(f"{name} {ms:.0f} ms" for name, ms in slow), flush=True)
            measure(root, "pages just after the start", pages(deployments))
            if browser is not None:
                look(browser, root)
            measure(root, "pages later", pages(deployments))
            if browser is not None:
                measure(root, "what charts ask", questions(browser, root, deployments), ASKED_OF_API)
            p50, p95 = percentiles(lambda _: get(f"{root}/healthz"))
            print(f"healthz: p50 {p50:.1f} ms, p95 {p95:.1f} ms")


if __name__ == "__main__":
    main()
