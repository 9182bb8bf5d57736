"""Texts and vectors from the call to the frame: the same columns in baseline and production, whoever guesses what they are."""

from collections.abc import Callable
from typing import Any

import agent_frames as view
import numpy as np
import pytest
import scipy.sparse

import tidegauge
from tidegauge.core.bins import ReferenceBins, categorical_bins, numeric_bins
from tidegauge.settings import AgentSettings
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.codec import decode_frame
from tidegauge.worker.calls import Call, Calls, Origin
from tidegauge.worker.deployment import DeploymentWorker

MakeAgent = Callable[..., tidegauge.Agent]
NOON_US = 1_795_435_200_000_000
NOTES = [f"customer {i} says that the parcel came late and was wet" for i in range(40)]
TEXT_BINS = ReferenceBins({name: numeric_bins(name, np.arange(100.0)) for name in ("x", "note.length", "note.words")})


def names(frames: list[pb.Frame]) -> set[str]:
    """Of the columns that have rows; a window that closes has also those that were sealed before."""
    return {column.name for body in view.profiles(frames) for column in body.columns if column.rows}


class Worker:
    """A deployment's worker without thread, disk or clock, which knows these bins from the first call on."""

    def __init__(self, bins: ReferenceBins | None, **options: Any) -> None:
        settings = AgentSettings(deployment="parcels", **options)
        self.target = DeploymentWorker(settings, bins=lambda: self.bins, wall_us=lambda ns: NOON_US + ns // 1_000)
        self.bins = bins

    def call(self, inputs: Any) -> None:
        self.target.take(Calls.of([Call(Origin(self.target, "predict"), inputs, 0.5, 0, 1_000)]), NOON_US)
        self.target.aggregate(NOON_US)

    def seal(self) -> list[pb.Frame]:
        return [decode_frame(one.payload) for one in self.target.seal(NOON_US, profiles=True, everything=True)]


def test_baseline_and_production_have_the_same_derived_columns(make_agent: MakeAgent, spooled: Any) -> None:
    agent = make_agent()
    agent.baseline({"note": NOTES, "embedding": np.ones((40, 16)), "x": np.arange(40.0)})
    model = agent.watch(lambda row: 0.5)

    for note in NOTES:
        model({"note": note, "embedding": np.full(16, 2.0), "x": 1.0})
    agent.flush()

    frames, status = spooled(agent), agent.status()
    derived = {"note.length", "note.words", "embedding.norm", "embedding.mean", "embedding.dimensions"}
    baseline = next(frame.baseline for frame in frames if frame.WhichOneof("body") == "baseline")
    assert {column.name for column in baseline.profiles} == {*derived, "x"}
    assert names(frames) == {*derived, "x", "_prediction"}
    words, norm = view.column(frames, "note.words"), view.column(frames, "embedding.norm")
    assert (words.rows, words.minimum, words.maximum) == (40, 11.0, 11.0)
    assert words.bin_counts is not None
    assert (norm.rows, norm.minimum) == (40, 8.0)
    assert status["counters"] == {"faults": 0}


@pytest.mark.parametrize("bins_come_first", [True, False])
def test_a_baseline_knows_better_than_a_guess_what_a_text_is(bins_come_first: bool) -> None:
    worker = Worker(TEXT_BINS if bins_come_first else None)
    if not bins_come_first:
        worker.call({"note": "short", "x": 1.0})
        worker.seal()
        worker.bins = TEXT_BINS

    worker.call({"note": "shorter", "x": 1.0})

    frames = worker.seal()
    assert names(frames) == {"note.length", "note.words", "x", "_prediction"}
    assert view.column(frames, "note.length").maximum == 7.0
    assert worker.target.counts["columns_new"] == worker.target.counts["columns_missing"] == 0


def test_a_baseline_knows_better_than_a_guess_what_is_no_text() -> None:
    worker = Worker(None)
    worker.call({"note": NOTES[0], "x": 1.0})
    worker.seal()
    worker.bins = ReferenceBins({"note": categorical_bins("note", {"a": 5}), "x": numeric_bins("x", np.arange(9.0))})

    worker.call({"note": "a", "x": 1.0})

    assert names(worker.seal()) == {"note", "x", "_prediction"}
    assert worker.target.counts["columns_missing"] == 0


def test_stated_kinds_hold(make_agent: MakeAgent, spooled: Any) -> None:
    agent = make_agent(kinds={"code": "text", "note": "categorical", "tags": "vector"})
    model = agent.watch(lambda row: 0.5)

    for i, note in enumerate(NOTES):
        model({"code": f"c{i}", "note": note, "tags": ["a"] * (i % 3)})
    agent.flush()

    frames = spooled(agent)
    assert names(frames) >= {"code.length", "code.words", "note", "tags.dimensions"}
    assert view.column(frames, "tags.dimensions").maximum == 2.0
    assert view.column(frames, "tags.norm").invalid == 26


def test_a_vanished_text_is_missing_in_every_row() -> None:
    worker = Worker(TEXT_BINS)
    worker.call({"note": "a b", "x": 1.0})

    worker.call({"x": 1.0})

    frames = worker.seal()
    for name in ("note.length", "note.words"):
        assert (view.column(frames, name).rows, view.column(frames, name).missing) == (2, 1)


def test_odd_values_among_texts_land_in_their_counters() -> None:
    worker = Worker(TEXT_BINS)

    for value in ("a b", None, float("nan"), 7, ["a"], b"c", "\ud800", "", "x\0y"):
        worker.call({"note": value, "x": 1.0})

    frames = worker.seal()
    for name in ("note.length", "note.words"):
        column = view.column(frames, name)
        assert (column.rows, column.missing, column.non_finite, column.invalid) == (9, 2, 0, 2)


def test_a_dict_of_equally_long_vectors_that_got_one_answer_is_one_row(make_agent: MakeAgent, spooled: Any) -> None:
    agent = make_agent()
    by_scalar, by_array = agent.watch(lambda row: 0.5), agent.watch(lambda row: np.array([0.5]))

    for model in (by_scalar, by_array):
        model({"a": [1.0, 2.0, 2.0], "b": [0.0, 3.0, 4.0]})
    agent.flush()
    assert agent.status()["captured"] == 2
    assert view.column(spooled(agent), "a.norm").minimum == 3.0

    other = make_agent(deployment="tables")
    other.watch(lambda table: np.array([0.5, 0.5, 0.5]))({"a": [1.0, 2.0, 2.0], "b": [0.0, 3.0, 4.0]})
    other.flush()
    assert other.status()["captured"] == 5
    assert view.column([f for f in spooled(other) if f.deployment == "tables"], "a").rows == 3


def test_sparse_calls_by_several_methods_are_joined(make_agent: MakeAgent, spooled: Any) -> None:
    class Model:
        def predict(self, rows: Any) -> np.ndarray:
            return np.zeros(rows.shape[0])

        decision_function = predict

    agent = make_agent()
    model = agent.watch(Model())
    for rows in (scipy.sparse.csr_array([[1.0, 0.0]]), scipy.sparse.csc_array([[0.0, 2.0], [3.0, 0.0]])):
        model.predict(rows)
        model.decision_function(rows)
    model.predict(np.array([[7.0, 7.0]]))
    agent.flush()

    column = view.column(spooled(agent), "f0")
    assert (column.rows, column.sum, column.maximum) == (7, 15.0, 7.0)
