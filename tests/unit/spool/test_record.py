"""The bytes of segments: golden layout, scanning, resynchronising."""

import struct
import uuid
import zlib

import pytest

from tidegauge.spool.record import (
    FORMAT_VERSION,
    HEADER_SIZE,
    MAX_PAYLOAD,
    Hole,
    Record,
    SegmentHeader,
    Tail,
    decode_header,
    encode_header,
    encode_record,
    hole_of,
    hole_record,
    records_of,
    scan,
)

EPOCH = uuid.UUID("0198c0de-0000-7000-8000-000000000001")


def a_record(seq: int, payload: bytes = b"tide") -> Record:
    return Record(seq, 3, 1, payload)


def encoded(*records: Record) -> bytes:
    return b"".join(map(encode_record, records))


def test_a_record_is_laid_out_as_documented() -> None:
    rest = struct.pack("<QBB", 7, 3, 1) + b"tide"

    assert encode_record(a_record(7)) == struct.pack("<II", 4, zlib.crc32(rest)) + rest


def test_a_header_is_laid_out_as_documented() -> None:
    body = b"TGSP" + struct.pack("<H", 1) + EPOCH.bytes + struct.pack("<Q", 42)

    assert encode_header(EPOCH, 42) == body + struct.pack("<I", zlib.crc32(body))
    assert decode_header(encode_header(EPOCH, 42)) == SegmentHeader(FORMAT_VERSION, EPOCH, 42)


@pytest.mark.parametrize("at", range(HEADER_SIZE))
def test_a_header_with_any_byte_changed_is_none(at: int) -> None:
    damaged = bytearray(encode_header(EPOCH, 42))
    damaged[at] ^= 0x10

    assert decode_header(bytes(damaged)) is None


def test_a_scan_returns_what_was_encoded() -> None:
    records = [a_record(1, b""), a_record(2, bytes(1000)), a_record(3, b"x" * MAX_PAYLOAD)]
    buffer = encoded(*records)

    result = scan(buffer, after_seq=0)

    assert records_of(buffer, result.spans) == records
    assert (result.damaged, result.end, result.tail) == ([], len(buffer), Tail.END)


def test_a_tail_of_zeros_is_a_clean_end() -> None:
    buffer = encoded(a_record(1))

    result = scan(buffer + bytes(4096), after_seq=0)

    assert (result.end, result.tail) == (len(buffer), Tail.ZERO)


@pytest.mark.parametrize("kept", [1, 7, 8, 17, 18, 21])
def test_an_incomplete_record_at_the_end_is_left_alone(kept: int) -> None:
    whole, torn = encoded(a_record(1)), encoded(a_record(2))

    result = scan(whole + torn[:kept], after_seq=0)

    assert (len(result.spans), result.end, result.tail) == (1, len(whole), Tail.INCOMPLETE)


def test_garbage_at_the_end_is_invalid_and_not_reported_as_damage() -> None:
    whole = encoded(a_record(1))

    result = scan(whole + b"\xff" * 100, after_seq=0)

    assert (result.end, result.tail, result.damaged) == (len(whole), Tail.INVALID, [])


@pytest.mark.parametrize("at", range(22))
def test_a_changed_byte_costs_exactly_the_record_it_is_in(at: int) -> None:
    parts = [encoded(a_record(seq)) for seq in (1, 2, 3, 4)]
    parts[1] = parts[1][:at] + bytes([parts[1][at] ^ 0xA5]) + parts[1][at + 1 :]
    buffer = b"".join(parts)

    result = scan(buffer, after_seq=0)

    assert [span[0] for span in result.spans] == [1, 3, 4]
    assert [(damage.start, damage.end, damage.before) for damage in result.damaged] == [(22, 44, 1)]


def test_records_within_the_payload_of_a_damaged_record_are_not_taken_for_real() -> None:
    smuggled = encoded(*(a_record(seq) for seq in range(3, 9)))
    outer = bytearray(encoded(a_record(2, smuggled)))
    outer[4] ^= 1
    buffer = encoded(a_record(1)) + bytes(outer) + encoded(a_record(3, b"real"))

    result = scan(buffer, after_seq=0)

    assert records_of(buffer, result.spans) == [a_record(1), a_record(3, b"real")]


def test_a_length_that_leads_beyond_the_buffer_does_not_hide_what_follows() -> None:
    damaged = bytearray(encoded(a_record(2)))
    damaged[2] = 0x03
    buffer = encoded(a_record(1)) + bytes(damaged) + encoded(a_record(3))

    assert [span[0] for span in scan(buffer, after_seq=0).spans] == [1, 3]
    assert [span[0] for span in scan(buffer, after_seq=0, at_end=False).spans] == [1]


def test_a_repeated_record_is_damage_because_seq_must_increase() -> None:
    buffer = encoded(a_record(1), a_record(2), a_record(1), a_record(3))

    result = scan(buffer, after_seq=0)

    assert [span[0] for span in result.spans] == [1, 2, 3]
    assert len(result.damaged) == 1


def test_a_scan_stops_before_a_record_above_the_limit() -> None:
    buffer = encoded(a_record(1), a_record(2), a_record(3))

    result = scan(buffer, after_seq=0, until_seq=2)

    assert ([span[0] for span in result.spans], result.end, result.tail) == ([1, 2], 44, Tail.LIMIT)


def test_a_hole_survives_its_record() -> None:
    hole = Hole(5, 9, "quota", 1234)

    assert hole_of(hole_record(hole)) == hole


@pytest.mark.parametrize("payload", [b"", b"short", struct.pack("<QQ", 0, 1), struct.pack("<QQ", 99, 1)])
def test_a_hole_record_that_makes_no_sense_is_none(payload: bytes) -> None:
    assert hole_of(Record(9, 0, 0, payload)) is None
