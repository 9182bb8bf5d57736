"""One attempt: a talk with bounded waits and bounded reads. What comes back is hostile until the channel has looked at it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import aiohttp
import structlog
from aiohttp.abc import AbstractResolver
from yarl import URL

from tidegauge_collector import __version__
from tidegauge_collector.control import OutboxRow, Thread
from tidegauge_collector.crash_points import crash_here
from tidegauge_collector.notify.channel import Answer, Channel, Mail, Note, Request, Talk
from tidegauge_collector.notify.mailing import send_mail
from tidegauge_collector.notify.outcomes import DeadLetter, Outcome, PauseChannel, Retry
from tidegauge_collector.notify.reaching import CheckedResolver, refusal_in

CONNECT_TIMEOUT_S = 5
TOTAL_TIMEOUT_S = 15
TALK_TIMEOUT_S = 90  # a whole attempt: a ticket wants several requests
READ_CAP_BYTES = 64 * 1024
MAX_STEPS = 40
_EXCERPT_CHARACTERS = 200
_REASON_CHARACTERS = 400

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of an attempt; `status_code` is None where there was no answer, `detail` holds no secret.

    `begun_at_us`: since when something may have arrived of which nobody knows, None where all is known.
    """

    outcome: Outcome
    status_code: int | None
    detail: str
    begun_at_us: int | None = None


class Memory(Protocol):
    """What must be durable before a talk goes on."""

    async def begin(self, now_us: int) -> None:
        """From now on something may arrive."""

    async def remember(self, remembered: Mapping[str, Any]) -> None:
        """A note of the channel for its thread."""


def open_session(
    channel: Channel,
    resolver: AbstractResolver | None = None,
    *,
    tls: ssl.SSLContext | None = None,
    total_s: float = TOTAL_TIMEOUT_S,
) -> aiohttp.ClientSession:
    """A client for one channel, that goes only where that may go; `resolver` looks names up (default: the system's way).

    `tls`: whom to trust (default: the authorities of the system). `total_s`: a request's time with its answer. It keeps no cookies,
    no connections and no addresses, unpacks nothing and reads no proxy from the environment.
    """
    checked = CheckedResolver(URL(channel.endpoint.url), channel.endpoint.destinations, resolver)
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=total_s, connect=CONNECT_TIMEOUT_S, sock_connect=CONNECT_TIMEOUT_S),
        connector=aiohttp.TCPConnector(force_close=True, use_dns_cache=False, resolver=checked, ssl=tls or True),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": f"Tidegauge/{__version__}", "Accept-Encoding": "identity"},
        auto_decompress=False,
        trust_env=False,
    )


async def attempt(
    session: aiohttp.ClientSession,
    channel: Channel,
    message: OutboxRow,
    thread: Thread | None,
    memory: Memory,
    *,
    now_us: int,
    may_have_arrived: int | None = None,
) -> Attempt:
    """Talks once. A broken connection or a timeout is a Retry, under the same id; so is a talk that takes too long, or that fails
    by a fault of ours at an answer that nobody foresaw. Raises what `memory` raises."""
    talk = channel.converse(message, thread, now_us=now_us, may_have_arrived=may_have_arrived)
    driven = _Driven(session, channel, memory, begun_at_us=message.begun_at_us, now_us=now_us)
    try:
        async with asyncio.timeout(TALK_TIMEOUT_S):
            outcome = await driven.through(talk)
    except (aiohttp.ClientError, TimeoutError, OSError) as problem:
        return driven.broken(problem)
    except _AtFault as fault:
        _log.error("channel.fault", channel=channel.name, problem=repr(fault.__cause__), exc_info=True)
        return Attempt(Retry(0.0, str(fault)), None, str(fault), driven.begun_at_us)
    finally:
        talk.close()
    detail = _detail(outcome, driven.last, channel.endpoint.redact)
    status = None if driven.last is None else driven.last.status
    is_open = isinstance(outcome, Retry) and outcome.may_have_arrived
    return Attempt(outcome, status, detail, now_us if is_open else driven.begun_at_us)


class _AtFault(Exception):  # noqa: N818 - says what is the case
    """Our side of a talk has failed: the message is tried again, and nothing else is held up."""

    def __init__(self, problem: Exception) -> None:
        super().__init__(f"a fault of ours: {type(problem).__name__}")


