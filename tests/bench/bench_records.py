"""Prediction records at volume: `python tests/bench/bench_records.py [MILLIONS]`, 10 unless told (100 takes some 3 GB of disk).

Fills the tables directly (every tenth prediction has an actual, one in a thousand a corrected one), and prints the join beside DuckDB's
bare join of the same columns, counts, pages, one prediction's history, and the disk of a million beside Parquet (zstd).
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tidegauge_collector.telemetry.extent import stored_counts
from tidegauge_collector.telemetry.fold import LogPosition, fold
from tidegauge_collector.telemetry.history import prediction_history
from tidegauge_collector.telemetry.joined import joined
from tidegauge_collector.telemetry.records import RecordCursor, records
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.telemetry.testing import Answers, Sender, records_frame

ROUNDS = 4
BARE = (
    "SELECT p.event_us, p.score, p.label, a.value, a.actual_us FROM predictions AS p JOIN actuals AS a "
    "ON p.id_high = a.id_high AND p.id_low = a.id_low"
)
PREDICTIONS = """
INSERT INTO predictions
SELECT 1, 1, 1, hash(i), hash(i + 1000000007), i * 1000, i * 1000, i * 1000, i / 1e9, CASE WHEN i % 2 = 0 THEN 'late' ELSE 'on time' END,
    NULL, NULL, 0, NULL, 1, 1 + i // 5000, CAST(i % 5000 AS INTEGER)
FROM range({first}, {end}) AS t(i)
"""
ACTUALS = """
INSERT INTO actuals
SELECT 1, hash(i), hash(i + 1000000007), CAST(i % 2 AS DOUBLE), NULL, i * 1000 + {late}, i * 1000 + {late}, UNHEX(REPEAT('01', 16)),
    9000000 + i // 5000, CAST(i % 5000 AS INTEGER)
FROM range({first}, {end}, {step}) AS t(i)
"""


def fill(store: TelemetryStore, rows: int) -> None:
    """A deployment and its version by way of the fold, the rows directly, a million at a time."""
    fold(store, [Sender().send(records_frame(["first"], [0], Answers([0.5], ["late"])))], LogPosition(b"log", 1))
    run = store._cursor().execute
    for first in range(0, rows, 1_000_000):
        end = min(first + 1_000_000, rows)
        run(PREDICTIONS.format(first=first, end=end))
        run(ACTUALS.format(first=first, end=end, step=10, late=5))
        run(ACTUALS.format(first=first, end=end, step=10_000, late=9))
    store.checkpoint()


def fastest(work: Callable[[], object]) -> float:
    """Least seconds of some rounds."""
    taken = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return min(taken)


def parquet_mb(store: TelemetryStore, folder: Path) -> float:
    """A million predictions as Parquet with zstd."""
    columns = "id_high, id_low, event_us, arrival_us, received_us, score, label, epoch_id, seq, row_number"
    table = store._cursor().execute(f"SELECT {columns} FROM predictions LIMIT 1000000").fetchnumpy()
    path = folder / "predictions.parquet"
    pq.write_table(pa.table({name: pa.array(values) for name, values in table.items()}), path, compression="zstd")
    return path.stat().st_size / 1e6


def main() -> None:
    rows = int(float(sys.argv[1]) * 1e6) if len(sys.argv) > 1 else 10_000_000
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "records.duckdb"
        with TelemetryStore.open(path, memory_limit="2GB") as store:
            start = time.perf_counter()
            fill(store, rows)
            print(f"{rows:,} predictions, {rows // 10:,} actuals in {time.perf_counter() - start:.0f} s")
            size, parquet = path.stat().st_size / rows, parquet_mb(store, Path(temporary))
            print(f"disk of 1 M predictions with 0.1 M actuals: {size:.1f} MB; Parquet-zstd of 1 M: {parquet:.1f} MB")
            bare = fastest(lambda: store._cursor().execute(BARE).fetchnumpy())
            ours = fastest(lambda: joined(store, "flights", version="1", segment="", start_us=0, end_us=1 << 60))
            print(
                f"join of {rows // 10:,} actuals: {ours:.2f} s; bare join of the same columns {bare:.2f} s; {ours / bare:.1f}x its time"
            )
            print(f"stored_counts: {fastest(lambda: stored_counts(store, 'flights')) * 1e3:.0f} ms")
            middle = RecordCursor(rows * 500, 0, 0, 0)
            print(
                f"a page of 1,000: {fastest(lambda: records(store, 'flights', after=middle, limit=1_000)) * 1e3:.0f} ms"
            )
            one = bytes.fromhex(records(store, "flights", after=middle, limit=1)[0].prediction_id)
            print(
                f"one prediction's history: {fastest(lambda: prediction_history(store, 'flights', one)) * 1e3:.0f} ms"
            )


if __name__ == "__main__":
    main()
