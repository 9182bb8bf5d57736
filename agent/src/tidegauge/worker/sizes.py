"""About how much memory a small call's plain data takes, so that what waits is bounded by bytes and not by a number of calls."""

from __future__ import annotations

from sys import getsizeof
from typing import Any

VALUES_LOOKED_AT = 32
POINTER_BYTES = 8
"""Of a reference; and of a number."""
CALL_BYTES = 200
"""Of its fields beside the input, with its times."""


def held_bytes(inputs: Any) -> int:
    """The bytes that a call with this small input keeps alive; a long row is judged by its first values."""
    if type(inputs) is not dict:
        return CALL_BYTES + (getsizeof(inputs[0]) if type(inputs) is tuple and inputs else getsizeof(inputs))
    looked_at = list(inputs.values())[:VALUES_LOOKED_AT]
    values = sum(map(getsizeof, looked_at)) * len(inputs) // max(1, len(looked_at))
    return CALL_BYTES + getsizeof(inputs) + values


def column_bytes(values: Any) -> int:
    """The bytes that a column keeps alive: of objects about those of the values, too, judged by the last one."""
    if len(values) and values.dtype == object:
        return len(values) * (POINTER_BYTES + getsizeof(values[-1]))
    return len(values) * POINTER_BYTES
