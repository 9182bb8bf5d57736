"""Every number of an epoch leaves exactly once and in order, as a frame or within a gap."""

from hypothesis import given
from hypothesis import strategies as st

from tidegauge.shipper.outgoing import Outgoing, gap_in_place_of, outgoing_of, take_batch
from tidegauge.spool.record import Hole, Record
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.codec import decode_frame
from tidegauge.wire.kinds import FrameKind


def event(text: str = "hello") -> bytes:
    return pb.Frame(deployment="shop", event=pb.Event(name="note", text=text)).SerializeToString()


def test_records_keep_their_numbers_and_bytes() -> None:
    found = [Record(4, FrameKind.EVENT, 0, event("a")), Record(5, FrameKind.EVENT, 0, event("b"))]

    made = outgoing_of(found, 4)

    assert [(item.first_seq, item.last_seq, item.frame) for item in made] == [(4, 4, event("a")), (5, 5, event("b"))]


def test_hole_becomes_a_gap_with_its_reason_and_rows() -> None:
    (made,) = outgoing_of([Hole(3, 7, "quota", 120)], 3)

    gap = decode_frame(made.frame).gap
    assert (made.first_seq, made.last_seq) == (gap.first_seq, gap.last_seq) == (3, 7)
    assert (gap.reason, gap.rows) == ("quota", 120)


def test_numbers_that_nobody_accounts_for_become_a_gap() -> None:
    made = outgoing_of([Record(9, FrameKind.EVENT, 0, event())], 5)

    assert [(item.first_seq, item.last_seq, item.is_gap) for item in made] == [(5, 8, True), (9, 9, False)]
    assert decode_frame(made[0].frame).gap.reason == "missing"


def test_gap_reported_by_the_agent_takes_its_own_number() -> None:
    reported = pb.Frame(deployment="shop", gap=pb.Gap(first_seq=1, last_seq=90, reason="memory", rows=7))

    (made,) = outgoing_of([Record(6, FrameKind.GAP, 0, reported.SerializeToString())], 6)

    sent = decode_frame(made.frame)
    assert (made.first_seq, made.last_seq, sent.gap.first_seq, sent.gap.last_seq) == (6, 6, 6, 6)
    assert (sent.deployment, sent.gap.reason, sent.gap.rows) == ("shop", "memory", 7)


def test_refused_frame_is_replaced_by_a_gap_that_tells_its_rows() -> None:
    frame = pb.Frame(deployment="shop", records=pb.Records(rows=12)).SerializeToString()

    replaced = gap_in_place_of(Outgoing(8, 8, frame, is_gap=False))

    gap = decode_frame(replaced.frame).gap
    assert (gap.first_seq, gap.last_seq, gap.reason, gap.rows) == (8, 8, "refused", 12)


def test_batch_stops_before_its_limit_and_holds_at_least_one_frame() -> None:
    items = [Outgoing(seq, seq, b"x" * 100, is_gap=False) for seq in range(1, 6)]

    assert len(take_batch(items, max_bytes=250)) == 2
    assert len(take_batch(items, max_bytes=10)) == 1
    assert len(take_batch(items, max_bytes=10_000, max_frames=3)) == 3
    assert take_batch([], max_bytes=10) == []


@st.composite
def readings(draw: st.DrawFn) -> list[Record | Hole]:
    """What a reader may give: increasing numbers, records and holes, now and then a jump."""
    found: list[Record | Hole] = []
    seq = 1
    for length, jump, is_hole in draw(
        st.lists(st.tuples(st.integers(1, 4), st.integers(0, 2), st.booleans()), max_size=12)
    ):
        seq += jump
        found.append(Hole(seq, seq + length - 1, "corrupt") if is_hole else Record(seq, FrameKind.EVENT, 0, event()))
        seq += length if is_hole else 1
    return found


@given(found=readings(), expected=st.integers(1, 8))
def test_numbers_leave_without_holes_and_without_repetition(found: list[Record | Hole], expected: int) -> None:
    made = outgoing_of(found, expected)

    numbers = [seq for item in made for seq in range(item.first_seq, item.last_seq + 1)]
    end = max((item.last_seq if isinstance(item, Hole) else item.seq for item in found), default=0)
    assert numbers == list(range(expected, end + 1))
