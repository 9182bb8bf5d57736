"""The demo as a newcomer runs it, on fewer days: real processes, real stores, real webhooks.

Its exit code says whether everything that it promises held.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "deploy" / "demo"
EVERYTHING = 0
FLIGHTS_OF_TWO_WEEKS = 12_889  # rows of 1 to 14 April with an arrival delay

pytestmark = pytest.mark.timeout(900)  # on a busy machine


@pytest.fixture(scope="module")
def run_demo(tmp_path_factory):
    """Runs the demo to its end and returns its exit code, what it printed and its `result.json`."""

    def run(*arguments):
        folder = tmp_path_factory.mktemp("demo") / "demo"
        path = os.pathsep.join([str(SOURCE), *filter(None, [os.environ.get("PYTHONPATH", "")])])
        done = subprocess.run(
            [sys.executable, "-m", "flights_demo", "--data", str(folder), "--keep", *arguments],
            env={**os.environ, "PYTHONPATH": path, "DEMO_EXIT": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        result = folder / "result.json"
        assert result.exists(), done.stdout + done.stderr
        return done.returncode, done.stdout, json.loads(result.read_text())

    return run


def check(code, result):
    """Every promise held."""
    assert {one["claim"]: one["grounds"] for one in result["checks"] if not one["holds"]} == {}
    assert code == EVERYTHING


@pytest.fixture(scope="module")
def shifted(run_demo):
    """Two weeks, on three days of which a sensor is in other units: looked at from two sides."""
    return run_demo("--days", "14", "--shift", "distance:2013-04-04:2013-04-07")


def test_two_weeks_are_stored_exactly_and_measured_as_scikit_learn_does(shifted):
    code, printed, result = shifted

    check(code, result)
    assert result["status"]["stored"]["prediction_ids"] == FLIGHTS_OF_TWO_WEEKS
    assert "Accuracy by month" in printed


def test_a_sensor_in_other_units_is_found_told_once_and_over_when_it_is_over(shifted):
    code, printed, result = shifted

    alert = next(one for one in result["alerts"] if one["column"] == "distance")
    told = [one["kind"] for one in alert["events"] if one["kind"] != "acknowledged"]  # somebody may have had the time
    assert told == ["opened", "resolved"]
    assert "psi distance" in printed
    check(code, result)


def test_killed_collector_and_worker_lose_nothing_and_double_nothing(run_demo):
    code, _, result = run_demo("--days", "12", "--chaos")

    assert result["kills"] == ["collector", "worker", "collector"]
    check(code, result)
