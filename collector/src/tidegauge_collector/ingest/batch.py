"""Pure: from the frames of one Ship to log entries, each with the numbers it takes; what is no frame becomes a gap and is set aside."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from tidegauge.errors import WireError
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.binsfile import is_deployment_name
from tidegauge.wire.codec import MAX_FRAME_BYTES, decode_frame
from tidegauge.wire.kinds import FrameKind, kind_of
from tidegauge_collector.ingest.framelog import LogEntry
from tidegauge_collector.ingest.refusals import Invalid

FRAME_HEADROOM = 2 * 1024
MAX_FRAMES = 4096
MAX_VERSION_CHARACTERS = 128
_MAX_SEQ = (1 << 63) - 1
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Poison:
    """A frame that cannot be used, with the number it took and why."""

    epoch: bytes
    seq: int
    frame: bytes
    reason: str


def read_batch(request: pb.ShipRequest, received_us: int) -> tuple[list[LogEntry], list[Poison]]:
    """The entries of a batch, and the frames that are set aside (a gap `quarantined` stands for each in the entries).

    Raises Invalid where the request itself breaks the contract; nothing of it is accepted then.
    """
    if len(request.frames) > MAX_FRAMES:
        raise Invalid(f"{len(request.frames)} frames in one batch, at most {MAX_FRAMES}: split it")
    entries: list[LogEntry] = []
    poisons: list[Poison] = []
    seq = request.first_seq
    for payload in request.frames:
        if len(payload) > MAX_FRAME_BYTES + FRAME_HEADROOM:
            raise Invalid(
                f"frame {seq} has {len(payload)} bytes, at most {MAX_FRAME_BYTES}: split it or send a gap instead"
            )
        try:
            kind, last_seq = _judge(payload, seq)
        except WireError as error:
            poisons.append(Poison(request.epoch, seq, payload, str(error)))
            kind, last_seq, payload = FrameKind.GAP, seq, _gap_frame(seq, seq, "quarantined")  # noqa: PLW2901
        entries.append(LogEntry(request.epoch, seq, last_seq, received_us, False, kind, payload))
        seq = last_seq + 1
    if entries and request.closed:
        entries[-1] = replace(entries[-1], closed=True)
    return entries, poisons


def _judge(payload: bytes, seq: int) -> tuple[FrameKind, int]:
    """The kind of a frame and the last number that it takes; WireError where it cannot be used."""
    frame = decode_frame(payload)
    kind = kind_of(frame)
    if kind is FrameKind.GAP:
        if frame.gap.first_seq != seq or not seq <= frame.gap.last_seq <= _MAX_SEQ:
            raise WireError(f"gap {frame.gap.first_seq}..{frame.gap.last_seq} in the place of {seq}")
        return kind, frame.gap.last_seq
    if not is_deployment_name(frame.deployment):
        raise WireError(f"deployment {frame.deployment[:140]!r} is not a slug")
    if len(frame.version) > MAX_VERSION_CHARACTERS or _CONTROL.search(frame.version):
        raise WireError(
            f"version {frame.version[:140]!r} is longer than {MAX_VERSION_CHARACTERS} characters or has control characters"
        )
    return kind, seq


def beyond(entries: Iterable[LogEntry], mark: int) -> list[LogEntry]:
    """The entries above a mark; a gap that begins below it is cut to the rest."""
    kept = []
    for entry in entries:
        if entry.first_seq > mark:
            kept.append(entry)
        elif entry.last_seq > mark:
            kept.append(replace(entry, first_seq=mark + 1, frame=_shortened_gap(entry, mark + 1)))
    return kept


def _shortened_gap(entry: LogEntry, first_seq: int) -> bytes:
    """A gap that begins later; its rows stay with the part that was received first, so that they are not counted twice."""
    gap = decode_frame(entry.frame).gap
    return _gap_frame(first_seq, entry.last_seq, gap.reason)


def _gap_frame(first_seq: int, last_seq: int, reason: str) -> bytes:
    return pb.Frame(gap=pb.Gap(first_seq=first_seq, last_seq=last_seq, reason=reason)).SerializeToString()