class _Driven:
    """A talk under way: its last answer, and since when something may have arrived."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        channel: Channel,
        memory: Memory,
        *,
        begun_at_us: int | None,
        now_us: int,
    ) -> None:
        self._session, self._channel, self._memory, self._now_us = session, channel, memory, now_us
        self.begun_at_us = self._before_us = begun_at_us
        self.last: Answer | None = None
        self._has_begun = False

    async def through(self, talk: Talk) -> Outcome:
        """What the talk returns."""
        answer: Answer | None = None
        for _ in range(MAX_STEPS):
            try:
                step = talk.send(answer)
            except StopIteration as end:
                outcome: Outcome = end.value
                return outcome
            except Exception as problem:
                raise _AtFault(problem) from problem
            answer = await self._take(step)
        return DeadLetter(f"the talk did not end after {MAX_STEPS} steps")

    async def _take(self, step: Request | Mail | Note) -> Answer | None:
        if isinstance(step, Note):
            await self._memory.remember(self._channel.endpoint.redact_in(step.remembered))
            return None
        if step.is_reading:
            self.last = await self._send(step)
            return self.last
        await self._begin()
        self.last = await self._send(step)
        crash_here("send.answered")
        if isinstance(step, Mail) or not _is_unknown(self.last.status):
            self.begun_at_us = self._before_us = None
        return self.last

    async def _send(self, step: Request | Mail) -> Answer:
        try:
            if isinstance(step, Mail):
                return await send_mail(self._channel.endpoint, step)
            return await exchange(self._session, step)
        except (aiohttp.ClientError, TimeoutError, OSError):
            raise
        except Exception as problem:
            raise _AtFault(problem) from problem

    async def _begin(self) -> None:
        if not self._has_begun:  # once for an attempt: durable before anything leaves
            await self._memory.begin(self._now_us)
            self._has_begun = True
        self._before_us, self.begun_at_us = self.begun_at_us, self._now_us

    def broken(self, problem: Exception) -> Attempt:
        """What came of a talk that a failure ended."""
        refused = refusal_in(problem)
        if refused is not None:
            return Attempt(PauseChannel(str(refused)), None, str(refused), self._before_us)
        reason = self._channel.endpoint.redact(_named(problem))
        nothing_left = isinstance(problem, aiohttp.ClientConnectorError | ConnectionRefusedError)
        return Attempt(Retry(0.0, reason), None, reason, self._before_us if nothing_left else self.begun_at_us)


def _is_unknown(status: int) -> bool:
    """Whether somebody in between may have answered for a receiver that took the request."""
    return status >= 500 or status == 408


async def exchange(session: aiohttp.ClientSession, request: Request) -> Answer:
    """The answer to one request. Raises what a client raises: aiohttp.ClientError, TimeoutError, OSError."""
    headers = {"Content-Type": "application/json", **request.headers} if request.body else dict(request.headers)
    async with session.request(
        request.method, request.url, data=request.body or None, headers=headers, allow_redirects=False
    ) as response:
        return Answer(response.status, response.headers, await _read_capped(response))


async def _read_capped(response: aiohttp.ClientResponse) -> bytes:
    """At most READ_CAP_BYTES of the body; one that breaks off counts as far as it came, since the status is here."""
    read = bytearray()
    try:
        while len(read) < READ_CAP_BYTES and (chunk := await response.content.read(READ_CAP_BYTES - len(read))):
            read += chunk
    except (aiohttp.ClientError, TimeoutError, OSError):
        return bytes(read)
    return bytes(read)


def _named(problem: Exception) -> str:
    """The kind of a failure, without its text, which may hold the URL; of a certificate what is wrong with it."""
    reason = getattr(getattr(problem, "certificate_error", problem), "strerror", None)
    return f"{type(problem).__name__}: {reason}" if isinstance(reason, str) else type(problem).__name__


def _detail(outcome: Outcome, answer: Answer | None, redact: Callable[[str], str]) -> str:
    """The reason of a refusal with the beginning of the answer's text; empty where all went well.

    What was said is cut when its secrets are gone: the beginning of one would not be recognised.
    """
    reason = _line(redact(outcome.reason), _REASON_CHARACTERS)
    if not isinstance(outcome, DeadLetter | Retry) or answer is None or not answer.body:
        return reason
    said = _line(redact(answer.body.decode("utf-8", "replace")), _EXCERPT_CHARACTERS)
    return f"{reason} ({said.strip()})"


def _line(text: str, most: int) -> str:
    return "".join(each if each.isprintable() else " " for each in text[:most])
