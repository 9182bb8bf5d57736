"""The pages of the fleet and of a deployment: reads the API in process, renders a template. Decides nothing that `models` could decide."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from aiohttp import web

from . import alerts, fleet, formats, models, tabs, watching
from .looking import look_at
from .reader import Json, Reader
from .rendering import Renderer

RECENT_EVENTS = 20  # of which an overview tells those that people noted
EVENTS = 100  # in the table of a page; charts show all of the range


@dataclass(frozen=True, slots=True)
class Pages:
    """Handlers of `/`, `/deployments/{name}` and its tabs."""

    read: Reader
    renderer: Renderer
    now: Callable[[], datetime]

    async def fleet(self, request: web.Request) -> web.Response:
        """GET /: the deployments that the address asks for, the worst first, and figures of all of them."""
        since = fleet.since_of(request.query, self.now())
        listed, trends, summary = await asyncio.gather(
            self.read("/api/v1/deployments", {}),
            self.read("/api/v1/trends", {}),
            self.read("/api/v1/summary", {"since": formats.rfc3339(since)}),
        )
        return self.renderer.render(
            request,
            "fleet.html",
            active="fleet",
            view=fleet.view_fleet(listed["items"], request.query),
            weeks={one["name"]: one for one in trends["items"]},
            summary=summary,
            range=fleet.range_of(request.query),
        )

    async def deployment(self, request: web.Request) -> web.Response:
        """GET /deployments/{name}/{tab}: one side of one deployment; the charts are drawn by the browser from the API."""
        return await self.tab(request, request.match_info.get("tab", "overview"))

    async def tab(self, request: web.Request, tab: str, *, status_code: int = 200, **told: Any) -> web.Response:
        """One side of one deployment; `told`: what came of a form of it."""
        name = request.match_info["name"]
        if tab not in tabs.TABS:
            raise web.HTTPNotFound(text=f"There is no page {tab!r} of a deployment.")
        path = f"/api/v1/deployments/{quote(name, safe='')}"
        about, status, extra = await asyncio.gather(
            self.read(path, {}), self.read(f"{path}/status", {}), self._of_tab(tab, name, path)
        )
        zone = formats.zone_of(about["timezone"])
        picked = models.select(about, status, request.query) if tab in tabs.DRAWN else None
        if tab == "overview" and picked is not None:
            start = formats.rfc3339(picked.range.start)
            events = (await self.read(f"{path}/events", {"start": start, "limit": str(RECENT_EVENTS)}))["items"]
            extra["hints"] = look_at(
                about, status, extra["health"], extra["alerts"].shown, events, start=picked.range.start
            )
        if tab == "service" and picked is not None and picked.service is not None:
            end = formats.rfc3339(picked.service.end)
            extra["objectives"] = (await self.read(f"{path}/objectives", {"end": end, "days": "30"}))["items"]
        if tab == "metrics":
            extra |= await self._own_metrics(path)
        return self.renderer.render(
            request,
            f"tabs/{tab}.html",
            status_code=status_code,
            active="fleet",
            tab=tab,
            is_drawn=tab in tabs.DRAWN,
            carried=tabs.carried(request.query),
            deployment=await self._of_version(about, path, request.query.get("version", "")),
            status=status,
            picked=picked,
            zone=zone,
            done=request.query.get("done", ""),
            **{"trial": None, **extra, **told},
        )

    async def _of_tab(self, tab: str, name: str, path: str) -> dict[str, Any]:
        """What a tab asks beside the deployment and its status."""
        match tab:
            case "overview":
                health, found = await asyncio.gather(self.read(f"{path}/health", {}), self._alerts(name))
                return {"health": health, "alerts": found}
            case "alerts":
                return {"alerts": await self._alerts(name)}
            case "fairness":
                return {"monitors": (await self.read(f"{path}/monitors", {}))["items"]}
            case "monitors":
                stands, defined = await asyncio.gather(
                    self.read(f"{path}/monitors", {}), self.read("/api/v1/objectives", {})
                )
                return {
                    "monitors": stands["items"],
                    "objectives": watching.objectives_here(defined["items"], stands["items"]),
                }
        return {}

    async def _own_metrics(self, path: str) -> dict[str, Any]:
        """Metrics of the user's own, and the newest events, also of after the data: those of a replay are of today."""
        said, events = await asyncio.gather(
            self.read(f"{path}/metrics", {}), self.read(f"{path}/events", {"limit": str(EVENTS)})
        )
        return {"customs": said["items"], "events": events["items"], "more_events": events["next"] is not None}

    async def _alerts(self, name: str) -> alerts.Alerts:
        return alerts.newest_alerts((await self.read("/api/v1/alerts", {"deployment": name}))["items"])

    async def _of_version(self, about: Json, path: str, version: str) -> Json:
        """`about` with the importance that `version`'s baseline gives the columns."""
        if version in ("", models.champion(about)) or not models.is_known_version(about, version):
            return about
        return await self.read(path, {"version": version})
