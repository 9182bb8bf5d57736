"""`/channels` and `/deliveries`: how each channel stands, a test message, going on after a pause, and sending a dead letter again."""

from __future__ import annotations

import asyncio
import math
from concurrent.futures import Executor
from typing import Any

from aiohttp import web

from tidegauge_collector.api.errors import dump_json, refusal
from tidegauge_collector.measuring.measurement import rfc3339
from tidegauge_collector.notify.attending import Attendant, TooSoon


class ChannelRoutes:
    """Answers the routes; nothing that it says holds a URL or a secret of a channel."""

    def __init__(self, attendant: Attendant, executor: Executor) -> None:
        self._attendant, self._executor = attendant, executor

    async def listed(self, request: web.Request) -> web.Response:
        """All channels."""
        if request.query:
            raise refusal(
                web.HTTPBadRequest, f"unknown parameter {next(iter(request.query))!r:.80}: this path takes none"
            )
        found = await self._in_thread(self._attendant.listed)
        return _json({"items": [_shown(one) for one in found], "next": None})

    async def test(self, request: web.Request) -> web.Response:
        """What the receiver said to a test message."""
        try:
            said = await self._attendant.test(request.match_info["channel"])
        except LookupError as problem:
            raise refusal(web.HTTPNotFound, str(problem)) from problem
        except TooSoon as problem:
            headers = {"Retry-After": str(math.ceil(problem.wait_s))}
            raise refusal(web.HTTPTooManyRequests, str(problem), headers) from problem
        return _json({"taken": said.was_taken, "said": said.text})

    async def resume(self, request: web.Request) -> web.Response:
        """A paused channel is tried again."""
        name = request.match_info["channel"]
        try:
            self._attendant.resume(name)
        except LookupError as problem:
            raise refusal(web.HTTPNotFound, str(problem)) from problem
        return _json({"resumed": name})

    async def resend(self, request: web.Request) -> web.Response:
        """A dead letter is sent again, under its old id."""
        name = request.match_info["delivery_id"]
        try:
            found = await self._in_thread(self._attendant.resend, name)
        except LookupError as problem:
            raise refusal(web.HTTPNotFound, str(problem)) from problem
        return _json({"resent": found.delivery_id, "channel": found.channel})

    async def _in_thread(self, work: Any, *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work, *arguments)


def _shown(one: dict[str, Any]) -> dict[str, Any]:
    """The same with times as text."""
    last = one["last"]
    times = {name.removesuffix("_us"): rfc3339(one[name]) for name in ("probe_at_us", "oldest_us")}
    plain = {name: value for name, value in one.items() if not name.endswith("_us")}
    shown = None if last is None else {"at": rfc3339(last["at_us"])} | {k: v for k, v in last.items() if k != "at_us"}
    return {**plain, **times, "last": shown}


def _json(found: dict[str, Any]) -> web.Response:
    return web.Response(text=dump_json(found), content_type="application/json", headers={"Cache-Control": "no-store"})
