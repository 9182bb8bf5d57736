"""Random histories of alerts with random faults: as many tickets as episodes, in the end as things are here, no page after its end.

Kinds that keep no ticket lose nothing, and tell nothing twice but what may not have arrived.
"""

import asyncio
import shutil

import pytest
import trustme
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from notify_desks import COUNTED, DESKS, mail_desk
from notify_fixtures import FakeClock
from sqlalchemy import select

from receivers.provider import ACCEPT_THEN_CLOSE, BIG_BODY, INVALID_JSON, LATE_500, REDIRECT, RESET, WRONG_TYPE
from tidegauge_collector.control import ControlStore
from tidegauge_collector.control.tables import OutboxTableRow

UNKNOWN = [ACCEPT_THEN_CLOSE, LATE_500, BIG_BODY, INVALID_JSON, WRONG_TYPE]
"""Answers after which a sender cannot know whether it was heard, or need not take them for a yes."""
FAULTS = [None, None, 429, 500, 503, RESET, REDIRECT, *UNKNOWN]
OF_MAIL = {429: 451, 500: 451, 503: 421, RESET: 421, ACCEPT_THEN_CLOSE: "drop", LATE_500: "drop"}
STEPS = st.lists(
    st.tuples(st.sampled_from(["worse", "over"]), st.booleans(), st.lists(st.sampled_from(FAULTS), max_size=3)),
    min_size=1,
    max_size=6,
)
TICKETS = tuple(kind for kind in COUNTED if kind != "slack_api")
BY_KEY = ("servicenow_events", "alertmanager")
BY_ID = ("webhook", "cloudevents", "email")
WITHOUT_KEY = ("slack", "slack_api", "teams")


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """A store of which each history has a copy."""
    path = tmp_path_factory.mktemp("empty") / "control.sqlite"
    ControlStore.open(path).close()
    return path


@pytest.fixture
def make_desk(authority, tmp_path, monkeypatch):
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return lambda kind: mail_desk(authority) if kind == "email" else DESKS[kind]()


@pytest.mark.parametrize("kind", [*TICKETS, *BY_KEY, *BY_ID, *WITHOUT_KEY])
@given(steps=STEPS)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_a_receiver_has_in_the_end_is_what_was_the_matter(kind, steps, empty, make_desk, tmp_path_factory):
    path = tmp_path_factory.mktemp("history") / "control.sqlite"
    shutil.copy(empty, path)
    asyncio.run(_history(kind, steps, path, make_desk(kind)))


async def _history(kind, steps, path, desk):
    store, clock = ControlStore.open(path), FakeClock()
    await desk.open(store, clock)
    try:
        episodes, is_open = 0, False
        for change, at_once, faults in steps:
            desk.provider.script.extend(OF_MAIL.get(one) if kind == "email" else one for one in faults)
            if not is_open:
                desk.tell("firing")
                episodes, is_open = episodes + 1, True
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

        given_up = len(desk.statuses) - desk.statuses.count("delivered")
        assert given_up == (spoiled(desk) if kind == "slack" else 0)
        check(kind, desk, episodes, is_open=is_open)
        assert desk.provider.problems == []
    finally:
        await desk.close()
        store.close()


def check(kind, desk, episodes, *, is_open):
    """The law of a kind."""
    if kind in TICKETS:
        assert desk.over == [True] * (episodes - is_open) + [False] * is_open
        return
    if kind == "slack" and spoiled(desk):  # what was given up counts as not told, and so its end is not told either
        assert 1 <= len(arrivals(kind, desk)) <= len(desk.statuses) + doubtful(kind, desk)
        return
    assert desk.over[-1] is not is_open
    if kind in BY_KEY:
        assert len(desk.over) == 1
        return
    unknown = doubtful(kind, desk)
    if kind == "slack_api":  # a message for each episode; further ones where Slack did not say that it has it
        assert episodes <= len(desk.over) <= episodes + unknown
        return
    heard, sent = arrivals(kind, desk), len(desk.statuses)
    assert sent <= len(heard) <= sent + unknown
    if kind in BY_ID:
        assert list(dict.fromkeys(heard)) == delivery_ids(desk)


def spoiled(desk):
    """How many requests Slack's webhook took and something in between gave an answer of its own to: no yes, and no reason to ask again."""
    return sum(one.fault in (BIG_BODY, INVALID_JSON, WRONG_TYPE) for one in desk.provider.seen)


def doubtful(kind, desk):
    """How many requests were answered so that nobody can know."""
    if kind == "email":
        return desk.provider.drops
    return sum(one.fault in UNKNOWN for one in desk.provider.seen)


def arrivals(kind, desk):
    """What arrived, in its order; by its id where it has one."""
    if kind == "email":
        return [mail["Message-ID"].strip("<>").partition("@")[0] for _, mail in desk.provider.mails]
    return desk.provider.ids if kind in BY_ID else desk.provider.posted


def delivery_ids(desk):
    """Of the messages, in their order."""
    with desk.store._read() as session:
        return list(session.scalars(select(OutboxTableRow.delivery_id).order_by(OutboxTableRow.id)))
