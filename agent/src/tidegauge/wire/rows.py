"""Row-wise telemetry on the wire: labels, scores, records, actuals, a baseline's scored rows, and a baseline in parts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from tidegauge.core.baseline import MAX_OUTCOMES, Baseline
from tidegauge.core.bins import ReferenceBins
from tidegauge.core.ids import ID_BYTES
from tidegauge.core.outcomes import NO_LABEL, Labels, Outcomes, Truth
from tidegauge.errors import WireError
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.codec import array, decode_bins, decode_profile, encode_bins, encode_importance, encode_profile, raw

Times = npt.NDArray[np.int64]
_COLUMNS_A_PART = 20
_OUTCOMES_A_PART = 5_000


@dataclass(frozen=True)
class RecordRows:
    """Predictions with ids. `ids` holds 16 bytes a row; `segment_codes` index `segment_sets`."""

    ids: bytes
    event_times_us: Times
    arrival_times_us: Times
    outputs: Mapping[str, npt.NDArray[np.float64]]
    labels: Labels
    segment_sets: tuple[tuple[str, ...], ...]
    segment_codes: npt.NDArray[np.uint32]
    batch: str = ""
    request_ids: tuple[str, ...] = field(default=())

    @property
    def rows(self) -> int:
        return len(self.ids) // ID_BYTES


@dataclass(frozen=True)
class ActualRows:
    """The truth for prediction ids (16 bytes a row in `ids`)."""

    ids: bytes
    times_us: Times
    truth: Truth

    @property
    def rows(self) -> int:
        return len(self.ids) // ID_BYTES


def encode_records(rows: RecordRows) -> pb.Records:
    """Records as a message."""
    return pb.Records(
        rows=rows.rows,
        prediction_ids=rows.ids,
        event_times_us=raw(rows.event_times_us, "<i8"),
        arrival_times_us=raw(rows.arrival_times_us, "<i8"),
        outputs=_encode_outputs(rows.outputs),
        labels=rows.labels.names,
        label_codes=raw(rows.labels.codes, "<u4"),
        segment_sets=[pb.SegmentSet(segments=segments) for segments in rows.segment_sets],
        segment_set_codes=raw(rows.segment_codes, "<u4"),
        request_ids=rows.request_ids,
        batch=rows.batch,
    )


def decode_records(message: pb.Records) -> RecordRows:
    """The records of a message; WireError where its arrays do not fit together."""
    n = message.rows
    _check_ids(message.prediction_ids, n)
    codes = array(message.segment_set_codes, "<u4", n)
    if n and message.segment_sets and int(codes.max()) >= len(message.segment_sets):
        raise WireError(f"segment set {int(codes.max())} of {len(message.segment_sets)}")
    return RecordRows(
        message.prediction_ids,
        array(message.event_times_us, "<i8", n),
        array(message.arrival_times_us, "<i8", n),
        _decode_outputs(message.outputs, n),
        _decode_labels(message.labels, message.label_codes, n),
        tuple(tuple(one.segments) for one in message.segment_sets),
        codes,
        message.batch,
        tuple(message.request_ids),
    )


def encode_actuals(rows: ActualRows) -> pb.Actuals:
    """Actuals as a message."""
    return pb.Actuals(
        rows=rows.rows,
        prediction_ids=rows.ids,
        actual_times_us=raw(rows.times_us, "<i8"),
        values=raw(rows.truth.values, "<f8"),
        labels=rows.truth.labels.names,
        label_codes=raw(rows.truth.labels.codes, "<u4"),
    )


def decode_actuals(message: pb.Actuals) -> ActualRows:
    """The actuals of a message; WireError where its arrays do not fit together."""
    n = message.rows
    _check_ids(message.prediction_ids, n)
    labels = _decode_labels(message.labels, message.label_codes, n)
    truth = Truth(array(message.values, "<f8", n), labels)
    return ActualRows(message.prediction_ids, array(message.actual_times_us, "<i8", n), truth)


def encode_baseline(baseline: Baseline) -> list[pb.BaselinePart]:
    """A baseline as parts that each fit a frame: columns, then scored rows (every k-th of more than 100,000)."""
    names = list(baseline.profiles)
    digest = baseline.digest
    parts = [
        pb.BaselinePart(
            bins=encode_bins(baseline.bins, chunk),
            profiles=[encode_profile(baseline.profiles[name]) for name in chunk],
            importance=encode_importance(baseline.importance, chunk),
        )
        for chunk in (names[i : i + _COLUMNS_A_PART] for i in range(0, len(names), _COLUMNS_A_PART))
    ]
    parts += [pb.BaselinePart(outcomes=outcomes) for outcomes in _outcome_parts(baseline.outcomes)]
    parts = parts or [pb.BaselinePart()]
    for i, part in enumerate(parts):
        part.digest, part.part, part.parts = digest, i, len(parts)
        part.origin, part.rows = baseline.origin, baseline.rows
        part.bins.bins_id = baseline.bins.bins_id
    return parts


def decode_baseline(parts: Sequence[pb.BaselinePart]) -> Baseline:
    """The baseline of all its parts, in order; WireError where some are missing or do not fit together."""
    if [part.part for part in parts] != list(range(len(parts))) or len(parts) != parts[0].parts:
        raise WireError(
            f"parts {[part.part for part in parts]} of a baseline in {parts[0].parts if parts else 0} parts"
        )
    bins: ReferenceBins = decode_bins(part.bins for part in parts)
    profiles = {message.name: decode_profile(message) for part in parts for message in part.profiles}
    importance = {one.column: one.weight for part in parts for one in part.importance}
    outcomes = _join_outcomes([_decode_outcomes(part.outcomes) for part in parts if part.HasField("outcomes")])
    return Baseline(parts[0].rows, bins, profiles, importance, outcomes, parts[0].origin)


def _outcome_parts(outcomes: Outcomes | None) -> Iterator[pb.Outcomes]:
    if outcomes is None or outcomes.actual is None:
        return
    rows = len(outcomes.actual.values)
    kept = outcomes.every(-(-rows // MAX_OUTCOMES)) if rows > MAX_OUTCOMES else outcomes
    truth = kept.actual
    if truth is None:
        return
    for start in range(0, len(truth.values), _OUTCOMES_A_PART):
        part = slice(start, start + _OUTCOMES_A_PART)
        predicted = kept.predicted or Labels((), np.full(len(truth.values), NO_LABEL, dtype=np.uint32))
        names, actual_codes = _pool(predicted.names, truth.labels)
        yield pb.Outcomes(
            rows=len(truth.values[part]),
            outputs=_encode_outputs({name: values[part] for name, values in kept.outputs.items()}),
            labels=names,
            label_codes=raw(predicted.codes[part], "<u4"),
            actual_values=raw(truth.values[part], "<f8"),
            actual_codes=raw(actual_codes[part], "<u4"),
        )


def _pool(names: tuple[str, ...], other: Labels) -> tuple[tuple[str, ...], npt.NDArray[np.uint32]]:
    """One list of names for two sets of labels, and the second one's codes in it."""
    pooled = (*names, *(name for name in other.names if name not in names))
    recode = np.array([*(pooled.index(name) for name in other.names), NO_LABEL], dtype=np.uint32)
    return pooled, recode[np.minimum(other.codes, len(other.names))]


