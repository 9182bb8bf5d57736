"""How far the frames of an epoch were tried and acknowledged: a small durable file beside the segments.

    position | "TGPO" | version u16 | acknowledged seq u64 | attempted seq u64 | crc32 u32 |

It is written before segments are deleted. A missing, damaged or older one only means that frames are sent again.
"""

import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

from tidegauge.errors import UsageError
from tidegauge.spool.disk import read_small_file, replace_file

POSITION_NAME = "position"
_BODY = struct.Struct("<4sHQQ")
_CRC = struct.Struct("<I")
_MAGIC = b"TGPO"
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Position:
    """The highest seq acknowledged by the other side, and the highest one whose first send was announced (never less)."""

    acknowledged_seq: int = 0
    attempted_seq: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.acknowledged_seq <= self.attempted_seq:
            raise UsageError(
                f"position: acknowledged_seq {self.acknowledged_seq} must lie in 0..attempted_seq {self.attempted_seq}"
            )


def read_position(directory: Path) -> Position:
    """Return the position of an epoch directory; `Position()` where there is none that can be read."""
    return _decode(read_small_file(directory / POSITION_NAME)) or Position()


def is_position_damaged(directory: Path) -> bool:
    """Say whether there is a position that cannot be read: how far frames were attempted is not known then."""
    path = directory / POSITION_NAME
    return os.path.lexists(path) and _decode(read_small_file(path)) is None


def _decode(content: bytes) -> Position | None:
    if len(content) != _BODY.size + _CRC.size:
        return None
    magic, version, acknowledged_seq, attempted_seq = _BODY.unpack_from(content)
    (crc,) = _CRC.unpack_from(content, _BODY.size)
    if magic != _MAGIC or version != _VERSION or crc != zlib.crc32(content[: _BODY.size]):
        return None
    return Position(acknowledged_seq, attempted_seq)


def write_position(directory: Path, position: Position) -> None:
    """Store a position; durable when this returns. Raises OSError."""
    body = _BODY.pack(_MAGIC, _VERSION, position.acknowledged_seq, position.attempted_seq)
    replace_file(directory / POSITION_NAME, body + _CRC.pack(zlib.crc32(body)))
