"""What is stored does not depend on how the frames came: any order of epochs, any batches, any repetition; merged = whole."""

from collections.abc import Callable, Iterator
from itertools import chain, pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tidegauge.core.bins import ReferenceBins, categorical_bins, numeric_bins
from tidegauge.core.columns import ColumnKind, category_counts, numeric_values
from tidegauge.core.moments import second_moments as moments_of_rows
from tidegauge.core.moments import standard_of
from tidegauge.core.profile import ColumnProfile, profile_categories, profile_numeric
from tidegauge.core.windows import DAY_US, HOUR_US, Window
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge_collector.telemetry.compact import compact
from tidegauge_collector.telemetry.counts import column_counts
from tidegauge_collector.telemetry.extent import marks
from tidegauge_collector.telemetry.fold import FoldEntry, LogPosition, fold
from tidegauge_collector.telemetry.joined import joined
from tidegauge_collector.telemetry.moments import merged_profiles
from tidegauge_collector.telemetry.second_moments import second_moments
from tidegauge_collector.telemetry.settle import settle
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.telemetry.testing import Answers, Sender, actuals_frame, profile_frame, records_frame

HERE = LogPosition(b"log", 1)
BINS = ReferenceBins(
    {"temp": numeric_bins("temp", np.arange(-50.0, 50.0)), "carrier": categorical_bins("carrier", {"a": 1})}
)
HOURS = tuple(Window(i * HOUR_US, (i + 1) * HOUR_US) for i in range(3))
WHOLE = Window(0, 3 * HOUR_US)
FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])

Numbers = list[float | None]
values = st.lists(st.one_of(st.none(), st.floats(-1e3, 1e3), st.sampled_from([float("inf"), 7.0])), max_size=8)
names = st.lists(st.sampled_from(["a", "b", "c", "", None]), max_size=8)


def profiled(numbers: Numbers, categories: list[str | None], *, binned: bool) -> list[ColumnProfile]:
    kind = ColumnKind.CATEGORICAL
    temp, carrier = (BINS.columns["temp"], BINS.columns["carrier"]) if binned else (None, None)
    return [
        profile_numeric("temp", numeric_values(numbers), temp),  # type: ignore[arg-type]
        profile_categories("carrier", category_counts(categories, kind), carrier),  # type: ignore[arg-type]
    ]


@st.composite
def profile_frames(draw: st.DrawFn) -> pb.Frame:
    binned, numbers = draw(st.booleans()), draw(values)
    columns = profiled(numbers, draw(names), binned=binned)
    moments = moments_of_rows({"temp": numbers}, len(numbers), standard_of(BINS)) if binned and numbers else None
    window = draw(st.sampled_from(HOURS))
    return profile_frame(columns, window, bins_id=BINS.bins_id if binned else b"", moments=moments)


@st.composite
def record_frames(draw: st.DrawFn) -> pb.Frame:
    ids = draw(st.lists(st.integers(0, 6), min_size=1, max_size=4))
    times = [draw(st.integers(0, 3)) for _ in ids]
    return records_frame(ids, times, Answers([draw(st.floats(0, 1)) for _ in ids]))


@st.composite
def actual_frames(draw: st.DrawFn) -> pb.Frame:
    ids = draw(st.lists(st.integers(0, 6), min_size=1, max_size=4))
    return actuals_frame(ids, [draw(st.integers(0, 1)) for _ in ids], [draw(st.integers(0, 3)) for _ in ids])


@st.composite
def epochs(draw: st.DrawFn) -> list[list[FoldEntry]]:
    """Up to three senders, each with its entries in order; no two frames arrive at one time."""
    kinds = st.one_of(profile_frames(), record_frames(), actual_frames())
    lives = []
    for i in range(draw(st.integers(1, 3))):
        sender = Sender(bytes([i + 1]) * 16, received_us=i)
        lives.append([sender.send(frame) for frame in draw(st.lists(kinds, min_size=1, max_size=6))])
    return lives


@st.composite
def deliveries(draw: st.DrawFn, lives: list[list[FoldEntry]]) -> list[list[FoldEntry]]:
    """The same entries in batches: epochs interleaved, in each epoch's own order from batch to batch, shuffled within, repeated."""
    order = draw(st.permutations([i for i, life in enumerate(lives) for _ in life]))
    following = [iter(life) for life in lives]
    stream = [next(following[i]) for i in order]
    cuts = sorted(draw(st.sets(st.integers(0, len(stream)), max_size=3)) | {0, len(stream)})
    batches = []
    for start, end in pairwise(cuts):
        again = draw(st.lists(st.sampled_from(stream[:end]), max_size=3)) if end else []
        batches.append(draw(st.permutations(stream[start:end] + again)))
    return batches


