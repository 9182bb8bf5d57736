"""What is held weakly may be looked at while it grows and shrinks."""

import gc
from collections.abc import Callable

import tidegauge
from tidegauge.weakly import Weakly


class Thing:
    pass


def test_things_are_known_once_and_as_long_as_they_are_held() -> None:
    known: Weakly[Thing] = Weakly()
    one, other = Thing(), Thing()
    for thing in (one, other, one):
        known.add(thing)

    assert list(known) == [one, other]
    del other, thing
    gc.collect()
    known.add(one)
    assert list(known) == [one]


def test_who_looks_sees_those_that_were_there_whatever_comes_and_goes_meanwhile() -> None:
    known: Weakly[Thing] = Weakly()
    held = [Thing() for _ in range(3)]
    for thing in held:
        known.add(thing)
    first, *gone = held

    seen = []
    for thing in known:
        seen.append(thing)
        held += [Thing()]
        known.add(held[-1])
        gone.clear()
        del held[1:3]

    assert seen == [first]
    assert len(list(known)) >= 2


def test_models_may_be_watched_while_faults_are_added_up(make_agent: Callable[..., tidegauge.Agent]) -> None:
    agent = make_agent()

    def watch() -> object:
        return agent.watch(lambda _: 0.5, extract=lambda result, *_: result)

    watched = [watch()]
    for known in (agent._capture.recorders, agent._target.recorders):
        watched += [watch() for _ in known]

    with_its_own = 1 + len(watched)
    assert len(list(agent._capture.recorders)) == len(list(agent._target.recorders)) == with_its_own
    assert agent.status()["counters"]["faults"] == 0
