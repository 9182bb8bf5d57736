"""Predictions joined to what turned out to be true, and how many predictions there were to join."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegauge.core.outcomes import NO_LABEL, Labels
from tidegauge.core.windows import Window
from tidegauge_collector.telemetry.index import Index
from tidegauge_collector.telemetry.merge import texts
from tidegauge_collector.telemetry.selecting import span
from tidegauge_collector.telemetry.store import Array, Table, TelemetryStore

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
MAX_STEPS = 1 << 22
"""Grid steps up to which windows are counted in one query: 7 years of minutes."""
FOREVER_US = (1 << 63) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Among:
    """Which rows count: those that had been received before `known_us`, so that a question is answered as it was then; of one batch."""

    known_us: int | None = None
    batch: str | None = None

    def parameters(self) -> dict[str, Any]:
        """As queries take them."""
        known_us = FOREVER_US if self.known_us is None else self.known_us
        return {"known_us": known_us, "any_batch": self.batch is None, "batch": self.batch or ""}


ALL = Among()


@dataclass(frozen=True, slots=True)
class JoinedRows:
    """n predictions with their actuals, in no order. Scores and values are NaN, label codes NO_LABEL, where there is none; both
    sorts of labels index the same names. `class_scores` holds a score a row for each class that any row has.
    """

    event_us: Ints
    score: Floats
    label: Labels
    actual_value: Floats
    actual_label: Labels
    actual_us: Ints
    class_scores: Mapping[str, Floats] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.event_us)


def joined(
    store: TelemetryStore,
    deployment: str,
    *,
    version: str | None,
    segment: str,
    start_us: int,
    end_us: int,
    among: Among = ALL,
) -> JoinedRows:
    """The rows whose prediction lies in [start_us, end_us) and whose truth is known.

    Of several predictions of a version with one id the latest event time counts (the last received among equals), wherever it lies;
    of several actuals the greatest (actual time, epoch, seq, row).
    """
    index = store.index
    number = index.deployments.known.get(deployment, -1)
    with store.snapshot():
        names = tuple(name for (name,) in store.rows("joined_labels", [number] * 2))
        labels = {"code": np.arange(len(names)), "name": texts(names)} if names else _NO_LABELS
        wanted = wanted_rows(index, deployment, version, segment)  # in the snapshot: all that it holds is known by now
        parameters = (
            wanted.parameters
            | among.parameters()
            | {
                "deployment_id": number,
                "start_us": start_us,
                "end_us": end_us,
                "with_scores": bool(index.score_classes.things()),
            }
        )
        rows = _joined(store, parameters, {"labels": labels} | wanted.tables)
    return JoinedRows(
        rows["event_us"],
        rows["score"],
        _labels(names, rows["label"]),
        rows["actual_value"],
        _labels(names, rows["actual_label"]),
        rows["actual_us"],
        _class_scores(index, rows["classes_id"], rows["class_scores"]),
    )


def _joined(store: TelemetryStore, parameters: dict[str, Any], tables: dict[str, Table]) -> dict[str, Array]:
    """Most ids have one answer: these are joined plainly, and only the others are ranked."""
    corrected = store.arrays("corrected_ids", [parameters["deployment_id"]])["id_high"]
    plain = store.arrays("joined_plain", _without(parameters, "end_us"), tables=tables | _suspects(corrected))
    repeated = _repeated(plain.pop("id_high"), plain.pop("version_id"))
    wanted = plain.pop("is_wanted").astype(np.bool_) & (plain["event_us"] < parameters["end_us"])
    kept = wanted & ~repeated.rows
    rows = plain if kept.all() else {name: values[kept] for name, values in plain.items()}
    if not len(repeated.ids):
        return rows
    ranked = store.arrays("joined", parameters, tables=tables | _suspects(repeated.ids))
    return {name: np.concatenate([values, ranked[name]]) for name, values in rows.items()}


@dataclass(frozen=True, slots=True)
class _Repeated:
    """Which rows share id and version with another, and their ids' high halves."""

    rows: npt.NDArray[np.bool_]
    ids: Array


def _repeated(ids: Array, versions: Array) -> _Repeated:
    keys = ids ^ (versions.astype(np.uint64) * _SPREAD)
    ordered = np.sort(keys)
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    if not len(twice):
        return _Repeated(np.zeros(len(ids), dtype=np.bool_), np.empty(0, dtype=np.uint64))
    found = np.unique(ids[np.isin(keys, twice)])
    return _Repeated(np.isin(ids, found), found)


