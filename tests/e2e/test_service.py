"""The whole way: a watched model, its agent, the collector and every route of its API, against the raw rows."""

import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from collector_harbour import Harbour, agent_at, harbour, load
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score

from tidegauge.core.ids import digest_id

load("collector_voyage", Path(__file__).with_name("voyage.py"))
collector_voyage = sys.modules["collector_voyage"]
NAME, FEATURES, START = collector_voyage.NAME, collector_voyage.FEATURES, collector_voyage.START
PERFECT = 1e-9


@pytest.fixture(autouse=True)
def no_leaked_threads() -> None:
    """The collector outlasts a test here; `harbour` looks at its threads when it ends."""


@pytest.fixture(scope="module")
def voyage() -> Any:
    return collector_voyage.make_voyage()


@pytest.fixture(scope="module")
def served(voyage: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harbour]:
    """A collector that has seen the whole voyage: half of the labels through the agent, half through the API."""
    folder = tmp_path_factory.mktemp("service")
    options = {"segments": ["carrier"], "time_zone": "America/New_York", "alerts": "all"}
    with harbour(folder / "data") as running, agent_at(running, folder / "spool", NAME, **options) as agent:
        train = voyage.train
        scores = voyage.model.predict_proba(train[FEATURES])
        agent.baseline(train[FEATURES], predictions=scores, actuals=train.late, model=voyage.model)
        model = agent.watch(voyage.model)
        for number, call in enumerate(voyage.calls):
            with agent.context(prediction_ids=call.id.tolist(), timestamps=call.moment.tolist()):
                model.predict_proba(call[FEATURES])
            if number % 5 == 0:
                running.ship(agent)
        with pytest.raises(ValueError, match="columns"):
            model.predict_proba(voyage.train[["temp"]])
        known = voyage.labelled
        first, second = known.iloc[::2], known.iloc[1::2]
        agent.actuals(first.id.tolist(), first.late.tolist(), timestamps=(first.moment + timedelta(hours=1)).tolist())
        running.ship(agent, end=True)
        items = [
            {"prediction_id": row.id, "value": row.late, "timestamp": (row.moment + timedelta(hours=1)).isoformat()}
            for row in second.itertuples()
        ]
        answer = running.client.post(f"/api/v1/deployments/{NAME}/actuals", json={"actuals": items})
        assert answer.json() == {"stored": len(items)}
        running.settle()
        yield running


def of_rows(metric: str, rows: pd.DataFrame) -> float:
    """What scikit-learn says."""
    if metric == "auc":
        return float(roc_auc_score(rows.late, rows.score))
    if metric == "log_loss":
        return float(log_loss(rows.late, rows.score, labels=[0, 1]))
    return float(accuracy_score(rows.late, rows.score >= 0.5))


@pytest.mark.parametrize("metric", ["auc", "log_loss", "accuracy"])
def test_accuracy_is_what_scikit_learn_says_in_total_by_day_and_by_segment(
    served: Harbour, voyage: Any, metric: str
) -> None:
    known = voyage.labelled

    (total,) = served.values(NAME, metric)
    days = served.values(NAME, metric, step="day")
    by_segment = [served.values(NAME, metric, segment=f"carrier={one}")[0] for one in ("AA", "DL", "UA")]

    assert total["value"] == pytest.approx(of_rows(metric, known), abs=PERFECT)
    assert (total["n"], total["coverage"]) == (len(known), pytest.approx(len(known) / len(voyage.rows)))
    scores = voyage.model.predict_proba(voyage.train[FEATURES])[:, 1]
    assert total["baseline_value"] == pytest.approx(of_rows(metric, voyage.train.assign(score=scores)), abs=PERFECT)
    expected = [of_rows(metric, voyage.day(i).query("known")) for i in range(3)]
    assert [one["value"] for one in days] == pytest.approx(expected, abs=PERFECT)
    expected = [of_rows(metric, known[known.carrier == one]) for one in ("AA", "DL", "UA")]
    assert [one["value"] for one in by_segment] == pytest.approx(expected, abs=PERFECT)


