"""What the frames of a spool say, in one view."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from tidegauge.core.profile import ColumnProfile, merge_profiles
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.codec import decode_profile
from tidegauge.wire.rows import RecordRows, decode_records

HOUR_S, MINUTE_S = 3_600, 60


def profiles(frames: Iterable[pb.Frame], *, segment: str = "", length_s: int = HOUR_S) -> list[pb.Profile]:
    """The profile bodies of one segment."""
    bodies = [frame.profile for frame in frames if frame.WhichOneof("body") == "profile"]
    return [body for body in bodies if body.segment == segment and body.window_length_s == length_s]


def column(frames: Iterable[pb.Frame], name: str, *, segment: str = "", length_s: int = HOUR_S) -> ColumnProfile:
    """One column over all windows and frames, which must be counted in the same bins."""
    found = [c for body in profiles(frames, segment=segment, length_s=length_s) for c in body.columns if c.name == name]
    assert found, f"no column {name!r} in segment {segment!r}"
    return merge_profiles(list(map(decode_profile, found)))


def rows_by_segment(frames: Iterable[pb.Frame]) -> Counter[str]:
    """Rows of the longest column by segment, summed over windows and frames."""
    total: Counter[str] = Counter()
    for frame in frames:
        body = frame.profile
        if frame.WhichOneof("body") == "profile" and body.window_length_s == HOUR_S:
            total[body.segment] += max((c.rows for c in body.columns), default=0)
    return total


def records(frames: Iterable[pb.Frame]) -> list[RecordRows]:
    """All records frames, decoded."""
    return [decode_records(frame.records) for frame in frames if frame.WhichOneof("body") == "records"]