_SPREAD = np.uint64(0x9E3779B97F4A7C15)


def _suspects(ids: Array) -> dict[str, Table]:
    return {"suspects": {"id_high": np.unique(ids).astype(np.uint64) if len(ids) else np.zeros(0, dtype=np.uint64)}}


def _without(parameters: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in parameters.items() if key != name}


def predicted_ids(
    store: TelemetryStore,
    deployment: str,
    *,
    version: str | None,
    segment: str,
    windows: Sequence[Window],
    among: Among = ALL,
) -> Ints:
    """How many different (version, id) were predicted in each window, whether or not their truth is known."""
    counts = np.zeros(len(windows), dtype=np.int64)
    asked = span(windows)
    if asked.start_us == asked.end_us:
        return counts
    step_us, slots = _steps(windows)
    if not slots:
        one_by_one = (
            predicted_ids(store, deployment, version=version, segment=segment, windows=[w], among=among)
            for w in windows
        )
        return np.concatenate(list(one_by_one))
    wanted = wanted_rows(store.index, deployment, version, segment)
    parameters = (
        wanted.parameters
        | among.parameters()
        | {"origin_us": asked.start_us, "end_us": asked.end_us, "step_us": step_us}
    )
    found = store.arrays("predicted_ids", parameters, tables={"slots": slots} | wanted.tables)
    counts[found["slot"]] = found["ids"]
    return counts


@dataclass(frozen=True, slots=True)
class WantedRows:
    """A filter on predictions: parameters and tables of a query."""

    parameters: dict[str, Any]
    tables: dict[str, Table]


_NO_LABELS: Table = {"code": np.array([-1]), "name": texts([""])}


def wanted_rows(index: Index, deployment: str, version: str | None, segment: str) -> WantedRows:
    """The filter on predictions; number 0 stands for all versions, -1 for one that was never seen."""
    sets = [number for number, parts in index.segment_sets.things().items() if _is_in(segment, parts)]
    parameters = {
        "deployment_id": index.deployments.known.get(deployment, -1),
        "version_id": 0 if version is None else index.versions.known.get(version, -1),
        "any_segment": not segment,
    }
    return WantedRows(parameters, {"segment_sets_wanted": {"segment_set": np.array([-1, *sets], dtype=np.int32)}})


def _is_in(segment: str, parts: tuple[str, ...]) -> bool:
    """Whether a row's segments hold a segment: by its name, or all parts of an intersection "a=1&b=2"."""
    return segment in parts or all(part in parts for part in segment.split("&"))


def _steps(windows: Sequence[Window]) -> tuple[int, Table]:
    """The widest grid on which all windows lie, from their first start on, and each window's steps (window position as `slot`).

    No steps where they are more than MAX_STEPS; a window alone is one step.
    """
    origin = span(windows).start_us
    bounds = np.array([(one.start_us - origin, one.end_us - origin) for one in windows], dtype=np.int64)
    step_us = int(np.gcd.reduce(bounds.ravel()))
    first, end = bounds[:, 0] // step_us, bounds[:, 1] // step_us
    lengths = end - first
    if lengths.sum() > MAX_STEPS:
        return step_us, {}
    slots = np.repeat(np.arange(len(windows)), lengths)
    steps = np.arange(len(slots)) - np.repeat(np.cumsum(lengths) - lengths, lengths) + np.repeat(first, lengths)
    return step_us, {"slot": slots, "step": steps}


def _labels(names: tuple[str, ...], codes: Array) -> Labels:
    return Labels(names, np.where(codes < 0, NO_LABEL, codes).astype(np.uint32))


def _class_scores(index: Index, classes_ids: Array, scores: Array) -> dict[str, Floats]:
    """Scores by class from rows of little-endian doubles, each in the order of its list of classes."""
    known = index.score_classes.things()
    found: dict[str, Floats] = {}
    for classes_id in np.unique(classes_ids).tolist():
        if not classes_id:
            continue
        here = np.flatnonzero(classes_ids == classes_id)
        classes = known[classes_id]
        block = np.frombuffer(b"".join(scores[here]), dtype="<f8").reshape(len(here), len(classes))
        for i, name in enumerate(classes):
            found.setdefault(name, np.full(len(classes_ids), np.nan))[here] = block[:, i]
    return found
