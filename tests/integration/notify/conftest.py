import asyncio
import importlib.util
import sys
from functools import partial
from pathlib import Path

import pytest

from tidegauge_collector.notify import OutboxSender, WebhookChannel, render

INTEGRATION = Path(__file__).parents[2] / "integration"


def load(name, path):
    """A module of the tests, by name, for tests in any folder."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


timeline = load("control_timeline", INTEGRATION / "control" / "timeline.py")
receiving = load("notify_receiver", INTEGRATION / "notify" / "receiver.py")


class FakeClock:
    """Stands still until it is told to go on; sleepers wake when their time has come."""

    def __init__(self):
        self._now_us = timeline.START_US
        self._sleepers = []
        self._slept = asyncio.Condition()

    def now_us(self):
        return self._now_us

    async def sleep(self, seconds):
        async with self._slept:
            wake_at_us, woken = self._now_us + round(seconds * 1e6), asyncio.Event()
            self._sleepers.append((wake_at_us, woken))
            self._slept.notify_all()
        try:
            await woken.wait()
        finally:
            self._sleepers.remove((wake_at_us, woken))

    async def somebody_sleeps(self):
        """Waits until all that can be done at this time is done; returns the seconds until the first sleeper wakes."""
        async with self._slept:
            await self._slept.wait_for(lambda: any(not woken.is_set() for _, woken in self._sleepers))
        return (min(at_us for at_us, woken in self._sleepers if not woken.is_set()) - self._now_us) / 1e6

    def advance(self, seconds):
        self._now_us += round(seconds * 1e6)
        for at_us, woken in self._sleepers:
            if at_us <= self._now_us:
                woken.set()


@pytest.fixture
async def clock():
    return FakeClock()


@pytest.fixture
async def receiver(clock):
    started = receiving.Receiver(clock)
    await started.start()
    yield started
    await started.close()
    assert started.violations == []
    assert started.elsewhere == []


@pytest.fixture
def path(tmp_path):
    return tmp_path / "control.sqlite"


@pytest.fixture
def store(path):
    opened = timeline.fresh_store(path)
    yield opened
    opened.close()


@pytest.fixture
def alerting(store, clock):
    """`alerting(column).judge(value, …)` puts what that means into the outbox, now."""

    class Alerting(timeline.Timeline):
        def judge(self, *values):
            return super().judge(*values, now_us=clock.now_us())

    def start(column="temp", channels=("ops",)):
        return Alerting(store, column=column, channels=channels, render=partial(render, base_url="https://m.example"))

    return start


@pytest.fixture
def sender(store, clock, receiver):
    """Sends to the receiver under the name ops; `random` is 1, so that a wait is its whole step."""
    return make_sender(store, clock, WebhookChannel("ops", receiver.url, receiving.SECRET, ("127.0.0.1",)))


def make_sender(store, clock, *channels, **options):
    return OutboxSender(store, channels, clock=clock, random=lambda: 1.0, **options)


@pytest.fixture
def new_sender(store, clock):
    """A sender to these (name, url) pairs."""

    def make(*named, **options):
        channels = (WebhookChannel(*each, receiving.SECRET, ("127.0.0.1",)) for each in named)
        return make_sender(store, clock, *channels, **options)

    return make
