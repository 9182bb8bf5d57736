"""Slack's incoming webhooks: a message of blocks to the one conversation that the secret URL is for.

Limits and errors: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks. A message cannot be changed later, so
that an update and a recovery are messages of their own; `slack_api` does better.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from tidegauge_collector.control import OutboxRow, Thread
from tidegauge_collector.notify.answers import judged
from tidegauge_collector.notify.channel import Answer, Endpoint, Manners, Request, Talk, once
from tidegauge_collector.notify.events import read_event
from tidegauge_collector.notify.kinds.slack_blocks import rendered
from tidegauge_collector.notify.outcomes import DeadLetter, Done, Outcome
from tidegauge_collector.notify.voice import PLAIN, Voice

PER_MINUTE = 60


@dataclass(frozen=True, slots=True)
class SlackChannel:
    """`url`: the secret https://hooks.slack.com/services/…"""

    name: str
    url: str = field(repr=False)
    allow: tuple[str, ...] = ()
    voice: Voice = PLAIN
    per_minute: int | None = None

    def __post_init__(self) -> None:
        _ = self.endpoint

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(self.name, self.url, (), self.allow)

    @property
    def manners(self) -> Manners:
        """Slack may switch off an app that writes more than once a second."""
        return Manners(per_minute=min(self.per_minute or PER_MINUTE, PER_MINUTE))

    def converse(
        self, message: OutboxRow, thread: Thread | None, *, now_us: int, may_have_arrived: int | None = None
    ) -> Talk:
        del thread, may_have_arrived
        return once(self, message, now_us=now_us)

    def request(self, message: OutboxRow, *, now_us: int, is_brief: bool = False) -> Request:
        """The event as a message."""
        del now_us
        voice = self.voice.brief() if is_brief else self.voice
        return Request(self.url, json.dumps(rendered(read_event(message.body), voice)).encode())

    def classify(self, answer: Answer, *, now_us: int) -> Outcome:
        """Slack says `ok` where it took the message; a 200 with anything else is of somebody in between."""
        outcome = judged(answer, now_us=now_us)
        if isinstance(outcome, Done) and answer.body.strip() != b"ok":
            return DeadLetter("Slack did not answer ok")
        return outcome
