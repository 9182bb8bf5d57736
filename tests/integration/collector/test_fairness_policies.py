"""Fairness policies: applied as a file, judged by group, asked over REST, taken away again."""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from collector_harbour import Harbour, agent_at, harbour

from tidegauge_collector.cli import main

N = 1_200
DAYS = ("2025-06-02", "2025-06-03")
POLICY = """
[[monitors]]
id = "fair"
kind = "fairness"
groups = "sex, sex&age"
reference = "sex=M"
favourable = "1"
min_group_rows = 50
decision_threshold = 0.6
measures = [
  { metric = "selection_rate_min_ratio", warning = 0.9, failing = 0.8, significance = 0.01 },
  { metric = "selection_rate", statistic = "ratio", failing = 0.5, significance = 0.01 },
]
"""


@pytest.fixture
def port(tmp_path: Path) -> Iterator[Harbour]:
    """Women are selected half as often, on both days."""
    with harbour(tmp_path / "data") as running:
        rng = np.random.default_rng(8)
        running.collector.control.ensure_deployment("loans", proposal={"alerts": "all"}, now_us=1)
        sent(running, "apply", POLICY)
        options = {"task": "binary", "segments": ["sex", "age"], "alerts": "all"}
        with agent_at(running, tmp_path / "spool", "loans", **options) as agent:
            for day in DAYS:
                sex = np.where(rng.random(N) < 0.5, "F", "M").tolist()
                age = np.where(rng.random(N) < 0.5, "old", "young").tolist()
                scores = [float(rng.random() < (0.3 if one == "F" else 0.6)) * 0.5 + 0.2 for one in sex]
                rows = [{"x": 1.0, "sex": s, "age": a} for s, a in zip(sex, age, strict=True)]
                ids = [f"{day}-{i}" for i in range(N)]
                agent.record(rows, scores, prediction_ids=ids, timestamps=[f"{day}T10:00:00Z"] * N)
            running.ship(agent, end=True)
        running.settle()
        yield running


def sent(port: Harbour, action: str, text: str, *, prune: bool = False) -> dict[str, Any]:
    body = {"files": [{"name": "fair.toml", **tomllib.loads(text)}], "prune": prune}
    answer = port.client.post(f"/api/v1/monitors/{action}", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_a_policy_is_judged_asked_changed_and_taken_away(port: Harbour) -> None:
    alerts = {(one["monitor"], one["segment"], one["severity"]) for one in port.get("/alerts")["items"]}
    standing = {one["id"]: one for one in port.get("/deployments/loans/monitors")["items"]}
    days = port.values("loans", "selection_rate_min_ratio", step="day")
    shares = port.values("loans", "selection_rate", statistic="ratio", group="sex", step="day")

    # the least of four groups is about half of the greatest, and of both attributes chance is ruled out
    assert ("fair.selection_rate_min_ratio", "sex", "failing") in alerts
    assert ("fair.selection_rate_min_ratio", "sex&age", "failing") in alerts
    assert {one["segment"] for one in days} == {"sex", "sex&age"}
    assert [one["verdict"] for one in days] == ["failing"] * 4
    assert [one["window"]["start"][:10] for one in days if one["segment"] == "sex"] == list(DAYS)
    # threshold, reference and size of groups come from the policy
    assert {one["parameters"]["min_group_rows"] for one in shares} == {50}
    assert {one["parameters"]["reference"] for one in shares} == {"sex=M"}
    women = [one["value"] for one in shares if one["segment"] == "sex=F"]
    assert women == pytest.approx([0.5, 0.5], abs=0.1)
    # the policy is stored with the deployment, and what follows from it stands beside it
    assert standing["fair"]["groups"] == "sex, sex&age"
    assert standing["fair"]["measures"][0]["failing"] == 0.8
    assert standing["fair.selection_rate.ratio"]["statistic"] == "ratio"
    assert standing["fair.selection_rate.ratio"]["origin"] == "file"

    again = sent(port, "apply", POLICY)
    fewer = sent(port, "apply", POLICY.replace('groups = "sex, sex&age"', 'groups = "sex"'))
    gone = sent(port, "apply", "monitors = []", prune=True)

    assert again["empty"]
    assert fewer["withdrawn"] == sum("&" in segment for _, segment, _ in alerts)
    assert gone["withdrawn"] == sum("&" not in segment for _, segment, _ in alerts)
    assert not [one for one in port.get("/deployments/loans/monitors")["items"] if one["id"].startswith("fair")]


def test_a_policy_is_tried_on_what_is_stored_measure_by_measure(
    port: Harbour, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "fair.toml"
    file.write_text(POLICY, encoding="utf-8")
    capsys.readouterr()

    assert main(["monitors", "backtest", str(file), "--json", "--data", str(port.data)]) == 0

    out = capsys.readouterr().out
    found = {one["monitor"]: one for one in json.loads(out[out.index("{") :])["items"]}
    assert set(found) == {"fair.selection_rate_min_ratio", "fair.selection_rate.ratio"}
    assert {one["segment"] for one in found["fair.selection_rate_min_ratio"]["episodes"]} == {"sex", "sex&age"}


def test_a_wrong_measure_is_refused_with_the_nearest_name(port: Harbour) -> None:
    wrong = POLICY.replace('metric = "selection_rate",', 'metric = "selection_rat",')
    body = {"files": [{"name": "fair.toml", **tomllib.loads(wrong)}]}

    answer = port.client.post("/api/v1/monitors/plan", json=body)

    assert answer.status_code == 400
    assert "did you mean 'selection_rate'" in answer.json()["error"]
