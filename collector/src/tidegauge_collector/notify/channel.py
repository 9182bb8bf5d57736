"""A channel as it is configured: where messages go, under which name; each kind says how a message looks there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from yarl import URL

from tidegauge_collector.control import OutboxRow
from tidegauge_collector.core.destinations import Destinations
from tidegauge_collector.errors import ConfigError
from tidegauge_collector.notify.outcomes import Outcome
from tidegauge_collector.notify.reaching import DestinationRefused, check_literal


@dataclass(frozen=True, slots=True)
class Request:
    """A POST of JSON."""

    url: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class Channel(Protocol):
    """What the sender asks of every kind of channel. Pure: the sender does the I/O."""

    @property
    def name(self) -> str:
        """As the operator calls it, once among all."""

    @property
    def endpoint(self) -> Endpoint:
        """Where it goes."""

    def request(self, message: OutboxRow, *, now_us: int) -> Request:
        """The request of one attempt, the same for the same message but for times and signatures."""

    def classify(self, status: int, headers: Mapping[str, str], body: bytes, *, now_us: int) -> Outcome:
        """What an answer means for the message and its channel."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address and what of it is secret. Neither URL nor secrets show in its repr: an URL often holds a token.

    `allow`: host names, addresses and networks that are not public and yet may be reached. Raises ConfigError, which names the
    `channel` and repeats no secret, where the URL is no http(s) address or may not be reached.
    """

    channel: str
    url: str = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    allow: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        try:
            parsed = URL(self.url)
        except ValueError as problem:
            raise ConfigError(f"url of channel {self.channel!r} cannot be read: give https://host/path") from problem
        if parsed.scheme not in {"http", "https"} or not parsed.host:
            raise ConfigError(f"url of channel {self.channel!r} is no http or https address: give https://host/path")
        try:
            check_literal(parsed, self.destinations)
        except (ValueError, DestinationRefused) as problem:
            raise ConfigError(f"url of channel {self.channel!r} is refused: {problem}") from problem

    @property
    def destinations(self) -> Destinations:
        """Where it may go."""
        return Destinations.parse(self.allow)

    def redact(self, text: str) -> str:
        """The text without the parts of this channel's configuration that may be secret."""
        parsed = URL(self.url)
        for secret in (*self.secrets, self.url, parsed.raw_path_qs, parsed.path_qs, *parsed.query.values()):
            if len(secret) > 1:
                text = text.replace(secret, "***")
        return text
