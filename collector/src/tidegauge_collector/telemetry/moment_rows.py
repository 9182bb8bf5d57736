"""Second moments as rows of the tables: one state a row, added up by key. A state is sums, then the upper triangle of products."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from tidegauge.core.moments import SecondMoments
from tidegauge_collector.telemetry.merge import blobs
from tidegauge_collector.telemetry.store import Table


class MomentRow(NamedTuple):
    """One row of a table of second moments."""

    series_id: int
    window_start_us: int
    window_length_s: int
    rows: int
    state: bytes
    received_us: int


def column_of(features: Sequence[str]) -> str:
    """The column of the series of second moments of these features."""
    return json.dumps(list(features), ensure_ascii=False)


def features_of(column: str) -> tuple[str, ...]:
    """The features that a series of second moments is of."""
    return tuple(json.loads(column))


def moments_of(features: tuple[str, ...], rows: int, state: bytes) -> SecondMoments:
    """The second moments that a state holds."""
    numbers = np.frombuffer(state, dtype="<f8")
    return SecondMoments(features, rows, numbers[: len(features)], numbers[len(features) :])


def added(parts: Iterable[tuple[int, bytes]]) -> tuple[int, bytes]:
    """Rows and state of several (rows, state) of one series."""
    some = [(rows, np.frombuffer(state, dtype="<f8")) for rows, state in parts]
    with np.errstate(over="ignore", invalid="ignore"):  # near the largest float sums are infinite
        total = np.sum([numbers for _, numbers in some], axis=0)
    return sum(rows for rows, _ in some), total.astype("<f8").tobytes()


def merged(rows: Iterable[Sequence[Any]]) -> Table:
    """One row for each key of rows that are sorted by key, as a table; no columns where there are no rows."""
    return table_of(list(_merged(MomentRow(*one) for one in rows)))


def rolled(table: Table, to: Mapping[int, tuple[int, int]]) -> Table:
    """The rows of a table in longer windows: `to` says for each window start the start and length of the one that it lies in."""
    if not table:
        return {}
    columns = (table[name] for name in MomentRow._fields)
    rows = (MomentRow(*one) for one in zip(*(_plain(values) for values in columns), strict=True))
    moved: list[MomentRow] = [
        one._replace(window_start_us=to[one.window_start_us][0], window_length_s=to[one.window_start_us][1])
        for one in rows
    ]
    ordered = sorted(moved, key=lambda one: one[:3])
    return merged(ordered)


def table_of(rows: Sequence[MomentRow]) -> Table:
    """Rows turned into columns; no columns where there are no rows."""
    if not rows:
        return {}
    series, starts, lengths, counts, states, received = zip(*rows, strict=True)
    return {
        "series_id": np.array(series, dtype=np.int32),
        "window_start_us": np.array(starts, dtype=np.int64),
        "window_length_s": np.array(lengths, dtype=np.int32),
        "rows": np.array(counts, dtype=np.int64),
        "state": blobs(states),
        "received_us": np.array(received, dtype=np.int64),
    }


def _merged(rows: Iterable[MomentRow]) -> Iterator[MomentRow]:
    for _, group in groupby(rows, key=lambda one: one[:3]):
        parts = list(group)
        if len(parts) == 1:
            yield parts[0]
            continue
        count, state = added((one.rows, one.state) for one in parts)
        yield parts[0]._replace(rows=count, state=state, received_us=max(one.received_us for one in parts))


def _plain(values: Any) -> list[Any]:
    """Python values of a column: numpy's or Arrow's."""
    found: list[Any] = values.tolist() if isinstance(values, np.ndarray) else values.to_pylist()
    return found
