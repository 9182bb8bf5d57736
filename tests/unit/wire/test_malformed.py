"""Bytes and messages that make no sense: WireError, never anything else, and never silently wrong."""

import math
from collections.abc import Callable
from pathlib import Path

import golden_examples as golden
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegauge.errors import WireError
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.codec import decode_bins, decode_frame, decode_moments, decode_profile, raw
from tidegauge.wire.rows import decode_actuals, decode_baseline, decode_records

FRAMES = [path.read_bytes() for path in sorted(Path(golden.__file__).parent.glob("frame_*.bin"))]


def decode_everything(payload: bytes) -> None:
    """Decode a frame and whatever it holds."""
    frame = decode_frame(payload)
    match frame.WhichOneof("body"):
        case "profile":
            for column in frame.profile.columns:
                decode_profile(column)
        case "records":
            decode_records(frame.records)
        case "actuals":
            decode_actuals(frame.actuals)
        case "baseline":
            for bins in decode_baseline([frame.baseline]).bins.columns.values():
                assert bins.labels


def decodes_or_is_refused(payload: bytes) -> bool:
    try:
        decode_everything(payload)
    except WireError as error:
        return str(error) != ""
    return True


@given(st.binary(max_size=200))
def test_random_bytes_raise_nothing_but_wire_error(payload: bytes) -> None:
    assert decodes_or_is_refused(payload)


@given(
    st.sampled_from(FRAMES),
    st.lists(st.tuples(st.integers(0, 600), st.integers(0, 255)), max_size=6),
    st.integers(0, 99),
)
def test_damaged_frames_raise_nothing_but_wire_error(payload: bytes, damage: list[tuple[int, int]], cut: int) -> None:
    damaged = bytearray(payload[: len(payload) - cut] if cut < 50 else payload)
    for position, byte in damage:
        if damaged:
            damaged[position % len(damaged)] = byte
    assert decodes_or_is_refused(bytes(damaged))


def test_a_frame_without_a_known_body_says_that_the_sender_may_be_newer() -> None:
    with pytest.raises(WireError, match="may be newer"):
        decode_frame(pb.Frame(deployment="d").SerializeToString())


def profile(**changes: object) -> Callable[[], object]:
    fields: dict[str, object] = {"name": "x", "kind": pb.COLUMN_KIND_NUMERIC, "rows": 1} | changes
    return lambda: decode_profile(pb.ColumnProfile(**fields))  # type: ignore[arg-type]


def bins(**changes: object) -> Callable[[], object]:
    axis = {"has_values": True, "minimum": 0.0, "maximum": 9.0, "edges": raw([1.0, 2.0], "<f8")}
    fields: dict[str, object] = {"name": "x", "kind": pb.COLUMN_KIND_NUMERIC} | axis
    return lambda: decode_bins([pb.ReferenceBins(columns=[pb.ColumnBins(**fields | changes)])])  # type: ignore[arg-type]


def records(**changes: object) -> Callable[[], object]:
    message = pb.Records(
        rows=1,
        prediction_ids=bytes(16),
        event_times_us=bytes(8),
        arrival_times_us=bytes(8),
        label_codes=b"\xff" * 4,
        segment_set_codes=bytes(4),
    )
    message.MergeFrom(pb.Records(**changes))  # type: ignore[arg-type]
    return lambda: decode_records(message)


def outcomes(**changes: object) -> Callable[[], object]:
    part = pb.BaselinePart(parts=1, outcomes=pb.Outcomes(**changes))  # type: ignore[arg-type]
    return lambda: decode_baseline([part])


MALFORMED = {
    "unknown kind": profile(kind=99),
    "rows beyond 2^63": profile(rows=2**63),
    "bin counts cut": profile(bin_counts=bytes(7)),
    "a negative count": profile(bin_counts=b"\xff" * 8),
    "bucket counts of another length": profile(bucket_indexes=bytes(4), bucket_counts=bytes(16)),
    "names without counts": profile(category_names=["a"]),
    "sketch without points": profile(sketch=pb.QuantileSketch(count=1)),
    "sketch with more points than values": profile(sketch=pb.QuantileSketch(count=1, points=bytes(16))),
    "sketch out of order": profile(sketch=pb.QuantileSketch(count=2, points=raw([2.0, 1.0], "<f8"))),
    "sketch of NaN": profile(sketch=pb.QuantileSketch(count=1, points=raw([math.nan], "<f8"))),
    "bins of unknown kind": bins(kind=99),
    "edges cut": bins(edges=bytes(9)),
    "edges out of order": bins(edges=raw([2.0, 1.0], "<f8")),
    "edges repeated": bins(edges=raw([1.0, 1.0], "<f8")),
    "edges outside of minimum and maximum": bins(edges=raw([1.0, 10.0], "<f8")),
    "points of NaN": bins(points=raw([math.nan], "<f8")),
    "infinite maximum": bins(maximum=math.inf),
    "no edge": bins(edges=b""),
    "stated without an edge": bins(stated=True, edges=b""),
    "pivot NaN": bins(pivot=math.nan),
    "ids cut": records(prediction_ids=bytes(15)),
    "times missing": records(rows=2, prediction_ids=bytes(32)),
    "a label beyond the labels": records(label_codes=bytes(4)),
    "a segment set beyond the sets": records(segment_set_codes=b"\1\0\0\0"),
    "output of another length": records(outputs=[pb.Output(values=bytes(16))]),
    "request ids of another number": records(request_ids=["a", "b"]),
    "actuals without values": lambda: decode_actuals(pb.Actuals(rows=1, prediction_ids=bytes(16))),
    "billions of outcomes and no bytes": outcomes(rows=2**32 - 1),
    "outcomes with an unknown label": outcomes(rows=1, actual_values=bytes(8), actual_codes=bytes(4)),
    "second moments without products": lambda: decode_moments(pb.SecondMoments(columns=["x"], rows=1, sums=bytes(8))),
    "second moments of one column twice": lambda: decode_moments(
        pb.SecondMoments(columns=["x", "x"], rows=1, sums=bytes(16), products=bytes(24))
    ),
    "no part of a baseline": lambda: decode_baseline([]),
    "a part missing": lambda: decode_baseline([pb.BaselinePart(part=0, parts=2)]),
    "parts of two baselines": lambda: decode_baseline(
        [pb.BaselinePart(part=0, parts=2, digest=b"a"), pb.BaselinePart(part=1, parts=2, digest=b"b")]
    ),
    "parts with different outputs": lambda: decode_baseline(
        [pb.BaselinePart(part=i, parts=2, outcomes=pb.Outcomes(outputs=[pb.Output(name=str(i))])) for i in range(2)]
    ),
}


@pytest.mark.parametrize("decode", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_message_is_refused(decode: Callable[[], object]) -> None:
    with pytest.raises(WireError):
        decode()


def test_the_well_formed_counterparts_are_accepted() -> None:
    for decode in (profile(), bins(), records(), outcomes(rows=1, actual_values=bytes(8))):
        assert decode() is not None


def test_records_of_a_sender_without_segments_are_in_no_segment() -> None:
    decoded = decode_records(
        pb.Records(
            rows=1,
            prediction_ids=bytes(16),
            event_times_us=bytes(8),
            arrival_times_us=bytes(8),
            segment_set_codes=bytes(4),
        )
    )

    assert decoded.segment_sets[int(decoded.segment_codes[0])] == ()
    assert np.array_equal(decoded.labels.codes, [0xFFFFFFFF])
