"""Tests of monitors in plain text: series of values, instants, expected states. Pure; `tidegauge-collector monitors test` runs them.

    parse(text) -> Scenario             raises ScenarioError with every line that is wrong
    run(scenario, monitors) -> list     of Failure, empty where every expectation holds; `monitors` by id, for cases that name one

A file holds cases. Each says what it claims, which monitor it is about, the values of its series, one a window, and what is expected:

    case a feature that stays away opens an alert, and two good days resolve it
    monitor drift                            # by its id; indented lines of TOML change it, and a whole new one needs no id known
      hold = [2, 3]
    series psi dep_delay: 0.05 0.3x3 _ 0.05x5
    at 1: quiet
    at 2: pending
    at 3: opened, firing failing
    at 8: resolved

docs/monitors.md says what a value may carry and which states can be expected. How a text is read: `scenario_text`; what is told while
people silence, mute and acknowledge: `scenario_people`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tidegauge_collector.core.alerts import SeriesState, Transition, advance, phase
from tidegauge_collector.core.composites import Voice, in_order, judge_composite, members_of
from tidegauge_collector.core.judging import Judgement, Observation, SeriesKey, judge
from tidegauge_collector.core.monitors import Monitor, Severity, Verdict
from tidegauge_collector.core.scenario_people import told_of
from tidegauge_collector.core.scenario_text import Act, Case, Expectation, Scenario, ScenarioError, Series, Value, parse
from tidegauge_collector.core.silence import judge_silence
from tidegauge_collector.core.slo import Tally, judge_burn, spans_s
from tidegauge_collector.core.spread import Spread
from tidegauge_collector.core.trailing import History

__all__ = ["Case", "Expectation", "Failure", "Scenario", "ScenarioError", "Series", "Value", "parse", "run"]

SECOND_US = 1_000_000
START_US = 1_767_225_600 * SECOND_US  # 2026-01-01T00:00:00Z, the start of the first window
VERSION = "1"
DECIDING = (Verdict.OK, Verdict.WARNING, Verdict.FAILING)

Place = tuple[str, str]  # monitor id, column


@dataclass(frozen=True, slots=True)
class Failure:
    """An expectation that does not hold, or an act that does nothing: its line, the case, and what was found instead."""

    line: int
    case: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.case}: expected {self.expected}, found {self.found}"


@dataclass(slots=True)
class _Track:
    """One series on its way."""

    monitor: Monitor
    state: SeriesState = field(default_factory=SeriesState)
    seen: dict[int, frozenset[str]] = field(default_factory=dict)  # step -> every word that holds then
    severities: list[Severity | None] = field(default_factory=list)  # of the open alert, one a step

    def step(self, number: int, judgement: Judgement | None) -> None:
        before, transition = self.state, None
        if judgement is not None:
            self.state, transition = advance(self.monitor, before, judgement)
        self.seen[number] = _words(self.monitor, before, self.state, transition, judgement)
        self.severities.append(self.state.severity)

    def told(self, acts: Sequence[Act], repeat: int | None) -> dict[int, frozenset[str]]:
        """Step -> what is told then."""
        return {number: frozenset(one) for number, one in enumerate(told_of(self.severities, acts, repeat), start=1)}


def run(scenario: Scenario, monitors: Mapping[str, Monitor]) -> list[Failure]:
    """All that does not hold, in the order of the text; raises ScenarioError for a monitor that nobody knows."""
    return [failure for case in scenario.cases for failure in _run_case(case, monitors)]


def _run_case(case: Case, monitors: Mapping[str, Monitor]) -> list[Failure]:
    rules = [one.build(monitors) for one in case.monitors]
    tracks: dict[Place, _Track] = {}
    voices: list[Voice] = []
    for rule in rules:
        if rule.kind != "composite":
            voices += _follow(rule, case.series, tracks)
    for rule in in_order(rules):
        voices += _follow_composite(rule, rules, voices, tracks, case.steps)
    idle = [failure for act in case.acts if (failure := _check_act(case, act, tracks)) is not None]
    wrong = [failure for one in case.expectations if (failure := _check(case, one, tracks)) is not None]
    return sorted(idle + wrong, key=lambda one: one.line)


def _follow(rule: Monitor, series: Sequence[Series], tracks: dict[Place, _Track]) -> list[Voice]:
    """Judge the series that the monitor watches, step by step; what was said, for composites."""
    watched = [one for one in series if one.metric == rule.metric and rule.covers(one.column)]
    histories = {one.column: History(rule) for one in watched}
    said = []
    for number in range(1, max((len(one.values) for one in watched), default=0) + 1):
        now = [(one, one.values[number - 1]) for one in watched if len(one.values) >= number]
        for one, judgement in _judged(rule, now, histories, number):
            track = tracks.setdefault((rule.id, one.column), _Track(rule))
            track.step(number, judgement)
            if judgement is not None and judgement.verdict in DECIDING:
                said.append(Voice(rule.id, one.column, "", number, judgement.verdict))
    return said


def _judged(
    rule: Monitor, now: Sequence[tuple[Series, Value]], histories: Mapping[str, History], number: int
) -> list[tuple[Series, Judgement | None]]:
    """What is said of one step; the series of a measurement are one family, silence and objectives look back themselves."""
    if rule.kind == "no_data":
        return [(one, _silence(rule, one, number)) for one, _ in now]
    if rule.kind == "burn_rate":
        return [(one, _burn(rule, one, number)) for one, _ in now]
    present = [(one, value) for one, value in now if not value.is_missing]
    observed = [_observation(rule, one, value, histories[one.column]) for one, value in present]
    judgements = dict(zip((one.column for one, _ in present), judge(rule, observed), strict=True))
    for column, judgement in judgements.items():
        seen = judgement.observation
        histories[column].add(
            (seen.window_start_us, seen.window_end_us, seen.value, judgement.verdict, judgement.reason)
        )
    return [(one, judgements.get(one.column)) for one, _ in now]


def _observation(rule: Monitor, series: Series, value: Value, history: History) -> Observation:
    end_us = START_US + value.window * rule.every_s * SECOND_US
    start_us = end_us - rule.window_s * SECOND_US
    options = value.options
    spread = history.spread_before(start_us) if rule.uses_trailing else None
    if "mean" in options:
        spread = Spread(options["mean"], options.get("deviation", 0.0), 0, "stated")
    error = options.get("se")
    return Observation(
        series=SeriesKey(rule.metric, series.column, "", VERSION),
        window_start_us=start_us,
        window_end_us=end_us,
        value=value.number,
        reason=value.reason,
        n=int(options.get("n", max(1_000, rule.min_rows))),
        baseline_value=options.get("baseline"),
        p_value=options.get("p", None if "events" in options or error is not None else 0.0),
        events=int(options["events"]) if "events" in options else None,
        standard_error=error,
        spread=spread,
    )


def _silence(rule: Monitor, series: Series, number: int) -> Judgement:
    """A value is how much came in the step; `_` or 0 is nothing."""
    came = [place for place, value in enumerate(series.values[:number], start=1) if value.number]
    step_us = rule.every_s * SECOND_US
    usual = series.values[number - 1].options.get("usual", 1.0)
    last_us = START_US + came[-1] * step_us if came else None
    return judge_silence(rule, now_us=START_US + number * step_us, last_us=last_us, usual=bool(usual))


def _burn(rule: Monitor, series: Series, number: int) -> Judgement:
    """A value is the share of bad requests of the step, of n."""
    tallies = {}
    for span in spans_s(rule):
        steps = max(1, -(-span // rule.every_s))
        part = [one for one in series.values[max(0, number - steps) : number] if one.number is not None]
        counts = [(round((one.number or 0.0) * (n := int(one.options.get("n", 1_000)))), n) for one in part]
        tallies[span] = Tally(sum(bad for bad, _ in counts), sum(total for _, total in counts))
    return judge_burn(rule, START_US + number * rule.every_s * SECOND_US, tallies)


def _follow_composite(
    rule: Monitor, rules: Sequence[Monitor], voices: Sequence[Voice], tracks: dict[Place, _Track], steps: int
) -> list[Voice]:
    members = {one.id: one for one in members_of(rule, rules)}
    timed = [
        Voice(one.monitor, one.column, "", one.instant_us * members[one.monitor].every_s * SECOND_US, one.verdict)
        for one in voices
        if one.monitor in members
    ]
    timed.sort(key=lambda one: one.instant_us)
    judged = judge_composite(rule, members, timed, after_us=0, version=VERSION)
    step_us = rule.every_s * SECOND_US
    by_step = {-(-one.observation.window_end_us // step_us): one for one in judged}
    track = tracks.setdefault((rule.id, ""), _Track(rule))
    for number in range(1, steps + 1):
        track.step(number, by_step.get(number))
    return [Voice(rule.id, "", "", number, one.verdict) for number, one in sorted(by_step.items()) if number <= steps]


def _words(
    rule: Monitor, before: SeriesState, after: SeriesState, transition: Transition | None, judgement: Judgement | None
) -> frozenset[str]:
    """Everything that may be expected of this step and holds."""
    words = {str(phase(rule, after))}
    if after.severity is not None:
        words |= {"firing", f"firing {after.severity}"}
    if transition is not None:
        words.add(str(transition.kind))
    if judgement is None or judgement.verdict not in DECIDING:
        words.add("no data")
    if judgement is not None:
        words.add(f"verdict {judgement.verdict}")
        if judgement.reason is not None:
            words.add(f"because {judgement.reason}")
    if after.suppressed > before.suppressed:
        words.add("suppressed")
    return frozenset(words)


def _named(one: Expectation | Act, tracks: Mapping[Place, _Track]) -> dict[Place, _Track]:
    return {
        place: track
        for place, track in tracks.items()
        if one.monitor in ("", place[0]) and one.column in (None, place[1])
    }


def _among(tracks: Mapping[Place, _Track]) -> str:
    return ", ".join(" ".join(filter(None, place)) for place in tracks)


def _check_act(case: Case, act: Act, tracks: Mapping[Place, _Track]) -> Failure | None:
    """A silence needs a series, all else an alert that fires: what does nothing is a slip of the pen."""
    found = _named(act, tracks)
    if act.kind == "silence":
        return None if found else Failure(act.line, case.claim, "a series to silence", f"none among: {_among(tracks)}")
    number = act.steps[0]
    if any(number <= len(one.severities) and one.severities[number - 1] for one in found.values()):
        return None
    wanted = f"an alert to {act.kind} at {number}"
    return Failure(act.line, case.claim, wanted, f"none that fires then among: {_among(found or tracks)}")


def _check(case: Case, expected: Expectation, tracks: Mapping[Place, _Track]) -> Failure | None:
    found = _named(expected, tracks)
    if len(found) != 1:
        among = _among(found or tracks)
        return Failure(expected.line, case.claim, str(expected), f"{len(found)} series of that name among: {among}")
    ((place, track),) = found.items()
    seen = _told(case, place, track) if expected.is_told else track.seen
    for step in expected.steps:
        words = seen.get(step)
        if words is None:
            return Failure(
                expected.line, case.claim, str(expected), f"no step {step}: the series has {len(track.seen)}"
            )
        if not words.issuperset(expected.states) or (expected.is_told and len(words) > len(set(expected.states))):
            return Failure(expected.line, case.claim, str(expected), f"at {step}: {', '.join(sorted(words))}")
    return None


def _told(case: Case, place: Place, track: _Track) -> dict[int, frozenset[str]]:
    """Step -> what is told then of a series."""
    return track.told([one for one in case.acts if place in _named(one, {place: track})], case.repeat)
