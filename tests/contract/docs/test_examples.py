"""Every Python block of the README and of docs/your-own-model.md runs, against a real collector, and does what the page says."""

import pytest

from .pages import examples
from .scripts import FOUND, PAGES

STORED = {  # rows, predictions with ids, actuals
    "readme": ("tumours", 269, 0, 0),
    "readme-sklearn": ("loans", 1_000, 1_000, 1_000),
    "readme-fastapi": ("house-prices", 20, 20, 0),
    "agent": None,
    "sklearn": ("biopsies", 143, 143, 143),
    "no-baseline": ("sensor-faults", 500, 0, 0),
    "fastapi": ("churn", 20, 20, 1),
    "batch": ("demand", 1_000, 0, 0),
    "labels": ("biopsies", 0, 0, 2),
    "columns": ("tickets", 0, 0, 0),
    "extract": ("baskets", 22, 20, 0),
    "humility": ("delays", 1, 0, 0),
    "privacy": ("claims", 20, 0, 0),
    "testing": None,
}


def test_every_block_has_a_name_of_its_own_and_is_run_here():
    names = [example.name for page in PAGES for example in examples(page)]

    assert len(names) == len(FOUND)
    assert sorted(FOUND) == sorted(STORED)


@pytest.mark.parametrize("name", STORED)
def test_an_example_runs_and_the_collector_has_what_it_gave(served, ran, name):
    ran(name)

    if STORED[name] is not None:
        deployment, rows, predictions, actuals = STORED[name]
        stored = served.wait_for(deployment, rows=rows, predictions=predictions, actuals=actuals)
        assert stored["predictions"] == stored["prediction_ids"]


def test_the_readme_example_shows_the_drift_that_it_speaks_of(served, ran):
    ran("readme-sklearn")
    served.wait_for("loans", rows=1_000, predictions=1_000, actuals=1_000)

    about = served.read("/api/v1/deployments/loans")
    drift = served.read("/api/v1/deployments/loans/measurements", metric="psi")["items"]
    auc = served.read("/api/v1/deployments/loans/measurements", metric="auc")["items"][0]

    psi = {one["column"]: one["value"] for one in drift}
    assert psi["rate"] > 0.25 > psi["income"]
    assert auc["n"] == 1_000
    assert auc["coverage"] == 1
    assert 0.5 < auc["value"] < auc["baseline_value"]
    assert about["task"] == "binary"
    assert about["baselines"][0]["origin"] == "given"
    assert "region=N" in about["segments"]


def test_a_version_without_a_baseline_gets_one_only_when_it_has_the_rows(served, ran):
    ran("no-baseline")
    served.wait_for("sensor-faults", rows=500)

    assert served.read("/api/v1/deployments/sensor-faults")["baselines"] == []
