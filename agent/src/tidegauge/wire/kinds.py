"""Frame kinds as one byte, so that a spool or a frame log can be sorted and counted without decoding its frames."""

from enum import IntEnum

from tidegauge.core.columns import METRIC_PREFIX
from tidegauge.errors import WireError
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.codec import decode_frame


class FrameKind(IntEnum):
    """The kind byte of a frame's record; the numbers are stored on disk and are never used again for something else."""

    PROFILE = 1
    RECORDS = 2
    ACTUALS = 3
    BASELINE = 4
    EVENT = 5
    GAP = 6


_KINDS = {
    "profile": FrameKind.PROFILE,
    "records": FrameKind.RECORDS,
    "actuals": FrameKind.ACTUALS,
    "baseline": FrameKind.BASELINE,
    "event": FrameKind.EVENT,
    "gap": FrameKind.GAP,
}


def kind_of(frame: pb.Frame) -> FrameKind:
    """The kind of a frame; WireError where it has no body known here."""
    body = frame.WhichOneof("body")
    if body is None:
        raise WireError("frame without a body that this version knows: the sender may be newer")
    return _KINDS[body]


def rows_of(kind: int, payload: bytes) -> int:
    """Rows that are lost with a frame, as far as it tells; 0 for events and for bytes that are not a frame.

    A profile counts the rows of its longest column, and only for all traffic, so that segments do not count a row twice;
    service columns speak of rows that are counted with their features, and custom metrics are no rows.
    """
    if kind == FrameKind.EVENT:
        return 0
    try:
        return frame_rows(decode_frame(payload))
    except WireError:
        return 0  # how many rows damaged bytes stood for is not known; the loss itself is counted by the caller


def frame_rows(frame: pb.Frame) -> int:
    """Rows that a decoded frame speaks of; see `rows_of`."""
    match kind_of(frame):
        case FrameKind.PROFILE:
            body = frame.profile
            is_copy = bool(body.segment) or body.time_basis == pb.TIME_BASIS_ARRIVAL
            rows = [column.rows for column in body.columns if not column.name.startswith(METRIC_PREFIX)]
            return 0 if is_copy else max(rows, default=0)
        case FrameKind.RECORDS:
            return frame.records.rows
        case FrameKind.ACTUALS:
            return frame.actuals.rows
        case FrameKind.BASELINE:
            return frame.baseline.rows
        case FrameKind.GAP:
            return frame.gap.rows
        case FrameKind.EVENT:
            return 0
