"""One attempt: a POST with a bounded wait and a bounded read. What comes back is hostile until classified."""

from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from tidegauge_collector import __version__
from tidegauge_collector.control import OutboxRow
from tidegauge_collector.notify.channel import Channel, Request
from tidegauge_collector.notify.outcomes import DeadLetter, Outcome, PauseChannel, Retry
from tidegauge_collector.notify.reaching import CheckedResolver, refusal_in

CONNECT_TIMEOUT_S = 5
TOTAL_TIMEOUT_S = 15
READ_CAP_BYTES = 64 * 1024
_EXCERPT_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of an attempt; `status_code` is None where there was no answer, `detail` holds no secret."""

    outcome: Outcome
    status_code: int | None
    detail: str


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


def open_session(channel: Channel, resolver: AbstractResolver | None = None) -> aiohttp.ClientSession:
    """A client for one channel, that goes only where that may go; `resolver` looks names up (default: the system's way).

    It keeps no cookies, no connections and no addresses, unpacks nothing and reads no proxy from the environment.
    """
    checked = CheckedResolver(URL(channel.endpoint.url), channel.endpoint.destinations, resolver)
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=TOTAL_TIMEOUT_S, connect=CONNECT_TIMEOUT_S, sock_connect=CONNECT_TIMEOUT_S),
        connector=aiohttp.TCPConnector(force_close=True, use_dns_cache=False, resolver=checked),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": f"Tidegauge/{__version__}", "Accept-Encoding": "identity"},
        auto_decompress=False,
        trust_env=False,
    )


async def attempt(session: aiohttp.ClientSession, channel: Channel, message: OutboxRow, *, now_us: int) -> Attempt:
    """Sends the message once. A broken connection or a timeout is ambiguous and therefore a Retry, under the same id."""
    try:
        answer = await _post(session, channel.request(message, now_us=now_us))
    except (aiohttp.ClientError, TimeoutError, OSError) as problem:
        refused = refusal_in(problem)
        if refused is not None:
            return Attempt(PauseChannel(str(refused)), None, str(refused))
        reason = _named(problem)
        return Attempt(Retry(0.0, reason), None, reason)
    outcome = channel.classify(answer.status, answer.headers, answer.body, now_us=now_us)
    return Attempt(outcome, answer.status, channel.endpoint.redact(_detail(outcome, answer)))


async def _post(session: aiohttp.ClientSession, request: Request) -> _Answer:
    headers = {"Content-Type": "application/json", **request.headers}
    async with session.post(request.url, data=request.body, headers=headers, allow_redirects=False) as response:
        return _Answer(response.status, response.headers, await _read_capped(response))


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
    """The kind of a failure, without its text, which may hold the URL."""
    reason = getattr(problem, "strerror", None)
    return f"{type(problem).__name__}: {reason}" if isinstance(reason, str) else type(problem).__name__


def _detail(outcome: Outcome, answer: _Answer) -> str:
    """The reason of a refusal with the beginning of the answer's text; empty where all went well."""
    reason = getattr(outcome, "reason", "")
    if not isinstance(outcome, DeadLetter | Retry) or not answer.body:
        return str(reason)
    start = answer.body[: 4 * _EXCERPT_CHARACTERS].decode("utf-8", "replace")
    printable = "".join(each if each.isprintable() else " " for each in start)
    return f"{reason} ({printable[:_EXCERPT_CHARACTERS].strip()})"
