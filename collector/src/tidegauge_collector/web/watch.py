"""What people do on the page of a deployment's monitors: try other limits, save them, and promise objectives, as REST would be asked."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from aiohttp import web

from .failures import Problem, problem_of
from .forms import Doer, back_to, read_form
from .language import stated_language
from .pages import Pages
from .reader import Json, Reader
from .watching import objectives_here, wished_monitor, wished_objective

API = "/api/v1"
MOST_PIECES = 30  # of a back-test that one form waits for


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of a form that changed nothing. `kind`, `id`: whose form it was; `said`: `plan`, or `episodes` with what was found."""

    kind: str
    id: str
    form: Mapping[str, str]
    problem: Problem | None = None
    said: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Watch:
    """Handlers of POST `/deployments/{name}/monitors` and `/deployments/{name}/monitors/try`."""

    read: Reader
    do: Doer
    pages: Pages

    async def save(self, request: web.Request) -> web.Response:
        """Defines a monitor or an objective (`do=put`), or takes an objective away (`do=remove`)."""
        form, name = await read_form(request), request.match_info["name"]
        try:
            kind, wished = await self._wished(name, form)
            path = f"{API}/{kind}s/{quote(str(wished['id']), safe='')}"
            match kind, form.get("do"):
                case _, "put":
                    body = {one: value for one, value in wished.items() if one != "id"}
                    await self.do(request, "PUT", path, body)
                case "objective", "remove":
                    await self.do(request, "DELETE", path, {})
                case _:
                    raise web.HTTPBadRequest(text=f"{form.get('do')!r:.80} is nothing to do with a monitor")
        except web.HTTPError as error:
            return await self._shown(request, _trial(form, problem=problem_of(error)), error.status)
        page = f"/deployments/{quote(name, safe='')}/monitors"
        return back_to(page, "removed" if form["do"] == "remove" else "saved", form, stated_language(request.query))

    async def attempt(self, request: web.Request) -> web.Response:
        """Says what saving would change (`do=plan`), or what a monitor would have said of what is stored (`do=backtest`)."""
        form, name = await read_form(request), request.match_info["name"]
        try:
            kind, wished = await self._wished(name, form)
            if form.get("do") == "backtest":
                said = await self._backtest(request, name, wished)
            else:
                files = [{"name": "page", f"{kind}s": [wished]}]
                plan = await self.do(request, "POST", f"{API}/monitors/plan", {"files": files, "prune": False})
                said = {"plan": plan}
        except web.HTTPError as error:
            return await self._shown(request, _trial(form, problem=problem_of(error)), error.status)
        return await self._shown(request, _trial(form, said=said))

    async def again(self, request: web.Request) -> web.Response:
        """GET …/try, as of a link of the page that came of a form: the page of monitors."""
        return await self.pages.tab(request, "monitors")

    async def _wished(self, name: str, form: Mapping[str, str]) -> tuple[str, Json]:
        """`monitor` or `objective`, and the table that a form means."""
        path = f"{API}/deployments/{quote(name, safe='')}/monitors"
        monitors, defined = await asyncio.gather(self.read(path, {}), self.read(f"{API}/objectives", {}))
        if "monitor" in form:
            known = next((one for one in monitors["items"] if one["id"] == form["monitor"]), None)
            if known is None:
                raise web.HTTPConflict(text=f"monitor {form['monitor']!r:.80} of {name!r:.140} does not exist any more")
            return "monitor", wished_monitor(known, form)
        stands = objectives_here(defined["items"], monitors["items"])
        asked = form.get("objective", "")
        if asked and asked not in stands:
            raise web.HTTPConflict(text=f"objective {asked!r:.80} of {name!r:.140} does not exist any more")
        wished = wished_objective(stands.get(asked), form, name)
        if not asked and wished["id"] in {one["id"] for one in [*defined["items"], *monitors["items"]]}:
            raise web.HTTPBadRequest(text=f"id = {wished['id']!r:.80}: there is one of this id already, write another")
        if not wished["id"]:
            raise web.HTTPBadRequest(text="id is missing: write a short name, such as answers-in-time")
        return "objective", wished

    async def _backtest(self, request: web.Request, name: str, wished: Json) -> Json:
        """The episodes of as many pieces as one form waits for."""
        body: Json = {"deployment": name, "monitor": wished}
        episodes: list[Json] = []
        for _ in range(MOST_PIECES):
            piece = await self.do(request, "POST", f"{API}/monitors/backtest", body)
            episodes += piece["episodes"]
            if piece["resume"] is None:
                break
            body["resume"] = piece["resume"]
        verdicts = sum(piece["verdicts"].values())
        return {"episodes": episodes, "verdicts": verdicts, **{one: piece[one] for one in ("done", "total", "resume")}}

    async def _shown(self, request: web.Request, trial: Trial, status_code: int = 200) -> web.Response:
        return await self.pages.tab(request, "monitors", status_code=status_code, trial=trial)


def _trial(form: Mapping[str, str], problem: Problem | None = None, said: Json | None = None) -> Trial:
    kind = "monitor" if "monitor" in form else "objective"
    return Trial(kind, form.get(kind, ""), form, problem, said or {})
