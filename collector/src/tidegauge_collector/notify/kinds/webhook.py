"""The generic webhook: the event as it is or in a form that others read already, signed after Standard Webhooks 1.0.0."""

from __future__ import annotations

from dataclasses import dataclass, field

from tidegauge_collector.control import OutboxRow, Thread
from tidegauge_collector.errors import ConfigError
from tidegauge_collector.notify.answers import judged
from tidegauge_collector.notify.channel import Answer, Endpoint, Manners, Request, Talk, once
from tidegauge_collector.notify.kinds.formats import FORMATS
from tidegauge_collector.notify.outcomes import Outcome
from tidegauge_collector.notify.signing import signed_headers, signing_key
from tidegauge_collector.notify.voice import PLAIN, Voice


@dataclass(frozen=True, slots=True)
class WebhookChannel:
    """`format`: standard, alertmanager (its webhook, version 4) or cloudevents (1.0, structured).

    `previous_secret` signs too, while receivers learn the new one. Raises ConfigError where the URL may not be called or a secret is no
    `whsec_` key of 24 to 64 bytes.
    """

    name: str
    url: str = field(repr=False)
    secret: str = field(repr=False)
    allow: tuple[str, ...] = ()
    format: str = "standard"
    previous_secret: str = field(default="", repr=False)
    voice: Voice = PLAIN
    per_minute: int | None = None

    def __post_init__(self) -> None:
        _ = self.keys, self.endpoint
        if self.format not in FORMATS:
            raise ConfigError(f"format of channel {self.name!r} is {self.format!r}: write one of {', '.join(FORMATS)}")

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(self.name, self.url, tuple(filter(None, (self.secret, self.previous_secret))), self.allow)

    @property
    def manners(self) -> Manners:
        """A machine that keeps a record hears everything."""
        return Manners(per_minute=self.per_minute, hears_all=True)

    @property
    def keys(self) -> list[bytes]:
        """The bytes that sign its messages, the newest first."""
        secrets = filter(None, (self.secret, self.previous_secret))
        return [signing_key(secret, channel=self.name) for secret in secrets]

    def converse(
        self, message: OutboxRow, thread: Thread | None, *, now_us: int, may_have_arrived: int | None = None
    ) -> Talk:
        del thread, may_have_arrived
        return once(self, message, now_us=now_us)

    def request(self, message: OutboxRow, *, now_us: int, is_brief: bool = False) -> Request:
        """The same body and id at every attempt; time and signature are of the attempt."""
        form = FORMATS[self.format]
        body = form.body(message, self.name, self.voice.brief() if is_brief else self.voice)
        headers = signed_headers(self.keys, message.delivery_id, body, now_s=now_us // 1_000_000)
        return Request(self.url, body, {"Content-Type": form.content_type, **headers})

    def classify(self, answer: Answer, *, now_us: int) -> Outcome:
        """By the status: what a generic receiver says besides is its own affair."""
        return judged(answer, now_us=now_us)
