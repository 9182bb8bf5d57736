"""The schema of a frame's columns, known by a digest of names and kinds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from tidegauge.core.columns import ColumnKind


def schema_id(columns: Mapping[str, ColumnKind]) -> bytes:
    """First 16 bytes of BLAKE2b over the JSON list of the sorted [name, kind] pairs (docs/wire.md)."""
    pairs = [[name, columns[name].value] for name in sorted(columns)]
    return hashlib.blake2b(json.dumps(pairs, separators=(",", ":")).encode(), digest_size=16).digest()
