"""Whatever the verdicts: alerts open, change and resolve in order, and judging again changes nothing."""

from dataclasses import replace
from itertools import pairwise, takewhile

from hypothesis import given, settings
from hypothesis import strategies as st

from tidegauge_collector.core.advancing import advance_all
from tidegauge_collector.core.alerts import SeriesState, advance
from tidegauge_collector.core.default_monitors import DRIFT
from tidegauge_collector.core.judging import Judgement, Observation, SeriesKey, judgements
from tidegauge_collector.core.monitors import Verdict

LAWS = settings(deadline=None, derandomize=True, max_examples=300)
SERIES = SeriesKey(metric="psi", column="age", segment="", version="1")
SILENT = [Verdict.NOT_ENOUGH_DATA, Verdict.NOT_APPLICABLE, Verdict.ERROR]
VERDICTS = st.lists(st.sampled_from([Verdict.OK, Verdict.WARNING, Verdict.FAILING, *SILENT]), max_size=40)
MONITORS = st.builds(
    lambda hold, recover: replace(DRIFT, hold=(min(hold), max(hold)), recover_after=recover),
    st.tuples(st.integers(1, 4), st.integers(1, 4)),
    st.integers(1, 4),
)


def judged(verdict: Verdict, end_us: int) -> Judgement:
    observation = Observation(
        series=SERIES, window_start_us=0, window_end_us=end_us, value=None, reason="not_applicable", n=0
    )
    return Judgement(observation=observation, verdict=verdict)


def run(monitor, verdicts):
    """The states after each verdict and the transitions, None where there was none."""
    state, states, transitions = SeriesState(), [], []
    for end_us, verdict in enumerate(verdicts, start=1):
        state, transition = advance(monitor, state, judged(verdict, end_us))
        states.append(state)
        transitions.append(transition)
    return states, transitions


def summary(transitions):
    return [(transition.kind, transition.severity) for transition in transitions if transition]


@LAWS
@given(MONITORS, VERDICTS)
def test_an_alert_opens_then_changes_then_resolves_before_the_next_opens(monitor, verdicts):
    kinds = ["resolved", *(kind for kind, _ in summary(run(monitor, verdicts)[1]))]

    assert all((after == "opened") == (before == "resolved") for before, after in pairwise(kinds))


@LAWS
@given(MONITORS, VERDICTS)
def test_a_change_always_changes_the_severity(monitor, verdicts):
    steps = summary(run(monitor, verdicts)[1])

    assert all(before[1] != after[1] for before, after in pairwise(steps) if after[0] == "changed")


@LAWS
@given(MONITORS, VERDICTS)
def test_a_state_fires_exactly_while_it_has_a_severity(monitor, verdicts):
    for state in run(monitor, verdicts)[0]:
        assert (state.status == "firing") == (state.severity is not None)
        assert state.calm < monitor.recover_after
        assert state.status == "firing" or state.calm == 0


@LAWS
@given(MONITORS, VERDICTS, st.data())
def test_replaying_any_past_judgement_changes_nothing(monitor, verdicts, data):
    for state in run(monitor, verdicts)[0]:
        end_us = data.draw(st.integers(0, state.last_window_end_us or 0))
        again = judged(data.draw(st.sampled_from(list(Verdict) if state.last_window_end_us else SILENT)), end_us)
        assert advance(monitor, state, again) == (state, None)


@LAWS
@given(MONITORS, VERDICTS)
def test_calm_counts_the_newest_verdicts_that_are_better_than_the_severity(monitor, verdicts):
    rank = [Verdict.OK, Verdict.WARNING, Verdict.FAILING]
    deciding = [verdict for verdict in verdicts if verdict not in SILENT]
    for i, state in enumerate(run(monitor, deciding)[0], start=1):
        if state.severity is not None:
            limit = rank.index(Verdict(state.severity))
            better = takewhile(lambda verdict: rank.index(verdict) < limit, reversed(deciding[:i]))  # noqa: B023
            assert state.calm == len(list(better))


@LAWS
@given(MONITORS, VERDICTS)
def test_verdicts_without_data_leave_no_trace_in_the_transitions(monitor, verdicts):
    deciding = [verdict for verdict in verdicts if verdict not in SILENT]

    assert summary(run(monitor, verdicts)[1]) == summary(run(monitor, deciding)[1])


@LAWS
@given(MONITORS, VERDICTS)
def test_enough_ok_verdicts_always_end_in_quiet(monitor, verdicts):
    states, _ = run(monitor, [*verdicts, *[Verdict.OK] * monitor.recover_after])

    assert states[-1].status == "quiet"


@LAWS
@given(MONITORS, VERDICTS)
def test_enough_failing_verdicts_always_end_in_failing(monitor, verdicts):
    states, _ = run(monitor, [*verdicts, *[Verdict.FAILING] * monitor.hold[0]])

    assert states[-1].severity == "failing"


@LAWS
@given(MONITORS, VERDICTS)
def test_no_alert_opens_with_fewer_bad_verdicts_than_the_hold(monitor, verdicts):
    _, transitions = run(monitor, verdicts)
    bad = 0
    for verdict, transition in zip(verdicts, transitions, strict=True):
        bad += verdict in (Verdict.WARNING, Verdict.FAILING)
        if transition and transition.kind == "opened":
            assert bad >= monitor.hold[0]
        if transition and transition.kind == "resolved":
            bad = 0


@LAWS
@given(MONITORS, st.lists(VERDICTS, max_size=4))
def test_what_is_well_and_was_needs_no_state_machine(monitor, passes):
    """Judged in passes, of which each knows what the one before stored: the transitions are those of every verdict taken one by one."""
    verdicts = [verdict for some in passes for verdict in some]
    expected = [transition for transition in run(monitor, verdicts)[1] if transition is not None]
    place, states, told, end_us = (monitor.id, SERIES), {}, [], 0

    for some in passes:
        family = [judged(verdict, end_us + i) for i, verdict in enumerate(some, start=1)]
        end_us += len(some)
        moved = advance_all(monitor, dict(states), judgements(family))
        for _, _, state, transition in moved.updates:
            states[place] = state
            told += [transition] if transition is not None else []
        if place in moved.reached:
            furthest = max(moved.reached[place], states[place].last_window_end_us)
            states[place] = replace(states[place], last_window_end_us=furthest)

    assert [(one.kind, one.severity, one.judgement) for one in told] == [
        (one.kind, one.severity, one.judgement) for one in expected
    ]
    deciding = [i for i, verdict in enumerate(verdicts, start=1) if verdict not in SILENT]
    assert (states[place].last_window_end_us if states else 0) == (deciding[-1] if deciding else 0)
