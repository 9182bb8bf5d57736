"""Reading 90 days of 1,000 deployments with 10 columns: any chart and the fleet list, and the disk that it takes.

Run `python tests/bench/bench_reading.py [DEPLOYMENTS] [DAYS] [DIRECTORY]`; it fills the store's tables directly (a closed hour and its day
for each column, 20 bins each), says how large that is, prints p50 and p95 of questions as the charts ask them, beside a bare
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

from tidegauge.core.bins import ReferenceBins, numeric_bins
from tidegauge.core.windows import DAY_US, HOUR_US, Window
from tidegauge_collector.api.deployments import summarise, summarise_all
from tidegauge_collector.app import GC_THRESHOLDS
from tidegauge_collector.control import ControlStore
from tidegauge_collector.measuring.kept import Kept
from tidegauge_collector.telemetry.counts import column_counts
from tidegauge_collector.telemetry.extent import extent, extents
from tidegauge_collector.telemetry.moments import column_moments
from tidegauge_collector.telemetry.store import TelemetryStore

COLUMNS, BINS_USED, ASKED = 10, 20, 40
START_US = 20_000 * DAY_US
BINS = ReferenceBins({f"c{i}": numeric_bins(f"c{i}", np.arange(1_000.0)) for i in range(COLUMNS)})

SERIES = """
INSERT INTO series
SELECT 1 + d * {columns} + c, 'model-' || LPAD(CAST(d AS VARCHAR), 4, '0'), '1', 1, '', '', 'c' || c, 'numeric', UNHEX('{bins_id}'), 0, 1
FROM range({deployments}) AS a(d) CROSS JOIN range({columns}) AS b(c)
"""
CELLS = """
INSERT INTO {level}cells
SELECT s, {start}, {length_s}, {rows}, 1, 0, 0, 0, {rows} * 0.5, {rows} * 0.4, 0, 1, {start} + {length_s} * 1000000::BIGINT
FROM (SELECT 1 + i AS s FROM range({series}) AS a(i)) CROSS JOIN range({windows}) AS b(h) ORDER BY s, h
"""
BIN_ROWS = """
INSERT INTO {level}bins
SELECT s, {start}, {length_s}, 1 + b, 1 + CAST(hash(s * 7919 + h * 31 + b) % {most} AS BIGINT)
FROM (SELECT 1 + i AS s FROM range({series}) AS a(i)) CROSS JOIN range({windows}) AS c(h) CROSS JOIN range({bins}) AS d(b)
ORDER BY s, h, b
"""


def fill(store: TelemetryStore, deployments: int, days: int) -> None:
    """Write what settling leaves after so many days; the last day is as folded."""
    run = store._cursor().execute
    run("BEGIN")
    run(SERIES.format(columns=COLUMNS, deployments=deployments, bins_id=BINS.bins_id.hex()))
    run(
        f"INSERT INTO deployments_known SELECT 1 + d, 'model-' || LPAD(CAST(d AS VARCHAR), 4, '0') FROM range({deployments}) AS a(d)"
    )
    run("INSERT INTO day_zones SELECT deployment, 'UTC' FROM deployments_known")
    run("INSERT INTO versions_known VALUES (1, '1')")
    run("COMMIT")
    common = {"series": deployments * COLUMNS, "bins": BINS_USED, "rows": 200}
    for day in range(days):
        at = START_US + day * DAY_US
        hours = {"start": f"{at} + h * {HOUR_US}", "length_s": 3_600, "windows": 24, "level": "settled_", "most": 20}
        whole = {"start": str(at), "length_s": 86_400, "windows": 1, "level": "day_", "most": 480}
        run("BEGIN")
        for level in (hours, whole):
            run(CELLS.format(**common, **level))
            run(BIN_ROWS.format(**common, **level))
        run("COMMIT")
        if day % 5 == 4:
            run("CHECKPOINT")
    run("CHECKPOINT")


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
    end = START_US + days * DAY_US
    whole = [Window(START_US + i * DAY_US, START_US + (i + 1) * DAY_US) for i in range(days)]
    week = [Window(at, at + HOUR_US) for at in range(end - min(days, 7) * DAY_US, end, HOUR_US)]
    every = [Window(at, at + HOUR_US) for at in range(START_US, end, HOUR_US)]
    cut = [Window(START_US + HOUR_US // 2, end - HOUR_US // 2)]

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
    return f"model-{i * 7919 % deployments:04d}"


def parquet_bytes(store: TelemetryStore, folder: Path) -> int:
    """The settled rows of ten days as Parquet, scaled to all."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    size = 0
    for table in ("cells", "bins"):
        query = f"SELECT * FROM settled_{table} WHERE window_start_us < {START_US + DAY_US}"
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
                fill(store, deployments, days)
            print(f"filled in {time.perf_counter() - start:.0f} s")
        start = time.perf_counter()
        with TelemetryStore.open(path) as store:
            opened = time.perf_counter() - start
            hours = deployments * COLUMNS * days * 24
            print(
                f"{hours:,} feature-hours, {hours * BINS_USED:,} bins, {path.stat().st_size / 1e6:,.0f} MB; opened in {opened:.2f} s"
            )
            per = path.stat().st_size / hours * 1_000 / 1e3
            bare = parquet_bytes(store, folder) / (deployments * COLUMNS * 24) * 1_000 / 1e3
            print(f"disk of 1,000 feature-hours with their days: {per:.1f} kB; Parquet-zstd of the hours {bare:.1f} kB")
            yard = percentiles(lambda _: store._cursor().execute("SELECT COUNT(rows) FROM day_cells").fetchall())
            print(f"bare count of the days' cells: {yard}")
            for what, ask in questions(store, deployments, days).items():
                print(f"{what}: {percentiles(ask)}")
            bench_fleet(store, deployments)


def bench_fleet(store: TelemetryStore, deployments: int) -> None:
    """The list of all deployments, as it is after all of them have changed and after none has."""
    names = [name(i, deployments) for i in range(deployments)]
    with tempfile.TemporaryDirectory() as folder:
        control = ControlStore.open(Path(folder) / "control.sqlite")
        for one in names:
            control.ensure_deployment(one, proposal={}, now_us=1)
            control.ensure_version(one, "1", role="champion", now_us=1)
        seen = Kept(functools.partial(extent, store), functools.partial(extents, store))
        listed = Kept(functools.partial(summarise, control, seen), functools.partial(summarise_all, control, seen))

        def changed(_: int) -> object:
            seen.touch(names)
            listed.touch(names)
            return listed.of_many([one.name for one in control.deployments()])

        print(f"list of {deployments} deployments, all changed: {percentiles(changed)}")
        kept = percentiles(lambda _: listed.of_many([one.name for one in control.deployments()]))
        print(f"list of {deployments} deployments, none changed: {kept}")
        control.close()


if __name__ == "__main__":
    main()
