"""PURE: a message of the wire as plain values, with nothing left out: every field that is set, raw arrays as numbers.

Fields keep the names of `telemetry.proto`; times (`_us`) become text in UTC, enumerations their names, ids and digests
hexadecimal, numbers that JSON does not have ("NaN", "Infinity") text. Fields that this version does not know are told by number.
"""

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PREFIX = "tidegauge.v1."
_HEX = "hex"
_IDS = "ids"
ARRAYS: Mapping[str, str] = {
    "EpochPosition.epoch": _HEX,
    "EpochMark.epoch": _HEX,
    "ShipRequest.epoch": _HEX,
    "ShipRequest.frames": _HEX,
    "Frame.schema_id": _HEX,
    "Profile.bins_id": _HEX,
    "ColumnProfile.bin_counts": "<u8",
    "ColumnProfile.bucket_indexes": "<u4",
    "ColumnProfile.bucket_counts": "<u8",
    "ColumnProfile.category_counts": "<u8",
    "QuantileSketch.points": "<f8",
    "SecondMoments.sums": "<f8",
    "SecondMoments.products": "<f8",
    "Records.prediction_ids": _IDS,
    "Records.event_times_us": "<i8",
    "Records.arrival_times_us": "<i8",
    "Records.label_codes": "<u4",
    "Records.segment_set_codes": "<u4",
    "Output.values": "<f8",
    "Actuals.prediction_ids": _IDS,
    "Actuals.actual_times_us": "<i8",
    "Actuals.values": "<f8",
    "Actuals.label_codes": "<u4",
    "BaselinePart.digest": _HEX,
    "Outcomes.label_codes": "<u4",
    "Outcomes.actual_values": "<f8",
    "Outcomes.actual_codes": "<u4",
    "ReferenceBins.bins_id": _HEX,
    "ColumnBins.edges": "<f8",
    "ColumnBins.points": "<f8",
}
"""How the bytes of each `bytes` field are read; a contract test sees that none is missing."""
_ID_BYTES = 16


def readable(message: Message) -> dict[str, Any]:
    """Every field of a message that is set."""
    values: dict[str, Any] = {}
    for field, value in message.ListFields():
        values[field.name] = _field(field, value)
    unknown_fields: Any = UnknownFieldSet(message)  # iterable, which its stub does not say
    unknown = sorted({one.field_number for one in unknown_fields})
    return values | ({"unknown_fields": unknown} if unknown else {})


def _field(field: FieldDescriptor, value: Any) -> Any:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return {str(key): str(one) for key, one in value.items()}
    if _is_repeated(field):
        return [_scalar(field, one) for one in value]
    return _scalar(field, value)


def _is_repeated(field: FieldDescriptor) -> bool:
    described: Any = field
    if hasattr(described, "is_repeated"):
        return bool(described.is_repeated)
    return bool(described.label == described.LABEL_REPEATED)  # before protobuf 6, where it warns


def _scalar(field: FieldDescriptor, value: Any) -> Any:
    if field.message_type is not None:
        return readable(value)
    if field.enum_type is not None:
        known = field.enum_type.values_by_number.get(value)
        return known.name if known else value
    if isinstance(value, bytes):
        return _bytes(field, value)
    if field.name.endswith("_us"):
        return _time(value)
    return _number(value) if isinstance(value, float) else value


def _bytes(field: FieldDescriptor, value: bytes) -> Any:
    kind = ARRAYS.get(field.full_name.removeprefix(_PREFIX), _HEX)
    if kind == _HEX:
        return value.hex()
    if kind == _IDS:
        return [value[i : i + _ID_BYTES].hex() for i in range(0, len(value), _ID_BYTES)]
    if len(value) % np.dtype(kind).itemsize:
        return {"not_an_array": value.hex()}
    numbers = np.frombuffer(value, dtype=kind).tolist()
    if field.name.endswith("_us"):
        return [_time(number) for number in numbers]
    return [_number(number) for number in numbers]


def _number(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def _time(us: int) -> Any:
    try:
        return (_EPOCH + timedelta(microseconds=us)).isoformat(timespec="microseconds").replace("+00:00", "Z")
    except OverflowError:
        return us  # beyond the calendar; the number itself says what was sent
