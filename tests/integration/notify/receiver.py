"""A strict receiver of Standard Webhooks on a real socket: it checks every request and answers by a script.

Whatever a sender must never do ends up in `violations`; tests end with none.
"""

import asyncio
import json
import re
import socket
import struct
from collections import deque
from dataclasses import dataclass
from datetime import datetime

import standardwebhooks
import standardwebhooks.webhooks
from aiohttp import web

SECRET = "whsec_" + "c2VjcmV0Y2FuYXJ5" * 3
TOKEN = "t0ken-canary"
OK = 204
TOO_MUCH = (400, 413, 422)  # after these, and only then, a brief body may follow under the same id
RESET, ACCEPT_THEN_CLOSE, REDIRECT = "reset", "accept_then_close", "redirect"
BIG_BODY, BREAK_OFF, HANG = "big_body", "break_off", "hang"


@dataclass(frozen=True)
class Seen:
    delivery_id: str
    body: bytes
    timestamp: int
    reply: object

    @property
    def event(self):
        return json.loads(self.body)

    @property
    def seq(self):
        return self.event["data"]["seq"]

    @property
    def key(self):
        return self.event["data"]["alert_key"]


class Receiver:
    """`script` holds the answers to come: a status, (status, headers) or a way to misbehave; then `otherwise`."""

    def __init__(self, clock):
        self.clock = clock
        self.script = deque()
        self.otherwise = OK
        self.seen = []
        self.elsewhere = []
        self.violations = []
        self.bytes_sent = 0
        self._under_way = set()
        self._arrived = asyncio.Condition()
        self._closing = asyncio.Event()

    async def start(self):
        app = web.Application(client_max_size=1 << 20)
        app.router.add_route("*", f"/{TOKEN}", self._handle)
        app.router.add_route("*", "/{tail:.*}", self._elsewhere)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/{TOKEN}"

    async def close(self):
        self._closing.set()
        await self._runner.cleanup()

    async def until(self, count):
        """Waits until so many requests have come."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.seen) >= count)
        return self.seen

    async def _elsewhere(self, request):
        self.elsewhere.append(request.path)
        return web.Response(status=200)

    async def _handle(self, request):
        body = await request.read()
        self._check(request, body)
        reply = self.script.popleft() if self.script else self.otherwise
        seen = Seen(request.headers["webhook-id"], body, int(request.headers["webhook-timestamp"]), reply)
        async with self._arrived:
            self.seen.append(seen)
            self._arrived.notify_all()
        return await self._one_at_a_time(request, seen)

    async def _one_at_a_time(self, request, seen):
        key = seen.event["data"].get("alert_key")
        if key is not None and key in self._under_way:
            self.violations.append("two messages of one alert key under way together")
        self._under_way.add(key)
        try:
            await asyncio.to_thread(list)  # lets others in, so that a sender in a hurry is caught
            return await self._answer(request, seen.reply)
        except Exception as problem:
            self.violations.append(f"the receiver itself failed: {problem!r}")
            raise
        finally:
            self._under_way.discard(key)

    def _check(self, request, body):
        try:
            frozen = type(
                "Frozen", (datetime,), {"now": lambda tz=None: datetime.fromtimestamp(self.clock.now_us() / 1e6, tz)}
            )
            standardwebhooks.webhooks.datetime = frozen
            standardwebhooks.Webhook(SECRET).verify(body, dict(request.headers))
        except standardwebhooks.WebhookVerificationError as problem:
            self.violations.append(f"signature: {problem}")
        finally:
            standardwebhooks.webhooks.datetime = datetime
        delivery_id = request.headers["webhook-id"]
        earlier = [each for each in self.seen if each.delivery_id == delivery_id and each.reply not in TOO_MUCH]
        wrong = {
            "method": request.method != "POST",
            "content type": request.content_type != "application/json",
            "size": len(body) > 20_000,
            "id": not re.fullmatch(r"msg_[0-9a-f]{32}", delivery_id),
            "body changed over retries": any(each.body != body for each in earlier),
            "cookie": "Cookie" in request.headers,
        }
        self.violations += [name for name, is_wrong in wrong.items() if is_wrong]

    async def _answer(self, request, reply):
        if isinstance(reply, tuple):
            return web.Response(status=reply[0], headers=reply[1])
        if reply == HANG:
            await self._closing.wait()
            return web.Response()
        if reply == RESET:
            linger_none = struct.pack("ii", 1, 0)
            request.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_none)
            request.transport.abort()
            return web.Response()
        if reply == ACCEPT_THEN_CLOSE:
            request.transport.close()
            return web.Response()
        if reply == REDIRECT:
            return web.Response(status=302, headers={"Location": "/internal", "Set-Cookie": "a=b"})
        if reply in {BIG_BODY, BREAK_OFF}:
            return await self._stream(request, reply)
        return web.Response(status=reply)

    async def _stream(self, request, reply):
        """10 MB, or the beginning of a body that never ends."""
        response = web.StreamResponse(status=200)
        await response.prepare(request)
        if reply == BREAK_OFF:
            await response.write(b"ok")
            request.transport.close()
            return response
        try:
            for _ in range(160):
                await response.write(b"x" * 65_536)
                self.bytes_sent += 65_536
        except ConnectionError:  # the client has read enough
            return response
        return response
