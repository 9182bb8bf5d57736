"""Row-wise telemetry on the wire: labels, scores, records, actuals, a baseline's scored rows, and a baseline in parts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from google.protobuf.message import Message

from tidegauge.core.baseline import MAX_OUTCOMES, Baseline
from tidegauge.core.bins import ReferenceBins
from tidegauge.core.ids import ID_BYTES
from tidegauge.core.moments import SecondMoments
from tidegauge.core.outcomes import NO_LABEL, Labels, Outcomes, Truth
from tidegauge.errors import WireError
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.codec import (
    MAX_BODY_BYTES,
    array,
    decode_bins,
    decode_moments,
    decode_profile,
    encode_bins,
    encode_importance,
    encode_moments,
    encode_profile,
    raw,
)

Times = npt.NDArray[np.int64]
Codes = npt.NDArray[np.uint32]
M = TypeVar("M", bound=Message)
ROWS_A_MESSAGE = 4_000
_TAG_BYTES = 8  # before a message in another: a number and a length


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

    def part(self, rows: slice) -> RecordRows:
        """Some consecutive rows, with only the labels and segments that they have."""
        used, codes = np.unique(self.segment_codes[rows], return_inverse=True)
        return RecordRows(
            self.ids[rows.start * ID_BYTES : rows.stop * ID_BYTES],
            self.event_times_us[rows],
            self.arrival_times_us[rows],
            {name: values[rows] for name, values in self.outputs.items()},
            self.labels.part(rows),
            tuple(self.segment_sets[code] for code in used.tolist()),
            codes.astype(np.uint32),
            self.batch,
            self.request_ids[rows],
        )


@dataclass(frozen=True)
class ActualRows:
    """The truth for prediction ids (16 bytes a row in `ids`)."""

    ids: bytes
    times_us: Times
    truth: Truth

    @property
    def rows(self) -> int:
        return len(self.ids) // ID_BYTES

    def part(self, rows: slice) -> ActualRows:
        """Some consecutive rows."""
        ids = self.ids[rows.start * ID_BYTES : rows.stop * ID_BYTES]
        return ActualRows(ids, self.times_us[rows], self.truth.part(rows))


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
    sets = tuple(tuple(one.segments) for one in message.segment_sets) or ((),)
    codes = array(message.segment_set_codes, "<u4", n)
    if n and int(codes.max()) >= len(sets):
        raise WireError(f"segment set {int(codes.max())} of {len(sets)}")
    if len(message.request_ids) not in {0, n}:
        raise WireError(f"{len(message.request_ids)} request ids for {n} rows")
    return RecordRows(
        message.prediction_ids,
        array(message.event_times_us, "<i8", n),
        array(message.arrival_times_us, "<i8", n),
        _decode_outputs(message.outputs, n),
        _decode_labels(message.labels, message.label_codes, n),
        sets,
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
    """A baseline as parts that each fit a frame: columns, then scored rows (every k-th of more than 100,000), then second moments."""
    parts = [*_column_parts(baseline), *(pb.BaselinePart(outcomes=one) for one in _outcome_parts(baseline.outcomes))]
    parts += _moment_parts(baseline.moment_blocks)
    parts = parts or [pb.BaselinePart()]
    digest = baseline.digest
    for i, part in enumerate(parts):
        part.digest, part.part, part.parts = digest, i, len(parts)
        part.origin, part.rows = baseline.origin, baseline.rows
        part.bins.bins_id = baseline.bins.bins_id
    return parts


def decode_baseline(parts: Sequence[pb.BaselinePart]) -> Baseline:
    """The baseline of all its parts, in order; WireError where some are missing or do not fit together."""
    numbers = [part.part for part in parts]
    if not parts or numbers != list(range(parts[0].parts)):
        raise WireError(f"parts {numbers} of a baseline in {parts[0].parts if parts else 0} parts")
    if len({(part.digest, part.rows, part.origin) for part in parts}) > 1:
        raise WireError("the parts are of several baselines")
    bins: ReferenceBins = decode_bins(part.bins for part in parts)
    profiles = {message.name: decode_profile(message) for part in parts for message in part.profiles}
    importance = {one.column: one.weight for part in parts for one in part.importance}
    outcomes = _join_outcomes([_decode_outcomes(part.outcomes) for part in parts if part.HasField("outcomes")])
    blocks = tuple(decode_moments(one) for part in parts for one in part.moment_blocks)
    return Baseline(parts[0].rows, bins, profiles, importance, outcomes, parts[0].origin, blocks)


def _column_parts(baseline: Baseline) -> Iterator[pb.BaselinePart]:
    part, size = pb.BaselinePart(), 0
    for name, profile in baseline.profiles.items():
        one = pb.BaselinePart(
            bins=encode_bins(baseline.bins, [name]),
            profiles=[encode_profile(profile)],
            importance=encode_importance(baseline.importance, [name]),
        )
        if size and size + one.ByteSize() > MAX_BODY_BYTES:
            yield part
            part, size = pb.BaselinePart(), 0
        size += one.ByteSize()
        part.MergeFrom(one)
    if size:
        yield part


def _moment_parts(blocks: Sequence[SecondMoments]) -> Iterator[pb.BaselinePart]:
    """As many consecutive blocks in each as it has room for."""
    part, size = pb.BaselinePart(), 0
    for block in map(encode_moments, blocks):
        weight = block.ByteSize() + _TAG_BYTES
        if size and size + weight > MAX_BODY_BYTES:
            yield part
            part, size = pb.BaselinePart(), 0
        part.moment_blocks.append(block)
        size += weight
    if size:
        yield part


def _outcome_parts(outcomes: Outcomes | None) -> Iterator[pb.Outcomes]:
    if outcomes is None or outcomes.actual is None:
        return
    rows = len(outcomes.actual.values)
    kept = outcomes.every(-(-rows // MAX_OUTCOMES)) if rows > MAX_OUTCOMES else outcomes
    if kept.actual is not None:
        yield from fitting(len(kept.actual.values), lambda part: _encode_outcomes(kept.part(part)))


def _encode_outcomes(outcomes: Outcomes) -> pb.Outcomes:
    truth = outcomes.actual
    if truth is None:
        raise ValueError("outcomes without truth are not sent")
    predicted = outcomes.predicted or Labels((), np.full(len(truth.values), NO_LABEL, dtype=np.uint32))
    names, actual_codes = _pool(predicted.names, truth.labels)
    return pb.Outcomes(
        rows=len(truth.values),
        outputs=_encode_outputs(outcomes.outputs),
        labels=names,
        label_codes=raw(predicted.codes, "<u4"),
        actual_values=raw(truth.values, "<f8"),
        actual_codes=raw(actual_codes, "<u4"),
    )


def _pool(names: tuple[str, ...], other: Labels) -> tuple[tuple[str, ...], Codes]:
    """One list of names for two sets of labels, and the second one's codes in it."""
    index = {name: i for i, name in enumerate(names)}
    recode = np.array([*(index.setdefault(name, len(index)) for name in other.names), NO_LABEL], dtype=np.uint32)
    return tuple(index), recode[np.minimum(other.codes, len(other.names))]


