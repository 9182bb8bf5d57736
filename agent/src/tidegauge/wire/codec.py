"""Between core values and the bytes of the wire. Raw little-endian arrays; malformed bytes raise WireError, never anything else."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from google.protobuf.message import DecodeError

from tidegauge.core.bins import CategoricalBins, ColumnBins, NumericBins, ReferenceBins
from tidegauge.core.columns import ColumnKind
from tidegauge.core.moments import SecondMoments
from tidegauge.core.profile import ColumnProfile
from tidegauge.core.sketch import EMPTY, QuantileSketch
from tidegauge.errors import WireError
from tidegauge.wire import telemetry_pb2 as pb

PROTOCOL_VERSION = 1
MAX_FRAME_BYTES = 256 * 1024
MAX_BATCH_BYTES = 1024 * 1024
MAX_BODY_BYTES = MAX_FRAME_BYTES - 4 * 1024
"""Of the message in a frame: the rest of the frame is names and times."""
_TOO_MANY = 1 << 63
_WIDTHS = {"<u4": 4, "<i4": 4, "<u8": 8, "<i8": 8, "<f8": 8}
_SIGN = 128
_DEPLOYMENT_TAG = bytes([pb.Frame.DEPLOYMENT_FIELD_NUMBER << 3 | 2])  # a field with a length
_ONE_BYTE_LENGTH = 127  # the longest that a varint of one byte says

KIND_TO_WIRE = {
    ColumnKind.NUMERIC: pb.COLUMN_KIND_NUMERIC,
    ColumnKind.CATEGORICAL: pb.COLUMN_KIND_CATEGORICAL,
    ColumnKind.BOOLEAN: pb.COLUMN_KIND_BOOLEAN,
    ColumnKind.TEXT: pb.COLUMN_KIND_TEXT,
    ColumnKind.DATETIME: pb.COLUMN_KIND_DATETIME,
    ColumnKind.VECTOR: pb.COLUMN_KIND_VECTOR,
    ColumnKind.LOG_LINEAR: pb.COLUMN_KIND_LOG_LINEAR,
    ColumnKind.UNKNOWN: pb.COLUMN_KIND_UNSPECIFIED,
}
KIND_FROM_WIRE: dict[int, ColumnKind] = {int(wire): kind for kind, wire in KIND_TO_WIRE.items()}


def array(raw: bytes, dtype: str, rows: int | None = None) -> npt.NDArray[Any]:
    """The numbers of a raw array (`dtype` little-endian, e.g. "<f8"); WireError where its length does not fit."""
    width = _WIDTHS[dtype]
    if len(raw) % width or (rows is not None and len(raw) != rows * width):
        wanted = f"{rows} x {width}" if rows is not None else f"a multiple of {width}"
        raise WireError(f"array of {len(raw)} bytes, expected {wanted}")
    return np.frombuffer(raw, dtype=dtype)


def counts(raw: bytes, rows: int | None = None) -> npt.NDArray[np.int64]:
    """The counts of a raw u64 array; WireError where its length does not fit or a count is 2^63 or more."""
    values = array(raw, "<i8", rows)
    if raw and max(raw[7::8]) >= _SIGN:  # the highest byte of each: quicker than numpy on the few counts that there are
        raise WireError("a count is 2^63 or more")
    return values


def raw(values: npt.ArrayLike, dtype: str) -> bytes:
    """The bytes of a raw array."""
    return np.asarray(values).astype(dtype, copy=False).tobytes()


def decode_frame(payload: bytes) -> pb.Frame:
    """Parse a frame; WireError where it is none or its body is of no kind known here."""
    frame = pb.Frame()
    try:
        frame.ParseFromString(payload)
    except DecodeError as error:
        raise WireError(f"{len(payload)} bytes are not a frame: {error}") from error
    if frame.WhichOneof("body") is None:
        raise WireError("frame without a body that this version knows: the sender may be newer")
    return frame


def deployment_of(payload: bytes) -> str:
    """The deployment that the bytes of a frame name, "" where they are no frame or name none.

    Deterministic encoding puts it first, so that nearly always nothing else of the frame is looked at.
    """
    end = 2 + payload[1] if payload[:1] == _DEPLOYMENT_TAG and len(payload) > 1 else 0
    try:
        if 2 < end <= min(len(payload), 2 + _ONE_BYTE_LENGTH):
            return payload[2:end].decode()
        return pb.Frame.FromString(payload).deployment
    except (DecodeError, UnicodeDecodeError):
        return ""


def encode_profile(profile: ColumnProfile) -> pb.ColumnProfile:
    """A column's profile as a message."""
    message = pb.ColumnProfile(
        name=profile.name,
        kind=KIND_TO_WIRE[profile.kind],
        rows=profile.rows,
        missing=profile.missing,
        non_finite=profile.non_finite,
        invalid=profile.invalid,
        overflow=profile.overflow,
        pivot=profile.pivot,
        sum=profile.sum,
        sum_squares=profile.sum_squares,
        minimum=profile.minimum,
        maximum=profile.maximum,
    )
    if profile.bin_counts is not None:
        message.bin_counts = raw(profile.bin_counts, "<u8")
    if profile.buckets:
        indexes = sorted(profile.buckets)
        message.bucket_indexes = raw(indexes, "<u4")
        message.bucket_counts = raw([profile.buckets[i] for i in indexes], "<u8")
    if profile.names:
        message.category_names.extend(profile.names)
        message.category_counts = raw(list(profile.names.values()), "<u8")
    if profile.sketch.count:
        message.sketch.count = profile.sketch.count
        message.sketch.points = raw(profile.sketch.points, "<f8")
    return message


