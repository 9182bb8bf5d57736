"""The inbox of alerts and the page of one alert: read in process, and changed by forms that ask what REST would be asked."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from urllib.parse import quote, urlencode

from aiohttp import web

from . import alerts, formats
from .failures import Problem, problem_of
from .forms import Doer, back_to, named, read_form
from .language import stated_language
from .reader import Json, Reader
from .rendering import Renderer

API = "/api/v1"
SHOWN = 50
STATUSES = ("firing", "resolved", "all")
FILTERS = ("deployment", "severity", "owner", "acknowledged", "monitor")
SEARCH = "q"  # what the address calls the API's `search`, as on the page of all deployments
SAID_BESIDE = frozenset({400, 409, 413, 429, 503})
"""Errors that are told on the page of the form, not instead of it."""
DEEDS = ("acknowledge", "unacknowledge", "assign", "comment", "mute", "unmute", "resolve", "silence", "resend", "name")


@dataclass(frozen=True, slots=True)
class Inbox:
    """Handlers of `/alerts` and `/alerts/{id}`."""

    read: Reader
    do: Doer
    renderer: Renderer

    async def listed(self, request: web.Request) -> web.Response:
        """GET /alerts: what is open, the worst first; filters and order stand in the address."""
        return await self._list(request)

    async def take(self, request: web.Request) -> web.Response:
        """POST /alerts: acknowledges every alert that was ticked."""
        form = await read_form(request)
        ticked = [value for name, value in (await request.post()).items() if name == "alert" and isinstance(value, str)]
        for number in ticked[:SHOWN]:
            await self.do(request, "POST", f"{API}/alerts/{quote(number, safe='')}/acknowledge", named(form))
        kept = {name: value for name, value in request.query.items() if name not in {"done", "lang"}}
        return back_to(
            f"/alerts?{urlencode(kept)}", "acknowledge" if ticked else "nothing", form, stated_language(request.query)
        )

    async def shown(self, request: web.Request) -> web.Response:
        """GET /alerts/{id}: why it opened, who was told, what was done, and what can be."""
        return await self._alert(request)

    async def act(self, request: web.Request) -> web.Response:
        """POST /alerts/{id}: one of DEEDS; what is wrong with it is said on the page, with what was written kept."""
        form = await read_form(request)
        number, deed = request.match_info["id"], form.get("do", "")
        try:
            await self._do(request, number, deed, form)
        except web.HTTPError as error:
            if error.status not in SAID_BESIDE:
                raise
            return await self._alert(request, problem=problem_of(error), written=form, status_code=error.status)
        return back_to(f"/alerts/{quote(number, safe='')}", deed, form, stated_language(request.query))

    async def _do(self, request: web.Request, number: str, deed: str, form: Mapping[str, str]) -> None:
        path = f"{API}/alerts/{quote(number, safe='')}"
        ask = partial(self.do, request)
        match deed:
            case "name":  # to be remembered, and nothing else
                return
            case "acknowledge" | "unacknowledge" | "unmute" | "resolve":
                await ask("POST", f"{path}/{deed}", named(form))
            case "assign":
                await ask("POST", f"{path}/assign", {"assignee": form.get("assignee", "").strip(), **named(form)})
            case "comment":
                await ask("POST", f"{path}/comment", {"text": form.get("text", ""), **named(form)})
            case "mute":
                duration = form.get("duration", "")
                await ask("POST", f"{path}/mute", ({"duration": duration} if duration else {}) | named(form))
            case "silence":
                alert = await self.read(path, {})
                body = {"matchers": alerts.matchers_of(alert), "duration": form.get("duration", "")}
                await ask("POST", f"{API}/silences", body | {"comment": form.get("text", "")} | named(form))
            case "resend":
                await ask("POST", f"{API}/deliveries/{quote(form.get('delivery', ''), safe='')}/resend", {})
            case _:
                raise web.HTTPBadRequest(text=f"{deed!r:.80} is nothing to do with an alert")

    async def _list(self, request: web.Request) -> web.Response:
        query = request.query
        status = query.get("status", "firing") if query.get("status", "firing") in STATUSES else "firing"
        wishes = {name: query[name] for name in FILTERS if query.get(name)}
        search = {"search": query[SEARCH]} if query.get(SEARCH) else {}
        paging = {"before": query["before"]} if query.get("before") else {}
        asked = wishes | search | paging | {"limit": str(SHOWN)} | ({} if status == "all" else {"status": status})
        found, about = await asyncio.gather(self.read(f"{API}/alerts", asked), self.read(f"{API}/deployments", {}))
        zones = {one["name"]: formats.zone_of(one["timezone"]) for one in about["items"]}
        grouped = query.get("group") == "deployment"
        return self.renderer.render(
            request,
            "inbox.html",
            active="alerts",
            groups=alerts.grouped(found["items"], by_deployment=grouped),
            grouped=grouped,
            can_take=any(one["status"] == "firing" and not one["acknowledged_by"] for one in found["items"]),
            open=found["open"],
            next=found["next"],
            status=status,
            statuses=STATUSES,
            wishes={name: query.get(name, "") for name in (*FILTERS, SEARCH)},
            is_filtered=bool(wishes or search) or status != "firing",
            zones=zones,
            names=sorted(zones),
            link=partial(_link, dict(query)),
            done=query.get("done", ""),
        )

    async def _alert(
        self,
        request: web.Request,
        *,
        problem: Problem | None = None,
        written: Mapping[str, str] | None = None,
        status_code: int = 200,
    ) -> web.Response:
        number = request.match_info["id"]
        alert = await self.read(f"{API}/alerts/{quote(number, safe='')}", {})
        name = quote(alert["deployment"], safe="")
        about, routes, channels = await asyncio.gather(
            self.read(f"{API}/deployments/{name}", {}),
            self.read(f"{API}/routes", {"alert": number}),
            self.read(f"{API}/channels", {}),
        )
        return self.renderer.render(
            request,
            "alert.html",
            status_code=status_code,
            active="alerts",
            alert=alert,
            deployment=about,
            zone=formats.zone_of(about["timezone"]),
            history=alerts.history(alert),
            silence_link=silence_link(alert, stated_language(request.query)),
            routes=routes,
            paused={one["name"]: one["paused"] for one in channels["items"] if one["paused"]},
            problem=problem,
            written=written or {},
            done=request.query.get("done", ""),
        )


def silence_link(alert: Json, language: str | None) -> str:
    """The form of a silence of this alert and its like, filled in, with what else it would catch."""
    wishes = alerts.matchers_of(alert) | ({"lang": language} if language else {})
    return f"/silences?{urlencode(wishes)}#new-silence"


def _link(query: Mapping[str, str], **changed: str) -> str:
    """The inbox with other wishes; an empty one is left out, and pages begin anew."""
    wishes: Json = {name: value for name, value in query.items() if name not in {"before", "done"}} | changed
    text = urlencode({name: value for name, value in wishes.items() if value})
    return f"/alerts?{text}" if text else "/alerts"
