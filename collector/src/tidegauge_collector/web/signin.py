"""Signing in with a token and out again: a form, a cookie that no script and no other site's page can use, nothing else."""

from urllib.parse import urlsplit

from aiohttp import web

from tidegauge_collector.access import Access
from tidegauge_collector.access.gate import Limited
from tidegauge_collector.access.identity import Denied
from tidegauge_collector.access.requests import COOKIE, address_of, require_own_origin, session_of, status_of
from tidegauge_collector.access.sessions import LIFE_US
from tidegauge_collector.access.tokens import Scope

from .forms import FORM
from .rendering import Renderer, spoken

DOOR = "login"


class SignIn:
    """Handlers of `/login` and `/logout`."""

    def __init__(self, access: Access, renderer: Renderer) -> None:
        """`renderer` need not know who is signed in: here nobody is."""
        self._access = access
        self._renderer = renderer

    async def form(self, request: web.Request) -> web.Response:
        """GET /login: asks for a token; whoever needs none is sent on."""
        target = local_path(request.query.get("next", "/"))
        if not self._access.gate.required:
            raise web.HTTPSeeOther(target)
        return self._render(request, target, request.query.get("why", ""))

    async def enter(self, request: web.Request) -> web.Response:
        """POST /login: begins a session for a token that may read, and sends the browser where it wanted to go."""
        if request.content_type != FORM:
            raise web.HTTPUnsupportedMediaType(text="send the form of /login")
        given = await request.post()
        target = local_path(str(given.get("next", "/")))
        address = address_of(request)
        try:
            require_own_origin(request)
            token, identity = await self._access.gate.identify(address, str(given.get("token", "")).strip())
            identity.require_scope(Scope.READ)
        except Denied as denied:
            self._access.gate.denied(DOOR, address, denied)
            return self._render(request, target, denied.reason, denied)
        self._access.gate.passed(DOOR)
        self._end(request)
        answer = web.Response(status=303, headers={"Location": target, "Cache-Control": "no-store"})
        answer.set_cookie(
            COOKIE,
            self._access.sessions.begin(token, self._access.now_us),
            max_age=LIFE_US // 1_000_000,
            path="/",
            secure=request.secure,
            httponly=True,
            samesite="Strict",
        )
        return answer

    async def leave(self, request: web.Request) -> web.Response:
        """POST /logout: ends the session, here and in the browser."""
        self._end(request)
        answer = web.Response(status=303, headers={"Location": "/login", "Cache-Control": "no-store"})
        answer.del_cookie(COOKIE, path="/", secure=request.secure, httponly=True, samesite="Strict")
        return answer

    def is_signed_in(self, request: web.Request) -> bool:
        """Say whether a request comes from a session, so that pages offer to end it."""
        return self._access.gate.required and session_of(self._access, request) is not None

    def may_act(self, request: web.Request) -> bool:
        """Say whether a request's session may change anything, so that pages offer it."""
        if not self._access.gate.required:
            return True
        token = session_of(self._access, request)
        try:
            return token is not None and self._access.gate.renew(token).scope is Scope.ADMIN
        except Denied:
            return False

    def _end(self, request: web.Request) -> None:
        name = request.cookies.get(COOKIE)
        if name is not None:
            self._access.sessions.end(name)

    def _render(self, request: web.Request, target: str, why: str, denied: Denied | None = None) -> web.Response:
        answer = self._renderer.render(
            request,
            "login.html",
            status_code=200 if denied is None else status_of(denied),
            kept={"next": target},
            target=target,
            why=spoken(request).entries.get(f"signin.why_{why}", ""),
            is_failure=why != "missing",
        )
        if isinstance(denied, Limited):
            answer.headers["Retry-After"] = str(-(-denied.wait_us // 1_000_000))
        return answer


def local_path(text: str) -> str:
    """The path where a browser wanted to go, `/` where it is none of this collector's."""
    parts = urlsplit(text)
    is_local = text.startswith("/") and not text.startswith(("//", "/\\")) and not (parts.scheme or parts.netloc)
    is_plain = text.isprintable() and "\\" not in text and not text.startswith(("/login", "/logout"))
    return text if is_local and is_plain else "/"
