"""Equal profile frames of one hour add up without losing a row; nothing else is touched."""

from typing import NamedTuple

import numpy as np
import pytest

from tidegauge.core.columns import ColumnKind, NumericValues
from tidegauge.core.profile import ColumnProfile, merge_profiles, profile_durations, profile_numeric
from tidegauge.core.windows import HOUR_US, MINUTE_US
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.codec import MAX_FRAME_BYTES, decode_frame, decode_profile, encode_profile
from tidegauge.wire.kinds import FrameKind
from tidegauge.wire.merging import merge_frames

HOURS = 500_000 * HOUR_US


class Stored(NamedTuple):
    kind: int
    payload: bytes


def temperature(*values: float) -> ColumnProfile:
    return profile_numeric("temp", NumericValues(np.array(values), 0, 0, 0))


def profile(
    *columns: ColumnProfile, start_us: int = HOURS, length_s: int = 3600, watermark_us: int = 0, **other: object
) -> Stored:
    body = pb.Profile(window_start_us=start_us, window_length_s=length_s, time_basis=pb.TIME_BASIS_EVENT)
    body.columns.extend(map(encode_profile, columns))
    frame = pb.Frame(deployment="shop", version="v1", low_watermark_us=watermark_us, profile=body)
    for name, value in other.items():
        setattr(frame if name in {"deployment", "version", "role", "schema_id"} else frame.profile, name, value)
    return Stored(FrameKind.PROFILE, frame.SerializeToString())


def event(watermark_us: int = 0, deployment: str = "shop") -> Stored:
    frame = pb.Frame(deployment=deployment, low_watermark_us=watermark_us, event=pb.Event(name="note"))
    return Stored(FrameKind.EVENT, frame.SerializeToString())


def decoded(payload: bytes | None) -> pb.Frame:
    assert payload is not None
    return decode_frame(payload)


def test_frames_of_one_window_become_the_profile_of_all_rows() -> None:
    parts = [temperature(1.0, 2.0), temperature(7.0), temperature(-3.0, 4.0)]

    *gone, last = merge_frames([profile(part) for part in parts])

    assert gone == [None, None]
    (column,) = decoded(last).profile.columns
    assert column == encode_profile(merge_profiles(parts))
    assert decode_profile(column).rows == 5


def test_minutes_become_their_hour() -> None:
    parts = [profile_durations("_latency", np.array([10**6 * n])) for n in (1, 2, 3)]
    starts = [HOURS, HOURS + MINUTE_US, HOURS + 59 * MINUTE_US]
    frames = [
        profile(part, start_us=start_us, length_s=60, time_basis=pb.TIME_BASIS_ARRIVAL)
        for part, start_us in zip(parts, starts, strict=True)
    ]

    body = decoded(merge_frames(frames)[-1]).profile

    assert (body.window_start_us, body.window_length_s) == (HOURS, 3600)
    assert body.columns[0].rows == 3


@pytest.mark.parametrize(
    "other",
    [
        {"deployment": "other"},
        {"version": "v2"},
        {"role": pb.ROLE_CHALLENGER},
        {"segment": "carrier=UA"},
        {"batch": "2026-11-23"},
        {"bins_id": b"0123456789abcdef"},
        {"schema_id": b"0123456789abcdef"},
        {"time_basis": pb.TIME_BASIS_ARRIVAL},
        {"start_us": HOURS + HOUR_US},
    ],
)
def test_frames_that_differ_stay_apart(other: dict[str, object]) -> None:
    frames = [profile(temperature(1.0)), profile(temperature(2.0), **other)]  # type: ignore[arg-type]

    assert merge_frames(frames) == [frame.payload for frame in frames]


def test_columns_about_different_pivots_stay_apart() -> None:
    moved = ColumnProfile("temp", ColumnKind.NUMERIC, 1, pivot=5.0, minimum=5.0, maximum=5.0)
    frames = [profile(temperature(1.0)), profile(moved)]

    assert merge_frames(frames) == [frame.payload for frame in frames]


