"""From a body in a file to Arrow batches of bounded size, whatever the format; what cannot be read is an UploadRefused."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from tidegauge_collector.uploads.errors import TooLarge, UnknownFormat, UploadRefused
from tidegauge_collector.uploads.problems import Problems

Numbers = npt.NDArray[np.int64]

MAX_BATCH_ROWS = 131_072
MAX_BATCH_VALUES = 1_500_000
MAX_COLUMNS = 4_000
MAX_ROWS = 200_000_000
MAX_ROW_GROUP_BYTES = 4 * 1024**3
NDJSON, JSON, CSV = "application/x-ndjson", "application/json", "text/csv"
PARQUET, ARROW = "application/vnd.apache.parquet", "application/vnd.apache.arrow.stream"
OBJECTS = "objects"
FORMATS = {
    NDJSON: NDJSON,
    "application/jsonl": NDJSON,
    "application/x-jsonlines": NDJSON,
    JSON: JSON,
    CSV: CSV,
    PARQUET: PARQUET,
    "application/x-parquet": PARQUET,
    ARROW: ARROW,
    "application/vnd.apache.arrow.file": ARROW,
}
"""Content types that are understood, and the format of each."""


@dataclass(frozen=True, slots=True)
class RowBatch:
    """Some rows, column by column (lists where values are of several types), and the number of each row, from 1.

    `is_text`: all values are text whose kind is still to be told.
    """

    columns: Mapping[str, pa.Array | list[Any]]
    numbers: Numbers
    is_text: bool = False

    @property
    def rows(self) -> int:
        return len(self.numbers)


@dataclass(frozen=True, slots=True)
class Body:
    """A received body: where it lies, and its format; or `rows` that are read already (then the path is only a name)."""

    path: Path
    format: str
    rows: Sequence[Mapping[str, Any]] = ()


def format_of(content_type: str, default: str | None = None) -> str:
    """The format that a Content-Type names; UnknownFormat for another, unless there is a default."""
    kind = content_type.partition(";")[0].strip().lower()
    found = FORMATS.get(kind, default)
    if found is None:
        raise UnknownFormat(f"Content-Type {kind[:100]!r} is not read here: use one of {', '.join(sorted(FORMATS))}")
    return found


def read_batches(body: Body, problems: Problems, *, list_name: str) -> Iterator[RowBatch]:
    """The rows of a body in batches; lines that are no rows are problems. `list_name`: where a JSON document has its list of rows."""
    # Imported here: these two need what is defined above.
    from tidegauge_collector.uploads.delimited import read_csv  # noqa: PLC0415
    from tidegauge_collector.uploads.jsonrows import read_document, read_lines, read_objects  # noqa: PLC0415

    readers: dict[str, Callable[[], Iterator[RowBatch]]] = {
        NDJSON: lambda: read_lines(body.path, problems),
        JSON: lambda: read_document(body.path, list_name),
        CSV: lambda: read_csv(body.path, problems),
        PARQUET: lambda: _numbered(_parquet(body.path)),
        ARROW: lambda: _numbered(_arrow(body.path)),
        OBJECTS: lambda: read_objects(body.rows),
    }
    rows = 0
    try:
        for batch in readers[body.format]():
            rows += batch.rows
            if rows > MAX_ROWS:
                raise TooLarge(f"more than {MAX_ROWS:,} rows: send them in several requests")
            yield batch
    except (pa.ArrowException, OSError, UnicodeDecodeError) as problem:
        raise UploadRefused(f"the body cannot be read as {body.format}: {_told(problem)}") from problem


def _told(problem: Exception) -> str:
    """What Arrow says, without paths of this machine."""
    return re.sub(r"'?/[^\s']*/[^\s']*'?", "the body", str(problem).splitlines()[0] if str(problem) else "")[:300]


def rows_at_once(columns: int) -> int:
    """How many rows of so many columns are looked at together."""
    if columns > MAX_COLUMNS:
        raise UploadRefused(f"{columns} columns: at most {MAX_COLUMNS}")
    return max(256, min(MAX_BATCH_ROWS, MAX_BATCH_VALUES // max(1, columns)))


def _parquet(path: Path) -> Iterator[pa.RecordBatch]:
    with pa.memory_map(str(path)) as source:
        file = pq.ParquetFile(source, pre_buffer=False)
        largest = max(
            (file.metadata.row_group(i).total_byte_size for i in range(file.metadata.num_row_groups)), default=0
        )
        if largest > MAX_ROW_GROUP_BYTES:
            raise TooLarge(
                f"a row group of {largest} bytes uncompressed: write groups of at most {MAX_ROW_GROUP_BYTES}"
            )
        size = rows_at_once(len(file.schema_arrow.names))
        yield from file.iter_batches(batch_size=size, use_threads=False)


def _arrow(path: Path) -> Iterator[pa.RecordBatch]:
    with pa.memory_map(str(path)) as source:
        is_file = source.read(6) == b"ARROW1"
        source.seek(0)
        options = pa.ipc.IpcReadOptions(use_threads=False)
        if is_file:
            file = pa.ipc.open_file(source, options=options)
            batches = (file.get_batch(i) for i in range(file.num_record_batches))
        else:
            batches = iter(pa.ipc.open_stream(source, options=options))
        for batch in batches:
            size = rows_at_once(batch.num_columns)
            for start in range(0, batch.num_rows, size):
                yield batch.slice(start, size)


def _numbered(batches: Iterator[pa.RecordBatch]) -> Iterator[RowBatch]:
    first = 1
    for batch in batches:
        batch.validate(full=True)  # offsets and indexes of a hostile body must not lead out of its buffers
        yield RowBatch(columns_of(batch), np.arange(first, first + batch.num_rows, dtype=np.int64))
        first += batch.num_rows


def columns_of(batch: pa.RecordBatch) -> dict[str, pa.Array]:
    """The columns by name; UploadRefused where two have the same."""
    names = batch.schema.names
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise UploadRefused(f"the body has the column {twice!r:.80} twice: name each column once")
    return dict(zip(names, batch.columns, strict=True))
