"""The explicit calls: misuse is refused with thing, value and fix; what is right arrives."""

from collections.abc import Callable
from typing import Any

import agent_frames as view
import numpy as np
import pandas as pd
import pytest

import tidegauge
from tidegauge.core.ids import digest_id
from tidegauge.errors import UsageError
from tidegauge.wire.rows import decode_actuals, decode_baseline

MakeAgent = Callable[..., tidegauge.Agent]
Spooled = Callable[[tidegauge.Agent], list[Any]]
NOON = "2026-11-23T12:00:00Z"
NOON_US = 1_795_435_200_000_000


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (lambda a: a.actuals([1, 2, 3], [0.5, 1.0]), "2 actuals for 3 ids: give one for each"),
        (lambda a: a.actuals(["a"], [1.0], timestamps=[NOON, NOON]), "2 timestamps for 1 rows"),
        (lambda a: a.actuals([1.5], [1.0]), "prediction id 1.5 is a float: give a string, an integer or a UUID"),
        (lambda a: a.actuals(["a"], [1.0], timestamps="soon"), "timestamp 'soon': write ISO 8601"),
        (lambda a: a.record([{"x": 1}] * 2, [0.1]), "1 predictions for 2 rows: give one for each"),
        (lambda a: a.record([{"x": 1}] * 2, prediction_ids=["a"]), "1 prediction ids for 2 rows"),
        (lambda a: a.record({"x": 1}, timestamps=1_795_435_200_000), "not milliseconds"),
        (lambda a: a.record(object()), "an input of type object is no table"),
        (lambda a: a.record([[1, 2], {"x": 1}]), "is no table, its rows are of several shapes"),
        (lambda a: a.record({"x": 1, "id": 1.5}), "prediction id 1.5 is a float"),
        (
            lambda a: a.record({"x": 1}, segment={"carrer": "UA"}),
            r"segment names \['carrer'\] .* segments=\['carrier'\]",
        ),
        (lambda a: a.record([{"x": 1}] * 2, [{"price": 1, "currency": "EUR"}] * 2), "name them label"),
        (lambda a: a.baseline([]), "baseline: the data has no rows"),
        (lambda a: a.baseline({"x": [1.0]}, importance={"y": 1.0}), r"importance names \['y'\] that are not columns"),
        (lambda a: a.baseline(pd.DataFrame({"x": [1.0]}), bins={"y": [1.0]}), r"bins names \['y'\]"),
        (lambda a: a.baseline(pd.DataFrame({"x": [1.0]}), bins={"x": [2.0, 1.0]}), r"bins\['x'\]=\[2.0, 1.0\]: give"),
        (lambda a: a.baseline(pd.DataFrame({"x": [1.0]}), bins={"x": [np.nan]}), "finite edges"),
        (lambda a: a.baseline(pd.DataFrame({"x": ["a"]}), bins={"x": [1.0]}), "only numeric ones have edges"),
        (lambda a: a.baseline(pd.DataFrame({"x": [1.0, 2.0]}), actuals=[1.0]), "1 actuals for 2 rows"),
        (lambda a: a.baseline(pd.DataFrame({"x": [1.0, 2.0]}), predictions=[1.0]), "1 predictions for 2 rows"),
        (lambda a: a.baseline(pd.DataFrame({"x": [1.0]}), bins={"x": None}), "finite edges"),
        (lambda a: a.baseline(pd.DataFrame({"x": [1.0]}), importance={"x": "high"}), r"importance\['x'\]='high'"),
        (lambda a: a.baseline(pd.DataFrame({"x": [1.0]}), importance={"x": np.nan}), "give a finite number"),
        (lambda a: a.record({"x": 1}, latency_s="12 ms"), "latency_s='12 ms': give seconds"),
        (lambda a: a.record({"x": 1}, latency_s=float("nan")), "latency_s=nan: give seconds"),
        (lambda a: a.record({"x": 1}, latency_s=-1.0), "latency_s=-1.0: give seconds"),
        (lambda a: a.record({"x": 1}, latency_s=1e300), "latency_s=1e.300: give seconds"),
        (lambda a: a.record({"x": 1}, segment="UA"), "segment='UA': give a value by column"),
        (lambda a: a.context(segment="UA").__enter__(), "segment='UA': give a value by column"),
        (lambda a: a.flush(wait="forever"), "use 'sealed' or 'acknowledged'"),
    ],
)
def test_misuse_is_refused_with_thing_value_and_fix(
    make_agent: MakeAgent, spooled: Spooled, call: Callable[[tidegauge.Agent], None], problem: str
) -> None:
    agent = make_agent(segments=["carrier"], id_column="id")

    with pytest.raises(UsageError, match=problem):
        call(agent)

    agent.flush()
    assert spooled(agent) == []  # nothing of it was taken half


