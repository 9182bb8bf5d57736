"""The bytes of a spool: pure encoding, decoding and scanning, no I/O.

    segment  = header record*                             file NNNNNNNN.open while written, NNNNNNNN.seg when sealed

    header   | "TGSP" | version u16 | epoch 16 bytes | first seq u64 | crc32 u32 |                      34 bytes
             the crc covers the 30 bytes before it; every later version keeps these 34 bytes as they are

    record   | len u32 | crc32 u32 | seq u64 | type u8 | flags u8 | payload (len bytes) |               18 + len bytes
             the crc covers everything after itself

    hole     a record of type 0; its seq is the last lost one, its payload | first seq u64 | rows u64 | reason UTF-8 |

All numbers are little-endian, every crc is zlib.crc32. Invariants: seq starts at 1 and increases strictly within a segment, by
one from record to record (a hole closes the numbers it stands for); len <= MAX_PAYLOAD; an all-zero rest is a clean end.
"""

import enum
import re
import struct
import uuid
import zlib
from dataclasses import dataclass
from typing import NamedTuple

FORMAT_VERSION = 1
MAX_PAYLOAD = 256 * 1024 + 4 * 1024
HOLE_KIND = 0

_HEADER = struct.Struct("<4sH16sQ")
_CRC = struct.Struct("<I")
_RECORD = struct.Struct("<IIQBB")
_AFTER_CRC = struct.Struct("<QBB")
_HOLE = struct.Struct("<QQ")
_MAGIC = b"TGSP"
_MAX_JUMP = 1 << 22  # more records than this, but for a hole, no segment holds
HEADER_SIZE = _HEADER.size + _CRC.size
RECORD_OVERHEAD = _RECORD.size
MAX_RECORD = RECORD_OVERHEAD + MAX_PAYLOAD

_NOT_ZERO = re.compile(rb"[^\0]")
# What can be the start of a record: len <= MAX_PAYLOAD (0x041000), any crc, a seq that is not 0 and below 2**48.
_CANDIDATE = re.compile(rb"(?s)(?=..[\0-\x04]\0....(?!\0{6})......\0\0..)")


class Record(NamedTuple):  # a named tuple, not a dataclass: made a million times a second, and four times cheaper
    """One frame as it lies in the spool; the payload is opaque here."""

    seq: int
    kind: int
    flags: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Hole:
    """Numbers that will never come, both ends included, and why; `rows` is what is known to be lost with them."""

    first_seq: int
    last_seq: int
    reason: str
    rows: int = 0


@dataclass(frozen=True, slots=True)
class SegmentHeader:
    """What a segment says about itself; a `version` above FORMAT_VERSION is not ours to read."""

    version: int
    epoch: uuid.UUID
    first_seq: int


Span = tuple[int, int, int, int, int]  # seq, kind, flags, start and end of the payload in the scanned buffer


class Damage(NamedTuple):
    """A byte range [start, end) that holds no valid record, found before `spans[before]` of the scan."""

    start: int
    end: int
    before: int


class Tail(enum.Enum):
    """Why a scan stopped where it stopped."""

    END = "end"  # exactly at the end of the buffer
    ZERO = "zero"  # only zeros follow
    INCOMPLETE = "incomplete"  # the buffer ends within what looks like a record
    INVALID = "invalid"  # no valid record follows
    LIMIT = "limit"  # the next valid record is above `until_seq`


@dataclass(frozen=True, slots=True)
class ScanResult:
    """The valid records in order, the damaged ranges between them, where the scan stopped, and why.

    Records come as plain spans: checked, but not copied, which is twice as fast where nobody wants the payload.
    """

    spans: list[Span]
    damaged: list[Damage]
    end: int
    tail: Tail


def encode_header(epoch: uuid.UUID, first_seq: int) -> bytes:
    """Return the 34 bytes that every segment begins with."""
    body = _HEADER.pack(_MAGIC, FORMAT_VERSION, epoch.bytes, first_seq)
    return body + _CRC.pack(zlib.crc32(body))


def decode_header(buffer: bytes) -> SegmentHeader | None:
    """Return the header at the beginning of `buffer`, or None where it is too short, foreign or damaged."""
    if len(buffer) < HEADER_SIZE:
        return None
    magic, version, epoch, first_seq = _HEADER.unpack_from(buffer)
    (crc,) = _CRC.unpack_from(buffer, _HEADER.size)
    if magic != _MAGIC or crc != zlib.crc32(buffer[: _HEADER.size]):
        return None
    return SegmentHeader(version, uuid.UUID(bytes=epoch), first_seq)


def encode(seq: int, kind: int, flags: int, payload: bytes) -> bytes:
    """Return the bytes of a record; its payload is at most MAX_PAYLOAD long (the writer checks)."""
    crc = zlib.crc32(payload, zlib.crc32(_AFTER_CRC.pack(seq, kind, flags)))
    return _RECORD.pack(len(payload), crc, seq, kind, flags) + payload


def encode_record(record: Record) -> bytes:
    """Return the bytes of a record."""
    return encode(*record)


def hole_record(hole: Hole) -> Record:
    """Return the record that stands for a hole."""
    payload = _HOLE.pack(hole.first_seq, hole.rows) + hole.reason.encode()
    return Record(hole.last_seq, HOLE_KIND, 0, payload)


