"""Every registered metric is asked for over REST, of deployments of every task: none is missing, none undefined everywhere."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from collector_harbour import Harbour, agent_at, harbour
from sklearn import metrics as sk

from tidegauge.core.windows import DAY_US, Window
from tidegauge_collector.core.monitors import Monitor
from tidegauge_collector.measuring.baselines import Baselines
from tidegauge_collector.measuring.families import METRICS, family_of
from tidegauge_collector.measuring.observing import Observer
from tidegauge_collector.telemetry.extent import known

N = 600
AT = "2025-06-02T10:00:00Z"
TRUTH_AT = "2025-06-02T16:00:00Z"
JUNE_US = 1_748_736_000_000_000  # 2025-06-01
CLASSES = ("cat", "dog", "owl")
UNMEASURED = {"interval_coverage"}  # no agent sends intervals yet
BRIEF = {"throughput_median", "throughput_peak"}  # where all calls here come within one minute
USUAL = ("traffic_to_usual", "labels_to_usual")  # of weeks, which one deployment has


def features(rng: np.random.Generator, n: int, *, shift: float = 0.0) -> list[dict[str, Any]]:
    return [
        {"x": float(x), "y": float(y), "sex": "F" if f else "M"}
        for x, y, f in zip(rng.normal(shift, 1, n), rng.gamma(2.0, size=n), rng.random(n) < 0.4, strict=True)
    ]


def answers_of(task: str, rows: list[dict[str, Any]], rng: np.random.Generator) -> tuple[Any, list[Any]]:
    """What a model says of the rows, and what turns out to be true."""
    x = np.array([row["x"] for row in rows])
    if task == "regression":
        return (5 + x / 2).tolist(), np.maximum(5 + x / 2 + rng.normal(0, 0.3, len(x)), 0.1).tolist()
    if task == "binary":
        score = 1 / (1 + np.exp(-x))
        return score.tolist(), (rng.random(len(x)) < score).astype(int).tolist()
    scores = np.exp(np.column_stack([x, -x, 0 * x]))
    scores /= scores.sum(axis=1, keepdims=True)
    return scores, [CLASSES[i] for i in (scores.cumsum(axis=1) < rng.random((len(x), 1))).sum(axis=1).clip(0, 2)]


class Classifier:
    """Tells the agent which column of scores is which class."""

    classes_ = np.array(CLASSES)

    def predict_proba(self, rows: Any) -> Any:
        return answers_of("multiclass", rows, np.random.default_rng(0))[0]


SEEN: dict[str, tuple[Any, list[Any]]] = {}


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harbour]:
    folder = tmp_path_factory.mktemp("metrics")
    with harbour(folder / "data") as running:
        for task in ("binary", "multiclass", "regression"):
            serve(running, folder / task, task)
        serve_weeks(running, folder / "weekly")
        running.settle()
        yield running


def serve(port: Harbour, spool: Path, task: str) -> None:
    rng = np.random.default_rng(4)
    with agent_at(port, spool, task, task=task, segments=["sex"], alerts="all") as agent:
        if task == "multiclass":
            agent.watch(Classifier())
        trained = features(rng, 1_000)
        said, true = answers_of(task, trained, rng)
        agent.baseline(trained, predictions=said, actuals=true, importance={"x": 3.0, "y": 1.0, "sex": 1.0})
        rows = features(rng, N, shift=0.5)
        said, true = SEEN[task] = answers_of(task, rows, rng)
        ids = list(range(N))
        with agent.context(consumer="web", cached=True):
            agent.record(rows, said, prediction_ids=ids, timestamps=[AT] * N, latency_s=0.01)
        agent.metric("basket", [1.0, 2.0, 3.0], timestamps=[AT] * 3)
        agent.actuals(ids, true, timestamps=[TRUTH_AT] * N)
        port.ship(agent, end=True)


def serve_weeks(port: Harbour, spool: Path) -> None:
    """The same hour of three weeks, with more each week."""
    with agent_at(port, spool, "weekly", task="binary", alerts="all") as agent:
        for week, n in enumerate((10, 20, 45)):
            ids = [f"{week}-{i}" for i in range(n)]
            agent.record(
                [{"x": 1.0}] * n, [0.5] * n, prediction_ids=ids, timestamps=[f"2025-06-{2 + 7 * week:02}T10:00Z"] * n
            )
            agent.actuals(ids, [1] * n, timestamps=[f"2025-06-{2 + 7 * week:02}T10:30Z"] * n)
        port.ship(agent, end=True)


def items(port: Harbour, task: str, metric: str, **query: Any) -> list[dict[str, Any]]:
    def refuse(word: str) -> None:
        raise AssertionError(f"{word} in {metric} of {task}")

    answer = port.client.get(f"/api/v1/deployments/{task}/measurements", params={"metric": metric, **query})
    assert answer.status_code == 200, answer.text
    return list(json.loads(answer.text, parse_constant=refuse)["items"])


def test_every_metric_answers_and_has_a_value_in_some_task(port: Harbour) -> None:
    defined = set()
    for metric in METRICS:
        for task in ("binary", "multiclass", "regression"):
            found = items(port, task, metric) + items(port, task, metric, group="sex", **{"class": "dog"})
            assert found, (task, metric)
            for one in found:
                assert one["metric"] == metric
                assert (one["value"] is None) == (one["reason"] is not None), one
                assert one["value"] is None or one["method"], one
                if one["value"] is not None:
                    defined.add(metric)

    for metric in USUAL:
        *_, last = items(port, "weekly", metric, step="hour")
        assert (last["value"], last["n"], last["parameters"]["earlier"]) == (3.0, 75, [20, 10])
        defined.add(metric)

    assert UNMEASURED <= set(METRICS) - defined <= UNMEASURED | BRIEF


def test_values_are_those_of_the_rows_themselves(port: Harbour) -> None:
    score, true = SEEN["binary"]
    (found,) = items(port, "binary", "average_precision")
    assert found["value"] == pytest.approx(sk.average_precision_score(true, score), abs=1e-9)
    assert found["parameters"]["low"] < found["value"] < found["parameters"]["high"]
    assert (found["n"], found["coverage"], found["baseline_n"]) == (N, 1.0, 1_000)
    change = 100 * (found["value"] / found["baseline_value"] - 1)
    assert found["parameters"]["percent_change"] == pytest.approx(change)

    said, numbers = SEEN["regression"]
    assert items(port, "regression", "r2")[0]["value"] == pytest.approx(sk.r2_score(numbers, said), abs=1e-9)

    scores, classes = SEEN["multiclass"]
    predicted = [CLASSES[i] for i in scores.argmax(axis=1)]
    macro = sk.f1_score(classes, predicted, average="macro")
    assert items(port, "multiclass", "f1_macro")[0]["value"] == pytest.approx(macro, abs=1e-9)
    (dog,) = items(port, "multiclass", "recall", **{"class": "dog"})
    assert dog["value"] == pytest.approx(sk.recall_score(classes, predicted, labels=["dog"], average="macro"), abs=1e-9)
    matrix = items(port, "multiclass", "confusion_matrix")[0]["parameters"]
    assert matrix["matrix"] == sk.confusion_matrix(classes, predicted, labels=matrix["classes"]).tolist()


def test_thresholds_and_classes_are_parameters(port: Harbour) -> None:
    score, true = SEEN["binary"]

    (found,) = items(port, "binary", "precision", threshold=0.8)

    assert found["value"] == pytest.approx(sk.precision_score(true, np.array(score) >= 0.8), abs=1e-9)
    assert found["parameters"]["threshold"] == 0.8
    assert items(port, "multiclass", "precision")[0]["reason"] == "not_applicable"
    assert items(port, "multiclass", "precision", **{"class": "cow"})[0]["reason"] == "not_applicable"
    assert port.refused("/deployments/binary/measurements", metric="precision", threshold="2")[0] == 400


def test_a_moved_feature_is_drift_by_every_distance(port: Harbour) -> None:
    moved = {metric: items(port, "binary", metric, column="x")[0] for metric in METRICS[:13]}

    assert moved["wasserstein"]["value"] == pytest.approx(0.5, abs=0.15)
    assert moved["wasserstein_norm"]["value"] == pytest.approx(0.5, abs=0.15)
    assert 0.1 < moved["ks"]["value"] < 0.35
    assert 0 < moved["ks"]["error_bound"] < 0.02
    assert moved["chi_square"]["parameters"]["p_value"] < 1e-6
    assert items(port, "binary", "ks", column="sex")[0]["reason"] == "not_applicable"
    (share,) = items(port, "binary", "drifted_share")
    assert (share["value"], share["parameters"]["drifted"]) == (pytest.approx(1 / 3), ["x"])


def test_actuals_drift_beside_the_baselines(port: Harbour) -> None:
    for task in ("binary", "multiclass", "regression"):
        (found,) = items(port, task, "psi", column="_actual")
        assert found["value"] is not None
        assert (found["n"], found["baseline_n"]) == (N, 1_000)
    (ks,) = items(port, "regression", "ks", column="_actual")
    assert 0 < ks["value"] < 1
    assert items(port, "binary", "ks", column="_actual")[0]["reason"] == "not_applicable"


def test_lags_and_ratios_of_labels(port: Harbour) -> None:
    assert items(port, "binary", "label_lag_p50")[0]["value"] == 6 * 3600
    assert items(port, "binary", "label_ratio")[0]["value"] == 1.0


def test_groups_are_compared(port: Harbour) -> None:
    rates = {one["segment"]: one for one in items(port, "binary", "selection_rate", group="sex")}
    (ratio,) = items(port, "binary", "selection_rate", group="sex=F", statistic="ratio", reference="M")
    (summary,) = items(port, "binary", "selection_rate_min_ratio", group="sex")
    values = [rates[name]["value"] for name in ("sex=F", "sex=M")]

    assert sum(one["n"] for one in rates.values()) == N
    assert ratio["value"] == pytest.approx(values[0] / values[1])
    assert summary["value"] == pytest.approx(min(values) / max(values))
    (same,) = items(port, "binary", "selection_rate", group="sex=F", favourable="0")
    assert same["value"] == pytest.approx(1 - values[0], abs=1e-9)
    (p,) = items(port, "binary", "tpr", group="sex=F", statistic="p_value")
    assert 0 <= p["value"] <= 1
    assert items(port, "binary", "selection_rate", group="age")[0]["reason"] == "no_rows"
    assert items(port, "binary", "selection_rate")[0]["reason"] == "not_applicable"
    assert not any(math.isnan(value) for value in values)


def tried(port: Harbour, task: str, monitor: dict[str, Any], **query: Any) -> dict[str, Any]:
    """A whole back-test of a monitor over what is stored of a task."""
    body = {"deployment": task, "monitor": {"id": "tried", "min_rows": 0, **monitor}, **query}
    answer = port.client.post("/api/v1/monitors/backtest", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["resume"] is None
    return dict(answer.json())


def test_every_metric_can_be_judged_and_is_judged_by_the_value_that_rest_gives(port: Harbour) -> None:
    port.clock.turn(minutes=20)
    judged = set()
    for metric in METRICS:
        family = family_of(metric)
        assert family is not None
        step = "1m" if family.by_arrival else "1d"
        monitor = {"metric": metric, "comparison": "below", "failing": 1e12, "window_s": step, "every_s": step}
        monitor |= {"columns": "*"} if family.of_columns else {}
        monitor |= {"groups": "sex"} if family.by_group else {}
        for task in ("binary", "multiclass", "regression"):
            seen = tried(port, task, monitor)
            judged |= {metric} if seen["verdicts"] else set()
            for one in seen["episodes"]:
                query = {"step": "minute" if family.by_arrival else "day", "group": "sex" if family.by_group else ""}
                values = [
                    found["value"]
                    for found in items(port, task, metric, **query)
                    if (found["column"], found["segment"]) == (one["column"], one["segment"])
                ]
                least = min(value for value in values if value is not None)
                assert one["worst_value"] == pytest.approx(least, rel=1e-12), (task, one)

    assert UNMEASURED <= set(METRICS) - judged <= UNMEASURED | BRIEF


def test_groups_classes_and_statistics_of_a_monitor_are_those_of_the_question(port: Harbour) -> None:
    (found,) = items(port, "binary", "tpr", group="sex=F", statistic="difference", reference="M", step="day")
    monitor = {"metric": "tpr", "groups": "sex=F", "statistic": "difference", "reference": "sex=M"}

    below = tried(port, "binary", monitor | {"comparison": "below", "failing": found["value"] + 1e-6})
    above = tried(port, "binary", monitor | {"comparison": "below", "failing": found["value"] - 1e-6})
    surely = tried(port, "binary", monitor | {"comparison": "below", "failing": 1, "significance": 1e-9})
    owls = tried(port, "multiclass", {"metric": "recall", "of_class": "dog", "failing": 0.0})

    assert [one["worst_value"] for one in below["episodes"]] == [found["value"]]
    assert (above["episodes"], above["verdicts"]) == ([], {"ok": 1})
    assert surely["verdicts"] == {"ok": 1}
    recall = items(port, "multiclass", "recall", step="day", **{"class": "dog"})
    assert [one["worst_value"] for one in owls["episodes"]] == [recall[0]["value"]]


@pytest.mark.parametrize(
    ("monitor", "words"),
    [
        ({"metric": "selection_rat", "failing": 0.8}, "'selection_rat' is no metric; did you mean 'selection_rate'"),
        ({"metric": "psi", "failing": 0.2}, "columns is empty"),
        ({"metric": "auc", "columns": "x", "failing": 0.2}, "leave columns away"),
        ({"metric": "tpr", "failing": 0.2}, "name the protected attributes"),
        ({"metric": "auc", "groups": "sex", "failing": 0.2}, "leave groups away"),
        ({"metric": "missing_delta", "columns": "*", "failing": 0.2, "significance": 0.01}, "chance cannot be told"),
        ({"metric": "ks", "columns": "*", "failing": 3, "limits": "baseline"}, "none can be learned"),
    ],
)
def test_what_cannot_be_judged_is_refused_when_planned_and_when_tried(
    port: Harbour, monitor: dict[str, Any], words: str
) -> None:
    table = {"id": "wrong", **monitor}
    files = {"files": [{"name": "m.toml", "monitors": [table]}]}
    for path, body in (("plan", files), ("apply", files), ("backtest", {"deployment": "binary", "monitor": table})):
        answer = port.client.post(f"/api/v1/monitors/{path}", json=body)
        assert answer.status_code == 400
        assert words in answer.json()["error"], (path, answer.json())


def test_windows_with_more_rows_than_are_read_at_once_are_read_in_portions(port: Harbour) -> None:
    control, telemetry = port.collector.control, port.collector.telemetry
    deployment = control.deployment("binary")
    assert deployment is not None
    monitor = Monitor(id="auc", metric="auc", failing=0.1)
    days = [Window(at, at + DAY_US) for at in range(JUNE_US, JUNE_US + 5 * DAY_US, DAY_US)]

    def observed(most_rows: int) -> Any:
        observer = Observer(telemetry, Baselines(control), most_rows=most_rows)
        return observer.observe(monitor, deployment, "v1", days, known(telemetry, "binary").columns)

    assert list(observed(1)) == list(observed(10**9))
    assert observed(1).n.sum() == N