def test_a_record_arrives_with_its_ids_times_segments_and_latency(make_agent: MakeAgent, spooled: Spooled) -> None:
    agent = make_agent(segments=["carrier"])

    agent.record(
        [{"x": 1.0}, {"x": 2.0}],
        [0.25, 0.75],
        prediction_ids=["a", 7],
        timestamps=[NOON, "2026-11-23T13:00:00Z"],
        segment={"carrier": ["UA", "DL"]},
        batch="b1",
        latency_s=0.5,
    )
    agent.flush()

    frames = spooled(agent)
    (found,) = view.records(frames)
    assert found.ids == digest_id("a") + digest_id("7")
    assert found.event_times_us.tolist() == [NOON_US, NOON_US + 3_600_000_000]
    assert found.outputs[""].tolist() == [0.25, 0.75]
    assert [found.segment_sets[code] for code in found.segment_codes] == [("carrier=UA",), ("carrier=DL",)]
    assert found.batch == "b1"
    assert view.rows_by_segment(frames) == {"": 2, "carrier=UA": 1, "carrier=DL": 1}
    latency = view.column(frames, "_latency", length_s=view.MINUTE_S)
    assert (latency.rows, latency.maximum) == (1, 0.5)


def test_a_record_without_latency_is_no_request(make_agent: MakeAgent, spooled: Spooled) -> None:
    agent = make_agent()

    agent.record({"x": 1.0}, 0.5)
    agent.flush()

    assert view.profiles(spooled(agent), length_s=view.MINUTE_S) == []
    assert view.column(spooled(agent), "x").rows == 1


def test_the_context_says_what_the_input_does_not(make_agent: MakeAgent, spooled: Spooled) -> None:
    agent = make_agent(segments=["carrier"])
    model = agent.watch(lambda rows: np.arange(float(len(rows))))
    ids = ["a", "b"]

    with agent.context(timestamps=NOON, segment={"carrier": "UA"}):
        with agent.context(prediction_ids=ids, batch="inner"):
            model(np.ones((2, 1)))
        ids.clear()
        model(np.ones((3, 1)))
    model(np.ones((1, 1)))
    agent.flush()

    frames = spooled(agent)
    (found,) = view.records(frames)
    assert (found.ids, found.batch) == (digest_id("a") + digest_id("b"), "inner")
    assert found.event_times_us.tolist() == [NOON_US, NOON_US]
    assert view.rows_by_segment(frames) == {"": 6, "carrier=UA": 5}


def test_ids_times_or_segments_that_make_no_sense_cost_only_themselves(make_agent: MakeAgent, spooled: Spooled) -> None:
    agent = make_agent()
    model = agent.watch(lambda rows: np.zeros(len(rows)))

    for ids, times in ((["a"], NOON), (["a", "b"], "nonsense"), ([1.5, "c"], NOON)):
        with agent.context(prediction_ids=ids, timestamps=times):
            model(np.ones((2, 1)))
    agent.flush()

    counters = agent.status()["counters"]
    assert (counters["unreadable_ids"], counters["unreadable_timestamps"]) == (3, 2)
    assert b"".join(found.ids for found in view.records(spooled(agent))) == b"".join(map(digest_id, ["a", "b", "c"]))
    assert view.column(spooled(agent), "f0").rows == 6


def test_ids_come_from_the_id_column_and_rows_without_one_have_no_record(
    make_agent: MakeAgent, spooled: Spooled
) -> None:
    agent = make_agent(id_column="id")
    model = agent.watch(lambda frame: frame["x"].to_numpy())

    model(pd.DataFrame({"id": ["a", None, "c"], "x": [1.0, 2.0, 3.0]}))
    agent.flush()

    (found,) = view.records(spooled(agent))
    assert found.ids == digest_id("a") + digest_id("c")
    assert found.outputs[""].tolist() == [1.0, 3.0]
    assert {c.name for body in view.profiles(spooled(agent)) for c in body.columns} == {"x", "_prediction"}
    assert "unreadable_ids" not in agent.status()["counters"]