def hole_of(record: Record) -> Hole | None:
    """Return the hole that a record of type 0 stands for, or None where its payload makes no sense."""
    if record.kind != HOLE_KIND or len(record.payload) < _HOLE.size:
        return None
    first_seq, rows = _HOLE.unpack_from(record.payload)
    if not 1 <= first_seq <= record.seq:
        return None
    return Hole(first_seq, record.seq, record.payload[_HOLE.size :].decode(errors="replace"), rows)


def records_of(buffer: bytes, spans: list[Span]) -> list[Record]:
    """Copy the records that a scan of `buffer` found."""
    make = tuple.__new__
    return [make(Record, (seq, kind, flags, buffer[start:end])) for seq, kind, flags, start, end in spans]


def scan(
    buffer: bytes, offset: int = 0, *, after_seq: int | None = None, until_seq: int | None = None, at_end: bool = True
) -> ScanResult:
    """Read the valid records of `buffer` from `offset` (which is behind the header) on; never raises.

    after_seq: the seq before the first record, None where unknown. until_seq: stop before a record above it. at_end: the buffer
    ends where the file ends; if not, an incomplete record at the end is left alone and not searched for a damaged length.
    A damaged range is reported only when a valid record follows it; else `end` is where it begins and `tail` says what it is.
    """
    view = memoryview(buffer)
    spans: list[Span] = []
    damaged: list[Damage] = []
    last_seq = after_seq
    while True:
        offset, limited = _read_run(view, offset, spans, last_seq, until_seq)
        last_seq = spans[-1][0] if spans else after_seq
        tail = Tail.LIMIT if limited else _classify(buffer, offset)
        if tail in {Tail.LIMIT, Tail.END, Tail.ZERO} or (tail is Tail.INCOMPLETE and not at_end):
            return ScanResult(spans, damaged, offset, tail)
        found = _find_record(buffer, offset, last_seq)
        if found is None:
            return ScanResult(spans, damaged, offset, tail)
        if until_seq is not None and _RECORD.unpack_from(buffer, found)[2] > until_seq:
            return ScanResult(spans, damaged, offset, Tail.LIMIT)
        damaged.append(Damage(offset, found, len(spans)))
        offset = found


def _read_run(
    view: memoryview, offset: int, spans: list[Span], last_seq: int | None, until_seq: int | None
) -> tuple[int, bool]:
    """Append valid records to `spans` up to the first that is not; return its offset, and whether `until_seq` stopped it."""
    unpack, crc32, append = (
        _RECORD.unpack_from,
        zlib.crc32,
        spans.append,
    )  # names looked up once: this loop is the recovery time
    longest, until = MAX_PAYLOAD, until_seq if until_seq is not None else 1 << 64
    last, size = last_seq or 0, len(view)
    last_start = size - 18
    while offset <= last_start:
        length, crc, seq, kind, flags = unpack(view, offset)
        end = offset + 18 + length
        if length > longest or end > size or seq <= last or crc32(view[offset + 8 : end]) != crc:
            break
        if seq > until:
            return offset, True
        append((seq, kind, flags, offset + 18, end))
        last, offset = seq, end
    return offset, False


def _classify(buffer: bytes, offset: int) -> Tail:
    """Say what the bytes at `offset`, which are no valid record, look like."""
    if offset >= len(buffer):
        return Tail.END
    if _NOT_ZERO.search(buffer, offset) is None:
        return Tail.ZERO
    if len(buffer) - offset < RECORD_OVERHEAD:
        return Tail.INCOMPLETE
    (length,) = _CRC.unpack_from(buffer, offset)
    beyond = offset + RECORD_OVERHEAD + length > len(buffer)
    return Tail.INCOMPLETE if beyond and length <= MAX_PAYLOAD else Tail.INVALID


def _find_record(buffer: bytes, damaged_at: int, last_seq: int | None) -> int | None:
    """Return the offset of the next valid record behind a damaged one, or None."""
    # Where only crc, seq or payload are hit, the length still leads to the record after; that also steps over a payload which
    # itself contains spool records.
    if last_seq is not None and damaged_at + RECORD_OVERHEAD <= len(buffer):
        follower = damaged_at + RECORD_OVERHEAD + int.from_bytes(buffer[damaged_at : damaged_at + 4], "little")
        if _seq_at(buffer, follower, last_seq) == last_seq + 2:
            return follower
    something = _NOT_ZERO.search(buffer, damaged_at)
    start = damaged_at + 1 if something is None else max(damaged_at + 1, something.start() - RECORD_OVERHEAD + 1)
    candidates = (candidate.start() for candidate in _CANDIDATE.finditer(buffer, start))
    return next((offset for offset in candidates if _seq_at(buffer, offset, last_seq)), None)


def _seq_at(buffer: bytes, offset: int, last_seq: int | None) -> int:
    """Return the seq of the valid record that begins at `offset`, 0 where there is none or its seq is not plausible."""
    if offset + RECORD_OVERHEAD > len(buffer):
        return 0
    length, crc, seq, kind, _ = _RECORD.unpack_from(buffer, offset)
    end = offset + RECORD_OVERHEAD + length
    if length > MAX_PAYLOAD or end > len(buffer) or seq <= (last_seq or 0):
        return 0
    if last_seq is not None and kind != HOLE_KIND and seq > last_seq + _MAX_JUMP:
        return 0
    return seq if zlib.crc32(memoryview(buffer)[offset + 8 : end]) == crc else 0
