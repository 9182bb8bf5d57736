"""Humility rules: what each action does to the caller, and that every rule is counted."""

import asyncio
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import tidegauge
from tidegauge import PredictionRefused, Rule
from tidegauge.testing import capture

MakeAgent = Callable[..., tidegauge.Agent]
FAR = {"distance": 9_000.0}
NEAR = {"distance": 100.0}


def half(row: Any) -> float:
    return 0.5


def test_record_counts_and_changes_nothing(make_agent: MakeAgent) -> None:
    agent = make_agent(rules=[Rule.outlying_input("distance", 0, 5_000), Rule.uncertain_prediction()])

    with capture(agent) as seen:
        predict = agent.watch(half)
        assert [predict(FAR), predict(NEAR)] == [0.5, 0.5]

        assert seen.marked() == {"outlying_input.distance": 1, "uncertain_prediction": 2}
        assert agent.flags() == ()


def test_flag_tells_the_caller_and_the_callback(make_agent: MakeAgent) -> None:
    told: list[tuple[str, list[int]]] = []
    rule = Rule.outlying_input(
        "distance", 0, 5_000, action="flag", callback=lambda name, rows: told.append((name, rows.tolist()))
    )
    agent = make_agent(rules=[rule])
    predict = agent.watch(half)

    flags = [(predict(row), agent.flags())[1] for row in (FAR, NEAR)]

    assert flags == [("outlying_input.distance",), ()]
    assert told == [("outlying_input.distance", [0])]


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (np.array([0.1, 0.5, 0.9]), np.array([0.1, -1.0, 0.9])),
        (np.array([0.1, 0.5, 0.9], dtype=np.float32), np.array([0.1, -1.0, 0.9], dtype=np.float32)),
        ([0.1, 0.5, 0.9], [0.1, -1.0, 0.9]),
        (pd.Series([0.1, 0.5, 0.9], index=[7, 8, 9]), pd.Series([0.1, -1.0, 0.9], index=[7, 8, 9])),
    ],
    ids=["array", "float32", "list", "series"],
)
def test_override_answers_its_value_in_the_marked_rows(make_agent: MakeAgent, answers: Any, expected: Any) -> None:
    agent = make_agent(rules=[Rule.uncertain_prediction(0.4, 0.6, action="override", value=-1.0)])
    model = agent.watch(lambda table: answers)

    with capture(agent) as seen:
        answer = model(np.zeros((3, 2)))

        assert type(answer) is type(expected)
        assert list(answer) == list(expected)
        assert getattr(answer, "dtype", None) == getattr(expected, "dtype", None)
        assert list(answers) != list(answer), "the model's own answer stays as it is"
        assert sorted(seen.column("_prediction").sketch.points.round(6)) == pytest.approx([0.1, 0.5, 0.9])


def test_override_may_answer_a_longer_label(make_agent: MakeAgent) -> None:
    agent = make_agent(rules=[Rule.outlying_input("f0", -1, 1, action="override", value="ask a person")])
    model = agent.watch(lambda table: np.array(["ok", "no"]))

    assert model(np.array([[0.0], [5.0]])).tolist() == ["ok", "ask a person"]


def test_refuse_by_input_does_not_ask_the_model(make_agent: MakeAgent) -> None:
    asked: list[Any] = []
    agent = make_agent(rules=[Rule.low_observation("carrier", ["ZZ"], action="refuse", name="unknown carrier")])
    predict = agent.watch(lambda row: asked.append(row) or 0.5)

    with capture(agent) as seen:
        with pytest.raises(PredictionRefused, match="'unknown carrier'") as refusal:
            predict({"carrier": "ZZ"})

        assert predict({"carrier": "UA"}) == 0.5
        assert (refusal.value.rule, refusal.value.rows, len(asked)) == ("unknown carrier", [0], 1)
        assert (seen.requests(), seen.errors()) == (2, {"user:PredictionRefused": 1})


def test_refuse_by_answer_records_what_the_model_said(make_agent: MakeAgent) -> None:
    agent = make_agent(rules=[Rule.outlying_prediction(0, 1, action="refuse")])

    with capture(agent) as seen:
        with pytest.raises(PredictionRefused, match="outlying_prediction"):
            agent.watch(lambda row: 3.0)(NEAR)

        assert (seen.rows(), seen.marked()) == (1, {"outlying_prediction": 1})


def test_limits_come_from_the_baseline(make_agent: MakeAgent) -> None:
    rules = [
        Rule.outlying_input("distance", action="flag"),
        Rule.low_observation("carrier", action="flag"),
        Rule.outlying_prediction(action="flag"),
    ]
    agent = make_agent(rules=rules, task="regression")
    table = pd.DataFrame({"distance": [10.0, 20.0, 30.0] * 10, "carrier": ["UA", "AA", "DL"] * 10})
    agent.baseline(table, predictions=np.linspace(0, 1, 30))
    predict = agent.watch(lambda row: row["answer"])

    def flagged(distance: float, carrier: str, answer: float) -> set[str]:
        predict({"distance": distance, "carrier": carrier, "answer": answer})
        return set(agent.flags())

    assert flagged(30.0, "DL", 1.0) == set()
    assert flagged(30.1, "ZZ", 1.1) == {"outlying_input.distance", "low_observation.carrier", "outlying_prediction"}
    assert flagged(9.9, "UA", 0.0) == {"outlying_input.distance"}