@pytest.mark.parametrize(
    ("values", "numbers", "names"),
    [
        ([1, 0], [1.0, 0.0], ()),
        ([True, False], [1.0, 0.0], ()),
        (pd.Series([1.5, None]), [1.5, np.nan], ()),
        (["late", "on time"], [np.nan, np.nan], ("late", "on time")),
    ],
)
def test_actuals_arrive_as_numbers_or_labels(
    make_agent: MakeAgent, spooled: Spooled, values: Any, numbers: list[float], names: tuple[str, ...]
) -> None:
    agent = make_agent()

    agent.actuals(["a", "b"], values, timestamps=NOON)
    agent.flush()

    found = decode_actuals(next(f.actuals for f in spooled(agent) if f.WhichOneof("body") == "actuals"))
    assert found.ids == digest_id("a") + digest_id("b")
    assert found.times_us.tolist() == [NOON_US, NOON_US]
    np.testing.assert_equal(found.truth.values.tolist(), numbers)
    assert found.truth.labels.names == names


def test_one_actual_may_stand_alone(make_agent: MakeAgent, spooled: Spooled) -> None:
    agent = make_agent()

    agent.actuals("a", "late")
    agent.actuals(7, 1)
    agent.flush()

    found = [decode_actuals(f.actuals) for f in spooled(agent) if f.WhichOneof("body") == "actuals"]
    assert [one.rows for one in found] == [1, 1]
    assert found[0].truth.labels.names == ("late",)


def test_a_baseline_is_durable_and_its_bins_are_used_at_once(make_agent: MakeAgent, spooled: Spooled) -> None:
    from sklearn.linear_model import LogisticRegression

    agent = make_agent()
    frame = pd.DataFrame({"x": np.arange(100.0), "c": ["a", "b"] * 50})
    classifier = LogisticRegression().fit(frame[["x"]], frame["x"] > 50)

    agent.baseline(
        frame, predictions=classifier.predict_proba(frame[["x"]]), actuals=frame["x"] > 50, bins={"x": [10.0, 20.0]}
    )
    agent.record({"x": 15.0, "c": "z"})
    agent.flush()

    frames = spooled(agent)
    parts = [f.baseline for f in frames if f.WhichOneof("body") == "baseline"]
    baseline = decode_baseline(parts)
    assert baseline.rows == 100
    assert set(baseline.profiles) == {"x", "c", "_prediction"}
    assert baseline.profiles["x"].bin_counts is not None
    assert baseline.profiles["x"].bin_counts.tolist() == [10, 10, 80]
    assert baseline.outcomes is not None
    (body,) = view.profiles(frames)
    assert body.bins_id == baseline.bins.bins_id
    counted = {name: view.column(frames, name).bin_counts for name in ("x", "c")}
    assert {name: None if n is None else n.tolist() for name, n in counted.items()} == {"x": [0, 1, 0], "c": [0, 0, 1]}


def test_importance_is_the_models_own_where_none_is_given(make_agent: MakeAgent, spooled: Spooled) -> None:
    from sklearn.tree import DecisionTreeRegressor

    agent = make_agent()
    frame = pd.DataFrame({"x": np.arange(50.0), "noise": np.zeros(50)})

    agent.baseline(frame, model=DecisionTreeRegressor().fit(frame, frame["x"]))

    baseline = decode_baseline([f.baseline for f in spooled(agent) if f.WhichOneof("body") == "baseline"])
    assert baseline.importance == {"x": 1.0, "noise": 0.0}


def test_an_event_arrives_with_its_text_made_valid(make_agent: MakeAgent, spooled: Spooled) -> None:
    agent = make_agent()

    agent.event("cache cold \ud800" + "x" * 2_000)
    agent.flush()

    started, note = (f.event for f in spooled(agent) if f.WhichOneof("body") == "event")
    assert started.name == "agent.started"
    assert note.text.startswith("cache cold \\ud800xxx")


def test_the_first_frame_proposes_the_deployment(make_agent: MakeAgent, spooled: Spooled) -> None:
    agent = make_agent(task="binary", positive_class="late", time_zone="Europe/Berlin", segments=["c"], alerts="all")

    agent.event("hello")
    agent.flush()

    proposal = spooled(agent)[0].event.proposal
    assert (proposal.task, proposal.positive_class, proposal.time_zone) == ("binary", "late", "Europe/Berlin")
    assert (list(proposal.segment_columns), proposal.alerts) == (["c"], "all")


def test_a_switched_off_agent_validates_and_writes_nothing(make_agent: MakeAgent) -> None:
    agent = make_agent(enabled=False)

    agent.record({"x": 1.0}, 0.5)
    agent.actuals(["a"], [1.0])
    agent.event("hello")
    agent.baseline(pd.DataFrame({"x": [1.0]}))
    agent.flush()
    with pytest.raises(UsageError):
        agent.actuals(["a"], [1.0, 2.0])

    assert not agent.settings.root.exists()