def _decode_outcomes(message: pb.Outcomes) -> Outcomes:
    n = message.rows
    predicted = _decode_labels(message.labels, message.label_codes, n)
    actual = _decode_labels(message.labels, message.actual_codes, n)
    truth = Truth(array(message.actual_values, "<f8", n), actual)
    return Outcomes(_decode_outputs(message.outputs, n), predicted, truth)


def _join_outcomes(parts: list[Outcomes]) -> Outcomes | None:
    if not parts or parts[0].predicted is None or parts[0].actual is None:
        return None
    outputs = {name: np.concatenate([part.outputs[name] for part in parts]) for name in parts[0].outputs}
    predicted = np.concatenate([part.predicted.codes for part in parts if part.predicted])
    values = np.concatenate([part.actual.values for part in parts if part.actual])
    actual = np.concatenate([part.actual.labels.codes for part in parts if part.actual])
    names = parts[0].predicted.names
    return Outcomes(outputs, Labels(names, predicted), Truth(values, Labels(names, actual)))


def _encode_outputs(outputs: Mapping[str, npt.NDArray[np.float64]]) -> list[pb.Output]:
    return [pb.Output(name=name, values=raw(values, "<f8")) for name, values in outputs.items()]


def _decode_outputs(messages: Iterable[pb.Output], rows: int) -> dict[str, npt.NDArray[np.float64]]:
    return {message.name: array(message.values, "<f8", rows) for message in messages}


def _decode_labels(names: Iterable[str], codes: bytes, rows: int) -> Labels:
    known = tuple(names)
    numbers = array(codes, "<u4", rows) if codes else np.full(rows, NO_LABEL, dtype=np.uint32)
    if bool(np.any((numbers >= len(known)) & (numbers != NO_LABEL))):
        raise WireError(f"a label code is beyond the {len(known)} labels")
    return Labels(known, numbers)


def _check_ids(ids: bytes, rows: int) -> None:
    if len(ids) != rows * ID_BYTES:
        raise WireError(f"{len(ids)} bytes of prediction ids for {rows} rows of {ID_BYTES}")
