"""The contract in bytes: what was written once is read the same, and written the same, ever after."""

import json
from pathlib import Path

import golden_examples as golden
import numpy as np
import pytest
from golden_describe import describe
from google.protobuf.message import Message

from tidegauge.core.bins import ReferenceBins
from tidegauge.core.outcomes import NO_LABEL
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.codec import decode_bins, decode_frame, decode_profile
from tidegauge.wire.kinds import FrameKind, frame_rows, kind_of
from tidegauge.wire.rows import decode_actuals, decode_baseline, decode_records

GOLDEN = Path(golden.__file__).parent
EXAMPLES = golden.examples()


def golden_frame(name: str) -> pb.Frame:
    return decode_frame((GOLDEN / f"frame_{name}.bin").read_bytes())


def test_every_golden_file_belongs_to_an_example() -> None:
    assert {path.stem for path in GOLDEN.glob("*.bin")} == set(EXAMPLES)
    assert {f"frame_{kind.name.lower()}" for kind in FrameKind} <= set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_encodes_to_the_golden_bytes(name: str) -> None:
    assert EXAMPLES[name].SerializeToString(deterministic=True) == (GOLDEN / f"{name}.bin").read_bytes()


@pytest.mark.parametrize("name", EXAMPLES)
def test_golden_bytes_decode_to_the_readable_golden_values(name: str) -> None:
    message: Message = type(EXAMPLES[name])()
    message.ParseFromString((GOLDEN / f"{name}.bin").read_bytes())

    assert describe(message) == json.loads((GOLDEN / f"{name}.json").read_text())
    assert message.SerializeToString(deterministic=True) == (GOLDEN / f"{name}.bin").read_bytes()


@pytest.mark.parametrize(
    ("kind", "rows"), [("profile", 0), ("records", 3), ("actuals", 2), ("baseline", 4), ("event", 0), ("gap", 120)]
)
def test_a_golden_frame_is_of_its_kind_and_speaks_of_its_rows(kind: str, rows: int) -> None:
    frame = golden_frame(kind)

    assert kind_of(frame) is FrameKind[kind.upper()]
    assert frame_rows(frame) == rows  # a segment's copy of a profile counts no row a second time


def test_golden_profiles_are_those_of_the_core() -> None:
    decoded = [decode_profile(column) for column in golden_frame("profile").profile.columns]

    for found, expected in zip(decoded, golden.PROFILES, strict=True):
        np.testing.assert_equal(
            (found.bin_counts, found.sketch.points), (expected.bin_counts, expected.sketch.points), strict=True
        )
        assert (found.name, found.kind, found.rows, found.missing, found.non_finite, found.invalid) == (
            *(expected.name, expected.kind, expected.rows, expected.missing, expected.non_finite, expected.invalid),
        )
        assert (found.names, found.buckets, found.sum, found.pivot) == (
            *(expected.names, expected.buckets, expected.sum, expected.pivot),
        )


def test_golden_records_are_those_of_the_core() -> None:
    decoded = decode_records(golden_frame("records").records)

    assert (decoded.ids, decoded.segment_sets, decoded.batch) == (
        *(golden.RECORDS.ids, golden.RECORDS.segment_sets, golden.RECORDS.batch),
    )
    assert decoded.labels.names == ("late", "on time")
    assert decoded.labels.codes.tolist() == [1, 0, NO_LABEL]
    np.testing.assert_equal(decoded.outputs[""], [0.25, np.nan, 1.0])
    assert decoded.event_times_us.tolist() == golden.RECORDS.event_times_us.tolist()


def test_golden_actuals_are_those_of_the_core() -> None:
    decoded = decode_actuals(golden_frame("actuals").actuals)

    assert decoded.ids == golden.ACTUALS.ids
    np.testing.assert_equal(decoded.truth.values, [1.0, np.nan])
    assert decoded.truth.labels.codes.tolist() == [NO_LABEL, 0]


def test_the_golden_baseline_has_the_digest_and_bins_of_the_core() -> None:
    decoded = decode_baseline([golden_frame("baseline").baseline, golden_frame("baseline_outcomes").baseline])

    assert decoded.digest == golden.BASELINE.digest == golden_frame("baseline").baseline.digest
    assert decoded.bins.bins_id == golden.BASELINE.bins.bins_id
    assert decoded.importance == {"distance": 0.75, "carrier": 0.25}


def test_bins_handed_out_in_a_golden_reply_are_those_of_the_core() -> None:
    reply = pb.HelloReply()
    reply.ParseFromString((GOLDEN / "hello_reply.bin").read_bytes())

    bins = decode_bins([reply.configurations[0].bins])

    assert bins == ReferenceBins({"distance": golden.BASELINE.bins.columns["distance"]})