def decode_profile(message: pb.ColumnProfile) -> ColumnProfile:
    """The profile of a message; WireError where arrays do not fit together or the kind is unknown."""
    return decode_profiles([message])[0]


def decode_profiles(messages: Iterable[pb.ColumnProfile]) -> list[ColumnProfile]:
    """The same of many: their sketches are looked at together, in a third of the time."""
    found = list(map(_decoded_profile, messages))
    _check_order([one.sketch.points for one in found if one.sketch.count])
    return found


def _decoded_profile(message: pb.ColumnProfile) -> ColumnProfile:
    kind = KIND_FROM_WIRE.get(message.kind)
    if kind is None:
        raise WireError(f"column {message.name!r} has unknown kind {message.kind}")
    if message.rows >= _TOO_MANY:
        raise WireError(f"column {message.name!r} has {message.rows} rows: at most 2^63 - 1")
    return ColumnProfile(
        message.name,
        kind,
        message.rows,
        message.missing,
        message.non_finite,
        message.invalid,
        message.overflow,
        message.pivot,
        message.sum,
        message.sum_squares,
        message.minimum,
        message.maximum,
        counts(message.bin_counts) if message.bin_counts else None,
        _buckets(message) if message.bucket_indexes or message.bucket_counts else {},
        _names(message) if message.category_names or message.category_counts else {},
        _decoded_sketch(message.sketch) if message.HasField("sketch") else EMPTY,
    )


def _buckets(message: pb.ColumnProfile) -> dict[int, int]:
    indexes = array(message.bucket_indexes, "<u4")
    return dict(zip(indexes.tolist(), counts(message.bucket_counts, len(indexes)).tolist(), strict=True))


def _names(message: pb.ColumnProfile) -> dict[str, int]:
    found = counts(message.category_counts, len(message.category_names))
    return dict(zip(message.category_names, found.tolist(), strict=True))


def decode_sketch(message: pb.QuantileSketch) -> QuantileSketch:
    """The sketch of a message; WireError where it has more points than values, or none, or points that do not ascend."""
    sketch = _decoded_sketch(message)
    _check_order([sketch.points])
    return sketch


def _decoded_sketch(message: pb.QuantileSketch) -> QuantileSketch:
    points = array(message.points, "<f8")
    if not 0 < len(points) <= message.count < _TOO_MANY:
        raise WireError(f"sketch of {message.count} values with {len(points)} points")
    return QuantileSketch(message.count, points)


def _check_order(parts: Sequence[npt.NDArray[np.float64]]) -> None:
    """WireError unless each part, none of them empty, is finite numbers of which none is smaller than the one before."""
    if not parts:
        return
    points = parts[0] if len(parts) == 1 else np.concatenate(parts)
    last = np.cumsum(list(map(len, parts))) - 1
    steps = points[1:] >= points[:-1]  # False where one is NaN
    steps[last[:-1]] = True
    ends = points[np.concatenate((last, last[:-1] + 1, [0]))]
    if not (steps.all() and np.isfinite(ends).all()):
        raise WireError("the points of a sketch do not ascend")


def encode_moments(moments: SecondMoments) -> pb.SecondMoments:
    """Second moments as a message."""
    return pb.SecondMoments(
        columns=moments.columns,
        rows=moments.rows,
        sums=raw(moments.sums, "<f8"),
        products=raw(moments.products, "<f8"),
    )


