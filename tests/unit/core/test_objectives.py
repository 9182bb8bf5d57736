"""Objectives: tables of files, the monitors that judge them, and the minutes that some of them count."""

import tomllib

import numpy as np
import pytest

from tidegauge_collector.core.minutes import MINUTE_US, Minutes, slow_minutes, stale_minutes
from tidegauge_collector.core.monitor_tables import Document, objective_table, read_documents
from tidegauge_collector.core.monitors import Monitor
from tidegauge_collector.core.objectives import Objective, is_plain, monitor_of, objective_of
from tidegauge_collector.core.slo import Tally, reached
from tidegauge_collector.core.toml_text import tables_text

FAST = """
[[objectives]]
id = "fast"
name = "Nine of ten within 300 ms"
indicator = "latency"
target = 0.9
under_s = 0.3
window_s = "28d"
deployments = ["shop-*"]
labels = { team = "checkout" }
"""


def read(text):
    return read_documents([Document("a.toml", tomllib.loads(text))])


def test_a_table_is_the_monitor_that_judges_it():
    (found,), problems = read(FAST)

    assert problems == []
    assert found.monitor == Monitor(
        id="fast",
        name="Nine of ten within 300 ms",
        kind="burn_rate",
        metric="slow_requests",
        objective=0.9,
        objective_window_s=28 * 86_400,
        slow_s=0.3,
    )
    assert (found.deployments, found.labels, found.origin) == (("shop-*",), {"team": "checkout"}, "file")


@pytest.mark.parametrize("indicator", ["availability", "error_rate", "latency", "throughput", "freshness"])
def test_what_is_written_is_read_back(indicator):
    objective = Objective(
        id="o", name="O", indicator=indicator, target=0.99, under_s=0.5, at_least_per_minute=7, stale_after_s=60
    )
    (found,), _ = read(tables_text("objectives", [{"id": "o", "name": "O", "indicator": indicator, "target": 0.99,
        "under_s": 0.5, "at_least_per_minute": 7, "stale_after_s": "1m"}]))  # fmt: skip
    (again,), problems = read(tables_text("objectives", [objective_table(found)]))

    assert problems == []
    assert objective_of(found.monitor) == objective
    assert again == found
    assert is_plain(found.monitor)


def test_a_monitor_with_more_to_say_is_not_plain():
    assert not is_plain(Monitor(id="o", kind="burn_rate", metric="error_rate", significance=0.01))
    assert not is_plain(Monitor(id="o", metric="psi", failing=0.2))


def test_everything_that_is_wrong_is_told():
    _, problems = read('[[objectives]]\nid = "a"\ntarget = 2\n[[objectives]]\nid = "b"\nindicator = "latency"\ntarget = 1.5\nunder = 3\n'
        '[[objectives]]\nid = "c"\nindicator = "latency"\ntarget = 1.5\nunder_s = 0\n')  # fmt: skip

    text = "\n".join(problems)
    assert "a.toml: objectives[1] 'a': indicator is missing: What is good" in text
    assert "a.toml: objectives[2] 'b': under = 3: unknown key; did you mean 'under_s'?" in text
    assert "a.toml: objectives[3] 'c': objective is 1.5: use a share between 0 and 1" in text
    assert "a.toml: objectives[3] 'c': slow_s is 0.0: use more than 0" in text


def test_an_id_stands_once_over_monitors_and_objectives():
    _, problems = read('[[monitors]]\nid = "a"\nmetric = "psi"\nfailing = 1\n' + FAST.replace('"fast"', '"a"'))

    assert problems == ["a.toml: objectives[1]: id = 'a': stands in a.toml: monitors[1] already: give each its own"]


def test_minutes_below_the_promised_load_are_bad():
    minutes = Minutes(0, np.array([False, True, True, True]), slow_minutes(np.array([0, 5, 4, 0]), 5))

    assert minutes.tally(0, 4 * MINUTE_US) == Tally(bad=2, total=3)
    assert minutes.tally(MINUTE_US, 2 * MINUTE_US) == Tally(bad=0, total=1)
    assert minutes.tally(-MINUTE_US, 99 * MINUTE_US) == minutes.tally(0, 4 * MINUTE_US)


def test_minutes_are_stale_from_the_last_answer_on_also_one_before_the_range():
    answered = np.array([False, False, True, False, False, False])

    assert stale_minutes(answered, 120, None).tolist() == [True, True, False, False, False, True]
    assert stale_minutes(answered, 120, 0.0).tolist() == [False, False, False, False, False, True]
    assert stale_minutes(answered, 120, 60.0).tolist() == [False, True, False, False, False, True]


def test_tallies_of_parts_add_up_to_the_whole():
    rng = np.random.default_rng(3)
    minutes = Minutes(0, rng.random(500) < 0.9, rng.random(500) < 0.2)
    whole = minutes.tally(0, 500 * MINUTE_US)
    for cut in rng.integers(0, 500, 20).tolist():
        left, right = minutes.tally(0, cut * MINUTE_US), minutes.tally(cut * MINUTE_US, 500 * MINUTE_US)
        assert (left.bad + right.bad, left.total + right.total) == (whole.bad, whole.total)


def test_what_was_reached_is_a_share_of_what_counts():
    assert reached(Tally(1, 4)) == 0.75
    assert reached(Tally(0, 0)) is None


def test_the_monitor_of_a_freshness_objective_speaks_of_freshness():
    assert monitor_of(Objective(id="f", indicator="freshness", target=0.9)).block == "freshness"
