"""Rows a second of observations over HTTP, from a body in a file to frames, beside Arrow only reading the same body.

python tests/bench/bench_uploads.py [ROWS]        default 1,000,000 rows x 10 columns
"""

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tidegauge_collector.uploads.formats import NDJSON, PARQUET, Body, read_batches
from tidegauge_collector.uploads.meaning import OBSERVATIONS, read_meaning
from tidegauge_collector.uploads.problems import Problems
from tidegauge_collector.uploads.redo import FrameBuffer
from tidegauge_collector.uploads.working import Known, Work, take_observations

NOW_US = 1_780_000_000_000_000
START_US = 1_748_822_400_000_000
DAYS = 3


def table(rows: int) -> pa.Table:
    """Ten columns: an id, a time, a score, five numbers, two texts of few values."""
    rng = np.random.default_rng(1)
    times = START_US + np.arange(rows) * (DAYS * 86_400_000_000 // rows)
    return pa.table(
        {
            "prediction_id": [f"order-{i}" for i in range(rows)],
            "timestamp": pa.array(times, pa.timestamp("us", "UTC")),
            "prediction": rng.random(rows),
            **{f"x{i}": rng.normal(100, 15, rows) for i in range(5)},
            "carrier": np.array(["UA", "AA", "DL", "B6", "WN"])[rng.integers(0, 5, rows)],
            "origin": np.array(["JFK", "EWR", "LGA"])[rng.integers(0, 3, rows)],
        }
    )


def write_lines(whole: pa.Table, path: Path) -> None:
    with path.open("w") as file:
        for batch in whole.to_batches(max_chunksize=10_000):
            for row in batch.to_pylist():
                file.write(json.dumps({**row, "timestamp": row["timestamp"].isoformat()}) + "\n")


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def take(body: Body, directory: Path, query: dict[str, str]) -> None:
    frames = FrameBuffer(directory / "frames")
    take_observations(Work("bench", body, read_meaning(OBSERVATIONS, query), Known(), NOW_US), frames)
    frames.discard()


def read(body: Body) -> None:
    for _ in read_batches(body, Problems(), list_name=OBSERVATIONS):
        pass


def main(rows: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        whole = table(rows)
        bodies = {PARQUET: directory / "rows.parquet", NDJSON: directory / "rows.ndjson"}
        pq.write_table(whole, bodies[PARQUET], row_group_size=100_000)
        write_lines(whole, bodies[NDJSON])
        del whole
        print(f"{rows:,} rows x 10 columns over {DAYS} days; one process, one thread")
        for kind, path in bodies.items():
            body = Body(path, kind)
            yardstick = timed(partial(read, body))
            for told, query in (
                ("", {"version": "1"}),
                (" + segments", {"version": "1", "segments": "carrier,origin"}),
            ):
                seconds = timed(partial(take, body, directory, query))
                print(
                    f"  {kind + told:45} {rows / seconds:>10,.0f} rows/s   {seconds:6.2f} s   "
                    f"{seconds / yardstick:5.1f} x reading alone   {path.stat().st_size / 2**20:6.0f} MiB"
                )
        print(
            f"  largest resident size {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB, the table included"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
