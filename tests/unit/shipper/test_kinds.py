"""Frame kinds and the rows that a frame speaks of."""

import pytest

from tidegauge.errors import WireError
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.kinds import FrameKind, kind_of, rows_of

_COLUMNS = [pb.ColumnProfile(name="a", rows=7), pb.ColumnProfile(name="b", rows=9)]
FRAMES = {
    FrameKind.PROFILE: (pb.Frame(profile=pb.Profile(columns=_COLUMNS)), 9),
    FrameKind.RECORDS: (pb.Frame(records=pb.Records(rows=5)), 5),
    FrameKind.ACTUALS: (pb.Frame(actuals=pb.Actuals(rows=6)), 6),
    FrameKind.BASELINE: (pb.Frame(baseline=pb.BaselinePart(rows=1_000)), 1_000),
    FrameKind.EVENT: (pb.Frame(event=pb.Event(name="x")), 0),
    FrameKind.GAP: (pb.Frame(gap=pb.Gap(rows=3)), 3),
}


@pytest.mark.parametrize("kind", FrameKind)
def test_every_kind_is_recognised_and_counted(kind: FrameKind) -> None:
    frame, rows = FRAMES[kind]

    assert kind_of(frame) is kind
    assert rows_of(kind, frame.SerializeToString()) == rows


def test_every_body_of_the_contract_has_a_kind() -> None:
    bodies = {field.name for field in pb.Frame.DESCRIPTOR.oneofs_by_name["body"].fields}

    assert bodies == {kind.name.lower() for kind in FrameKind}


def test_segments_do_not_count_a_row_twice() -> None:
    frame = pb.Frame(profile=pb.Profile(segment="carrier=UA", columns=_COLUMNS))

    assert rows_of(FrameKind.PROFILE, frame.SerializeToString()) == 0


def test_service_columns_do_not_count_a_row_twice() -> None:
    frame = pb.Frame(profile=pb.Profile(time_basis=pb.TIME_BASIS_ARRIVAL, columns=_COLUMNS))

    assert rows_of(FrameKind.PROFILE, frame.SerializeToString()) == 0


def test_bytes_that_are_no_frame_have_no_rows() -> None:
    assert rows_of(FrameKind.RECORDS, b"\xff\xff\xff") == 0


def test_frame_without_a_known_body_has_no_kind() -> None:
    with pytest.raises(WireError, match="newer"):
        kind_of(pb.Frame(deployment="shop"))
