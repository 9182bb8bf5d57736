"""The deployment of a frame is read without decoding the rest of it, whoever wrote the frame."""

import pytest

from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.codec import deployment_of

NOTE = pb.Event(name="note", text="x" * 1_000)


@pytest.mark.parametrize("name", ["a", "flights-delay", "x" * 127, "x" * 128])
def test_the_name_is_found_in_what_an_agent_seals(name: str) -> None:
    frame = pb.Frame(deployment=name, version="1", event=NOTE).SerializeToString(deterministic=True)

    assert deployment_of(frame) == name


def test_it_is_found_behind_other_fields_of_a_frame() -> None:
    behind = pb.Frame(version="1", event=NOTE).SerializeToString() + pb.Frame(deployment="shop").SerializeToString()

    assert deployment_of(behind) == "shop"


@pytest.mark.parametrize(
    "payload", [b"", b"\n", b"\n\x05ab", b"\n\x02\xff\xfe", b"\xff" * 40, pb.Frame().SerializeToString()]
)
def test_bytes_that_name_none_have_none(payload: bytes) -> None:
    assert deployment_of(payload) == ""
