"""Random histories of alerts with random faults: as many tickets as episodes, in the end as things are here, no page after its end."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from notify_desks import DESKS
from notify_fixtures import FakeClock

from receivers.provider import ACCEPT_THEN_CLOSE, BIG_BODY, INVALID_JSON, LATE_500, REDIRECT, RESET, WRONG_TYPE

FAULTS = [None, None, 429, 500, 503, RESET, REDIRECT, ACCEPT_THEN_CLOSE, LATE_500, BIG_BODY, INVALID_JSON, WRONG_TYPE]
STEPS = st.lists(
    st.tuples(st.sampled_from(["worse", "over"]), st.booleans(), st.lists(st.sampled_from(FAULTS), max_size=3)),
    min_size=1,
    max_size=6,
)


@pytest.mark.parametrize("kind", ["jira", "servicenow", "pagerduty"])
@given(steps=STEPS)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_tickets_are_episodes_and_end_as_things_are(kind, steps, tmp_path_factory):
    asyncio.run(_history(kind, steps, tmp_path_factory.mktemp("history") / "control.sqlite"))


async def _history(kind, steps, path):
    from control_timeline import fresh_store

    store, clock, desk = fresh_store(path), FakeClock(), DESKS[kind]()
    await desk.open(store, clock)
    try:
        told, is_open = 0, False
        for change, at_once, faults in steps:
            desk.provider.script.extend(faults)
            if not is_open:
                desk.tell("firing")
                told, is_open = told + 1, True
                await desk.settle()
            if change == "over":
                desk.tell("resolved")
                is_open = False
            else:
                desk.tell("updated", changes=["commented"], comment="hm")
            if not at_once:
                await desk.settle()
            if not is_open:
                await desk.settle()
                clock.advance(2 * 86_400)
        desk.provider.script.clear()
        await desk.settle()

        assert desk.over == [True] * (told - is_open) + [False] * is_open
        assert desk.provider.problems == []
    finally:
        await desk.close()
        store.close()
