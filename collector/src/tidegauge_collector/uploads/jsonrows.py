"""JSON: a document with a list of rows, or one row a line. Lines are read by Arrow in chunks, and by hand where a column is of several
types, which Arrow does not take."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.json as pajson

from tidegauge_collector.uploads.errors import TooLarge, UploadRefused
from tidegauge_collector.uploads.formats import RowBatch, columns_of, rows_at_once
from tidegauge_collector.uploads.problems import Problems

MAX_DOCUMENT_BYTES = 4 * 1024 * 1024
CHUNK_BYTES = 1024 * 1024
MAX_LINE_BYTES = 4 * 1024 * 1024
MAX_BRACKETS = 256
"""Opening brackets in a line that Arrow reads; they bound how deeply it is nested."""
_AFTER_OBJECT = re.compile(rb"}[^\S\n]*[^,}\]\s]")  # what follows an object in its line, other than an end or a comma
NESTED = "features"
"""A row may have its features in an object of this name."""


def read_document(path: Path, list_name: str) -> Iterator[RowBatch]:
    """The rows of {list_name: [{…}, …]} or of a bare list."""
    size = path.stat().st_size
    if size > MAX_DOCUMENT_BYTES:
        raise TooLarge(f"a JSON document of {size} bytes, at most {MAX_DOCUMENT_BYTES}: send application/x-ndjson")
    try:
        content = json.loads(path.read_bytes())
    except RecursionError as problem:
        raise UploadRefused("the body is nested too deeply: write a list of flat objects") from problem
    except ValueError as problem:
        raise UploadRefused(f"the body is not JSON: {problem}") from problem
    rows = content.get(list_name) if isinstance(content, dict) else content
    if not isinstance(rows, list):
        raise UploadRefused(f'the body must be {{"{list_name}": [{{…}}, …]}} or a list of objects')
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise UploadRefused(f"row {number} is a {type(row).__name__}: write an object of names and values")
    yield from _batches(rows, list(range(1, len(rows) + 1)))


def read_objects(rows: Sequence[Mapping[str, Any]]) -> Iterator[RowBatch]:
    """Rows that are objects already."""
    yield from _batches(rows, range(1, len(rows) + 1))


def read_lines(path: Path, problems: Problems) -> Iterator[RowBatch]:
    """One object a line; empty lines are passed over (and numbered). Lines that are no objects are problems."""
    first, texts = 1, set[str]()
    for chunk in _chunks(path):
        lines = chunk.count(b"\n") + (not chunk.endswith(b"\n"))
        table = _by_arrow(chunk, texts) if _is_safe(chunk, lines) else None
        if table is not None and table.num_rows == lines:
            yield from _slices(table, first)
        else:
            yield from _by_hand(chunk.split(b"\n"), first, problems)
        first += lines


def _chunks(path: Path) -> Iterator[bytes]:
    """Whole lines, about CHUNK_BYTES of them at once."""
    rest = b""
    with path.open("rb") as file:
        while block := file.read(CHUNK_BYTES):
            text = rest + block
            cut = len(text) if len(block) < CHUNK_BYTES else text.rfind(b"\n") + 1
            rest = text[cut:]
            if len(rest) > MAX_LINE_BYTES:
                raise TooLarge(f"a line of more than {MAX_LINE_BYTES} bytes: write one row a line")
            if cut:
                yield text[:cut]
        if rest:
            yield rest


def _is_safe(chunk: bytes, lines: int) -> bool:
    """Whether Arrow's reader can be trusted with it: of a line that is no object, or nested deeply, the whole process dies."""
    text = np.frombuffer(chunk, dtype=np.uint8)
    ends = chunk.count(b"}\n") + chunk.endswith(b"}")
    if not chunk.startswith(b"{") or chunk.count(b"\n{") != lines - 1 or ends != lines or _AFTER_OBJECT.search(chunk):
        return False
    openings = (text == ord("[")) | (text == ord("{"))
    starts = np.concatenate([[0], np.flatnonzero(text == ord("\n")) + 1])[:lines]
    return int(np.add.reduceat(openings, starts, dtype=np.int64).max()) <= MAX_BRACKETS


def _by_arrow(chunk: bytes, texts: set[str]) -> pa.Table | None:
    """The chunk as a table, None where Arrow does not take it. Text stays text, also where it looks like a time."""
    read = pajson.ReadOptions(use_threads=False, block_size=len(chunk) + 1)
    for _ in range(2):
        schema = pa.schema([(name, pa.string()) for name in sorted(texts)])
        try:
            table = pajson.read_json(
                pa.BufferReader(chunk), read, pajson.ParseOptions(explicit_schema=schema, newlines_in_values=False)
            )
        except pa.ArrowException:
            return None
        dated = {field.name for field in table.schema if pa.types.is_timestamp(field.type)}
        if not dated:
            return _flat(table, chunk, texts)
        texts |= dated
    return None


def _flat(table: pa.Table, chunk: bytes, texts: set[str]) -> pa.Table | None:
    """The table without columns that only other chunks have, and with the members of `features` as columns."""
    table = table.drop_columns([name for name in texts if json.dumps(name).encode() not in chunk])
    if NESTED not in table.schema.names or not pa.types.is_struct(table.schema.field(NESTED).type):
        return table
    members = table.select([NESTED]).flatten()
    table = table.drop_columns([NESTED])
    for name, values in zip(members.schema.names, members.columns, strict=True):
        own = name.removeprefix(f"{NESTED}.")
        if own in table.schema.names:
            return None
        table = table.append_column(own, values)
    return table


def _slices(table: pa.Table, first: int) -> Iterator[RowBatch]:
    whole = table.combine_chunks().to_batches(max_chunksize=rows_at_once(table.num_columns))
    for batch in whole:
        yield RowBatch(columns_of(batch), np.arange(first, first + batch.num_rows, dtype=np.int64))
        first += batch.num_rows


def _by_hand(lines: Sequence[bytes], first: int, problems: Problems) -> Iterator[RowBatch]:
    rows, numbers = [], []
    for number, line in enumerate(lines, first):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as problem:
            row = f"not JSON ({problem})"
        if isinstance(row, dict):
            rows.append(row)
            numbers.append(number)
        else:
            problems.bad_rows += 1
            fix = "write one JSON object a line"
            problems.add(
                number, "", line[:80].decode(errors="replace"), f"{row}: {fix}" if isinstance(row, str) else fix
            )
    yield from _batches(rows, numbers)


def _batches(rows: Sequence[Mapping[str, Any]], numbers: Sequence[int]) -> Iterator[RowBatch]:
    size = rows_at_once(max((len(row) for row in rows[:100]), default=1))
    for start in range(0, len(rows), size):
        part = [_opened(row) for row in rows[start : start + size]]
        names = dict.fromkeys(name for row in part for name in row)
        rows_at_once(len(names))
        columns = {name: [row.get(name) for row in part] for name in names}
        yield RowBatch(columns, np.array(numbers[start : start + size], dtype=np.int64))


def _opened(row: Mapping[str, Any]) -> Mapping[str, Any]:
    nested = row.get(NESTED)
    if not isinstance(nested, dict):
        return row
    return {**nested, **{name: value for name, value in row.items() if name != NESTED}}
