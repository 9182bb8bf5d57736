"""A provider on a real socket: it reads requests as strictly as the real one, keeps what came, and fails where a script says so.

Faults (`script`, one for each request to come): a status, or (status, headers), before anything is done; RESET and HANG likewise;
SLOW answers a byte at a time; REDIRECT sends elsewhere; and after all was done ACCEPT_THEN_CLOSE (no answer), LATE_500, BIG_BODY (10 MB),
GZIP_BOMB, INVALID_JSON and WRONG_TYPE.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import ssl
import struct
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

RESET, HANG, SLOW, REDIRECT = "reset", "hang", "slow", "redirect"
ACCEPT_THEN_CLOSE, LATE_500, BIG_BODY = "accept_then_close", "late_500", "big_body"
GZIP_BOMB, INVALID_JSON, WRONG_TYPE = "gzip_bomb", "invalid_json", "wrong_type"
METADATA = "http://169.254.169.254/latest/meta-data"
Fault = int | str | tuple[int, Mapping[str, str]]


def wall_us() -> int:
    """The time of day."""
    return time.time_ns() // 1_000


@dataclass(frozen=True, slots=True)
class Seen:
    """A request, and what it was answered."""

    method: str
    path: str
    status: int
    fault: Fault | None


class Refusal(Exception):  # noqa: N818 - says what is the case
    """An answer that is no success."""

    def __init__(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status)
        self.status, self.body, self.headers = status, body, dict(headers or {})


class Provider:
    """One provider; a subclass has `answer(request, path, body)`, which returns (status, JSON value).

    `hold(schema, value)` is called for each body and raises AssertionError where the real one would refuse it; what it raises is kept in
    `problems`.
    """

    def __init__(
        self, *, now_us: Callable[[], int] = wall_us, hold: Callable[[str, Any], Any] = lambda _, value: value
    ) -> None:
        self.now_us, self.hold = now_us, hold
        self.script: deque[Fault] = deque()
        self.otherwise: Fault | None = None
        self.seen: list[Seen] = []
        self.problems: list[str] = []
        self.history: list[str] = []
        self.url = ""
        self._closing = asyncio.Event()

    async def start(self, tls: ssl.SSLContext | None = None, port: int = 0) -> None:
        """Listen on this machine."""
        application = web.Application(client_max_size=1 << 20)
        application.router.add_route("*", "/{path:.*}", self._take)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port, ssl_context=tls).start()
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self._runner.addresses[0][1]}"

    async def close(self) -> None:
        """Stop, also where an answer is held back."""
        self._closing.set()
        await self._runner.cleanup()

    def note(self, ticket: str, what: str) -> None:
        """A line of the history."""
        at = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=self.now_us())).strftime("%H:%M:%S")
        self.history.append(f"{at}  {ticket}  {what}")

    def answer(self, request: web.Request, path: str, body: Any) -> tuple[int, Any]:
        """What a request comes to. Raises Refusal, and AssertionError for what may never come."""
        raise NotImplementedError

    async def _take(self, request: web.Request) -> web.StreamResponse:
        fault = self.script.popleft() if self.script else self.otherwise
        path = request.match_info["path"]
        content = await request.read()
        refused = await self._before(request, fault)
        if refused is not None:
            self.seen.append(Seen(request.method, path, refused.status, fault))
            return refused
        try:
            status, found = self.answer(request, path, self._parsed(request, content))
            headers: Mapping[str, str] = {}
        except Refusal as problem:
            status, found, headers = problem.status, problem.body, problem.headers
        except AssertionError as problem:
            self.problems.append(f"{request.method} {path}: {problem}")
            status, found, headers = 400, {"error": "refused"}, {}
        self.seen.append(Seen(request.method, path, status, fault))
        return await self._after(request, fault, status, found, headers)

    def _parsed(self, request: web.Request, content: bytes) -> Any:
        if not content:
            assert request.method == "GET", "a body is missing"
            return None
        assert request.content_type == self.content_type(request), f"content type {request.content_type}"
        assert request.content_length is not None, "no Content-Length"
        return strict_json(content)

    def content_type(self, request: web.Request) -> str:
        """What bodies are to be."""
        del request
        return "application/json"

    async def _before(self, request: web.Request, fault: Fault | None) -> web.StreamResponse | None:
        if isinstance(fault, int):
            return web.Response(status=fault, text="no")
        if isinstance(fault, tuple):
            return web.Response(status=fault[0], headers=fault[1], text="no")
        if fault == REDIRECT:
            return web.Response(status=302, headers={"Location": METADATA})
        if fault == RESET:
            raw = request.transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            request.transport.abort()
            return web.Response(status=500)
        if fault in {HANG, SLOW}:
            return await self._stall(request, fault)
        return None

    async def _stall(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        if fault == SLOW:
            request.transport.write(b"HTTP/1.1 2")  # a status line that never ends
        await self._closing.wait()
        return web.Response(status=500)

    async def _after(
        self, request: web.Request, fault: Fault | None, status: int, found: Any, headers: Mapping[str, str]
    ) -> web.StreamResponse:
        if fault == ACCEPT_THEN_CLOSE:
            request.transport.close()
            return web.Response(status=status)
        if fault == LATE_500:
            return web.Response(status=500, text="no")
        if fault == INVALID_JSON:
            return web.Response(status=status, text='{"}', content_type="application/json")
        if fault == WRONG_TYPE:
            return web.Response(status=status, text="<html>hello</html>", content_type="text/html")
        if fault == GZIP_BOMB:
            return web.Response(
                status=status, body=gzip.compress(b"0" * 10_000_000), headers={"Content-Encoding": "gzip"}
            )
        if fault == BIG_BODY:
            return web.Response(status=status, body=b"x" * 10_000_000)
        if found is None:
            return web.Response(status=status, headers=headers)
        if isinstance(found, str):
            return web.Response(status=status, text=found, headers=headers)
        return web.json_response(found, status=status, headers=headers)


def strict_json(content: bytes) -> Any:
    """JSON in UTF-8 without NaN, Infinity and repeated keys. Raises AssertionError."""

    def refuse(text: str) -> None:
        raise AssertionError(f"{text} is no JSON")

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len({name for name, _ in pairs}) == len(pairs), "a key is there twice"
        return dict(pairs)

    try:
        return json.loads(content.decode("utf-8"), parse_constant=refuse, object_pairs_hook=once)
    except ValueError as problem:
        raise AssertionError(f"no JSON: {problem}") from problem
