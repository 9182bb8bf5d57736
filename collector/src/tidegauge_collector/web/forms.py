"""Forms that change something: only from this origin's own pages, in the name of whoever asks, and then back to where they came from."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import quote, unquote, urlencode, urlsplit

from aiohttp import web

from tidegauge_collector.access.identity import Denied
from tidegauge_collector.access.requests import require_own_origin

from .reader import Json

Doer = Callable[[web.Request, str, str, Mapping[str, Any]], Awaitable[Json]]
"""(request, method, path, body) -> what REST answers to that, done in the name of who made the request; raises like it."""

FORM = "application/x-www-form-urlencoded"
NAME_COOKIE = "who"
NAME_LIFE_S = 365 * 86_400
MAX_NAME = 200


async def read_form(request: web.Request) -> dict[str, str]:
    """The fields of a form of these pages, `actor` of one that does not ask for it as this browser remembers it.

    Raises 403 for another site's, 415 for what is no form.
    """
    if request.content_type != FORM:
        raise web.HTTPUnsupportedMediaType(text="send the form of this page")
    try:
        require_own_origin(request)
    except Denied as denied:
        raise web.HTTPForbidden(text=str(denied)) from denied
    given = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    return {"actor": remembered(request)} | given


def remembered(request: web.Request) -> str:
    """The name that was written last in this browser, "" where none was."""
    return unquote(request.cookies.get(NAME_COOKIE, ""))[:MAX_NAME]


def named(form: Mapping[str, str]) -> Json:
    """The person that a form names, as a body of the REST API says it."""
    who = form.get("actor", "").strip()
    return {"actor": who} if who else {}


def back_to(path: str, done: str, form: Mapping[str, str], language: str | None) -> web.Response:
    """303 to `path`, which then says what was done; the name that was written is remembered in this browser."""
    wishes = {"done": done} | ({"lang": language} if language else {})
    parts = urlsplit(path)
    query = "&".join(filter(None, [parts.query, urlencode(wishes)]))
    answer = web.Response(status=303, headers={"Location": f"{parts.path}?{query}", "Cache-Control": "no-store"})
    who = form.get("actor", "").strip()
    if who:
        answer.set_cookie(
            NAME_COOKIE, quote(who[:MAX_NAME], safe=""), max_age=NAME_LIFE_S, path="/", httponly=True, samesite="Strict"
        )
    return answer
