"""Errors that aiohttp answers before any route or middleware sees a request (a body in an encoding that is not read, bytes that are no
HTTP): as JSON, like all other answers. aiohttp has no hook for them but the object that speaks with a client."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from tidegauge_collector.api.errors import dump_json
from tidegauge_collector.refusals import told


class JsonErrors(web.RequestHandler):  # type: ignore[misc, unused-ignore]
    """Speaks with a client; where aiohttp itself refuses, the body is {"error", "code"}."""

    __slots__ = ()

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """The answer to a request that no handler has seen, or in which one failed."""
        answer = super().handle_error(request, status, exc, message)
        if isinstance(answer, web.Response) and answer.content_type != "application/json":
            answer.content_type = "application/json"
            answer.text = dump_json(told(answer.status, " ".join((answer.text or "").split())))
        return answer


class JsonRunner(web.AppRunner):
    """An AppRunner whose server speaks with clients through `JsonErrors`."""

    __slots__ = ()

    async def _make_server(self) -> web.Server:
        server = await super()._make_server()
        speak: Any = type("JsonServer", (web.Server,), {"__slots__": (), "__call__": _speaker})
        server.__class__ = speak
        return server


def _speaker(server: Any) -> JsonErrors:
    return JsonErrors(server, loop=server._loop, **server._kwargs)