def test_clamped_rows_add_up_and_a_closed_window_stays_closed() -> None:
    frames = [profile(temperature(1.0), window_closed=True, clamped_rows=2), profile(temperature(1.0), clamped_rows=3)]

    body = decoded(merge_frames(frames)[-1]).profile

    assert (body.window_closed, body.clamped_rows) == (True, 5)


def test_second_moments_add_up() -> None:
    def moments(rows: int, *values: float) -> pb.SecondMoments:
        return pb.SecondMoments(
            columns=["temp"], rows=rows, sums=np.array(values[:1]).tobytes(), products=np.array(values[1:]).tobytes()
        )

    frames = []
    for part in (moments(2, 1.0, 3.0), moments(5, 0.5, 0.25)):
        frame = decode_frame(profile(temperature(1.0)).payload)
        frame.profile.second_moments.CopyFrom(part)
        frames.append(Stored(FrameKind.PROFILE, frame.SerializeToString()))

    assert decoded(merge_frames(frames)[-1]).profile.second_moments == moments(7, 1.5, 3.25)


def test_what_is_no_profile_and_what_is_damaged_stays_as_it_is() -> None:
    frames = [
        profile(temperature(1.0)),
        Stored(FrameKind.RECORDS, pb.Frame(deployment="shop", records=pb.Records(rows=3)).SerializeToString()),
        Stored(FrameKind.PROFILE, b"\xff\xff\xff"),
        Stored(0, b"a hole of the spool's"),
        profile(temperature(2.0)),
    ]

    merged = merge_frames(frames)

    assert merged[0] is None
    assert merged[1:4] == [frame.payload for frame in frames[1:4]]


def test_arrays_that_do_not_fit_together_stay_as_they_are() -> None:
    odd = decode_frame(profile(temperature(1.0)).payload)
    odd.profile.columns[0].bucket_indexes = b"123"
    frames = [profile(temperature(1.0)), Stored(FrameKind.PROFILE, odd.SerializeToString())]

    assert merge_frames(frames) == [frame.payload for frame in frames]


def test_no_frame_grows_beyond_what_a_frame_may_be() -> None:
    def wide(part: int) -> Stored:
        names = {f"{part}-{n}-{'x' * 150}": 1 for n in range(1_000)}
        return profile(
            ColumnProfile("city", ColumnKind.CATEGORICAL, 1_000, names=names),
            *[
                ColumnProfile(f"c{n}", ColumnKind.CATEGORICAL, 1, names={f"{part}{n}" + "y" * 600: 1})
                for n in range(60)
            ],
        )

    frames = [wide(part) for part in range(9)]
    merged = merge_frames(frames)

    kept = [decoded(payload) for payload in merged if payload is not None]
    assert 1 < len(kept) < 9
    assert max(len(payload) for payload in merged if payload is not None) <= MAX_FRAME_BYTES
    assert sum(frame.profile.columns[0].rows for frame in kept) == 9_000


def test_watermark_moves_behind_the_rows_that_have_moved() -> None:
    frames = [
        profile(temperature(1.0), watermark_us=5),
        event(9),
        event(7, "other"),
        profile(temperature(2.0)),
        event(12),
    ]

    merged = merge_frames(frames)

    assert merged[0] is None
    marks = [decoded(payload).low_watermark_us for payload in merged[1:]]
    assert marks == [0, 7, 9, 12]


def test_merging_again_with_more_is_the_same_as_merging_all() -> None:
    frames = [profile(temperature(float(n), -float(n))) for n in range(6)]

    first = [Stored(FrameKind.PROFILE, one) for one in merge_frames(frames[:4]) if one is not None]
    twice = merge_frames([*first, *frames[4:]])[-1]

    assert twice == merge_frames(frames)[-1]
