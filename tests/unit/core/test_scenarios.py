"""The scenarios under tests/scenarios hold and have every state and all that can be told; a text that is none says why, line by line."""

from dataclasses import replace
from pathlib import Path

import pytest

from tidegauge_collector.core.default_monitors import DEFAULT_MONITORS
from tidegauge_collector.core.scenario import Scenario, ScenarioError, parse, run
from tidegauge_collector.core.scenario_text import ACTS, STATES, TOLD

FILES = sorted((Path(__file__).parents[2] / "scenarios").glob("*.txt"))
KNOWN = {one.id: one for one in DEFAULT_MONITORS}


def cases():
    for file in FILES:
        for case in parse(file.read_text(encoding="utf-8")).cases:
            yield pytest.param(case, id=f"{file.stem}: {case.claim}")


@pytest.mark.parametrize("case", list(cases()))
def test_scenario(case):
    assert [str(failure) for failure in run(Scenario((case,)), KNOWN)] == []


def test_every_state_is_expected_by_a_scenario():
    expected = {state for param in cases() for one in param.values[0].expectations for state in one.states}

    assert set(STATES) <= expected | {"firing"}
    assert {"firing warning", "firing failing"} <= expected


def test_all_that_can_be_told_and_done_occurs_in_a_scenario():
    found = [param.values[0] for param in cases()]

    assert {state for case in found for one in case.expectations if one.is_told for state in one.states} == set(TOLD)
    assert {one.kind for case in found for one in case.acts} == set(ACTS)


def failures(text: str) -> list[str]:
    return [str(failure) for failure in run(parse(text), KNOWN)]


HEAD = "case a claim\nmonitor drift\n"


def test_an_expectation_that_does_not_hold_says_where_and_what_was_found():
    (found,) = failures(HEAD + "series psi age: 0.05 0.3\nat 1: quiet\nat 2: quiet\n")

    assert found == "line 5: a claim: expected at 2: quiet, found at 2: firing, firing failing, opened, verdict failing"


def test_an_expectation_beyond_the_series_does_not_hold():
    (found,) = failures(HEAD + "series psi age: 0.05\nat 2: quiet\n")

    assert "no step 2: the series has 1" in found


def test_an_expectation_must_name_one_of_several_series():
    text = HEAD + "series psi age: 0.05\nseries psi height: 0.3\nat 1: quiet\nat 1 height: firing\nat 1 weight: quiet\n"

    found = failures(text)

    assert len(found) == 2
    assert "2 series of that name among: drift age, drift height" in found[0]
    assert "0 series of that name" in found[1]


def test_what_is_told_must_be_all_that_is_told():
    text = HEAD + "series psi age: 0.05 0.3x2\nacknowledge at 2\n"

    found = failures(
        text + "told at 1: opened\ntold at 2: opened\ntold at 2-3: acknowledged, opened\ntold at 4: nothing\n"
    )

    assert found == [
        "line 5: a claim: expected told at 1: opened, found at 1: nothing",
        "line 6: a claim: expected told at 2: opened, found at 2: acknowledged, opened",
        "line 7: a claim: expected told at 2-3: acknowledged, opened, found at 3: nothing",
        "line 8: a claim: expected told at 4: nothing, found no step 4: the series has 3",
    ]


def test_what_people_do_without_any_effect_does_not_hold():
    text = (
        HEAD
        + "series psi age: 0.05 0.3\nsilence 1 weight\nacknowledge at 1\nmute at 2 weight\nunmute at 3\nat 1: quiet\n"
    )

    assert failures(text) == [
        "line 4: a claim: expected a series to silence, found none among: drift age",
        "line 5: a claim: expected an alert to acknowledge at 1, found none that fires then among: drift age",
        "line 6: a claim: expected an alert to mute at 2, found none that fires then among: drift age",
        "line 7: a claim: expected an alert to unmute at 3, found none that fires then among: drift age",
    ]


