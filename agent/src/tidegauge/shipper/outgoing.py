"""Pure: from what a spool reader gives to frames with consecutive numbers; every number that will not come travels as a gap."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tidegauge.errors import WireError
from tidegauge.spool.record import Hole, Record
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.codec import decode_frame
from tidegauge.wire.kinds import FrameKind, rows_of

MAX_FRAMES = 1_000


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A frame to be sent, and the numbers that it takes."""

    first_seq: int
    last_seq: int
    frame: bytes
    is_gap: bool


def outgoing_of(found: Iterable[Record | Hole], expected_seq: int) -> list[Outgoing]:
    """The frames of what was read, beginning at `expected_seq`, without holes; what lies below it is left out."""
    made: list[Outgoing] = []
    for item in found:
        first, last = (item.first_seq, item.last_seq) if isinstance(item, Hole) else (item.seq, item.seq)
        if last < expected_seq:
            continue
        if first > expected_seq:
            made.append(gap(expected_seq, first - 1, "missing"))
        made.append(
            gap(max(first, expected_seq), last, item.reason, item.rows) if isinstance(item, Hole) else _frame(item)
        )
        expected_seq = last + 1
    return made


def gap(first_seq: int, last_seq: int, reason: str, rows: int = 0) -> Outgoing:
    """The frame that stands for numbers that will never come."""
    body = pb.Gap(first_seq=first_seq, last_seq=last_seq, reason=reason, rows=rows)
    return Outgoing(first_seq, last_seq, pb.Frame(gap=body).SerializeToString(deterministic=True), is_gap=True)


def gap_in_place_of(refused: Outgoing) -> Outgoing:
    """The gap that tells of a frame that the collector never takes."""
    return gap(refused.first_seq, refused.last_seq, "refused", rows_of(0, refused.frame))


def _frame(record: Record) -> Outgoing:
    """A record as it is; a gap that the agent reported takes its own number, whatever it says."""
    if record.kind == FrameKind.GAP:
        try:
            frame = decode_frame(record.payload)
        except WireError:
            return Outgoing(record.seq, record.seq, record.payload, is_gap=False)  # the collector quarantines it
        frame.gap.first_seq = frame.gap.last_seq = record.seq
        return Outgoing(record.seq, record.seq, frame.SerializeToString(deterministic=True), is_gap=True)
    return Outgoing(record.seq, record.seq, record.payload, is_gap=False)


def take_batch(waiting: Sequence[Outgoing], max_bytes: int, max_frames: int = MAX_FRAMES) -> list[Outgoing]:
    """The first frames that go into one batch: at least one, at most `max_frames` and `max_bytes`."""
    size, batch = 0, list[Outgoing]()
    for item in waiting:
        size += len(item.frame) + 4  # the message's own bytes around a frame
        if batch and (size > max_bytes or len(batch) >= max_frames):
            break
        batch.append(item)
    return batch
