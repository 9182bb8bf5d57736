"""The pages of channels with their routes, and of silences: read in process, and changed by forms that ask what REST would be asked.

A silence can be looked at before it is made: the form's fields in the address say what it would catch.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote
from zoneinfo import ZoneInfo

from aiohttp import web

from .failures import Problem, problem_of
from .forms import Doer, back_to, named, read_form
from .inbox import API
from .language import stated_language
from .reader import Json, Reader
from .rendering import Renderer

UTC = ZoneInfo("UTC")
MATCHED = ("deployment", "monitor", "column", "segment", "severity", "owner")
STATES = ("active", "pending", "waiting", "ended")


@dataclass(frozen=True, slots=True)
class Desk:
    """Handlers of `/channels` and `/silences`."""

    read: Reader
    do: Doer
    renderer: Renderer

    async def channels(self, request: web.Request) -> web.Response:
        """GET /channels: how each channel stands, and which route leads there."""
        return await self._channels(request)

    async def tend(self, request: web.Request) -> web.Response:
        """POST /channels: a test message (`do=test`), or going on after a pause (`do=resume`)."""
        form = await read_form(request)
        name, deed = form.get("channel", ""), form.get("do", "")
        path = f"{API}/channels/{quote(name, safe='')}"
        try:
            match deed:
                case "test":
                    said = await self.do(request, "POST", f"{path}/test", {})
                    return await self._channels(request, tested=name, said=said)
                case "resume":
                    await self.do(request, "POST", f"{path}/resume", {})
                case _:
                    raise web.HTTPBadRequest(text=f"{deed!r:.80} is nothing to do with a channel")
        except web.HTTPError as error:
            return await self._channels(request, problem=problem_of(error), status_code=error.status)
        return back_to("/channels", "resume", form, stated_language(request.query))

    async def silences(self, request: web.Request) -> web.Response:
        """GET /silences: the ones there are, and a form for another."""
        return await self._silences(request, written=request.query)

    async def hush(self, request: web.Request) -> web.Response:
        """POST /silences: begins one (`do=create`) or ends one (`do=end`)."""
        form = await read_form(request)
        try:
            if form.get("do") == "end":
                path = f"{API}/silences/{quote(form.get('silence', ''), safe='')}"
                await self.do(request, "DELETE", path, named(form))
            elif not _matchers(form):
                problem = Problem("nothing_named")
                return await self._silences(request, problem=problem, status_code=400, written=form)
            else:
                await self.do(request, "POST", f"{API}/silences", _wanted(form))
        except web.HTTPError as error:
            return await self._silences(request, problem=problem_of(error), status_code=error.status, written=form)
        return back_to(
            "/silences", "unsilence" if form.get("do") == "end" else "silence", form, stated_language(request.query)
        )

    async def _channels(
        self,
        request: web.Request,
        *,
        tested: str = "",
        said: Json | None = None,
        problem: Problem | None = None,
        status_code: int = 200,
    ) -> web.Response:
        found, routes = await asyncio.gather(self.read(f"{API}/channels", {}), self.read(f"{API}/routes", {}))
        return self.renderer.render(
            request,
            "channels.html",
            status_code=status_code,
            active="channels",
            channels=found["items"],
            routes=routes["items"],
            tested=tested,
            said=said,
            problem=problem,
            zone=UTC,
            done=request.query.get("done", ""),
        )

    async def _silences(
        self,
        request: web.Request,
        *,
        written: Mapping[str, str],
        problem: Problem | None = None,
        status_code: int = 200,
    ) -> web.Response:
        named = _matchers(written)
        asked = [self.read(f"{API}/silences", {}), *([self.read(f"{API}/silences/preview", named)] if named else [])]
        found, *caught = await asyncio.gather(*asked)
        items = sorted(found["items"], key=lambda one: STATES.index(one["state"]))
        return self.renderer.render(
            request,
            "silences.html",
            status_code=status_code,
            active="silences",
            silences=items,
            fields=MATCHED,
            written=written,
            caught=caught[0] if caught else None,
            problem=problem,
            zone=UTC,
            done=request.query.get("done", ""),
        )


def _matchers(form: Mapping[str, str]) -> dict[str, str]:
    return {name: form[name].strip() for name in MATCHED if form.get(name, "").strip()}


def _wanted(form: Mapping[str, str]) -> Json:
    """The body of POST /silences that a form means."""
    body: Json = {"matchers": _matchers(form), "duration": form.get("duration", "").strip() or None}
    if form.get("weekly", "").strip():
        body["weekly"] = form["weekly"].strip()
    return body | {"comment": form.get("comment", "").strip()} | named(form)
