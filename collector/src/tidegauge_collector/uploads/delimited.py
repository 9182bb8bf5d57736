"""CSV (RFC 4180, UTF-8, with a header): every value is read as text; what kind a column is, is told by whoever knows the column."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from tidegauge_collector.uploads.errors import UploadRefused
from tidegauge_collector.uploads.formats import Numbers, RowBatch, columns_of, rows_at_once
from tidegauge_collector.uploads.problems import Problems

BLOCK_BYTES = 4 * 1024 * 1024
MAX_HEADER_BYTES = 1024 * 1024


def read_csv(path: Path, problems: Problems) -> Iterator[RowBatch]:
    """The rows under the header; rows with too few or too many values are problems."""
    names = _header(path)
    _check_text(path)
    wrong: list[int] = []

    def note(row: pacsv.InvalidRow) -> str:
        wrong.append(row.number - 1)
        problems.bad_rows += 1
        fix = f"{row.actual_columns} values, the header has {row.expected_columns}: quote values that hold a comma"
        problems.add(row.number - 1, "", row.text, fix)
        return "skip"

    reader = pacsv.open_csv(
        str(path),
        read_options=pacsv.ReadOptions(use_threads=False, block_size=BLOCK_BYTES),
        parse_options=pacsv.ParseOptions(invalid_row_handler=note, newlines_in_values=True),
        convert_options=pacsv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, quoted_strings_can_be_null=False
        ),
    )
    size, following = rows_at_once(len(names)), 1
    with reader:
        for block in reader:
            for start in range(0, block.num_rows, size):
                batch = block.slice(start, size)
                numbers, following = _numbers(following, batch.num_rows, wrong)
                yield RowBatch(columns_of(batch), numbers, is_text=True)


def _check_text(path: Path) -> None:
    """Raise UploadRefused where the body is no UTF-8: Arrow could not tell of its wrong rows."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while block := file.read(BLOCK_BYTES):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as problem:
            raise UploadRefused(f"the CSV body is not UTF-8 ({problem.reason}): convert it") from problem


def _header(path: Path) -> list[str]:
    with path.open("rb") as file:
        start = file.read(MAX_HEADER_BYTES)
    try:
        text = start.decode("utf-8-sig", "ignore")
        names = next(csv.reader(text.splitlines(keepends=True)), [])
    except csv.Error as problem:
        raise UploadRefused(
            f"the CSV header cannot be read ({problem}): write column names in the first line"
        ) from problem
    if not names or not any(names):
        raise UploadRefused("the CSV body has no header: write column names in the first line")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UploadRefused(f"the CSV header names {twice!r:.80} twice: name each column once")
    return names


def _numbers(first: int, rows: int, wrong: list[int]) -> tuple[Numbers, int]:
    """The numbers of the next rows, which the wrong ones are not among; and the number after them."""
    count = rows + len(wrong)
    candidates = np.arange(first, first + count, dtype=np.int64)
    numbers = candidates[~np.isin(candidates, wrong)][:rows] if wrong else candidates
    following = int(numbers[-1]) + 1 if rows else first
    wrong[:] = [one for one in wrong if one >= following]
    return numbers, following
