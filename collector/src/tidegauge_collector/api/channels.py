"""`/channels` and `/deliveries`: how each channel stands, a test message, going on after a pause, and sending a dead letter again."""

from __future__ import annotations

import asyncio
import math
from concurrent.futures import Executor
from typing import Any

from aiohttp import web

from tidegauge_collector.api.errors import dump_json, refusal
from tidegauge_collector.api.query import check_known
from tidegauge_collector.api.scope import Json, Query, Sources
from tidegauge_collector.measuring.measurement import rfc3339
from tidegauge_collector.notify.attending import Attendant, TooSoon


def list_channels(sources: Sources, query: Query) -> Json:
    """All channels, and how each stands."""
    check_known(query)
    return {"items": [_shown(one) for one in sources.attendant.listed()], "next": None}


class ChannelRoutes:
    """Answers the routes; nothing that it says holds a URL or a secret of a channel."""

    def __init__(self, attendant: Attendant, executor: Executor) -> None:
        self._attendant, self._executor = attendant, executor

    async def test(self, request: web.Request) -> web.Response:
        """What the receiver said to a test message."""
        return _json(await self.try_out(request.match_info["channel"]))

    async def resume(self, request: web.Request) -> web.Response:
        """A paused channel is tried again."""
        return _json(await self.go_on(request.match_info["channel"]))

    async def resend(self, request: web.Request) -> web.Response:
        """A dead letter is sent again, under its old id."""
        return _json(await self.send_again(request.match_info["delivery_id"]))

    async def try_out(self, channel: str) -> Json:
        """Sends a test message; raises 404 for an unknown channel, 429 for one that was tested a moment ago."""
        try:
            said = await self._attendant.test(channel)
        except LookupError as problem:
            raise refusal(web.HTTPNotFound, problem) from problem
        except TooSoon as problem:
            headers = {"Retry-After": str(math.ceil(problem.wait_s))}
            raise refusal(web.HTTPTooManyRequests, problem, headers) from problem
        return {"taken": said.was_taken, "said": said.text}

    async def go_on(self, channel: str) -> Json:
        """Tries a paused channel again; raises 404 for an unknown one."""
        try:
            self._attendant.resume(channel)
        except LookupError as problem:
            raise refusal(web.HTTPNotFound, problem) from problem
        return {"resumed": channel}

    async def send_again(self, delivery: str) -> Json:
        """Sends a message again that was given up; raises 404 where there is none of that id."""
        try:
            found = await self._in_thread(self._attendant.resend, delivery)
        except LookupError as problem:
            raise refusal(web.HTTPNotFound, problem) from problem
        return {"resent": found.delivery_id, "channel": found.channel}

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