def test_psi_of_numeric_columns_is_that_of_the_raw_rows(served: Harbour, voyage: Any) -> None:
    for column in ("temp", "wind"):
        baseline = collector_voyage.numeric_counts(voyage.train[column], voyage.train[column])
        wholes = served.values(NAME, "psi", column=column)
        days = served.values(NAME, "psi", column=column, step="day")

        count = [collector_voyage.numeric_counts(voyage.train[column], voyage.day(i)[column]) for i in range(3)]
        assert wholes[0]["value"] == pytest.approx(collector_voyage.psi(sum(count), baseline), abs=PERFECT)
        assert [one["value"] for one in days] == pytest.approx(
            [collector_voyage.psi(c, baseline) for c in count], abs=1e-9
        )
        assert [one["n"] for one in days] == [len(voyage.day(i)) for i in range(3)]
        assert {one["parameters"]["approximate"] for one in days} == {False}


def test_psi_of_a_category_within_a_segment_and_without(served: Harbour, voyage: Any) -> None:
    def counts(rows: pd.DataFrame) -> Any:
        return np.array([(rows.carrier == one).sum() for one in ("AA", "DL", "UA")])

    (whole,) = served.values(NAME, "psi", column="carrier")
    (within,) = served.values(NAME, "psi", column="carrier", segment="carrier=UA")

    baseline = counts(voyage.train)
    assert whole["value"] == pytest.approx(collector_voyage.psi(counts(voyage.rows), baseline), abs=PERFECT)
    united = voyage.rows[voyage.rows.carrier == "UA"]
    assert within["value"] == pytest.approx(collector_voyage.psi(counts(united), baseline), abs=PERFECT)
    assert within["n"] == len(united)


def test_missing_rate_is_the_share_of_missing_rows(served: Harbour, voyage: Any) -> None:
    days = served.values(NAME, "missing_rate", column="wind", step="day")

    assert [one["value"] for one in days] == [voyage.day(i).wind.isna().mean() for i in range(3)]
    assert days[0]["baseline_value"] == voyage.train.wind.isna().mean()


def test_days_are_local_days(served: Harbour) -> None:
    days = served.values(NAME, "psi", column="temp", step="day")

    expected = [(START + timedelta(days=i)).isoformat().replace("+00:00", "Z") for i in range(4)]
    assert [one["window"]["start"] for one in days] == expected[:3]
    assert [one["window"]["end"] for one in days] == expected[1:]


def test_service_levels_count_every_call(served: Harbour, voyage: Any) -> None:
    found = {m: served.values(NAME, m)[0]["value"] for m in ("requests", "predictions", "errors", "error_rate")}

    calls = len(voyage.calls)
    assert found["requests"] == calls + 1
    assert found["predictions"] == len(voyage.rows)
    assert (found["errors"], found["error_rate"]) == (1, 1 / (calls + 1))
    assert served.values(NAME, "latency_p50")[0]["value"] > 0
    assert 0 < served.values(NAME, "requests", segment="carrier=UA")[0]["value"] <= calls
    assert {one["reason"] for one in served.values(NAME, "errors", segment="carrier=UA")} == {"not_applicable"}


def test_a_measurement_has_the_outside_shape(served: Harbour) -> None:
    for metric in ("psi", "missing_rate", "requests", "latency_p99", "auc"):
        for item in served.values(NAME, metric, step="day"):
            assert set(item) == {
                "metric", "column", "segment", "version", "window", "value", "reason", "n", "baseline_n",
                "baseline_value", "coverage", "method", "parameters", "error_bound", "verdict",
            }  # fmt: skip
            assert (item["value"] is None) == (item["reason"] is not None)
            assert item["version"] == "v1"
            assert item["method"]
            for at in item["window"].values():
                assert at.endswith("Z")
                assert datetime.fromisoformat(at).utcoffset() == timedelta(0)