def test_a_composite_is_told_and_silenced_by_its_own_name():
    group = 'monitor both\n  kind = "composite"\n  members = ["drift"]\n  at_least = 2\n'
    text = HEAD + group + "series psi a: 0.3x3\nseries psi b: 0.05 0.3x2\nsilence 1-2 drift\n"

    found = failures(
        text
        + "told at 1 both: nothing\ntold at 2 both: opened\ntold at 2 drift b: nothing\ntold at 3 drift b: opened\n"
    )

    assert found == []


def test_a_case_may_bring_a_monitor_of_its_own():
    text = 'case new\nmonitor mine\n  metric = "psi"\n  columns = "*"\n  warning = 0.5\nseries psi age: 0.6\nat 1: firing warning\n'

    assert failures(text) == []


def test_fields_change_the_monitor_of_that_id_only():
    text = HEAD + "  warning = 0.2\nseries psi age: 0.15\nat 1: quiet\n"

    assert failures(text) == []
    assert KNOWN["drift"] == replace(KNOWN["drift"], warning=0.1)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "has no case"),
        ("series psi: 1", "line 1: belongs to no case"),
        ("case x\nnonsense", "line 2: 'nonsense' is none of case, monitor, series, at"),
        (HEAD + "series : 1\nat 1: quiet", "line 3: write a series"),
        (HEAD + "series psi: 0.1 abc\nat 1: quiet", "line 3: 'abc' is no value"),
        (HEAD + "series psi: 0.1 n=x\nat 1: quiet", "line 3: could not convert"),
        (HEAD + "at one: quiet", "line 3: write an expectation"),
        (HEAD + "at 3-2: quiet", "line 3: steps 3-2 are none"),
        (HEAD + "at 1: silent", "line 3: 'silent' is no state"),
        (HEAD + "at 1 a b: quiet", "line 3: 'a b' names no series"),
        (HEAD + "told at one: opened", "line 3: write an expectation"),
        (HEAD + "told at 0: opened", "line 3: steps 0-0 are none"),
        (HEAD + "told at 1: firing", "line 3: 'firing' is never told: use nothing, opened, worse"),
        (HEAD + "told at 1: nothing, opened", "line 3: nothing and something"),
        (HEAD + "at 1: nothing", "line 3: 'nothing' is no state"),
        (HEAD + "silence at 1\nat 1: quiet", "line 3: write this as `silence STEP-STEP"),
        (HEAD + "silence 3-2\nat 1: quiet", "line 3: steps 3-2 are none"),
        (HEAD + "silence 1 a b\nat 1: quiet", "line 3: 'a b' names no series"),
        (HEAD + "acknowledge 1\nat 1: quiet", "line 3: write this as `acknowledge at STEP"),
        (HEAD + "mute at 1-2\nat 1: quiet", "line 3: write this as `mute at STEP"),
        (HEAD + "unmute at 0\nat 1: quiet", "line 3: steps 0-0 are none"),
        (HEAD + "repeat\nat 1: quiet", "line 3: write the steps until a reminder"),
        (HEAD + "repeat 0\nat 1: quiet", "line 3: write the steps until a reminder"),
        (HEAD + "series psi: 1\nsilence 1", "case 'a claim': expects nothing"),
        (HEAD + "series psi: 1", "case 'a claim': expects nothing"),
    ],
)
def test_a_text_that_is_no_scenario_says_which_line(text, complaint):
    with pytest.raises(ScenarioError, match=complaint.replace("(", r"\(")):
        parse(text)


def test_all_wrong_lines_are_reported_together():
    with pytest.raises(ScenarioError, match=r"line 1: .*; line 2: "):
        parse("series psi: 1\nat 1: quiet")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("case x\nmonitor unknown\nat 1: quiet", "no monitor 'unknown': known are drift"),
        (HEAD + "  warning = 1\nat 1: quiet", "warning 1 lies beyond failing"),
        (HEAD + "  colour = 1\nat 1: quiet", "colour"),
    ],
)
def test_a_monitor_that_cannot_be_is_refused_with_its_line(text, complaint):
    with pytest.raises(ScenarioError, match=f"line 2: .*{complaint}"):
        run(parse(text), KNOWN)
