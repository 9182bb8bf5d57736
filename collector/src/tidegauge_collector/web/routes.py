"""Hangs the pages and their static files into an application."""

from collections.abc import Callable
from datetime import UTC, datetime

from aiohttp import web

from tidegauge_collector.access import Access

from .assets import load_assets
from .channels import Desk
from .compression import compressed
from .forms import Doer
from .headers import secured
from .inbox import Inbox
from .pages import Pages
from .reader import Reader
from .rendering import Page, Renderer, load_templates
from .report import Report
from .signin import SignIn
from .watch import Watch


def add_web_routes(
    app: web.Application,
    read: Reader,
    access: Access | None = None,
    do: Doer | None = None,
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> None:
    """Adds `/`, `/report`, `/deployments/{name}`, its tabs, `/favicon.ico` and `/static/…` to `app`.

    `read` answers like GET on the REST API of the same origin.
    With `do` also `/alerts`, `/alerts/{id}`, `/channels` and `/silences`, whose forms have something done, and forms
    of monitors and objectives.
    With `access` also `/login` and `/logout`, where browsers sign in and out.
    `now` is the clock of whoever answers: the range or the month that nobody names ends with it.
    Every long answer of `app`, the API's too, then travels compressed.
    """
    app.middlewares.append(compressed)
    assets = load_assets()
    renderer = Renderer(load_templates(assets))
    if access is not None:
        sign_in = SignIn(access, renderer)
        renderer = Renderer(renderer.templates, sign_in.is_signed_in, sign_in.may_act)
        app.router.add_get("/login", secured(sign_in.form))
        app.router.add_post("/login", secured(sign_in.enter))
        app.router.add_post("/logout", secured(sign_in.leave))
    app.middlewares.insert(0, renderer.outermost())
    pages = Pages(read, renderer, now)

    def show(path: str, page: Page) -> None:
        app.router.add_get(path, secured(renderer.explained(page)))

    show("/", pages.fleet)
    show("/report", Report(read, renderer, now).shown)
    show("/deployments/{name}", pages.deployment)
    show("/deployments/{name}/{tab}", pages.deployment)
    if do is not None:
        inbox, desk, watch = Inbox(read, do, renderer), Desk(read, do, renderer), Watch(read, do, pages)
        app.router.add_post("/deployments/{name}/monitors", secured(renderer.explained(watch.save)))
        show("/deployments/{name}/monitors/try", watch.again)
        app.router.add_post("/deployments/{name}/monitors/try", secured(renderer.explained(watch.attempt)))
        for path, page, post in (
            ("/alerts", inbox.listed, inbox.take),
            ("/alerts/{id}", inbox.shown, inbox.act),
            ("/channels", desk.channels, desk.tend),
            ("/silences", desk.silences, desk.hush),
        ):
            show(path, page)
            app.router.add_post(path, secured(renderer.explained(post)))
    app.router.add_get("/favicon.ico", secured(assets.favicon))
    app.router.add_get("/static/{digest}/{path:.+}", secured(assets.serve))
