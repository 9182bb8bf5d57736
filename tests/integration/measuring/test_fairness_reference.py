"""Which group others are compared with, where nobody has stated one."""

import pytest

from tidegauge.core.baseline import build_baseline
from tidegauge.core.columns import ColumnKind
from tidegauge.core.windows import HOUR_US, Window
from tidegauge_collector.control import Deployment
from tidegauge_collector.measuring import windows
from tidegauge_collector.measuring.baselines import ActiveBaseline
from tidegauge_collector.measuring.fairness import Question, measure_fairness
from tidegauge_collector.measuring.gauged import Scope
from tidegauge_collector.telemetry.fold import LogPosition, fold
from tidegauge_collector.telemetry.testing import Answers, Sender, Source, records_frame

DEPLOYMENT = Deployment(1, "flights", "UTC", "binary", None, None, "live", (), 0, 0)
HOUR = Window(0, HOUR_US)
KINDS = {"sex": ColumnKind.CATEGORICAL, "age": ColumnKind.NUMERIC}
TRAINED = {"sex": ["M"] * 70 + ["F"] * 30, "age": [0.0] * 20 + [1.0] * 80}


@pytest.fixture
def active():
    baseline = build_baseline(TRAINED, KINDS)
    return ActiveBaseline(baseline, baseline.origin, baseline.rows)


def measured(store, active, window=HOUR, **question):
    """Six women and four men came, eight of the ten of age 0."""
    who = [("F", 0)] * 6 + [("M", 0)] * 2 + [("M", 1)] * 2
    answers = Answers([0.9] * 10, segments=[(f"sex={sex}", f"age={age}") for sex, age in who])
    fold(store, [Sender().send(records_frame(range(10), [1] * 10, answers))], LogPosition(b"log", 1))
    scope = Scope(deployment="flights", version="1", segment="", windows=[window])
    found = measure_fairness(store, scope, DEPLOYMENT, "selection_rate", Question(**question), active)
    return [(one.reason, one.parameters.get("reference"), one.parameters.get("reference_from")) for one in found]


def test_it_is_the_largest_of_the_baseline_however_many_come_of_another(store, active):
    assert set(measured(store, active, group="sex")) == {(None, "sex=M", "baseline")}


def test_a_number_that_the_baseline_knows_by_itself_is_a_group_too(store, active):
    assert set(measured(store, active, group="age")) == {(None, "age=1", "baseline")}


def test_of_what_the_baseline_does_not_know_it_is_the_largest_of_the_window(store, active):
    assert set(measured(store, active, group="sex&age")) == {(None, "sex=F&age=0", "window")}
    assert set(measured(store, None, group="sex")) == {(None, "sex=F", "window")}


def test_a_stated_one_goes_before_it(store, active):
    assert set(measured(store, active, group="sex", reference="F")) == {(None, "sex=F", "stated")}


def test_groups_that_only_other_deployments_have_do_not_count(store, active, monkeypatch):
    monkeypatch.setattr(windows, "MAX_MEASUREMENTS", 2)
    others = Answers([0.9] * 10, segments=[(f"sex={number}",) for number in range(10)])
    frame = records_frame(range(10), [1] * 10, others, source=Source("hotels"))
    fold(store, [Sender(b"\x02" * 16).send(frame)], LogPosition(b"log", 1))

    assert set(measured(store, active, group="sex")) == {(None, "sex=M", "baseline")}
