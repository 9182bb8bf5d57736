"""Whoever says that there is news may do so at any time, also while those who listen end."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from tidegauge_collector.core.explaining import Explanation
from tidegauge_collector.core.routing import Routing
from tidegauge_collector.jobs.telling import Telling
from tidegauge_collector.notify import WebhookChannel
from tidegauge_collector.notify.channel import Channel
from tidegauge_collector.notify.sender import OutboxSender


class EndingTelling(Telling):
    """Its run ends between any two looks at its loop."""

    looks: Iterator[Any] = iter(())
    _loop = property(lambda self: next(self.looks), lambda self, value: None)  # type: ignore[assignment]


class EndingSender(OutboxSender):
    """Its run ends between any two looks at its loop."""

    looks: Iterator[Any] = iter(())
    _loop = property(lambda self: next(self.looks), lambda self, value: None)  # type: ignore[assignment]


def closed_loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    loop.close()
    return loop


def telling() -> EndingTelling:
    def explain(*_: str) -> Explanation:
        return Explanation()

    options: dict[str, Any] = {"explain": explain, "render": None, "now_us": lambda: 0, "on_told": lambda: None}
    return EndingTelling(None, Routing((), {}), **options)  # type: ignore[arg-type]


def sender(channel: Channel) -> EndingSender:
    return EndingSender(None, [channel], clock=None)  # type: ignore[arg-type]


def test_news_that_come_while_the_listeners_end_are_no_error(channel: Channel) -> None:
    for one in (telling(), sender(channel)):
        one.looks = iter([closed_loop(), None])

        one.wake()


def test_a_channel_that_is_resumed_while_the_sender_ends_is_no_error(channel: Channel) -> None:
    one = sender(channel)
    one.looks = iter([closed_loop(), None])

    one.resume_soon(channel.name)


@pytest.fixture
def channel() -> Channel:
    return WebhookChannel("hook", "https://alerts.example/hook", "whsec_" + "c2VjcmV0Y2FuYXJ5" * 3, ())
