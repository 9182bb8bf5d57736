"""A collector that folds merged frames answers what it answers of the frames themselves."""

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tidegauge.core.bins import ReferenceBins, categorical_bins, numeric_bins
from tidegauge.core.columns import ColumnKind, category_counts, numeric_values
from tidegauge.core.profile import ColumnProfile, profile_categories, profile_numeric
from tidegauge.core.windows import HOUR_US, Window
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.codec import decode_frame
from tidegauge.wire.kinds import FrameKind, rows_of
from tidegauge.wire.merging import merge_frames
from tidegauge_collector.telemetry.counts import column_counts
from tidegauge_collector.telemetry.fold import LogPosition, fold
from tidegauge_collector.telemetry.moments import merged_profiles
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.telemetry.testing import Sender, profile_frame

HOURS = tuple(Window(i * HOUR_US, (i + 1) * HOUR_US) for i in range(2))
WHOLE = Window(0, 2 * HOUR_US)
BINS = ReferenceBins(
    {"temp": numeric_bins("temp", np.arange(-50.0, 50.0)), "carrier": categorical_bins("carrier", {"a": 1})}
)

numbers = st.lists(st.one_of(st.none(), st.floats(-1e3, 1e3), st.just(float("inf"))), max_size=8)
names = st.lists(st.sampled_from(["a", "b", "c", None]), max_size=8)


class Stored(NamedTuple):
    kind: int
    payload: bytes


@st.composite
def profile_frames(draw: st.DrawFn) -> pb.Frame:
    binned = draw(st.booleans())
    temp, carrier = (BINS.columns["temp"], BINS.columns["carrier"]) if binned else (None, None)
    columns = [
        profile_numeric("temp", numeric_values(draw(numbers)), temp),  # type: ignore[arg-type]
        profile_categories("carrier", category_counts(draw(names), ColumnKind.CATEGORICAL), carrier),  # type: ignore[arg-type]
    ]
    return profile_frame(columns, draw(st.sampled_from(HOURS)), bins_id=BINS.bins_id if binned else b"")


def answers(frames: list[pb.Frame]) -> tuple[object, dict[str, ColumnProfile]]:
    """Counts by bin and window, and the profiles of everything."""
    sender = Sender()
    with TelemetryStore.open(None, memory_limit="500MB") as store:
        fold(store, [sender.send(frame) for frame in frames], LogPosition(b"log", 1))
        counts = column_counts(store, "flights", version="1", segment="", bins=BINS, windows=HOURS)
        plain = {name: (one.counts.tolist(), one.rows.tolist()) for name, one in counts.items()}
        return plain, merged_profiles(store, "flights", version="1", segment="", window=WHOLE)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(profile_frames(), min_size=2, max_size=8))
def test_merged_frames_fold_to_the_same(frames: list[pb.Frame]) -> None:
    stored = [Stored(FrameKind.PROFILE, frame.SerializeToString()) for frame in frames]

    merged = [payload for payload in merge_frames(stored) if payload is not None]

    assert len(merged) <= 4  # two hours, with bins and without
    assert sum(rows_of(0, one) for one in merged) <= sum(rows_of(0, one.payload) for one in stored)
    (counts, profiles), (counts_before, before) = answers([decode_frame(one) for one in merged]), answers(frames)
    assert counts == counts_before
    for name, one in profiles.items():
        two = before[name]
        assert (one.rows, one.missing, one.non_finite, one.names) == (two.rows, two.missing, two.non_finite, two.names)
        assert (repr(one.minimum), repr(one.maximum)) == (repr(two.minimum), repr(two.maximum))
        assert one.sum == pytest.approx(two.sum, rel=1e-12, abs=1e-9)
        np.testing.assert_array_equal(one.sketch.points, two.sketch.points)
