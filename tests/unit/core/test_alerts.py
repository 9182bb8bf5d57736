"""The alert state machine, told in `alerts.scenarios`, and the key by which channels know an alert."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tidegauge_collector.core.alerts import SeriesState, advance, alert_key
from tidegauge_collector.core.default_monitors import DRIFT
from tidegauge_collector.core.judging import Observation, SeriesKey, judge
from tidegauge_collector.core.monitors import Monitor, Verdict

HOUR_US = 3_600_000_000
SERIES = SeriesKey(metric="psi", column="age", segment="", version="1")
STEP = re.compile(r"(?:([+-]\d+)h\s+)?(\S+)")


@dataclass(frozen=True)
class Scenario:
    claim: str
    monitor: Monitor
    observations: list[Observation]
    states: list[str]


def observed(word: str, end_us: int) -> Observation:
    reasons = {"na": "no_baseline", "err": "query_failed"}
    return Observation(
        series=SERIES,
        window_start_us=end_us - 24 * HOUR_US,
        window_end_us=end_us,
        value=None if word in reasons else 0.3 if word == "thin" else float(word),
        reason=reasons.get(word),
        n=3 if word == "thin" else 1000,
    )


def parsed(block: str) -> Scenario:
    lines = dict(line.split(maxsplit=1) for line in block.splitlines() if line and not line.startswith("#"))
    k, n, recover = map(int, re.fullmatch(r"hold (\d+)/(\d+) recover (\d+)", lines["monitor"]).groups())
    observations, end_us = [], 1000 * HOUR_US
    for hours, word in STEP.findall(lines["values"]):
        end_us += int(hours or 1) * HOUR_US
        observations.append(observed(word, end_us))
    monitor = replace(DRIFT, significance=None, hold=(k, n), recover_after=recover)
    return Scenario(lines["scenario"], monitor, observations, lines["states"].split())


def scenarios() -> list[Scenario]:
    blocks = re.split(r"\n(?=scenario )", (Path(__file__).parent / "alerts.scenarios").read_text(encoding="utf-8"))
    return [parsed(block) for block in blocks if block.startswith("scenario ")]


def told(state: SeriesState, transition) -> str:
    return f"{state.severity or 'quiet'}:{transition.kind}" if transition else (state.severity or "quiet")


@pytest.mark.parametrize("scenario", scenarios(), ids=lambda scenario: scenario.claim)
def test_scenario(scenario):
    state, states = SeriesState(), []

    for judgement in judge(scenario.monitor, scenario.observations):
        state, transition = advance(scenario.monitor, state, judgement)
        states.append(told(state, transition))

    assert states == scenario.states


def judged(value: float, end_us: int):
    return judge(replace(DRIFT, significance=None), [observed(str(value), end_us)])[0]


def firing() -> SeriesState:
    state, _ = advance(DRIFT, SeriesState(), judged(0.3, HOUR_US))
    return replace(state, alert_id="a1")


def test_transition_carries_the_judgement_that_made_it():
    judgement = judged(0.3, HOUR_US)

    _, transition = advance(DRIFT, SeriesState(), judgement)

    assert (transition.kind, transition.severity, transition.judgement) == ("opened", "failing", judgement)


def test_alert_id_stays_while_firing_and_is_gone_once_resolved():
    still, _ = advance(DRIFT, firing(), judged(0.0, 2 * HOUR_US))
    after, transition = advance(DRIFT, still, judged(0.0, 3 * HOUR_US))

    assert (still.alert_id, still.calm) == ("a1", 1)
    changes = (HOUR_US, 3 * HOUR_US)
    assert after == SeriesState(last_window_end_us=3 * HOUR_US, verdict=Verdict.OK, changes=changes)
    assert (transition.kind, transition.severity) == ("resolved", "failing")


def test_judging_the_same_window_again_returns_the_very_state():
    state = firing()

    assert advance(DRIFT, state, judged(0.0, HOUR_US)) == (state, None)


@pytest.mark.parametrize("word", ["thin", "na", "err"])
def test_a_judgement_without_data_leaves_the_very_state(word):
    state = firing()
    without_data = judge(DRIFT, [observed(word, 2 * HOUR_US)])[0]

    assert advance(DRIFT, state, without_data) == (state, None)


def test_alert_key_never_changes():
    # a receipt stored today must find its alert next year: this digest is part of the format
    assert alert_key("flights-delay", "drift", SERIES) == "44bfb6debb2cbb66e96d32d607667a9a"


@pytest.mark.parametrize("field", ["metric", "column", "segment", "version"])
def test_alert_key_differs_in_every_part_of_the_series(field):
    assert alert_key("d", "m", SERIES) != alert_key("d", "m", replace(SERIES, **{field: "other"}))


def test_alert_key_cannot_be_forged_by_a_separator_in_a_name():
    assert alert_key('a","b', "c", SERIES) != alert_key("a", 'b","c', SERIES)


def test_alert_key_takes_any_text():
    key = alert_key("運航", "drift", replace(SERIES, column="\ud800 \x00 🚢"))

    assert re.fullmatch(r"[0-9a-f]{32}", key)