def test_the_warm_day_is_judged_and_told_where_it_was_measured(served: Harbour) -> None:
    days = served.values(NAME, "psi", column="temp", step="day")

    assert [one["verdict"] for one in days] == ["ok", "ok", "failing"]
    alerts = served.get("/alerts", deployment=NAME, status="firing")["items"]
    (alert,) = [one for one in alerts if one["monitor"] == "drift"]  # the model is also worse than on its training rows
    assert (alert["column"], alert["metric"], alert["severity"]) == ("temp", "psi", "failing")
    assert alert["window"] == days[2]["window"]
    assert alert["value"] == pytest.approx(days[2]["value"])
    assert [one["kind"] for one in alert["events"]] == ["opened"]


def test_a_deployment_tells_its_columns_segments_baseline_and_monitors(served: Harbour, voyage: Any) -> None:
    about = served.get(f"/deployments/{NAME}")

    kinds = {one["name"]: (one["kind"], one["role"]) for one in about["columns"]}
    assert kinds == {
        "temp": ("numeric", "feature"),
        "wind": ("numeric", "feature"),
        "carrier": ("categorical", "feature"),
        "_prediction": ("numeric", "prediction"),
    }
    assert about["segments"] == ["carrier=AA", "carrier=DL", "carrier=UA"]
    assert [(one["origin"], one["status"], one["rows"]) for one in about["baselines"]] == [("given", "active", 1_000)]
    defaults = {"drift", "error_rate", "auc", "accuracy", "no_predictions", "silent_agents"}
    assert {one["id"] for one in about["monitors"]} == defaults
    assert (about["task"], about["positive_class"], about["timezone"]) == ("binary", "1", "America/New_York")
    (summary,) = served.get("/deployments")["items"]
    assert summary.items() <= about.items()
    assert (summary["verdict"], summary["open_alerts"]) == ("failing", len(served.get("/alerts")["items"]))
    assert datetime.fromisoformat(summary["first_prediction"]) == voyage.rows.moment.iloc[0].to_pydatetime()
    assert datetime.fromisoformat(summary["last_prediction"]) == voyage.rows.moment.iloc[-1].to_pydatetime()


def test_status_says_settled_and_what_is_stored(served: Harbour, voyage: Any) -> None:
    status = served.get(f"/deployments/{NAME}/status")

    assert status["settled"] is True
    rows, known = len(voyage.rows), len(voyage.labelled)
    expected = {"predictions": rows, "prediction_ids": rows, "actuals": known, "actual_ids": known}
    assert status["stored"].items() >= expected.items()
    assert status["dropped"] == {}
    (agent,) = status["agents"]
    assert (agent["closed"], agent["live"]) == (True, False)


def test_predictions_come_page_by_page_each_once_with_their_truth(served: Harbour, voyage: Any) -> None:
    found, after = [], None
    while True:
        query = {"limit": 100, **({"after": after} if after else {})}
        page = served.get(f"/deployments/{NAME}/predictions", **query)
        found += page["items"]
        after = page["next"]
        if after is None:
            break

    assert [one["prediction_id"] for one in found] == [digest_id(one).hex() for one in voyage.rows.id]
    assert [one["score"] for one in found] == voyage.rows.score.tolist()
    expected = [row.late if row.known else None for row in voyage.rows.itertuples()]
    assert [one["actual"] for one in found] == expected
    assert [one["segments"] for one in found] == [[f"carrier={one}"] for one in voyage.rows.carrier]


def test_a_profile_shows_bins_moments_and_what_is_new(served: Harbour, voyage: Any) -> None:
    profile = served.get(f"/deployments/{NAME}/profiles", column="temp")

    counts = collector_voyage.numeric_counts(voyage.train.temp, voyage.rows.temp)
    by_kind = [one["window_count"] for one in profile["bins"] if one["kind"] in {"below", "interval", "above"}]
    assert by_kind == counts[:-1].tolist()
    assert profile["moments"]["mean"] == pytest.approx(voyage.rows.temp.mean(), rel=1e-12)
    assert profile["moments"]["std"] == pytest.approx(voyage.rows.temp.std(ddof=0), rel=1e-9)
    assert (profile["moments"]["min"], profile["moments"]["max"]) == (voyage.rows.temp.min(), voyage.rows.temp.max())
    assert (profile["n"], profile["baseline_n"], profile["approximate"]) == (len(voyage.rows), 1_000, False)
    assert profile["new_categories"] == []
