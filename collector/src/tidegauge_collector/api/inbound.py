"""`/inbound/{channel}`: tools tell what people did there. The door is open to all, and hears only who shows the channel's secret."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import structlog
from aiohttp import web

from tidegauge_collector.api.bodies import Alerting
from tidegauge_collector.api.errors import refusal
from tidegauge_collector.inbound.acting import act
from tidegauge_collector.inbound.deeds import NotGenuine, NotReadable
from tidegauge_collector.inbound.hearing import hear
from tidegauge_collector.notify.channel import Channel
from tidegauge_collector.notify.hearing import hearing_of

MAX_BODY_BYTES = 512 * 1024

log = structlog.get_logger(__name__)


class InboundRoute:
    """Answers POST of `/inbound/{channel}`. `counts` is by (channel, outcome)."""

    def __init__(self, alerting: Alerting, channels: Mapping[str, Channel]) -> None:
        self._with, self._channels = alerting, channels
        self.counts: Counter[tuple[str, str]] = Counter()

    async def answer(self, request: web.Request) -> web.Response:
        """200 with how many alerts were changed; 401 where nothing shows that the call is the tool's, 404 where none are heard."""
        name = request.match_info["channel"]
        hearing = hearing_of(self._channels.get(name))
        if hearing is None:
            raise refusal(web.HTTPNotFound, f"no channel {name!r:.140} hears of what people do: see docs/channels.md")
        body = await self._read(request)
        now_us = self._with.now_us()
        try:
            deeds = hear(hearing, request.headers, body, now_s=now_us / 1e6)
        except NotGenuine as problem:
            self.counts[name, "refused"] += 1
            raise refusal(web.HTTPUnauthorized, problem) from problem
        except NotReadable as problem:
            self.counts[name, "unreadable"] += 1
            raise refusal(web.HTTPBadRequest, problem) from problem
        changed = await self._with.in_thread(lambda: act(self._with.control, name, deeds, now_us=now_us))
        self.counts[name, "heard"] += 1
        if changed:
            self._with.on_change()
            log.info("inbound", channel=name, deeds=len(deeds), changed=changed)
        return web.json_response({"changed": changed}, headers={"Cache-Control": "no-store"})

    async def _read(self, request: web.Request) -> bytes:
        body = bytearray()
        async for chunk in request.content.iter_chunked(64 * 1024):
            body += chunk
            if len(body) > MAX_BODY_BYTES:
                said = f"the body is larger than {MAX_BODY_BYTES} bytes"
                raise refusal(web.HTTPRequestEntityTooLarge, said, max_size=MAX_BODY_BYTES, actual_size=len(body))
        return bytes(body)