def decode_moments(message: pb.SecondMoments) -> SecondMoments:
    """The second moments of a message; WireError where its arrays are not as long as its columns want, or a column comes twice."""
    names = tuple(message.columns)
    if len(set(names)) < len(names) or message.rows >= _TOO_MANY:
        raise WireError(f"second moments of {len(names)} columns, some twice, or of {message.rows} rows")
    products = array(message.products, "<f8", math.comb(len(names) + 1, 2))
    return SecondMoments(names, message.rows, array(message.sums, "<f8", len(names)), products)


def _ascends(values: npt.NDArray[np.float64], *, strictly: bool = False) -> bool:
    """Whether all are finite and none is smaller than (or, `strictly`, equal to) the one before."""
    if not len(values):
        return True
    steps = values[1:] > values[:-1] if strictly else values[1:] >= values[:-1]  # False where one is NaN
    return bool(steps.all()) and math.isfinite(values[0]) and math.isfinite(values[-1])


def encode_bins(bins: ReferenceBins, names: Iterable[str] | None = None) -> pb.ReferenceBins:
    """Reference bins (of some columns) as a message."""
    chosen = bins.columns if names is None else names
    columns = [_encode_column(bins.columns[name]) for name in chosen]
    return pb.ReferenceBins(bins_id=bins.bins_id, columns=columns)


def _encode_column(bins: ColumnBins) -> pb.ColumnBins:
    message = pb.ColumnBins(name=bins.name, kind=KIND_TO_WIRE[bins.kind])
    if isinstance(bins, NumericBins):
        message.has_values = bins.has_values
        message.minimum, message.maximum = bins.minimum, bins.maximum
        message.edges, message.points = raw(bins.edges, "<f8"), raw(bins.points, "<f8")
        message.stated, message.pivot, message.deviation = bins.stated, bins.pivot, bins.deviation
    else:
        message.categories.extend(bins.categories)
        message.rest.extend(bins.rest)
        message.high_cardinality = bins.high_cardinality
    return message


def decode_bins(messages: Iterable[pb.ReferenceBins]) -> ReferenceBins:
    """Reference bins from the messages of all parts of a baseline."""
    columns = {column.name: _decode_column(column) for message in messages for column in message.columns}
    return ReferenceBins(columns)


def _decode_column(message: pb.ColumnBins) -> ColumnBins:
    kind = KIND_FROM_WIRE.get(message.kind)
    if kind is None or kind is ColumnKind.UNKNOWN:  # of a column of nothing but missing values there are no bins
        raise WireError(f"bins of {message.name!r} have unknown kind {message.kind}")
    if not kind.is_numeric:
        categories, rest = tuple(message.categories), tuple(message.rest)
        return CategoricalBins(message.name, categories, rest, message.high_cardinality, kind)
    edges, points = array(message.edges, "<f8"), array(message.points, "<f8")
    _check_axis(message, edges, points)
    return NumericBins(
        message.name,
        message.has_values,
        message.minimum,
        message.maximum,
        tuple(edges.tolist()),
        tuple(points.tolist()),
        message.stated,
        message.pivot,
        message.deviation,
        kind,
    )


def _check_axis(message: pb.ColumnBins, edges: npt.NDArray[Any], points: npt.NDArray[Any]) -> None:
    if not (_ascends(edges, strictly=True) and _ascends(points, strictly=True) and math.isfinite(message.pivot)):
        raise WireError(f"bins of {message.name!r}: edges, points and pivot must be finite and ascending")
    if message.stated and not len(edges):
        raise WireError(f"bins of {message.name!r} are stated, without an edge")
    ends = [message.minimum, *edges[:1], *edges[-1:], *points[:1], *points[-1:], message.maximum]
    has_axis = message.has_values and not message.stated
    if has_axis and not (len(edges) and min(ends) == message.minimum and max(ends) == message.maximum):
        raise WireError(f"bins of {message.name!r}: edges and points must lie within minimum and maximum")
    if has_axis and not (math.isfinite(message.minimum) and math.isfinite(message.maximum)):
        raise WireError(f"bins of {message.name!r}: minimum and maximum must be finite")


def encode_importance(importance: Mapping[str, float], names: Iterable[str]) -> list[pb.Importance]:
    """Importance of some columns as messages."""
    return [pb.Importance(column=name, weight=importance[name]) for name in names if name in importance]