def _decode_outcomes(message: pb.Outcomes) -> Outcomes:
    n = message.rows
    values = array(message.actual_values, "<f8", n)
    predicted = _decode_labels(message.labels, message.label_codes, n)
    actual = _decode_labels(message.labels, message.actual_codes, n)
    return Outcomes(_decode_outputs(message.outputs, n), predicted, Truth(values, actual))


def _join_outcomes(parts: list[Outcomes]) -> Outcomes | None:
    if not parts:
        return None
    names = parts[0].outputs.keys()
    if any(part.outputs.keys() != names for part in parts):
        raise WireError("the parts of a baseline have different outputs")
    outputs = {name: np.concatenate([part.outputs[name] for part in parts]) for name in names}
    predicted = join_labels([part.predicted for part in parts if part.predicted])
    truths = [part.actual for part in parts if part.actual]
    actual = Truth(np.concatenate([one.values for one in truths]), join_labels([one.labels for one in truths]))
    return Outcomes(outputs, predicted, actual)


def join_labels(parts: Sequence[Labels]) -> Labels:
    """Labels of rows one after another, under one list of names."""
    names: tuple[str, ...] = ()
    codes: list[Codes] = []
    for part in parts:
        names, recoded = _pool(names, part)
        codes.append(recoded)
    return Labels(names, np.concatenate(codes) if codes else np.empty(0, dtype=np.uint32))


def fitting(rows: int, encode: Callable[[slice], M], *, most: int = ROWS_A_MESSAGE) -> Iterator[M]:
    """Messages of consecutive rows, `most` in each, halved until each fits a frame (a single row is sent as it is)."""
    waiting = [slice(start, min(start + most, rows)) for start in range(0, rows, most)][::-1]
    while waiting:
        part = waiting.pop()
        message = encode(part)
        if message.ByteSize() <= MAX_BODY_BYTES or part.stop - part.start == 1:
            yield message
            continue
        middle = (part.start + part.stop) // 2
        waiting += [slice(middle, part.stop), slice(part.start, middle)]


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
