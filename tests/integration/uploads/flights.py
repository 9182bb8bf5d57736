"""Rows like those of an airline, and the same rows as bodies of every format."""

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

Row = dict[str, Any]
START = datetime(2025, 6, 2, tzinfo=UTC)
FEATURES = ("carrier", "distance", "hour", "late_inbound", "seats")


def flights(count: int, seed: int = 7, *, days: float = 3.0) -> list[Row]:
    """Rows in order of time, some values missing."""
    rng = np.random.default_rng(seed)
    return [
        {
            "flight_id": f"f-{seed}-{i}",
            "ts": (START + timedelta(days=days * i / count)).isoformat(),
            "carrier": None if i % 41 == 0 else ["UA", "AA", "DL", "B6", "WN"][int(rng.integers(5))],
            "distance": None if i % 37 == 0 else float(rng.gamma(3, 400)),
            "hour": int(rng.integers(5, 23)),
            "late_inbound": bool(rng.random() < 0.3),
            "seats": float(rng.choice([50.0, 76.0, 180.0])),
            "score": float(rng.random()),
            "delayed": int(rng.integers(2)),
        }
        for i in range(count)
    ]


def ndjson(rows: list[Row]) -> bytes:
    return "\n".join(json.dumps(row) for row in rows).encode()


def document(rows: list[Row]) -> bytes:
    return json.dumps({"observations": rows}).encode()


def comma_separated(rows: list[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(rows[0])
    for row in rows:
        writer.writerow([str(v).lower() if isinstance(v, bool) else "" if v is None else v for v in row.values()])
    return text.getvalue().encode()


def table(rows: list[Row]) -> pa.Table:
    times = pa.array([datetime.fromisoformat(row["ts"]) for row in rows], pa.timestamp("us", "UTC"))
    rest = pa.Table.from_pylist([{name: value for name, value in row.items() if name != "ts"} for row in rows])
    return rest.append_column("ts", times)


def parquet(rows: list[Row]) -> bytes:
    out = io.BytesIO()
    pq.write_table(table(rows), out, row_group_size=500)
    return out.getvalue()


def arrow(rows: list[Row]) -> bytes:
    out, whole = io.BytesIO(), table(rows)
    with pa.ipc.new_stream(out, whole.schema) as writer:
        writer.write_table(whole, max_chunksize=700)
    return out.getvalue()


def arrow_file(rows: list[Row]) -> bytes:
    out, whole = io.BytesIO(), table(rows)
    with pa.ipc.new_file(out, whole.schema) as writer:
        writer.write_table(whole)
    return out.getvalue()


FORMATS: dict[str, tuple[str, Callable[[list[Row]], bytes]]] = {
    "ndjson": ("application/x-ndjson", ndjson),
    "json": ("application/json", document),
    "csv": ("text/csv", comma_separated),
    "parquet": ("application/vnd.apache.parquet", parquet),
    "arrow": ("application/vnd.apache.arrow.stream", arrow),
    "arrow-file": ("application/vnd.apache.arrow.file", arrow_file),
}
MEANING = {
    "version": "v1",
    "id": "flight_id",
    "time": "ts",
    "prediction": "score",
    "actual": "delayed",
    "segments": "carrier",
    "task": "binary",
}