def stored(batches: list[list[FoldEntry]], act: Callable[[TelemetryStore], object] = lambda _: None) -> "Answer":
    with TelemetryStore.open(None, memory_limit="500MB") as store:
        for batch in batches:
            fold(store, batch, HERE)
            act(store)
        return Answer(store)


class Answer:
    """All that can be asked of a store that holds two columns, three hours and a few ids."""

    def __init__(self, store: TelemetryStore) -> None:
        counts = column_counts(store, "flights", version="1", segment="", bins=BINS, windows=HOURS)
        self.profiles = merged_profiles(store, "flights", version="1", segment="", window=WHOLE)
        rows = joined(store, "flights", version="1", segment="", start_us=0, end_us=10)
        self.moments = second_moments(
            store,
            "flights",
            version="1",
            segment="",
            bins_id=BINS.bins_id,
            features=("temp",),
            windows=[*HOURS, WHOLE],
        )
        self.exact = (
            [0 if one is None else one.rows for one in self.moments],
            {name: (one.counts.tolist(), one.rows.tolist(), one.approximate.tolist()) for name, one in counts.items()},
            {
                name: (one.rows, one.missing, one.non_finite, one.invalid, one.overflow, one.names)
                for name, one in self.profiles.items()
            },
            {name: (repr(one.minimum), repr(one.maximum), one.sketch.count) for name, one in self.profiles.items()},
            sorted(zip(rows.event_us.tolist(), rows.score.tolist(), rows.actual_value.tolist(), strict=True)),
            {epoch: one.mark for epoch, one in marks(store).items()},
        )

    def same_as(self, other: "Answer") -> None:
        assert self.exact == other.exact
        for mine, theirs in zip(self.moments, other.moments, strict=True):
            if mine is not None and theirs is not None:
                np.testing.assert_allclose(mine.products, theirs.products, rtol=1e-12)
                np.testing.assert_allclose(mine.sums, theirs.sums, rtol=1e-12, atol=1e-12 * mine.products.max())
        for name, one in self.profiles.items():
            two = other.profiles[name]
            spread = max(abs(one.sum_squares), 1.0)
            assert one.sum == pytest.approx(two.sum, rel=1e-12, abs=1e-12 * spread)
            assert one.sum_squares == pytest.approx(two.sum_squares, rel=1e-12)
            np.testing.assert_array_equal(one.sketch.points, two.sketch.points)


def in_order(lives: list[list[FoldEntry]]) -> Iterator[list[FoldEntry]]:
    yield [entry for life in lives for entry in life]


@FEW
@given(st.data())
def test_order_batches_and_repetition_do_not_matter(data: st.DataObject) -> None:
    lives = data.draw(epochs())

    stored(data.draw(deliveries(lives))).same_as(stored(list(in_order(lives))))


@FEW
@given(st.data())
def test_compaction_at_any_time_does_not_matter(data: st.DataObject) -> None:
    lives = data.draw(epochs())
    before_us = data.draw(st.sampled_from([HOUR_US, 3 * HOUR_US]))

    batches = data.draw(deliveries(lives))

    stored(batches, lambda store: compact(store, before_us=before_us)).same_as(stored(batches))


@FEW
@given(st.data())
def test_settling_at_any_time_does_not_matter(data: st.DataObject) -> None:
    batches = data.draw(deliveries(data.draw(epochs())))
    zone = data.draw(st.sampled_from(["UTC", "Asia/Kolkata", "America/New_York"]))

    stored(batches, lambda store: settle(store, lambda _: zone, before_us=2 * DAY_US)).same_as(stored(batches))


@FEW
@given(st.lists(st.tuples(values, names), min_size=1, max_size=6))
def test_the_merged_profile_is_the_profile_of_the_whole(parts: list[tuple[Numbers, list[str | None]]]) -> None:
    sender = Sender()
    entries = [sender.send(profile_frame(profiled(*part, binned=True), bins_id=BINS.bins_id)) for part in parts]
    numbers, categories = (list(chain(*column)) for column in zip(*parts, strict=True))
    temp, carrier = profiled(numbers, categories, binned=True)

    found = stored([[entry] for entry in entries])

    counts = [*temp.bin_counts.tolist(), temp.missing, temp.non_finite, temp.invalid]
    assert found.exact[1]["temp"][0][0] == counts
    assert found.exact[1]["carrier"][0][0][:2] == carrier.bin_counts.tolist()
    assert found.profiles["carrier"].names == carrier.names
    np.testing.assert_array_equal(found.profiles["temp"].sketch.points, temp.sketch.points)
    assert found.profiles["temp"].sum == pytest.approx(temp.sum, rel=1e-12, abs=1e-9)
