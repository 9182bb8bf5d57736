"""Collecting the records and actuals of a fold into columns of numpy arrays, ready for bulk insertion.

Text travels as numbers into one list of distinct texts (0 = none): handing DuckDB a Python string a row is 10 times slower than
a join, and on 1.5 handing it bytes is 100 times slower than text; so bytes go as hexadecimal text.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from tidegauge.core.ids import ID_BYTES
from tidegauge.core.outcomes import Labels
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.rows import ActualRows, RecordRows
from tidegauge_collector.telemetry.index import Index
from tidegauge_collector.telemetry.merge import texts
from tidegauge_collector.telemetry.store import Array, Table

Columns = dict[str, Array | int | np.uint64]
"""A single number stands for a column that holds it in every row."""


class RowBatch:
    """Records and actuals of one fold."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._texts: dict[str, int] = {}
        self._predictions: list[tuple[int, Columns]] = []
        self._actuals: list[tuple[int, Columns]] = []
        self._barred: list[tuple[int, Columns]] = []
        self._scores: list[str] = []

    def add_records(self, rows: RecordRows, frame: pb.Frame, source: Columns) -> None:
        """Take the rows of a records frame. `source`: epoch_id, seq and received_us."""
        high, low = split_ids(rows.ids)
        columns: Columns = {
            "deployment_id": self._index.deployments.number(frame.deployment),
            "version_id": self._index.versions.number(frame.version),
            "role": frame.role,
            "id_high": high,
            "id_low": low,
            "event_us": rows.event_times_us,
            "arrival_us": rows.arrival_times_us,
            "score": rows.outputs.get("", _no_scores(rows.rows)),
            "label": self._text_codes(rows.labels),
            "segment_set": self._segment_codes(rows),
            "batch": self._text_code(rows.batch) if rows.batch else 0,
            **self._class_scores(rows),
        }
        self._predictions.append((rows.rows, columns | _numbered(rows.rows) | source))

    def add_actuals(self, rows: ActualRows, frame: pb.Frame, source: Columns) -> None:
        """Take the rows of an actuals frame. `source`: epoch_id, seq and received_us."""
        high, low = split_ids(rows.ids)
        columns: Columns = {
            "deployment_id": self._index.deployments.number(frame.deployment),
            "id_high": high,
            "id_low": low,
            "value": rows.truth.values,
            "label": self._text_codes(rows.truth.labels),
            "actual_us": rows.times_us,
        }
        self._actuals.append((rows.rows, columns | _numbered(rows.rows) | source))

    def add_barred(self, ids: bytes, deployment: str, until_us: int) -> None:
        """Remember ids whose records were deleted, so that their actuals received until then go as well."""
        high, low = split_ids(ids)
        columns: Columns = {"deployment_id": self._index.deployments.number(deployment), "id_high": high, "id_low": low}
        self._barred.append((len(high), columns | {"until_us": until_us}))

    def tables(self) -> dict[str, Table]:
        """The tables `predictions`, `actuals` and `barred_ids`, those that have rows."""
        named = {"predictions": self._predictions, "actuals": self._actuals, "barred_ids": self._barred}
        return {name: _stack(parts) for name, parts in named.items() if any(rows for rows, _ in parts)}

    def lookups(self) -> dict[str, Table]:
        """The tables `texts` and `scores` that the rows' codes refer to; code 0 is none."""
        words, scores = ["", *self._texts], ["", *self._scores]
        return {
            "texts": {"code": np.arange(len(words)), "text": texts(words)},
            "scores": {"score_row": np.arange(len(scores)), "scores_hex": texts(scores)},
        }

    def _text_code(self, text: str) -> int:
        return self._texts.setdefault(text, len(self._texts) + 1)

    def _text_codes(self, labels: Labels) -> Array | int:
        if not labels.names:
            return 0
        codes = np.array([*map(self._text_code, labels.names), 0])
        return codes[np.minimum(labels.codes, len(labels.names))]

    def _segment_codes(self, rows: RecordRows) -> Array | int:
        if not rows.segment_sets:
            return 0
        return np.array([self._segment_set(one) for one in rows.segment_sets])[rows.segment_codes]

    def _segment_set(self, segments: Iterable[str]) -> int:
        parts = tuple(sorted(set(segments)))
        return self._index.segment_sets.number(parts) if parts else 0

    def _class_scores(self, rows: RecordRows) -> Columns:
        """The number of the classes, and for each row the number of its line among the class scores (0 = none)."""
        classes = tuple(sorted(name for name in rows.outputs if name))
        if not classes:
            return {"classes_id": 0, "score_row": 0}
        matrix = np.stack([rows.outputs[name] for name in classes], axis=1).astype("<f8")
        whole, width = matrix.tobytes().hex(), matrix.shape[1] * 16
        first = len(self._scores) + 1
        self._scores += [whole[i : i + width] for i in range(0, len(whole), width)]
        return {
            "classes_id": self._index.score_classes.number(classes),
            "score_row": np.arange(first, first + rows.rows),
        }


def split_ids(ids: bytes) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
    """The high and low halves of 16-byte ids, read as big-endian numbers, so that their order is the bytes' order."""
    halves = np.frombuffer(ids, dtype=">u8").reshape(-1, ID_BYTES // 8).astype(np.uint64)
    return np.ascontiguousarray(halves[:, 0]), np.ascontiguousarray(halves[:, 1])


def _numbered(rows: int) -> Columns:
    return {"row_number": np.arange(rows, dtype=np.int32)}


def _no_scores(rows: int) -> Array:
    return np.full(rows, np.nan)


def _stack(parts: list[tuple[int, Columns]]) -> Table:
    lengths = [rows for rows, _ in parts]
    return {name: _joined([columns[name] for _, columns in parts], lengths) for name in parts[0][1]}


def _joined(values: list[Array | int | np.uint64], lengths: list[int]) -> Array:
    """One column of the values of all parts, those that are a number repeated over their part."""
    if not any(isinstance(one, np.ndarray) for one in values):
        return np.repeat(np.array(values), lengths)
    spread = (one if isinstance(one, np.ndarray) else np.full(n, one) for one, n in zip(values, lengths, strict=True))
    return np.concatenate(list(spread))
