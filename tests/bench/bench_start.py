"""How soon a collector is ready again with a gigabyte of data: after a clean end, and after kill -9 with a write-ahead log to replay.

Run `python tests/bench/bench_start.py [GIGABYTES]`. The tables are filled directly (hours and days of 500 deployments, predictions with
actuals), a real collector is started on them, a fleet ships to it until there is a log, and it is killed in the middle of that. Ready
means that /healthz, which asks both stores, answers. The files' pages are dropped from memory before each start. The yardstick is
reading all of the files once.
"""

import asyncio
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

import aiohttp
import bench_reading
import bench_records
import numpy as np
from fleetsim.collector import CollectorProcess
from fleetsim.fleet import Fleet
from fleetsim.frames import FrameMaker
from fleetsim.watching import Watch

from tidegauge.core.baseline import build_baseline
from tidegauge.core.columns import ColumnKind
from tidegauge.wire.rows import encode_baseline
from tidegauge_collector.control import ControlStore
from tidegauge_collector.jobs.baselines import keep_part
from tidegauge_collector.telemetry.store import TelemetryStore

LIMIT_S = 10.0
DEPLOYMENTS, DAYS = 500, 20
COLUMNS, RATE = 100, 400.0
GB = 1e9
LOG_BYTES, LONGEST_S = 0.7 * GB, 90


def fill(data: Path, size_bytes: float) -> None:
    """Both stores, until the file of the telemetry store is so large."""
    data.mkdir()
    path = data / "telemetry.duckdb"
    with TelemetryStore.open(path, memory_limit="2GB") as store:
        bench_reading.fill(store, DEPLOYMENTS, DAYS)
        first, run = 0, store._cursor().execute
        while path.stat().st_size < size_bytes:
            end = first + 1_000_000
            run(bench_records.PREDICTIONS.format(first=first, end=end))
            run(bench_records.ACTUALS.format(first=first, end=end, step=10, late=5))
            store.checkpoint()
            first = end
    control = ControlStore.open(data / "control.sqlite")
    values = {name: np.arange(1_000.0) for name in bench_reading.BINS.columns}
    parts = encode_baseline(build_baseline(values, dict.fromkeys(values, ColumnKind.NUMERIC)))
    for number in range(DEPLOYMENTS):
        name = f"model-{number:04d}"
        control.ensure_deployment(name, proposal={}, now_us=1)
        control.ensure_version(name, "1", role="champion", now_us=1)
        for part in parts:
            keep_part(control, name, "1", part, now_us=1)
    control.close()
    print(f"filled: {path.stat().st_size / GB:.2f} GB, {first:,} predictions among it")


def forgotten(data: Path) -> int:
    """Have the system drop what it holds of the files in memory; their bytes."""
    size = 0
    for path in (one for one in data.rglob("*") if one.is_file()):
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)
        size += path.stat().st_size
    return size


async def ready(collector: CollectorProcess, what: str) -> bool:
    """Start it, and say how long it took until it was ready."""
    size = forgotten(collector.data)
    begun = time.monotonic()
    for path in (one for one in collector.data.rglob("*") if one.is_file()):
        path.read_bytes()
    yard = time.monotonic() - begun
    forgotten(collector.data)
    begun = time.monotonic()
    collector.start()
    listens = time.monotonic() - begun
    async with aiohttp.ClientSession() as session, session.get(f"{collector.http}/healthz") as answer:
        answer.raise_for_status()
    took = time.monotonic() - begun
    holds = "holds" if took <= LIMIT_S else "DOES NOT HOLD"
    print(
        f"{what}: ready in {took:.1f} s (at most {LIMIT_S:.0f}: {holds}; it listened after {listens:.1f} s); {size / GB:.2f} GB of files, "
        f"reading them once {yard:.1f} s",
        flush=True,
    )
    return took <= LIMIT_S


async def measure(folder: Path, size_bytes: float) -> bool:
    """Two starts."""
    collector = CollectorProcess(folder)
    try:
        fill(collector.data, size_bytes)
        holds = await ready(collector, "after a clean end")
        async with (
            Watch(collector) as watch,
            Fleet(DEPLOYMENTS, FrameMaker(COLUMNS), lambda: collector.grpc, minutes_each=60) as fleet,
        ):
            fleet.rate = RATE
            sizes = await _with_a_log(collector)
            collector.stop(signal.SIGKILL)
            fleet.rate = 0.0
            holds &= await ready(collector, f"after kill -9, {_logged(sizes)}")
            await fleet.settled()
            print(f"  what was acknowledged and not folded is folded {await watch.caught_up():.1f} s later")
        print(f"  the collector ended in {collector.stop():.1f} s")
    finally:
        collector.close()
    return holds


async def _with_a_log(collector: CollectorProcess) -> dict[str, int]:
    """What lies on disk when the write-ahead log is nearly as long as it gets before a checkpoint."""
    for _ in range(LONGEST_S):
        await asyncio.sleep(1.0)
        sizes = collector.sizes()
        if sizes.get("telemetry.duckdb.wal", 0) >= LOG_BYTES:
            break
    return sizes


def _logged(sizes: dict[str, int]) -> str:
    wal = sizes.get("telemetry.duckdb.wal", 0)
    return f"{wal / GB:.2f} GB of write-ahead log to replay, {sizes.get('log', 0) / GB:.2f} GB of frame log"


def main() -> int:
    """0 where both starts were quick enough."""
    size_bytes = float(sys.argv[1]) * GB if len(sys.argv) > 1 else GB
    with tempfile.TemporaryDirectory(prefix="start-") as folder:
        return 0 if asyncio.run(measure(Path(folder), size_bytes)) else 1


if __name__ == "__main__":
    sys.exit(main())
