"""What is measured does not depend on how many agents sent it, how they cut their frames, or in what order and how often these came."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tidegauge.core.baseline import build_baseline
from tidegauge.core.columns import ColumnKind, category_counts, numeric_values
from tidegauge.core.profile import ColumnProfile, profile_categories, profile_numeric
from tidegauge.core.windows import HOUR_US, Window
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge_collector.control import Deployment
from tidegauge_collector.core.metrics import SHARED
from tidegauge_collector.measuring import accuracy, drift, drifted, fairness
from tidegauge_collector.measuring.baselines import ActiveBaseline
from tidegauge_collector.measuring.gauged import Scope
from tidegauge_collector.measuring.measurement import Measurement
from tidegauge_collector.telemetry.fold import FoldEntry, LogPosition, fold
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.telemetry.testing import Answers, Sender, actuals_frame, profile_frame, records_frame

FEW = settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # an example takes a store: making a failing one smaller takes minutes
    suppress_health_check=[HealthCheck.too_slow],
)
HOURS = (Window(0, HOUR_US), Window(HOUR_US, 2 * HOUR_US))
KINDS = {"x": ColumnKind.NUMERIC, "c": ColumnKind.CATEGORICAL}
RNG = np.random.default_rng(11)
TRAINED = {"x": np.append(RNG.normal(size=150), [0.0] * 50), "c": RNG.choice(["a", "b"], 200).tolist()}
BASELINE = build_baseline(TRAINED, KINDS, importance={"x": 2.0, "c": 1.0})
ACTIVE = ActiveBaseline(BASELINE, "given", BASELINE.rows)
DEPLOYMENT = Deployment(1, "flights", "UTC", "binary", None, None, "all", ("sex",), 0, 0)


@dataclass(frozen=True)
class Row:
    """A prediction and its truth."""

    hour: int
    x: float | None
    c: str | None
    score: float
    truth: int | None
    sex: str


rows = st.builds(
    Row,
    hour=st.integers(0, 1),
    x=st.one_of(st.none(), st.sampled_from([0.0, 7.0, float("inf")]), st.floats(-3, 3)),
    c=st.sampled_from(["a", "b", "new", None]),
    score=st.sampled_from([0.0, 0.25, 0.5, 1.0]) | st.floats(0, 1),
    truth=st.sampled_from([0, 1, None]),
    sex=st.sampled_from("FM"),
)


def profiled(some: list[Row]) -> list[ColumnProfile]:
    bins = BASELINE.bins.columns
    return [
        profile_numeric("x", numeric_values([row.x for row in some]), bins["x"]),
        profile_categories("c", category_counts([row.c for row in some], KINDS["c"]), bins["c"]),
    ]


def frames_of(some: list[tuple[int, Row]]) -> Iterator[pb.Frame]:
    """What one agent seals of some rows: profiles by hour, predictions, truths."""
    for hour, window in enumerate(HOURS):
        inside = [row for _, row in some if row.hour == hour]
        if inside:
            yield profile_frame(profiled(inside), window, bins_id=BASELINE.bins.bins_id)
    if some:
        times = [HOURS[row.hour].start_us + number for number, row in some]
        answers = Answers([row.score for _, row in some], segments=[(f"sex={row.sex}",) for _, row in some])
        yield records_frame([number for number, _ in some], times, answers)
    known = [(number, row.truth) for number, row in some if row.truth is not None]
    if known:
        yield actuals_frame([one for one, _ in known], [one for _, one in known], [9 * HOUR_US] * len(known))


def measured(deliveries: list[list[FoldEntry]]) -> dict[tuple[object, ...], Measurement]:
    """Every metric of drift, accuracy and fairness, by hour."""
    scope = Scope(deployment="flights", version="1", segment="", windows=HOURS)
    with TelemetryStore.open(None, memory_limit="500MB") as store:
        for batch in deliveries:
            fold(store, batch, LogPosition(b"log", 1))
        found = [
            drift.as_measurement(one, metric, scope)
            for one in drift.column_drift(store, scope, ACTIVE, kinds=KINDS, metrics=drift.METRICS)
            for metric in drift.METRICS
        ]
        found += drifted.measure_drifted(store, scope, ACTIVE, drifted.METRICS, kinds=KINDS)
        found += accuracy.AccuracyMeter(store, DEPLOYMENT, ACTIVE).measure(scope, accuracy.METRICS)
        for metric in (*fairness.METRICS, *SHARED):
            found += fairness.measure_fairness(store, scope, DEPLOYMENT, metric, fairness.Question(group="sex"))
    return {(one.metric, one.column, one.segment, one.window): one for one in found}


@FEW
@given(some=st.lists(rows, min_size=1, max_size=40), data=st.data())
def test_many_agents_in_any_order_measure_what_one_does(some: list[Row], data: st.DataObject) -> None:
    numbered = list(enumerate(some))
    senders = [data.draw(st.integers(0, 3)) for _ in numbered]
    one = Sender()
    alone = [[one.send(frame) for frame in frames_of(numbered)]]
    lives = []
    for number in range(4):
        sender = Sender(bytes([number + 1]) * 16)
        own = [row for row, who in zip(numbered, senders, strict=True) if who == number]
        cut = data.draw(st.integers(0, len(own)))
        lives.append([sender.send(frame) for part in (own[:cut], own[cut:]) for frame in frames_of(part)])
    following = [iter(life) for life in lives]  # an agent's frames come in its order, whoever else's come between
    order = [next(following[i]) for i in data.draw(st.permutations([i for i, life in enumerate(lives) for _ in life]))]
    again = data.draw(st.lists(st.sampled_from(order), max_size=3))

    whole, parts = measured(alone), measured([order[: len(order) // 2], [*order[len(order) // 2 :], *again]])

    assert parts.keys() == whole.keys()
    for key, expected in whole.items():
        found = parts[key]
        value = None if expected.value is None else pytest.approx(expected.value, rel=1e-9, abs=1e-12)
        assert (found.value, found.reason, found.n, found.coverage) == (
            value, expected.reason, expected.n, expected.coverage
        ), key  # fmt: skip
