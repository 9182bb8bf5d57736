"""A sender that dies between a receiver's answer and its receipt, for every kind of channel: nothing is lost, and whoever can tell that
it was told the same twice keeps one ticket for an episode."""

import asyncio
import importlib.util
import json
import pickle
import shutil
import sys
from pathlib import Path

import pytest
import trustme

from tidegauge_collector.control import ControlStore
from tidegauge_collector.crash_points import CRASH_POINTS, EXIT_CODE
from tidegauge_collector.notify.registry import KINDS as CONFIGURED

_path = Path(__file__).parents[2] / "integration" / "notify" / "channels" / "conftest.py"
_spec = importlib.util.spec_from_file_location("notify_channel_fixtures", _path)
_fixtures = importlib.util.module_from_spec(_spec)
sys.modules["notify_channel_fixtures"] = _fixtures
_spec.loader.exec_module(_fixtures)
desks = _fixtures.desks

MORTALS = Path(__file__).parent / "mortals.py"
POINTS = [point for point in CRASH_POINTS if point.startswith("send.")]
ONE_TICKET = (*(kind for kind in desks.COUNTED if kind != "slack_api"), "servicenow_events", "alertmanager")
"""Kinds that keep one ticket, whatever is asked twice."""
SAME_ID = ("webhook", "cloudevents", "email")
"""Kinds whose receivers know by its id what they were told before."""
BY_TOLD = ("slack", "slack_api", "teams")
"""Kinds without a key: what may have arrived is told once more."""
KINDS = (*ONE_TICKET, *SAME_ID, *BY_TOLD)


def ids(desk):
    """Of what a receiver was told, as it tells repetitions."""
    mails = [mail["Message-ID"] for _, mail in getattr(desk.provider, "mails", [])]
    return mails or desk.provider.ids


def told(desk):
    """How many messages are there for people to read."""
    return len(getattr(desk.provider, "messages", ())) or len(desk.provider.posted)


async def die_all(open_desks):
    """Each desk's sender sends what is due, in a process of its own, and dies at its point."""
    jobs = [(desk.path, desk.channel, desk.clock.now_us(), point) for (_, point), desk in open_desks.items()]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        MORTALS,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate(pickle.dumps(jobs))
    return json.loads(said)


@pytest.fixture
async def open_desks(tmp_path, monkeypatch):
    """A desk of every kind for every point, each with a store and a clock of its own; the certificate of mail is trusted."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    ControlStore.open(tmp_path / "empty.sqlite").close()
    found = {}
    for kind in KINDS:
        for point in POINTS:
            path = tmp_path / f"{kind}-{point}.sqlite"
            shutil.copy(tmp_path / "empty.sqlite", path)
            desk = found[kind, point] = desks.mail_desk(authority) if kind == "email" else desks.DESKS[kind]()
            desk.path = path
            await desk.open(ControlStore.open(path), _fixtures._fixtures.FakeClock())
    yield found
    for desk in found.values():
        await desk.close()
        desk.store.close()
        assert desk.provider.problems == []


async def test_what_was_done_and_not_noted_is_found_again(open_desks):
    for kind in ("firing", "resolved"):
        for desk in open_desks.values():
            desk.tell(kind)
        codes = await die_all(open_desks)
        assert codes == [EXIT_CODE] * len(open_desks)
        for desk in open_desks.values():
            desk.start()  # what the process before knew is gone
            await desk.settle()

    for (kind, point), desk in open_desks.items():
        assert desk.statuses == ["delivered", "delivered"], (kind, point)
        if kind in ONE_TICKET:
            assert desk.over == [True], (kind, point)
        elif kind in SAME_ID:
            assert len(ids(desk)) == 4, (kind, point)
            assert len(set(ids(desk))) == 2, (kind, point)
        else:
            assert desk.over[-1] is True, (kind, point)
            assert told(desk) <= (2 if kind == "slack_api" else 4), (kind, point)


def test_every_kind_of_channel_is_looked_at():
    assert set(KINDS) == {*CONFIGURED, "cloudevents"}
