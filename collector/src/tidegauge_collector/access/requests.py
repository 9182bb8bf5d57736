"""The HTTP side of the gate: a middleware before every route. Tokens come as `Authorization: Bearer`, browsers have a session."""

import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from tidegauge_collector.access.doors import Access
from tidegauge_collector.access.gate import Limited, bearer_of
from tidegauge_collector.access.identity import UNAUTHENTICATED, Caller, Denied
from tidegauge_collector.access.scopes import NAMED_BY_QUERY, OPEN, scope_of
from tidegauge_collector.access.tokens import Scope
from tidegauge_collector.refusals import told

DOOR = "http"
COOKIE = "tidegauge_session"
_OTHER_STATUS = {"limited": 429, "unavailable": 503}
_SAFE = frozenset({"GET", "HEAD"})
_FOR_PROGRAMS = ("/api/", "/metrics", "/openapi.json", "/healthz")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def guarding(access: Access) -> Any:
    """A middleware that lets nobody pass who does not show what the route asks for."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        resource = request.match_info.route.resource
        if not access.gate.required or resource is None:  # no route: the answer is 404 or 405 for everybody
            return await handler(request)
        asked = scope_of(request.method, resource.canonical)
        if asked is not OPEN:
            try:
                await _admit(access, request, asked)
            except Denied as denied:
                return refused(request, denied)
        return await handler(request)

    return middleware


def address_of(request: web.Request) -> str:
    """The address of the other side; of a proxy its own, as headers can say anything."""
    return request.remote or "unknown"


def session_of(access: Access, request: web.Request) -> str | None:
    """The id of the token of a request's session; None where it has none that goes on."""
    name = request.cookies.get(COOKIE)
    return None if name is None else access.sessions.token_of(name, access.now_us)


def require_own_origin(request: web.Request) -> None:
    """Raise Denied where a browser sends a change from another site's page."""
    origin = request.headers.get("Origin")
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    if (origin is not None and urlsplit(origin).netloc != request.host) or site not in {"same-origin", "none"}:
        raise Denied("origin", "this was sent from a page of another site: use the collector's own pages")


def refused(request: web.Request, denied: Denied) -> web.Response:
    """The answer to who is not let in: JSON for programs, the sign-in page for people."""
    if request.method in _SAFE and not request.path.startswith(_FOR_PROGRAMS):
        asked = {"next": str(request.rel_url), "why": denied.reason}
        if "lang" in request.query:
            asked["lang"] = request.query["lang"]
        where, status = ("HX-Redirect", 401) if "HX-Request" in request.headers else ("Location", 303)
        return web.Response(status=status, headers={where: f"/login?{urlencode(asked)}", "Cache-Control": "no-store"})
    return web.Response(
        status=status_of(denied),
        text=json.dumps(told(status_of(denied), str(denied)) | {"reason": denied.reason}),
        content_type="application/json",
        headers=_headers(denied),
    )


def status_of(denied: Denied) -> int:
    """401 where something better is to be shown, 403 where nothing helps but another token, 429, 503."""
    return 401 if denied.reason in UNAUTHENTICATED else _OTHER_STATUS.get(denied.reason, 403)


def _headers(denied: Denied) -> dict[str, str]:
    headers = {"Cache-Control": "no-store"}
    if denied.reason in UNAUTHENTICATED:
        headers["WWW-Authenticate"] = 'Bearer realm="tidegauge"'
    if isinstance(denied, Limited):
        headers["Retry-After"] = str(-(-denied.wait_us // 1_000_000))
    return headers


async def _admit(access: Access, request: web.Request, asked: Scope) -> None:
    """Return where a request may do what asks for a scope; raises Denied, which is counted."""
    address = address_of(request)
    bearer = bearer_of(request.headers.get("Authorization"))
    token = session_of(access, request) if bearer is None else None
    if token is None:
        caller = await access.gate.admit(DOOR, address, bearer)
    try:
        if token is not None:
            caller = _of_session(access, request, token)
        _require(caller, asked, _deployment_of(request))
    except Denied as denied:
        access.gate.denied(DOOR, address, denied)
        raise
    access.gate.passed(DOOR)


def _of_session(access: Access, request: web.Request, token: str) -> Caller:
    if request.method not in _SAFE:
        require_own_origin(request)
    return Caller((access.gate.renew(token),))


def _deployment_of(request: web.Request) -> str:
    """The deployment that a request is about; empty where only its body says so."""
    resource = request.match_info.route.resource
    if resource is not None and resource.canonical in NAMED_BY_QUERY:
        return request.query.get("deployment", "")
    return request.match_info.get("name", "")


def _require(caller: Caller, asked: Scope, deployment: str) -> None:
    caller.require_scope(asked)
    if asked is Scope.INGEST and caller.is_bound:
        caller.require_deployments([deployment])
