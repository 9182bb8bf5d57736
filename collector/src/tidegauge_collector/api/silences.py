"""`/silences`: make, list and end them."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from tidegauge.core.windows import DAY_US
from tidegauge_collector.api.bodies import (
    Alerting,
    Body,
    actor_named,
    answered,
    check_fields,
    length_of,
    read_object,
    text_of,
    time_of,
)
from tidegauge_collector.api.deletions import requester_of
from tidegauge_collector.api.query import BadRequest, check_known, read_choice
from tidegauge_collector.api.scope import Json, Query, Sources
from tidegauge_collector.core.matching import FIELDS as MATCHED
from tidegauge_collector.core.matching import LABEL, read_matchers
from tidegauge_collector.core.silences import Silence
from tidegauge_collector.measuring.measurement import rfc3339

FIELDS = ("matchers", "starts_at", "ends_at", "duration", "weekly", "comment", "actor")
PREVIEWED = (*MATCHED, "label")
LOOKED_BACK_US = 7 * DAY_US
MAX_LOOKED_AT = 5_000
MAX_SHOWN = 20
STATES = ("pending", "active", "waiting", "ended")


def list_silences(sources: Sources, query: Query) -> Json:
    """Silences, newest first."""
    check_known(query, "state")
    state, now_us = read_choice(query, "state", STATES, None), sources.now_us()
    found = sources.control.silences.listed()
    return {
        "items": [silence_json(one, now_us) for one in found if state in {None, one.state(now_us)}],
        "next": None,
    }


def preview_silence(sources: Sources, query: Query) -> Json:
    """What a silence would catch: the open alerts that match, and how many that opened in the last seven days would have."""
    check_known(query, *PREVIEWED)
    raw = {name: query[name] for name in MATCHED if query.get(name)}
    label = query.get("label", "")
    if label:
        name, equals, pattern = label.partition("=")
        if not (name and equals):
            raise BadRequest(f"label={label!r:.80}: write NAME=PATTERN, such as team=pricing")
        raw[LABEL + name] = pattern
    if not raw:
        raise BadRequest(f"nothing is named, so everything would be silenced: write one of {', '.join(PREVIEWED)}")
    problems: list[str] = []
    matchers = read_matchers(raw, problems)
    if problems:
        raise BadRequest("; ".join(problems))
    since_us = sources.now_us() - LOOKED_BACK_US
    found, is_all = sources.control.alerts_matching(matchers, since_us, MAX_LOOKED_AT)
    firing = [one for one in found if one.status == "firing"]
    return {
        "open": len(firing),
        "opened": sum(one.opened_at_us >= since_us for one in found),
        "since": rfc3339(since_us),
        "complete": is_all,
        "items": [
            {
                "id": one.id,
                "deployment": one.deployment,
                "monitor": one.monitor,
                "metric": one.metric,
                "column": one.column,
                "segment": one.segment,
                "version": one.version,
                "severity": one.severity,
                "opened_at": rfc3339(one.opened_at_us),
            }
            for one in firing[:MAX_SHOWN]
        ],
    }


class SilenceRoutes:
    """Answers POST of `/silences` and DELETE of `/silences/{id}`."""

    def __init__(self, alerting: Alerting) -> None:
        self._with = alerting

    async def create(self, request: web.Request) -> web.Response:
        """The new silence."""
        return await answered(self._asked(request))

    async def end(self, request: web.Request) -> web.Response:
        """The silence, ended."""
        return await answered(self._asked_to_end(request))

    async def _asked(self, request: web.Request) -> Json:
        return await self.begin(await read_object(request, anything=True), requester_of(request))

    async def _asked_to_end(self, request: web.Request) -> Json:
        body = await read_object(request, anything=True)
        return await self.stop(request.match_info["id"], body, requester_of(request))

    async def begin(self, body: Body, asking: str) -> Json:
        """Makes the silence that the body asks for. Raises BadRequest and ValueError."""
        check_fields(body, *FIELDS)
        now_us = self._with.now_us()
        options = silence_options(body, now_us)
        by = actor_named(asking, body)
        made = await self._with.in_thread(lambda: self._with.control.silences.create(**options, by=by, now_us=now_us))
        self._with.on_change()
        return silence_json(made, now_us)

    async def stop(self, silence: str, body: Body, asking: str) -> Json:
        """Ends the silence of that id. Raises BadRequest, LookupError and ValueError."""
        check_fields(body, "actor")
        now_us, by = self._with.now_us(), actor_named(asking, body)
        ended = await self._with.in_thread(lambda: self._with.control.silences.end(silence, by=by, now_us=now_us))
        self._with.on_change()
        return silence_json(ended, now_us)


def silence_options(body: Body, now_us: int) -> dict[str, Any]:
    """What a body asks for; BadRequest where it cannot be read."""
    problems: list[str] = []
    matchers = read_matchers(body.get("matchers", {}), problems)
    if problems:
        raise BadRequest(f"matchers: {'; '.join(problems)}")
    start_us = time_of(body, "starts_at")
    start_us = now_us if start_us is None else start_us
    end_us = time_of(body, "ends_at")
    if (end_us is None) == (body.get("duration") is None):
        raise BadRequest('give one of ends_at (a time) and duration (such as "2h")')
    if end_us is None:
        end_us = start_us + length_of(body)
    return {
        "matchers": matchers,
        "starts_at_us": start_us,
        "ends_at_us": end_us,
        "weekly": text_of(body, "weekly", most=200) or None,
        "comment": text_of(body, "comment"),
    }


def silence_json(one: Silence, now_us: int) -> Json:
    """A silence as the API and the command line show it."""
    return {
        "id": one.id,
        "state": one.state(now_us),
        "matchers": {name: list(patterns) for name, patterns in one.matchers.items()},
        "starts_at": rfc3339(one.starts_at_us),
        "ends_at": rfc3339(one.ends_at_us),
        "weekly": None if one.weekly is None else str(one.weekly),
        "comment": one.comment,
        "created_by": one.created_by,
        "created_at": rfc3339(one.created_at_us),
        "ended_by": one.ended_by or None,
    }
