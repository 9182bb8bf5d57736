"""Hangs the pages and their static files into an application."""

from aiohttp import web

from tidegauge_collector.access import Access

from .assets import load_assets
from .compression import compressed
from .headers import secured
from .pages import Pages, load_templates
from .reader import Reader
from .signin import SignIn


def add_web_routes(app: web.Application, read: Reader, access: Access | None = None) -> None:
    """Adds `/`, `/deployments/{name}`, `/favicon.ico` and `/static/…` to `app`; `read` answers like GET on the REST API of the same origin.

    With `access` also `/login` and `/logout`, where browsers sign in and out.
    Every long answer of `app`, the API's too, then travels compressed.
    """
    app.middlewares.append(compressed)
    assets = load_assets()
    templates = load_templates(assets)
    pages = Pages(read, templates, assets)
    if access is not None:
        sign_in = SignIn(access, templates)
        pages = Pages(read, templates, assets, sign_in.is_signed_in)
        app.router.add_get("/login", secured(sign_in.form))
        app.router.add_post("/login", secured(sign_in.enter))
        app.router.add_post("/logout", secured(sign_in.leave))
    app.router.add_get("/", secured(pages.explained(pages.fleet)))
    app.router.add_get("/deployments/{name}", secured(pages.explained(pages.deployment)))
    app.router.add_get("/favicon.ico", secured(assets.favicon))
    app.router.add_get("/static/{digest}/{path:.+}", secured(assets.serve))
