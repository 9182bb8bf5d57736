"""The generic webhook: the event as it is, signed after Standard Webhooks 1.0.0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tidegauge_collector.control import OutboxRow
from tidegauge_collector.notify.answers import by_status
from tidegauge_collector.notify.channel import Endpoint, Request
from tidegauge_collector.notify.outcomes import Outcome
from tidegauge_collector.notify.signing import signed_headers, signing_key


@dataclass(frozen=True, slots=True)
class WebhookChannel:
    """Raises ConfigError where the URL may not be called or the secret is no `whsec_` key of 24 to 64 bytes."""

    name: str
    url: str = field(repr=False)
    secret: str = field(repr=False)
    allow: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        signing_key(self.secret, channel=self.name)
        _ = self.endpoint

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(self.name, self.url, (self.secret,), self.allow)

    @property
    def key(self) -> bytes:
        """The bytes that sign its messages."""
        return signing_key(self.secret, channel=self.name)

    def request(self, message: OutboxRow, *, now_us: int) -> Request:
        """The same body and id at every attempt; time and signature are of the attempt."""
        headers = signed_headers(self.key, message.delivery_id, message.body, now_s=now_us // 1_000_000)
        return Request(self.url, message.body, headers)

    def classify(self, status: int, headers: Mapping[str, str], body: bytes, *, now_us: int) -> Outcome:
        """By the status: what a generic receiver says besides is its own affair."""
        del body
        return by_status(status, headers, now_us=now_us)
