"""The two pages: reads the API in process, renders a template. Decides nothing that `models` could decide."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from urllib.parse import quote

import jinja2
import structlog
from aiohttp import web

from . import alerts, formats, models
from .assets import Assets
from .catalogue import load_text
from .failures import told_by
from .language import LANGUAGES, choose_language
from .reader import Json, Reader

log = structlog.get_logger(__name__)

Page = Callable[[web.Request], Awaitable[web.Response]]


@dataclass(frozen=True, slots=True)
class Pages:
    """Handlers of `/` and `/deployments/{name}`."""

    read: Reader
    templates: jinja2.Environment
    assets: Assets
    is_signed_in: Callable[[web.Request], bool] = lambda _: False

    async def fleet(self, request: web.Request) -> web.Response:
        """GET /: every deployment in one table, the worst first."""
        answer = await self.read("/api/v1/deployments", {})
        items = models.sorted_fleet(answer["items"])
        return self._render(request, "fleet.html", deployments=items, more=answer["next"] is not None)

    async def deployment(self, request: web.Request) -> web.Response:
        """GET /deployments/{name}: everything about one deployment; the charts are drawn by the browser from the API."""
        name = request.match_info["name"]
        path = f"/api/v1/deployments/{quote(name, safe='')}"
        about, status, found = await asyncio.gather(
            self.read(path, {}), self.read(f"{path}/status", {}), self.read("/api/v1/alerts", {"deployment": name})
        )
        selection = models.select(about, status, request.query)
        return self._render(
            request,
            "deployment.html",
            deployment=await self._of_version(about, path, request.query.get("version", "")),
            status=status,
            alerts=alerts.newest_alerts(found["items"]),
            picked=selection,
            zone=formats.zone_of(about["timezone"]),
        )

    async def _of_version(self, about: Json, path: str, version: str) -> Json:
        """`about` with the importance that `version`'s baseline gives the columns."""
        if version in ("", models.champion(about)) or not models.is_known_version(about, version):
            return about
        return await self.read(path, {"version": version})

    def explained(self, page: Page) -> Page:
        """`page` with its failures told as a page in the reader's language: what happened, and what to do next."""

        async def answer(request: web.Request) -> web.Response:
            try:
                return await page(request)
            except web.HTTPError as error:
                return self._failure(request, error.status, told_by(error))
            except Exception as problem:
                log.error("page.failed", path=request.path, problem=repr(problem), exc_info=True)
                return self._failure(request, 500, type(problem).__name__)

        return answer

    def _failure(self, request: web.Request, status: int, detail: str) -> web.Response:
        name = request.match_info.get("name", "")
        return self._render(request, "error.html", status_code=status, name=name, detail=detail)

    def _render(self, request: web.Request, template: str, *, status_code: int = 200, **values: object) -> web.Response:
        language = choose_language(request.query.get("lang"), request.headers.get("Accept-Language", ""))
        stated = language if request.query.get("lang") in LANGUAGES else None
        html = self.templates.get_template(template).render(
            t=load_text(language),
            languages=[(code, str(request.rel_url.update_query(lang=code))) for code in LANGUAGES],
            lang=stated,
            here=str(request.rel_url),
            alert_link=partial(alerts.alert_link, language=stated),
            status_code=status_code,
            signed_in=self.is_signed_in(request),
            **values,
        )
        headers = {"Cache-Control": "no-store", "Vary": "Accept-Language", "Content-Language": language}
        return web.Response(text=html, status=status_code, content_type="text/html", headers=headers)


def load_templates(assets: Assets) -> jinja2.Environment:
    """The templates with everything escaped: each name on a page may have been chosen by an attacker."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("tidegauge_collector.web"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(when=formats.when, count=formats.count, rfc3339=formats.rfc3339)
    environment.globals.update(
        asset=assets.url,
        value_of=formats.value_of,
        duration=formats.duration,
        champion=models.champion,
        charted_columns=models.charted_columns,
        baseline_of=models.baseline_of,
        is_known_version=models.is_known_version,
        monitor_name=alerts.monitor_name,
        by_channel=alerts.by_channel,
        opened_elsewhere=alerts.opened_elsewhere,
        span=formats.span,
        zone_of=formats.zone_of,
    )
    return environment
