"""Whatever bytes a client calls frames: every one takes its number, what cannot be used is set aside, nothing else is raised."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tidegauge.spool.epoch import new_epoch
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.codec import decode_frame
from tidegauge_collector.ingest.batch import read_batch

EPOCH = new_epoch().bytes
GOOD = pb.Frame(deployment="shop", version="v1", event=pb.Event(name="note", text="x" * 40)).SerializeToString()


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A good frame with some bytes changed, cut off or put in."""
    content = bytearray(GOOD)
    for place, byte in draw(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), max_size=4)):
        content[place] = byte
    return bytes(content[: draw(st.integers(0, len(content)))]) + draw(st.binary(max_size=8))


@settings(max_examples=400, deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=300), damaged(), st.just(GOOD)), max_size=8), st.integers(1, 1 << 40))
def test_every_frame_takes_its_number_or_is_set_aside_with_a_reason(frames: list[bytes], first_seq: int) -> None:
    batch = read_batch(pb.ShipRequest(epoch=EPOCH, first_seq=first_seq, frames=frames), 5)

    expected = first_seq
    for entry in batch.entries:
        assert entry.first_seq == expected
        decode_frame(entry.frame)
        expected = entry.last_seq + 1
    assert len(batch.entries) == len(batch.deployments) == len(frames)
    assert all(poison.reason and poison.frame in frames for poison in batch.poisons)
    assert sum(entry.frame in frames for entry in batch.entries) + len(batch.poisons) >= len(frames)
