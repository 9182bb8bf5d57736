"""The pages of 1,000 deployments × 10 columns with 90 days, asked of a real collector: p50 and p95 of each page and fragment's answer.

Run `python tests/bench/bench_pages.py [DEPLOYMENTS] [DAYS] [DIRECTORY]`. The store is filled as `bench_reading.py` fills it, its days up
to now; owners, importances and verdicts are made up. The yardstick is `/healthz` of the same process; the target is p95 ≤ 150 ms.
Also: bytes of a page on the wire with its files (cold) and without (warm), gzip, target 300 and 60 KB.
"""

import functools
import gzip
import json
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import bench_reading
import numpy as np

from tidegauge.core.windows import DAY_US
from tidegauge_collector.control import ControlStore
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.web.tabs import TABS

ASKED = 40
WAIT_S = 120
OWNERS = ("ops", "risk", "growth", "search", "")
IMPORTANCES = ("low", "normal", "normal", "high", "critical")
JUDGEMENTS = """
INSERT INTO judgements
SELECT 1 + d, '1', 'drift', 'psi', 'c1', '', {today_us} - (b + 1) * {day_us}, {today_us} - b * {day_us}, 0.1, NULL, 4800, 1000, NULL,
    CASE (d + b) % 8 WHEN 0 THEN 'failing' WHEN 1 THEN 'warning' ELSE 'ok' END, NULL, NULL, {today_us}
FROM range({deployments}) AS x(d) CROSS JOIN range(7) AS y(b)
"""


def fill(folder: Path, deployments: int, days: int) -> None:
    """A data directory of a collector that has run for so many days."""
    today_us = int(time.time() * 1e6) // DAY_US * DAY_US
    bench_reading.START_US = today_us - days * DAY_US
    names = [f"model-{i:04d}" for i in range(deployments)]
    with TelemetryStore.open(folder / "telemetry.duckdb") as store:
        bench_reading.fill(store, deployments, days)
        store._cursor().execute(JUDGEMENTS.format(deployments=deployments, today_us=today_us, day_us=DAY_US))
    control = ControlStore.open(folder / "control.sqlite")
    for i, name in enumerate(names):
        control.ensure_deployment(name, proposal={}, now_us=1)
        control.ensure_version(name, "1", role="champion", now_us=1)
        said = {"owner": OWNERS[i % 5], "importance": IMPORTANCES[i % 5], "labels": {"team": f"t{i % 20}"}}
        control.change_deployment(name, said, actor="bench", now_us=1)
    control.close()


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """A collector on the directory; its root address."""
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
            time.sleep(0.2)
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


def percentiles(work: Callable[[int], object]) -> str:
    """p50 and p95 in milliseconds, after one that warms."""
    work(0)
    taken = []
    for i in range(1, ASKED + 1):
        start = time.perf_counter()
        work(i)
        taken.append((time.perf_counter() - start) * 1e3)
    return f"p50 {np.percentile(taken, 50):6.1f} ms, p95 {np.percentile(taken, 95):6.1f} ms"


def addresses(deployments: int) -> dict[str, Callable[[int], str]]:
    """Every page, and what the charts of the drift page ask."""

    def of(tail: str) -> Callable[[int], str]:
        return lambda i: f"/deployments/{bench_reading.name(i, deployments)}{tail}"

    def ask(tail: str) -> Callable[[int], str]:
        return lambda i: f"/api/v1{of(tail)(i)}"

    tabs = [one for one in TABS if one != "overview"]
    fleet = {
        "": "",
        " searched": "?q=model-00",
        " by owner": "?group=owner",
        " page 5": "?page=5",
        " failing": "?block=drift",
    }
    return {
        **{f"fleet{name}": functools.partial(lambda query, _: f"/{query}", query) for name, query in fleet.items()},
        "overview": of(""),
        **{tab: of(f"/{tab}") for tab in tabs},
        "API trends": lambda _: "/api/v1/trends",
        "API summary": lambda _: "/api/v1/summary",
        "API missing rate of all columns by day": ask("/measurements?metric=missing_rate&column=*&step=day"),
        "API moments of a column by day": ask("/moments?column=c3&step=day"),
        "API profile of a column": ask("/profiles?column=c3"),
    }


def weights(root: str) -> str:
    """Bytes of the drift page: all that a first visit loads, and what a second one does."""
    page = get(f"{root}/deployments/model-0000/drift")
    html = gzip.decompress(page).decode() if page[:2] == b"\x1f\x8b" else page.decode()
    named = set(re.findall(r'"(/static/[^"]+)"', html))
    base = next(iter(named)).split("/")[2]
    modules = Path(bench_reading.__file__).parents[2] / "collector/src/tidegauge_collector/web/static/js"
    named |= {f"/static/{base}/js/{path.name}" for path in modules.glob("*.js")}
    files = sum(len(get(root + address)) for address in named)
    return f"drift page: cold {(len(page) + files) / 1e3:.0f} KB with every module, warm {len(page) / 1e3:.1f} KB"


def main() -> None:
    deployments, days = (int(sys.argv[i]) if len(sys.argv) > i else default for i, default in ((1, 1_000), (2, 90)))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(sys.argv[3]) if len(sys.argv) > 3 else Path(temporary)
        if not (folder / "control.sqlite").exists():
            start = time.perf_counter()
            folder.mkdir(parents=True, exist_ok=True)
            fill(folder, deployments, days)
            print(f"filled in {time.perf_counter() - start:.0f} s", flush=True)
        with serving(folder) as root:
            listed = json.loads(gzip.decompress(get(f"{root}/api/v1/deployments")))
            print(f"{len(listed['items'])} deployments × {bench_reading.COLUMNS} columns, {days} days")
            print(f"healthz: {percentiles(lambda _: get(f'{root}/healthz'))}")
            for what, address in addresses(deployments).items():
                print(f"{what}: {percentiles(lambda i, address=address: get(root + address(i)))}", flush=True)  # type: ignore[misc]
            print(weights(root))


if __name__ == "__main__":
    main()
