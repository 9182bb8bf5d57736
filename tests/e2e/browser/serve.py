"""The pages over the fake API, on a free port: used by the browser tests."""

from aiohttp import web

from tidegauge_collector.web import add_web_routes

from .fake_api import FakeApi


def build_app(api: FakeApi) -> web.Application:
    """Pages and REST API on one origin, as in the collector."""

    async def answer(request: web.Request) -> web.Response:
        return web.json_response(await api.read(request.path, request.query))

    app = web.Application()
    app.router.add_get("/api/v1/{tail:.+}", answer)
    add_web_routes(app, api.read, do=api.do)
    return app
