"""A message in readable form: raw arrays as lists of numbers, other bytes in hexadecimal, absent fields left out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from google.protobuf.message import Message

ARRAYS = {
    **dict.fromkeys(("bin_counts", "bucket_counts", "category_counts"), "<u8"),
    **dict.fromkeys(("bucket_indexes", "label_codes", "actual_codes", "segment_set_codes"), "<u4"),
    **dict.fromkeys(("event_times_us", "arrival_times_us", "actual_times_us"), "<i8"),
    **dict.fromkeys(("values", "actual_values", "edges", "points", "sums", "products"), "<f8"),
}


def describe(message: Message) -> dict[str, Any]:
    """The fields that are set, by name."""
    return {field.name: _value(field, value) for field, value in message.ListFields()}


def _value(field: Any, value: Any) -> Any:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return dict(sorted(value.items()))
    if isinstance(value, (str, bytes, int, float, Message)):
        return _single(field, value)
    return [_single(field, one) for one in value]


def _single(field: Any, value: Any) -> Any:
    if isinstance(value, Message):
        return describe(value)
    if isinstance(value, bytes):
        return _numbers(np.frombuffer(value, ARRAYS[field.name])) if field.name in ARRAYS else value.hex()
    if field.enum_type is not None:
        return field.enum_type.values_by_number[value].name
    return _number(value) if isinstance(value, float) else value


def _numbers(values: np.ndarray) -> list[Any]:
    return [_number(value) if isinstance(value, float) else value for value in values.tolist()]


def _number(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)  # JSON has no NaN
