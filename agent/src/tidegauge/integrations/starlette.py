"""Starlette, FastAPI and every other ASGI framework: who asks is read from a request's headers.

    app.add_middleware(TidegaugeMiddleware, agent=agent)

A pure ASGI middleware: it touches neither request nor response, so streams, web sockets and background tasks pass as they are.
At the end of the application's lifespan it seals what is left: uvicorn ends by the signal that it got, without Python's `atexit`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from tidegauge.agent import Agent
from tidegauge.integrations.headers import HeaderNames, enter

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

SEAL_S = 1.0
_SHUT_DOWN = {"lifespan.shutdown.complete", "lifespan.shutdown.failed"}


class TidegaugeMiddleware:
    """Says for all predictions within a request who asked for them; nothing of the request or its response changes."""

    def __init__(
        self,
        app: App,
        agent: Agent,
        *,
        consumer_header: str | None = "X-Consumer",
        id_header: str | None = None,
        batch_header: str | None = None,
    ) -> None:
        """`id_header` gives the prediction id of a request that predicts one row: records leave the host then. None: no header does."""
        self.app = app
        self._agent = agent
        self._names = HeaderNames(consumer_header, id_header, batch_header)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on within its context."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, self._sealing(send))
            return
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        leave = enter(self._agent, self._names, lambda name: _header(scope, name))
        try:
            await self.app(scope, receive, send)
        finally:
            leave()

    def _sealing(self, send: Send) -> Send:
        """The same `send`, which seals before it says that the application has shut down."""

        async def send_sealed(message: MutableMapping[str, Any]) -> None:
            if message["type"] in _SHUT_DOWN:
                self._agent.close(
                    SEAL_S
                )  # holds up the loop, which has nothing left to do, in whatever framework it is
            await send(message)

        return send_sealed


def _header(scope: Scope, name: str) -> str | None:
    wanted = name.lower().encode("latin-1")
    return next((value.decode("latin-1") for key, value in scope["headers"] if key.lower() == wanted), None)
