"""A channel as it is configured, and how it talks: a pure generator of requests and notes; the sender does the I/O (ADR 0011)."""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

from yarl import URL

from tidegauge_collector.control import OutboxRow, Thread
from tidegauge_collector.core.destinations import Destinations
from tidegauge_collector.errors import ConfigError
from tidegauge_collector.notify.outcomes import DeadLetter, Outcome
from tidegauge_collector.notify.reaching import DestinationRefused, check_literal

TOO_MUCH = frozenset({400, 413, 422})
"""Statuses of a receiver that may take less: asked once more with the title and the link alone."""
TOKEN_CHARACTERS = 12
"""A part of a path that is as long may be a token; shorter ones are words of an API."""
_SCHEME = re.compile(r"^(Basic |Bearer |GenieKey |whsec_)")


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP exchange, of JSON where there is a body. `is_reading`: it changes nothing, and may be repeated without harm."""

    url: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "POST"
    is_reading: bool = False


@dataclass(frozen=True, slots=True)
class Mail:
    """A whole message as it goes over the wire, and who gets it.

    `security`: starttls, tls, or none for a server on this machine. `login`: user name and password, never over a plain connection.
    The answer's status is a code of SMTP; where some recipients were refused its body is {"refused": {address: code}}.
    """

    content: bytes
    sender: str
    recipients: tuple[str, ...]
    security: str = "starttls"
    login: tuple[str, str] | None = field(default=None, repr=False)
    is_reading: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """What is to be remembered of the thread from now on, instead of what was; stored before the talk goes on."""

    remembered: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver said: a status of HTTP or a code of SMTP. Hostile until looked at."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Mapping[str, Any]:
        """The object that the body holds, empty where it holds none."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):  # hostile until looked at
            return {}
        return found if isinstance(found, dict) else {}


Step = Request | Mail | Note
T = TypeVar("T")
Asking = Generator[Step, Answer | None, T]
"""A part of a talk, with what it returns."""
Talk = Asking[Outcome]


@dataclass(frozen=True, slots=True)
class Manners:
    """How a kind wants to be treated.

    `is_paging`: tried again soon and often, for a day; else with growing waits for three days. `per_minute`: messages at most.
    `hears_all`: also of what was over before it was told, as a record wants it; people do not. `noted_first`: what of its notes is made
    before anything is sent; all others say that the receiver keeps something.
    """

    is_paging: bool = False
    per_minute: int | None = None
    hears_all: bool = False
    noted_first: frozenset[str] = frozenset()


class Channel(Protocol):
    """What the sender asks of every kind of channel. Pure: the sender does the I/O."""

    @property
    def name(self) -> str:
        """As the operator calls it, once among all."""

    @property
    def endpoint(self) -> Endpoint:
        """Where it goes."""

    @property
    def manners(self) -> Manners:
        """How it wants to be treated."""

    def converse(
        self, message: OutboxRow, thread: Thread | None, *, now_us: int, may_have_arrived: int | None = None
    ) -> Talk:
        """One attempt: yields requests and notes, is sent an answer for each request, returns what came of it.

        `thread` is None for a message without one (a test). `may_have_arrived`: when an earlier attempt in this thread began whose end
        nobody knows. Where a request gets no answer the generator is closed.
        """


class Simple(Protocol):
    """A kind whose every message is one request."""

    def request(self, message: OutboxRow, *, now_us: int, is_brief: bool = False) -> Request:
        """The request of an attempt, the same for the same message but for times and signatures; `is_brief`: title and link."""

    def classify(self, answer: Answer, *, now_us: int) -> Outcome:
        """What an answer means for the message and its channel."""


def once(channel: Simple, message: OutboxRow, *, now_us: int) -> Talk:
    """The talk of a simple kind: one request, and a brief one where the first was too much."""
    answer = yield from ask(channel.request(message, now_us=now_us))
    outcome = channel.classify(answer, now_us=now_us)
    if isinstance(outcome, DeadLetter) and answer.status in TOO_MUCH:
        answer = yield from ask(channel.request(message, now_us=now_us, is_brief=True))
        outcome = channel.classify(answer, now_us=now_us)
    return outcome


def ask(request: Request | Mail) -> Asking[Answer]:
    """The answer to one request."""
    answer = yield request
    if answer is None:
        raise TypeError("a request in a talk was not answered")
    return answer


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address and what of it is secret. Neither URL nor secrets show in its repr: an URL often holds a token.

    `allow`: host names, addresses and networks that are not public and yet may be reached. Raises ConfigError, which names the
    `channel` and repeats no secret, where the URL is none of `schemes` or may not be reached.
    """

    channel: str
    url: str = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    allow: tuple[str, ...] = ()
    schemes: tuple[str, ...] = ("http", "https")

    def __post_init__(self) -> None:
        try:
            parsed = URL(self.url)
        except ValueError as problem:
            raise ConfigError(f"url of channel {self.channel!r} cannot be read: give https://host/path") from problem
        if parsed.scheme not in self.schemes or not parsed.host:
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
        """The text without the parts of this channel's configuration that may be secret, also as JSON, HTML and URLs write them.

        To be asked before anything is cut: of a secret whose end is missing the beginning would stay.
        """
        for secret in self._secret_texts:
            text = text.replace(secret, "***")
        return text

    def redact_in(self, value: Any) -> Any:
        """A JSON value with the texts in it redacted, for what a receiver has said and is kept or shown to people."""
        if isinstance(value, str):
            return self.redact(value)
        if isinstance(value, Mapping):
            return {name: self.redact_in(each) for name, each in value.items()}
        return [self.redact_in(each) for each in value] if isinstance(value, list | tuple) else value

    @property
    def _secret_texts(self) -> list[str]:
        """Longest first, as one may hold another."""
        parsed = URL(self.url)
        parts = [one for one in parsed.parts if len(one) >= TOKEN_CHARACTERS]
        found = {*self.secrets, self.url, parsed.raw_path_qs, parsed.path_qs, *parsed.query.values(), *parts}
        found |= {parsed.password or "", *(_SCHEME.sub("", one) for one in self.secrets)}
        written = {way(one) for one in found for way in (str, _in_json, _in_slashed_json, escape, _in_url)}
        return sorted((one for one in written if len(one) > 1), key=lambda one: (-len(one), one))


def _in_json(text: str) -> str:
    return json.dumps(text)[1:-1]


def _in_slashed_json(text: str) -> str:
    return _in_json(text).replace("/", "\\/")


def _in_url(text: str) -> str:
    return quote(text, safe="")
