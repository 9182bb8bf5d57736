"""What a fold has newly numbered, and where it stands, as tables of numpy columns."""

from collections.abc import Mapping

import numpy as np

from tidegauge_collector.telemetry.index import Index
from tidegauge_collector.telemetry.merge import columns_of
from tidegauge_collector.telemetry.store import Table

_SERIES = {
    "series_id": np.int32,
    "deployment": str,
    "version": str,
    "role": np.int8,
    "segment": str,
    "batch": str,
    "column_name": str,
    "kind": str,
    "bins_id_hex": str,
    "pivot": np.float64,
    "time_basis": np.int8,
}
_NUMBERED = {"number": np.int32, "thing": str}
_LISTED = {"number": np.int32, "position": np.int32, "thing": str}
_MARKS = {"epoch_hex": str, "mark": np.uint64, "received_us": np.int64, "closed": np.bool_}
_WATERMARKS = {"epoch_hex": str, "deployment_id": np.int32, "event_time_us": np.int64}
_POSITION = {"fold_number": np.int64, "log_epoch_hex": str, "log_seq": np.uint64}


def staged_tables(index: Index) -> dict[str, Table]:
    """The staged entries of the index by the name of the query that writes them, those that have rows."""
    epochs = {epoch.hex(): number for epoch, number in index.epochs.staged.items()}
    marks = [(epoch.hex(), one.mark, one.received_us, one.closed) for epoch, one in index.staged_marks.items()]
    watermarks = [
        (epoch.hex(), index.deployments.number(deployment), time_us)
        for (epoch, deployment), time_us in index.staged_watermarks.items()
    ]
    rows = {
        "series": columns_of(_series_rows(index), _SERIES),
        "deployments": columns_of(_numbered(index.deployments.staged), _NUMBERED),
        "versions": columns_of(_numbered(index.versions.staged), _NUMBERED),
        "epochs": columns_of(_numbered(epochs), _NUMBERED),
        "segment_sets": columns_of(_listed(index.segment_sets.staged), _LISTED),
        "score_classes": columns_of(_listed(index.score_classes.staged), _LISTED),
        "marks": columns_of(marks, _MARKS),
        "watermarks": columns_of(watermarks, _WATERMARKS),
        "log_position": columns_of(_position(index), _POSITION),
    }
    return {name: table for name, table in rows.items() if table}


def _series_rows(index: Index) -> list[tuple[object, ...]]:
    return [(number, *key[:7], key.bins_id.hex(), *key[8:]) for key, number in index.series.staged.items()]


def _numbered(staged: Mapping[str, int]) -> list[tuple[object, ...]]:
    return [(number, thing) for thing, number in staged.items()]


def _listed(staged: Mapping[tuple[str, ...], int]) -> list[tuple[object, ...]]:
    return [(number, i, thing) for things, number in staged.items() for i, thing in enumerate(things)]


def _position(index: Index) -> list[tuple[object, ...]]:
    position = index.staged_position
    return [(index.folds + 1, position.log_epoch.hex(), position.log_seq)] if position else []
