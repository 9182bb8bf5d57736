"""Hangs the pages and their static files into an application."""

from aiohttp import web

from .assets import load_assets
from .compression import compressed
from .headers import secured
from .pages import Pages, load_templates
from .reader import Reader


def add_web_routes(app: web.Application, read: Reader) -> None:
    """Adds `/`, `/deployments/{name}`, `/favicon.ico` and `/static/…` to `app`; `read` answers like GET on the REST API of the same origin.

    Every long answer of `app`, the API's too, then travels compressed.
    """
    app.middlewares.append(compressed)
    assets = load_assets()
    pages = Pages(read, load_templates(assets), assets)
    app.router.add_get("/", secured(pages.explained(pages.fleet)))
    app.router.add_get("/deployments/{name}", secured(pages.explained(pages.deployment)))
    app.router.add_get("/favicon.ico", secured(assets.favicon))
    app.router.add_get("/static/{digest}/{path:.+}", secured(assets.serve))