def test_without_a_baseline_a_rule_that_needs_one_waits(make_agent: MakeAgent) -> None:
    agent = make_agent(rules=[Rule.outlying_input("distance", action="refuse")])

    assert agent.watch(half)(FAR) == 0.5


def test_missing_and_unreadable_values_are_never_marked(make_agent: MakeAgent) -> None:
    agent = make_agent(rules=[Rule.outlying_input("distance", 0, 10, action="refuse")])
    predict = agent.watch(half)

    assert [predict({"distance": value}) for value in (None, float("nan"), "far", [1], 5)] == [0.5] * 5
    assert predict({}) == 0.5


def test_faults_of_a_callback_leave_the_answer_alone(make_agent: MakeAgent) -> None:
    def broken(name: str, rows: Any) -> None:
        raise RuntimeError("callback")

    agent = make_agent(rules=[Rule.uncertain_prediction(action="flag", callback=broken)])

    assert agent.watch(half)(NEAR) == 0.5
    assert agent.status()["counters"]["faults"] == 1


def test_an_answer_that_has_no_place_for_a_value_stays(make_agent: MakeAgent) -> None:
    agent = make_agent(rules=[Rule.outlying_input("f0", -1, 1, action="override", value=0.0)])
    answer = ({"a": 1.0}, {"b": 2.0})

    assert agent.watch(lambda table: answer)(np.array([[5.0], [0.0]])) is answer


def test_rules_hold_for_coroutines_and_for_methods_of_models(make_agent: MakeAgent) -> None:
    class Model:
        async def predict(self, table: Any) -> Any:
            return np.full(len(table), 0.5)

    agent = make_agent(rules=[Rule.uncertain_prediction(action="override", value=0.0)])

    assert asyncio.run(agent.watch(Model()).predict(np.zeros((2, 1)))).tolist() == [0.0, 0.0]


def test_multiclass_scores_are_judged_by_the_best(make_agent: MakeAgent) -> None:
    class Model:
        classes_ = np.array(["a", "b", "c"])

        def predict_proba(self, table: Any) -> Any:
            return np.array([[0.4, 0.3, 0.3], [0.9, 0.05, 0.05]])

    agent = make_agent(rules=[Rule.uncertain_prediction()])
    with capture(agent) as seen:
        agent.watch(Model()).predict_proba(np.zeros((2, 2)))

        assert seen.marked() == {"uncertain_prediction": 1}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Rule.uncertain_prediction(0.6, 0.4), "above high"),
        (lambda: Rule.uncertain_prediction(action="shout"), "'shout' is none of record, flag, override, refuse"),
        (lambda: Rule.outlying_input("x", action="override"), "needs the value"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(make: Callable[[], Rule], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_a_refusal_pickles() -> None:
    import pickle

    again = pickle.loads(pickle.dumps(PredictionRefused("rule", [1, 2])))

    assert (again.rule, again.rows, str(again)) == ("rule", [1, 2], str(PredictionRefused("rule", [1, 2])))


@pytest.mark.parametrize(
    ("rule", "marked"),
    [
        (Rule.outlying_input("distance", 0, 5_000, action="refuse"), [1]),
        (Rule.low_observation("carrier", ["ZZ"], action="refuse"), [0, 1]),
    ],
    ids=["outlying_input", "low_observation"],
)
def test_a_dict_of_columns_is_judged_row_by_row(make_agent: MakeAgent, rule: Rule, marked: list[int]) -> None:
    predict = make_agent(rules=[rule]).watch(lambda columns: [0.9] * len(columns["distance"]))

    with pytest.raises(PredictionRefused) as refused:
        predict({"distance": [100.0, 9_000.0, 7.0], "carrier": np.array(["ZZ", "ZZ", "UA"])})

    assert list(refused.value.rows) == marked


def test_a_row_of_vectors_with_one_answer_is_one_row(make_agent: MakeAgent) -> None:
    predict = make_agent(rules=[Rule.uncertain_prediction(action="override", value=-1.0)]).watch(half)

    assert predict({"embedding": [0.1, 0.2, 0.3]}) == -1.0


def test_a_broken_callback_is_told_of_and_does_not_pause_capturing(
    make_agent: MakeAgent, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(name: str, rows: Any) -> None:
        raise RuntimeError("callback")

    agent = make_agent(rules=[Rule.uncertain_prediction(action="flag", callback=broken)])
    with capture(agent) as seen:
        predict = agent.watch(half)
        for _ in range(30):
            predict(NEAR)

        assert seen.rows() == 30
        assert agent.status()["counters"]["faults"] == 30
    assert [record.getMessage() for record in caplog.records] == [
        "tidegauge: rule 'uncertain_prediction' marked a call and could not be carried out (flag): RuntimeError('callback')"
    ]


def test_an_extract_that_raises_marks_nothing_and_pauses_nothing(make_agent: MakeAgent) -> None:
    agent = make_agent(rules=[Rule.uncertain_prediction(action="override", value=0.0)])
    predict = agent.watch(half, extract=lambda result, *args: 1 / 0)

    with capture(agent) as seen:
        assert [predict(NEAR) for _ in range(20)] == [0.5] * 20

        assert (seen.requests(), agent.status()["dropped"]) == (20, {"extract_failed": 20})
        assert agent.status()["counters"]["faults"] == 0
