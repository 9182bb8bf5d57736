"""Bodies of requests: JSON objects whose fields are read with errors that name the field, its value and the fix."""

from __future__ import annotations

import difflib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiohttp import web

from tidegauge.core.windows import to_us
from tidegauge_collector.api.errors import dump_json, refusal
from tidegauge_collector.api.query import BadRequest, UnknownName
from tidegauge_collector.control import ControlStore
from tidegauge_collector.control.definitions import DefinitionsChanged
from tidegauge_collector.core.calendar import duration_us

Body = Mapping[str, Any]
InThread = Callable[[Callable[[], Any]], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Alerting:
    """What the routes that change alerts and silences work with; `on_change` is told of each change."""

    control: ControlStore
    in_thread: InThread
    now_us: Callable[[], int]
    on_change: Callable[[], None]


async def read_object(request: web.Request, *known: str, anything: bool = False) -> dict[str, Any]:
    """The body; BadRequest where it is no JSON object, or has a field that would be ignored. An empty body is an empty object.

    With `anything` it may have any field: whoever asked looks at them.
    """
    if not request.can_read_body:
        return {}
    try:
        body = await request.json()
    except (ValueError, RecursionError) as problem:
        raise BadRequest(f"the body is no JSON: write an object ({problem})") from problem
    if not isinstance(body, dict):
        raise BadRequest(f"the body is no JSON object: write one with {', '.join(known) or 'the fields to set'}")
    if not anything:
        check_fields(body, *known)
    return body


def check_fields(body: Body, *known: str) -> None:
    """BadRequest where the body has a field that would be ignored."""
    unknown = [name for name in body if name not in known]
    if unknown:
        close = difflib.get_close_matches(unknown[0], known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(known) or 'none'}"
        raise UnknownName(f"unknown field {unknown[0]!r:.80}; {hint}")


def read_flag(body: Body, name: str) -> bool:
    """true or false; false where it is not given."""
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise BadRequest(f"{name} = {value!r:.80}: write true or false")
    return value


def read_text(body: Body, name: str) -> str | None:
    """Text, None where it is not given."""
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise BadRequest(f"{name} = {value!r:.80}: write text in quotes")
    return value


def text_of(body: Body, name: str, *, most: int = 2_000, required: bool = False) -> str:
    """A text, "" where it is not given."""
    value = read_text(body, name)
    if value is None or not value.strip():
        if required:
            raise BadRequest(f"{name} = {value!r:.80}: write text in quotes")
        return value or ""
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


def length_of(body: Body) -> int:
    """Microseconds of `duration`, such as "2h"; BadRequest for what is none."""
    try:
        return duration_us(body["duration"])
    except ValueError as problem:
        raise BadRequest(f"duration = {body['duration']!r:.80}: {problem}") from problem


def actor_named(asking: str, body: Body) -> str:
    """Who does it: whoever asks, and in whose name, where the body says so."""
    named = text_of(body, "actor", most=200).strip()
    return f"{named} ({asking})" if named else asking


async def answered(work: Awaitable[Any]) -> web.Response:
    """The result as JSON; what does not exist is 404, what changed meanwhile 409, what is wrong 400."""
    found = await done(work)
    return web.Response(text=dump_json(found), content_type="application/json", headers={"Cache-Control": "no-store"})


async def done(work: Awaitable[Any]) -> Any:
    """The result; what does not exist is raised as 404, what changed meanwhile as 409, what is wrong as 400."""
    try:
        return await work
    except DefinitionsChanged as problem:
        raise refusal(web.HTTPConflict, problem) from problem
    except LookupError as problem:
        raise refusal(web.HTTPNotFound, problem) from problem
    except (ValueError, OverflowError) as problem:
        raise refusal(web.HTTPBadRequest, problem) from problem
