"""The pages of the fleet and of a deployment: reads the API in process, renders a template. Decides nothing that `models` could decide."""

import asyncio
from dataclasses import dataclass
from urllib.parse import quote

from aiohttp import web

from . import alerts, formats, models
from .reader import Json, Reader
from .rendering import Renderer


@dataclass(frozen=True, slots=True)
class Pages:
    """Handlers of `/` and `/deployments/{name}`."""

    read: Reader
    renderer: Renderer

    async def fleet(self, request: web.Request) -> web.Response:
        """GET /: every deployment in one table, the worst first."""
        answer = await self.read("/api/v1/deployments", {})
        items = models.sorted_fleet(answer["items"])
        more = answer["next"] is not None
        return self.renderer.render(request, "fleet.html", active="fleet", deployments=items, more=more)

    async def deployment(self, request: web.Request) -> web.Response:
        """GET /deployments/{name}: everything about one deployment; the charts are drawn by the browser from the API."""
        name = request.match_info["name"]
        path = f"/api/v1/deployments/{quote(name, safe='')}"
        about, status, found = await asyncio.gather(
            self.read(path, {}), self.read(f"{path}/status", {}), self.read("/api/v1/alerts", {"deployment": name})
        )
        selection = models.select(about, status, request.query)
        return self.renderer.render(
            request,
            "deployment.html",
            active="fleet",
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
