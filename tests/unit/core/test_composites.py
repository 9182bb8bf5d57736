"""Composites: who is counted, in which order, at which instants; circles are named."""

from tidegauge_collector.core.composites import Voice, in_order, judge_composite, members_of, problems
from tidegauge_collector.core.default_monitors import AUC, DRIFT, ERROR_RATE
from tidegauge_collector.core.monitors import Monitor, Verdict

DAY_US = 86_400_000_000
OK, WARNING, FAILING = Verdict.OK, Verdict.WARNING, Verdict.FAILING


def group(name: str, *members: str, **fields: object) -> Monitor:
    return Monitor(id=name, kind="composite", members=members, **fields)


def voice(column: str, day: int, verdict: Verdict, monitor: Monitor = DRIFT) -> Voice:
    return Voice(monitor.id, column, "", day * DAY_US, verdict)


def verdicts(composite: Monitor, voices: list[Voice], *, after_day: int = 0, members=(DRIFT,)) -> list[Verdict]:
    known = {one.id: one for one in members}
    judged = judge_composite(composite, known, voices, after_us=after_day * DAY_US, version="1")
    return [one.verdict for one in judged]


def test_members_are_named_by_pattern_and_never_itself():
    everything = group("all", "*")

    assert members_of(everything, [DRIFT, everything, AUC]) == [DRIFT, AUC]


def test_it_fails_when_so_many_fail_and_warns_when_so_many_are_bad():
    voices = [voice("a", 1, FAILING), voice("b", 1, OK), voice("a", 2, FAILING), voice("b", 2, WARNING)]
    voices += [voice("a", 3, FAILING), voice("b", 3, FAILING)]

    assert verdicts(group("two", "drift", at_least=2), voices) == [OK, WARNING, FAILING]


def test_all_means_every_member_that_spoke():
    voices = [voice("a", 1, FAILING), voice("b", 1, OK), voice("a", 2, FAILING), voice("b", 2, FAILING)]

    assert verdicts(group("all", "drift", at_least=0), voices) == [OK, FAILING]


def test_a_member_counts_with_its_newest_word_until_its_monitor_is_two_steps_further():
    voices = [voice("gone", 1, FAILING), voice("a", 1, OK), voice("a", 2, OK), voice("a", 3, OK)]

    assert verdicts(group("any", "drift"), voices) == [FAILING, FAILING, OK]


def test_only_instants_after_the_last_judged_one_are_judged_but_earlier_words_count():
    voices = [voice("a", 1, FAILING), voice("b", 2, FAILING)]

    assert verdicts(group("two", "drift", at_least=2), voices, after_day=1) == [FAILING]


def test_columns_can_be_chosen():
    voices = [voice("a", 1, FAILING), voice("b", 1, OK)]

    assert verdicts(group("b", "drift", member_columns="b, c"), voices) == [OK]


def test_composites_come_behind_those_they_count():
    outer, inner = group("outer", "inner", "auc"), group("inner", "drift")

    assert in_order([outer, DRIFT, inner, AUC]) == [inner, outer]
    assert problems([outer, DRIFT, inner, AUC]) == []


def test_circles_and_patterns_that_name_nobody_are_told():
    one, two, lost = group("one", "two"), group("two", "one"), group("lost", "nothing_*")

    found = problems([one, two, lost, ERROR_RATE])

    assert "monitor 'lost': members nothing_* name no monitor" in found[0]
    assert found[1].startswith("monitors one, two count each other in a circle")
    assert in_order([one, two]) == []
