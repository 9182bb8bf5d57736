"""From the frames of one Ship to log entries."""

import pytest

from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.codec import MAX_FRAME_BYTES, decode_frame
from tidegauge.wire.kinds import FrameKind
from tidegauge_collector.ingest.batch import MAX_FRAMES, beyond, read_batch
from tidegauge_collector.ingest.framelog import LogEntry
from tidegauge_collector.ingest.refusals import Invalid

EPOCH = bytes.fromhex("0190a1b2c3d47e5f8a1b2c3d4e5f6071")


def event(text: str = "x", deployment: str = "shop", version: str = "v1") -> bytes:
    return pb.Frame(deployment=deployment, version=version, event=pb.Event(text=text)).SerializeToString()


def gap(first_seq: int, last_seq: int, rows: int = 0) -> bytes:
    body = pb.Gap(first_seq=first_seq, last_seq=last_seq, reason="quota", rows=rows)
    return pb.Frame(gap=body).SerializeToString()


def ship(first_seq: int, *frames: bytes, closed: bool = False) -> pb.ShipRequest:
    return pb.ShipRequest(epoch=EPOCH, first_seq=first_seq, frames=frames, closed=closed)


def numbers(entries: list[LogEntry]) -> list[tuple[int, int]]:
    return [(entry.first_seq, entry.last_seq) for entry in entries]


def test_frames_take_consecutive_numbers_and_a_gap_all_of_its_own() -> None:
    batch = read_batch(ship(5, event(), gap(6, 9), event()), 42)
    entries, poisons = batch.entries, batch.poisons

    assert numbers(entries) == [(5, 5), (6, 9), (10, 10)]
    assert [entry.kind for entry in entries] == [FrameKind.EVENT, FrameKind.GAP, FrameKind.EVENT]
    assert {entry.received_us for entry in entries} == {42}
    assert poisons == []


def test_end_of_the_epoch_stands_in_the_last_entry_only() -> None:
    entries = read_batch(ship(1, event(), event(), closed=True), 0).entries

    assert [entry.closed for entry in entries] == [False, True]


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (b"\xff\xff\xff\xff", "not a frame"),
        (b"", "without a body"),
        (pb.Frame(deployment="shop").SerializeToString() + b"\x9a\x06\x00", "without a body"),  # body number 99
        (event(deployment="../etc"), "not a slug"),
        (event(deployment=""), "not a slug"),
        (event(version="v" * 129), "longer than 128"),
        (event(version="v\n1"), "control characters"),
        (gap(1, 3), "in the place of 7"),
        (gap(7, 6), "in the place of 7"),
        (gap(7, 2**64 - 1), "in the place of 7"),
    ],
)
def test_frame_that_cannot_be_used_is_set_aside_and_its_number_becomes_a_gap(frame: bytes, reason: str) -> None:
    batch = read_batch(ship(6, event(), frame, event()), 0)
    entries, poisons = batch.entries, batch.poisons

    assert numbers(entries) == [(6, 6), (7, 7), (8, 8)]
    stands_in = decode_frame(entries[1].frame).gap
    assert (stands_in.first_seq, stands_in.last_seq, stands_in.reason) == (7, 7, "quarantined")
    assert [(poison.seq, poison.frame) for poison in poisons] == [(7, frame)]
    assert reason in poisons[0].reason


def test_frame_over_the_limit_refuses_the_batch() -> None:
    with pytest.raises(Invalid, match="frame 2 has 300000 bytes, at most 262144"):
        read_batch(ship(1, event(), b"x" * 300_000), 0)


def test_frame_at_the_limit_is_taken() -> None:
    frame = event("x" * (MAX_FRAME_BYTES - 40))

    entries = read_batch(ship(1, frame), 0).entries

    assert entries[0].frame == frame


def test_too_many_frames_refuse_the_batch() -> None:
    with pytest.raises(Invalid, match="split it"):
        read_batch(ship(1, *[event()] * (MAX_FRAMES + 1)), 0)


def test_what_is_at_or_below_the_mark_is_left_out() -> None:
    entries = read_batch(ship(1, event(), event(), event()), 0).entries

    assert numbers(beyond(entries, 2)) == [(3, 3)]
    assert beyond(entries, 3) == []


def test_gap_across_the_mark_is_cut_to_the_rest_and_counts_no_row_twice() -> None:
    entries = read_batch(ship(1, event(), gap(2, 9, rows=50)), 0).entries

    (rest,) = beyond(entries, 4)

    body = decode_frame(rest.frame).gap
    assert (rest.first_seq, rest.last_seq, body.first_seq, body.last_seq) == (5, 9, 5, 9)
    assert (body.reason, body.rows) == ("quota", 0)
