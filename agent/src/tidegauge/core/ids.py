"""Prediction ids on the wire: BLAKE2b-128 of the id's UTF-8 text (test vectors in docs/wire.md)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from uuid import UUID

import numpy as np

from tidegauge.errors import UsageError

ID_BYTES = 16


def prediction_id_text(value: object) -> str:
    """The text of an id: strings as they are, integers in decimal, UUIDs lower-case with hyphens.

    Raises UsageError for every other type: a float or a boolean as an id is a mistake that would join wrong rows.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        return str(int(value))
    if isinstance(value, UUID):
        return str(value)
    kind = type(value).__name__
    raise UsageError(f"prediction id {value!r:.80} is a {kind}: give a string, an integer or a UUID, e.g. str(id)")


def digest_id(value: object, key: bytes = b"") -> bytes:
    """The 16 bytes that stand for one id; with a `key` (at most 64 bytes) nobody without it can tell which id they are of.

    >>> digest_id(42) == digest_id("42")
    True
    """
    text = prediction_id_text(value).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, key=key, digest_size=ID_BYTES).digest()


def digest_ids(values: Iterable[object], key: bytes = b"") -> bytes:
    """The ids' digests one after another, 16 bytes each."""
    return b"".join([digest_id(value, key) for value in values])
