"""Whatever way the truth is told, it joins its prediction, and the last word counts."""

from pathlib import Path
from typing import Any

import pytest
from collector_harbour import Harbour, agent_at, harbour

NAME, AT = "shop", "2025-06-02T10:00:00Z"
ROWS = [{"x": float(i)} for i in range(4)]


def post(port: Harbour, items: list[dict[str, Any]], name: str = NAME) -> None:
    answer = port.client.post(f"/api/v1/deployments/{name}/actuals", json={"actuals": items})
    assert answer.json() == {"stored": len(items)}
    port.settle()


def accuracy(port: Harbour, name: str = NAME) -> tuple[float | None, int]:
    (one,) = port.values(name, "accuracy")
    return one["value"], one["n"]


@pytest.fixture
def port(tmp_path: Path) -> Any:
    with harbour(tmp_path / "data") as running:
        yield running


def test_the_last_word_on_a_prediction_counts_whatever_came_in_between(port: Harbour, tmp_path: Path) -> None:
    with agent_at(port, tmp_path / "spool", NAME, task="binary") as agent:
        agent.record(ROWS[:1], [0.9], prediction_ids=["a"], timestamps=[AT])
        port.ship(agent, end=True)
    for minute, value in ((30, 1), (50, 0), (20, 1)):
        post(port, [{"prediction_id": "a", "value": value, "timestamp": f"2025-06-02T11:{minute}:00Z"}])

    assert accuracy(port) == (0.0, 1)
    assert port.get(f"/deployments/{NAME}/status")["stored"]["actuals"] == 3


def test_ids_are_the_same_as_numbers_or_text(port: Harbour, tmp_path: Path) -> None:
    with agent_at(port, tmp_path / "spool", NAME, task="binary") as agent:
        agent.record(ROWS[:2], [0.9, 0.1], prediction_ids=[17, "18"], timestamps=[AT] * 2)
        port.ship(agent, end=True)

    post(port, [{"prediction_id": "17", "value": 1}, {"prediction_id": 18, "value": 0}])

    assert accuracy(port) == (1.0, 2)


@pytest.mark.parametrize(
    "values", [[1, 0, 1, 0], [True, False, True, False], [1.0, 0.0, True, "0"], ["1", "0", "true", "false"]]
)
def test_truth_of_a_binary_model_may_be_numbers_booleans_or_text(
    port: Harbour, tmp_path: Path, values: list[Any]
) -> None:
    with agent_at(port, tmp_path / "spool", NAME, task="binary") as agent:
        agent.record(ROWS, [0.9, 0.2, 0.8, 0.1], prediction_ids=list("abcd"), timestamps=[AT] * 4)
        port.ship(agent, end=True)

    post(port, [{"prediction_id": one, "value": value} for one, value in zip("abcd", values, strict=True)])

    assert accuracy(port) == (1.0, 4)


def test_a_number_says_nothing_where_the_positive_class_is_a_word(port: Harbour, tmp_path: Path) -> None:
    with agent_at(port, tmp_path / "spool", NAME, task="binary", positive_class="late") as agent:
        agent.record(ROWS, [0.9, 0.2, 0.8, 0.1], prediction_ids=list("abcd"), timestamps=[AT] * 4)
        port.ship(agent, end=True)

    post(port, [{"prediction_id": "a", "value": "late"}, {"prediction_id": "b", "value": "on time"}])
    post(port, [{"prediction_id": "c", "value": 1}, {"prediction_id": "d", "value": 0}])

    assert accuracy(port) == (1.0, 2)
    assert port.values(NAME, "accuracy")[0]["coverage"] == 0.5


@pytest.mark.parametrize(
    ("answers", "truth"), [(["a", "b", "c"], ["a", "b", "b"]), ([True, False, True], [True, False, False])]
)
def test_labels_alone_give_accuracy_but_no_auc(
    port: Harbour, tmp_path: Path, answers: list[Any], truth: list[Any]
) -> None:
    with agent_at(port, tmp_path / "spool", NAME, task="multiclass") as agent:
        agent.record(ROWS[:3], answers, prediction_ids=list("abc"), timestamps=[AT] * 3)
        agent.actuals(list("abc"), truth)
        port.ship(agent, end=True)
    port.settle()

    assert accuracy(port) == (pytest.approx(2 / 3), 3)
    assert [(one["value"], one["reason"]) for one in port.values(NAME, "auc")] == [(None, "not_applicable")]


def test_many_long_labels_are_stored_in_one_go(port: Harbour, tmp_path: Path) -> None:
    with agent_at(port, tmp_path / "spool", NAME, task="multiclass") as agent:
        agent.record(ROWS[:1], ["x"], prediction_ids=["a"], timestamps=[AT])
        port.ship(agent, end=True)

    post(port, [{"prediction_id": i, "value": f"{i}-" + "é" * 120} for i in range(9_000)])

    assert port.get(f"/deployments/{NAME}/status")["stored"]["actuals"] == 9_000


def test_truth_that_comes_while_its_prediction_is_not_folded_yet_is_taken(port: Harbour, tmp_path: Path) -> None:
    with agent_at(port, tmp_path / "spool", NAME, task="binary") as agent:
        agent.record(ROWS[:1], [0.9], prediction_ids=["a"], timestamps=[AT])
        port.ship(agent)

        post(port, [{"prediction_id": "a", "value": 1}])

    assert accuracy(port) == (1.0, 1)
