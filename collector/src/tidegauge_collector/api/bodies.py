"""Bodies of changes: one JSON object with known fields, read with errors that name the field, its value and the fix."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from tidegauge_collector.api.query import BadRequest


async def read_object(request: web.Request, *known: str) -> dict[str, Any]:
    """The body; BadRequest where it is no JSON object, or has a field that would be ignored. Without `known` it may have any."""
    try:
        body = await request.json()
    except (ValueError, RecursionError) as problem:
        raise BadRequest(f"the body is no JSON: write an object ({problem})") from problem
    if not isinstance(body, dict):
        raise BadRequest(f"the body is no JSON object: write one with {', '.join(known) or 'the fields to set'}")
    unknown = [name for name in body if known and name not in known]
    if unknown:
        close = difflib.get_close_matches(unknown[0], known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(known)}"
        raise BadRequest(f"unknown field {unknown[0]!r:.80}; {hint}")
    return body


def read_flag(body: Mapping[str, Any], name: str) -> bool:
    """true or false; false where it is not given."""
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise BadRequest(f"{name} = {value!r:.80}: write true or false")
    return value


def read_text(body: Mapping[str, Any], name: str) -> str | None:
    """Text, None where it is not given."""
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise BadRequest(f"{name} = {value!r:.80}: write text in quotes")
    return value
