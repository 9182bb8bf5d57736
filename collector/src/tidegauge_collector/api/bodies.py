"""Bodies of requests: JSON objects whose fields are read with errors that name the field, its value and the fix."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

from aiohttp import web

from tidegauge.core.windows import to_us
from tidegauge_collector.api.deletions import requester_of
from tidegauge_collector.api.errors import dump_json, refusal
from tidegauge_collector.api.query import BadRequest

Body = Mapping[str, Any]
InThread = Callable[[Callable[[], Any]], Awaitable[Any]]


async def read_object(request: web.Request, *allowed: str) -> Body:
    """The body as an object with no other fields than these; an empty body is an empty object."""
    if not request.can_read_body:
        return {}
    try:
        body = await request.json()
    except ValueError as problem:
        raise BadRequest(f"the body is no JSON: {problem}") from problem
    if not isinstance(body, dict):
        raise BadRequest(f"the body is no JSON object: write an object with {', '.join(allowed) or 'no field'}")
    unknown = [name for name in body if name not in allowed]
    if unknown:
        raise BadRequest(f"unknown field {unknown[0]!r:.80}: write {', '.join(allowed) or 'none'}")
    return body


def text_of(body: Body, name: str, *, most: int = 2_000, required: bool = False) -> str:
    """A text, "" where it is not given."""
    value = body.get(name)
    if value is None and not required:
        return ""
    if not isinstance(value, str) or (required and not value.strip()):
        raise BadRequest(f"{name} = {value!r:.80}: write text in quotes")
    if len(value) > most:
        raise BadRequest(f"{name} is longer than {most} characters: write less")
    return value


def time_of(body: Body, name: str) -> int | None:
    """Microseconds of an RFC 3339 time, None where it is not given."""
    text = text_of(body, name, most=80)
    if not text:
        return None
    try:
        return to_us(datetime.fromisoformat(text))
    except (ValueError, OverflowError) as problem:
        raise BadRequest(f"{name} = {text!r:.80}: write a time such as 2026-11-23T13:00:00Z") from problem


def actor_of(request: web.Request, body: Body) -> str:
    """Who does it: whoever asks, and in whose name, where the body says so."""
    named, asking = text_of(body, "actor", most=200).strip(), requester_of(request)
    return f"{named} ({asking})" if named else asking


async def answered(work: Awaitable[Any]) -> web.Response:
    """The result as JSON; what does not exist is 404, what is wrong 400."""
    try:
        found = await work
    except LookupError as problem:
        raise refusal(web.HTTPNotFound, str(problem.args[0]) if problem.args else "not found") from problem
    except (ValueError, OverflowError) as problem:
        raise refusal(web.HTTPBadRequest, str(problem)) from problem
    return web.Response(text=dump_json(found), content_type="application/json", headers={"Cache-Control": "no-store"})
