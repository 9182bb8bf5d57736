"""Rules that act in the caller's thread judge what is recorded, whatever a library's calls look like."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tidegauge

from .models import X, torch_or_skip

MakeAgent = Callable[..., tidegauge.Agent]
COLUMNS = {"xgboost_booster": "distance", "torch_module": "f0", "onnx_session": "f0", "sklearn_classifier": "distance"}


@pytest.mark.parametrize("name", COLUMNS)
def test_a_rule_about_an_input_flags_its_rows(make_agent: MakeAgent, make_case: Any, name: str) -> None:
    case, marked = make_case(name), []
    rule = tidegauge.Rule.outlying_input(
        COLUMNS[name], low=-1.0, high=1.0, action="flag", callback=lambda name, rows: marked.append(rows.tolist())
    )
    agent = make_agent(rules=[rule])

    case.ask(agent.watch(case.model), "good")

    assert marked == [np.flatnonzero(np.abs(X[:, 0]) > 1.0).tolist()]
    assert agent.status()["counters"]["faults"] == 0


def test_a_rule_refuses_before_a_session_is_asked(make_agent: MakeAgent, make_case: Any) -> None:
    case = make_case("onnx_session")
    agent = make_agent(rules=[tidegauge.Rule.outlying_input("f0", low=-1.0, high=1.0, action="refuse")])

    with pytest.raises(tidegauge.PredictionRefused):
        case.ask(agent.watch(case.model), "good")


def test_a_rule_about_scores_judges_a_boosters(make_agent: MakeAgent, make_case: Any) -> None:
    case, marked = make_case("xgboost_booster"), []
    scores = case.ask(case.model, "good")
    middle = float(np.median(scores))
    rule = tidegauge.Rule.uncertain_prediction(
        middle - 0.01, middle + 0.01, action="flag", callback=lambda name, rows: marked.append(rows.tolist())
    )

    answer = case.ask(make_agent(rules=[rule]).watch(case.model), "good")

    assert np.array_equal(answer, scores)
    assert marked == [np.flatnonzero(np.abs(scores - middle) <= 0.01).tolist()]


def test_inputs_that_cannot_be_read_are_not_judged_and_no_fault(make_agent: MakeAgent) -> None:
    torch = torch_or_skip()
    agent = make_agent(rules=[tidegauge.Rule.outlying_input("f0", low=-1.0, high=1.0, action="refuse")])
    watched = agent.watch(torch.nn.Identity())

    for _ in range(20):
        watched(torch.ones(4, 3, device="meta"))

    agent.flush()
    assert agent.status()["counters"]["faults"] == 0
    assert agent.status()["dropped"] == {"unreadable_input": 80}
