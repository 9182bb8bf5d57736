"""Pure: from the frames of one Ship to log entries, each with the numbers it takes; what is no frame becomes a gap and is set aside."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from google.protobuf.message import DecodeError

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


class Flaw(StrEnum):
    """What is wrong with a frame that is set aside, sorted by what may help."""

    UNKNOWN_KIND = "unknown_kind"  # it is of a newer sender: upgrade, then retry
    UNDECODABLE = "undecodable"  # damaged, or not ours
    MISNAMED = "misnamed"  # its deployment or version is no name
    MISPLACED = "misplaced"  # a gap that does not fit its number
    UNFOLDABLE = "unfoldable"  # it decodes, and the fold cannot count it: perhaps a later version can


@dataclass(frozen=True, slots=True)
class Poison:
    """A frame that cannot be used, with the number it took and why. `deployment` may be empty: not known."""

    epoch: bytes
    seq: int
    frame: bytes
    reason: str
    flaw: Flaw = Flaw.UNDECODABLE
    received_us: int = 0
    deployment: str = ""
    host: str = ""


@dataclass(slots=True)
class Batch:
    """The frames of one Ship. `deployments` goes with `entries`, "" for gaps; `sealed_at_us`: the newest frame's, 0 if none says."""

    entries: list[LogEntry] = field(default_factory=list)
    poisons: list[Poison] = field(default_factory=list)
    deployments: list[str] = field(default_factory=list)
    sealed_at_us: int = 0

    def sizes_bytes(self, fresh: Sequence[LogEntry]) -> dict[str, int]:
        """Bytes by deployment of the last entries of the batch."""
        sizes: Counter[str] = Counter()
        for name, entry in zip(self.deployments[len(self.deployments) - len(fresh) :], fresh, strict=True):
            if name:
                sizes[name] += len(entry.frame)
        return dict(sizes)


class _Unusable(WireError):  # noqa: N818 - says what is the case
    def __init__(self, flaw: Flaw, message: str, deployment: str = "") -> None:
        super().__init__(message)
        self.flaw = flaw
        self.deployment = deployment


def read_batch(request: pb.ShipRequest, received_us: int) -> Batch:
    """The entries of a batch, and the frames that are set aside (a gap `quarantined` stands for each in the entries).

    Raises Invalid where the request itself breaks the contract; nothing of it is accepted then.
    """
    if len(request.frames) > MAX_FRAMES:
        raise Invalid(f"{len(request.frames)} frames in one batch, at most {MAX_FRAMES}: split it")
    batch = Batch()
    seq = request.first_seq
    for payload in request.frames:
        if len(payload) > MAX_FRAME_BYTES + FRAME_HEADROOM:
            raise Invalid(
                f"frame {seq} has {len(payload)} bytes, at most {MAX_FRAME_BYTES}: split it or send a gap instead"
            )
        entry = _read(request, payload, seq, received_us=received_us, batch=batch)
        batch.entries.append(entry)
        seq = entry.last_seq + 1
    if batch.entries and request.closed:
        batch.entries[-1] = replace(batch.entries[-1], closed=True)
    return batch


def _read(request: pb.ShipRequest, payload: bytes, seq: int, *, received_us: int, batch: Batch) -> LogEntry:
    """The entry of one frame; what is said of it beside goes into the batch."""
    try:
        frame, kind, last_seq = judge(payload, seq)
    except _Unusable as error:
        host = request.agent.host
        poison = Poison(request.epoch, seq, payload, str(error), error.flaw, received_us, error.deployment, host)
        batch.poisons.append(poison)
        batch.deployments.append("")
        return LogEntry(request.epoch, seq, seq, received_us, False, FrameKind.GAP, gap_frame(seq, seq, "quarantined"))
    batch.deployments.append("" if kind is FrameKind.GAP else frame.deployment)
    batch.sealed_at_us = max(batch.sealed_at_us, frame.sealed_at_us)
    return LogEntry(request.epoch, seq, last_seq, received_us, False, kind, payload)


def judge(payload: bytes, seq: int) -> tuple[pb.Frame, FrameKind, int]:
    """A frame, its kind and the last number that it takes; WireError where it cannot be used."""
    try:
        frame = decode_frame(payload)
    except WireError as error:
        flaw, deployment = _flaw_of(payload)
        raise _Unusable(flaw, str(error), deployment) from error
    kind = kind_of(frame)
    if kind is FrameKind.GAP:
        if frame.gap.first_seq != seq or not seq <= frame.gap.last_seq <= _MAX_SEQ:
            message = f"gap {frame.gap.first_seq}..{frame.gap.last_seq} in the place of {seq}"
            raise _Unusable(Flaw.MISPLACED, message)
        return frame, kind, frame.gap.last_seq
    if not is_deployment_name(frame.deployment):
        raise _Unusable(Flaw.MISNAMED, f"deployment {frame.deployment[:140]!r} is not a slug")
    if len(frame.version) > MAX_VERSION_CHARACTERS or _CONTROL.search(frame.version):
        message = f"version {frame.version[:140]!r} is longer than {MAX_VERSION_CHARACTERS} characters or has control characters"
        raise _Unusable(Flaw.MISNAMED, message, frame.deployment)
    return frame, kind, seq


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
    return gap_frame(first_seq, entry.last_seq, gap.reason)


def _flaw_of(payload: bytes) -> tuple[Flaw, str]:
    """What is wrong with bytes that do not decode, and the deployment that they name all the same."""
    frame = pb.Frame()
    try:
        frame.ParseFromString(payload)
    except DecodeError:
        return Flaw.UNDECODABLE, ""
    return Flaw.UNKNOWN_KIND, frame.deployment if is_deployment_name(frame.deployment) else ""


def gap_frame(first_seq: int, last_seq: int, reason: str) -> bytes:
    """The frame that stands for numbers that hold nothing."""
    return pb.Frame(gap=pb.Gap(first_seq=first_seq, last_seq=last_seq, reason=reason)).SerializeToString()
