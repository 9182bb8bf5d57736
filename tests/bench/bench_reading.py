"""Reading 90 days of 1,000 deployments with 10 columns: any chart and the fleet list, and the disk that it takes.

Run `python tests/bench/bench_reading.py [DEPLOYMENTS] [DAYS] [DIRECTORY]`; it fills the store's tables directly (see
`filling.py`), says how large that is, prints p50 and p95 of questions as the charts ask them, beside a bare
`SELECT COUNT(*)` on the same file, and the disk of 1,000 feature-hours beside Parquet (zstd) of the same rows.
"""

import functools
import gc
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from filling import BINS_USED, COLUMNS, Filling, baseline, fill_profiles, name_of

from tidegauge.core.windows import DAY_US, HOUR_US, Window
from tidegauge_collector.app import GC_THRESHOLDS
from tidegauge_collector.measuring.kept import Kept
from tidegauge_collector.telemetry.counts import column_counts
from tidegauge_collector.telemetry.extent import extent, extents
from tidegauge_collector.telemetry.moments import column_moments
from tidegauge_collector.telemetry.store import TelemetryStore

ASKED = 40
END_US = 20_090 * DAY_US - HOUR_US
BINS = baseline().bins


def percentiles(work: Callable[[int], object]) -> str:
    """p50 and p95 of a question about different deployments, and the CPU of one: on a busy machine that is the figure to compare."""
    taken, cpu = [], time.process_time()
    for i in range(ASKED):
        start = time.perf_counter()
        work(i)
        taken.append((time.perf_counter() - start) * 1e3)
    each = (time.process_time() - cpu) / ASKED * 1e3
    return f"p50 {np.percentile(taken, 50):.1f} ms, p95 {np.percentile(taken, 95):.1f} ms, CPU {each:.1f} ms"


def questions(store: TelemetryStore, deployments: int, days: int) -> dict[str, Callable[[int], object]]:
    """What charts ask, each of the i-th deployment."""
    end, start_us = END_US, Filling(deployments, days, END_US).start_us
    whole = [Window(start_us + i * DAY_US, start_us + (i + 1) * DAY_US) for i in range(days)]
    week = [Window(at, at + HOUR_US) for at in range(end - min(days, 7) * DAY_US, end, HOUR_US)]
    every = [Window(at, at + HOUR_US) for at in range(start_us, end, HOUR_US)]
    cut = [Window(start_us + HOUR_US // 2, end - HOUR_US // 2)]

    def counts(windows: list[Window], columns: list[str] | None) -> Callable[[int], object]:
        return lambda i: column_counts(
            store, name(i, deployments), version="1", segment="", bins=BINS, windows=windows, columns=columns
        )

    return {
        f"one column by day, {days} days": counts(whole, ["c3"]),
        f"all columns by day, {days} days": counts(whole, None),
        f"all columns in total, {days} days less half an hour": counts(cut, None),
        "one column by hour, 7 days": counts(week, ["c3"]),
        f"one column by hour, {days} days": counts(every, ["c3"]),
        "moments of all columns, total": lambda i: column_moments(
            store, name(i, deployments), version="1", segment="", window=cut[0]
        ),
        "extent of one deployment": lambda i: extent(store, name(i, deployments)),
    }


def name(i: int, deployments: int) -> str:
    """A deployment, another for each number."""
    return name_of(i * 7919 % deployments)


def parquet_bytes(store: TelemetryStore, folder: Path, start_us: int) -> int:
    """The settled rows of the first day as Parquet."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    size = 0
    for table in ("cells", "bins"):
        query = f"SELECT * FROM settled_{table} WHERE window_start_us < {start_us + DAY_US}"
        columns = store._cursor().execute(query).fetchnumpy()
        path = folder / f"{table}.parquet"
        pq.write_table(pa.table({key: np.asarray(values) for key, values in columns.items()}), path, compression="zstd")
        size += path.stat().st_size
    return size


def main() -> None:
    gc.set_threshold(*GC_THRESHOLDS)  # as a running collector has them
    deployments, days = (int(sys.argv[i]) if len(sys.argv) > i else default for i, default in ((1, 1_000), (2, 90)))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(sys.argv[3]) if len(sys.argv) > 3 else Path(temporary)
        path = folder / f"reading-{deployments}-{days}.duckdb"
        if not path.exists():
            start = time.perf_counter()
            with TelemetryStore.open(path) as store:
                fill_profiles(store, Filling(deployments, days, END_US))
            print(f"filled in {time.perf_counter() - start:.0f} s")
        start = time.perf_counter()
        with TelemetryStore.open(path) as store:
            opened = time.perf_counter() - start
            hours = deployments * len(COLUMNS) * days * 24
            print(
                f"{hours:,} feature-hours, {hours * BINS_USED:,} bins, {path.stat().st_size / 1e6:,.0f} MB; opened in {opened:.2f} s"
            )
            per = path.stat().st_size / hours * 1_000 / 1e3
            bare = (
                parquet_bytes(store, folder, Filling(deployments, days, END_US).start_us)
                / (deployments * len(COLUMNS) * 24)
                * 1_000
                / 1e3
            )
            print(f"disk of 1,000 feature-hours with their days: {per:.1f} kB; Parquet-zstd of the hours {bare:.1f} kB")
            yard = percentiles(lambda _: store._cursor().execute("SELECT COUNT(rows) FROM day_cells").fetchall())
            print(f"bare count of the days' cells: {yard}")
            for what, ask in questions(store, deployments, days).items():
                print(f"{what}: {percentiles(ask)}")
            bench_fleet(store, deployments)


def bench_fleet(store: TelemetryStore, deployments: int) -> None:
    """How much came of all deployments, as the list of them asks it: after all have changed, and after none has."""
    names = [name(i, deployments) for i in range(deployments)]
    seen = Kept(functools.partial(extent, store), functools.partial(extents, store))

    def changed(_: int) -> object:
        seen.touch(names)
        return seen.of_many(names)

    print(f"extents of {deployments} deployments, all changed: {percentiles(changed)}")
    print(f"extents of {deployments} deployments, none changed: {percentiles(lambda _: seen.of_many(names))}")


if __name__ == "__main__":
    main()
