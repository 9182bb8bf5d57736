"""A channel as it is configured: where messages go, under which name, signed with which secret."""

from dataclasses import dataclass, field

from yarl import URL

from tidegauge_collector.core.destinations import Destinations
from tidegauge_collector.errors import ConfigError
from tidegauge_collector.notify.reaching import DestinationRefused, check_literal
from tidegauge_collector.notify.signing import signing_key


@dataclass(frozen=True, slots=True)
class WebhookChannel:
    """A generic webhook. Neither URL nor secret shows in its repr: an URL often holds a token in its path or query.

    `allow`: host names, addresses and networks that are not public and yet may be reached. Raises ConfigError where the URL is no
    http(s) address or may not be reached, or the secret is no `whsec_` key of 24 to 64 bytes.
    """

    name: str
    url: str = field(repr=False)
    secret: str = field(repr=False)
    allow: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        try:
            parsed = URL(self.url)
        except ValueError as problem:
            raise ConfigError(f"url of channel {self.name!r} cannot be read: give https://host/path") from problem
        if parsed.scheme not in {"http", "https"} or not parsed.host:
            raise ConfigError(f"url of channel {self.name!r} is no http or https address: give https://host/path")
        signing_key(self.secret, channel=self.name)
        try:
            check_literal(parsed, self.destinations)
        except (ValueError, DestinationRefused) as problem:
            raise ConfigError(f"url of channel {self.name!r} is refused: {problem}") from problem

    @property
    def destinations(self) -> Destinations:
        """Where it may go."""
        return Destinations.parse(self.allow)

    @property
    def key(self) -> bytes:
        """The bytes that sign its messages."""
        return signing_key(self.secret, channel=self.name)

    def redact(self, text: str) -> str:
        """The text without the parts of this channel's configuration that may be secret."""
        parsed = URL(self.url)
        for secret in (self.secret, self.url, parsed.raw_path_qs, parsed.path_qs, *parsed.query.values()):
            if len(secret) > 1:
                text = text.replace(secret, "***")
        return text
