"""`/deployments/{name}/metrics`: the user's own metrics, and what people say of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from aiohttp import web

from tidegauge_collector.api.bodies import InThread, answered, read_object
from tidegauge_collector.api.changes import note_change
from tidegauge_collector.api.deletions import requester_of
from tidegauge_collector.api.query import check_known
from tidegauge_collector.api.scope import Json, Query, Sources, find_deployment
from tidegauge_collector.control import ControlStore
from tidegauge_collector.core.custom import CustomMetric, custom_json, read_custom
from tidegauge_collector.measuring.custom import custom_names

MAX_NAME = 128


def list_custom(sources: Sources, name: str, query: Query) -> Json:
    """Custom metrics by name: those that were reported, and those of which something is said."""
    check_known(query)
    found = find_deployment(sources, name)
    seen = custom_names(sources.telemetry, name)
    items = [_json(one, found.metrics.get(one), reported=one in seen) for one in sorted({*seen, *found.metrics})]
    return {"items": items, "next": None}


class CustomRoutes:
    """Answers PUT and DELETE of `/deployments/{name}/metrics/{metric}`, in the jobs' thread, so that nothing is judged meanwhile."""

    def __init__(self, control: ControlStore, in_jobs: InThread, on_changed: Callable[[Iterable[str]], None]) -> None:
        self._control = control
        self._in_jobs = in_jobs
        self._on_changed = on_changed

    async def put(self, request: web.Request) -> web.Response:
        """Say what a metric is."""
        return await answered(self._put(request))

    async def delete(self, request: web.Request) -> web.Response:
        """Say nothing of it any more."""
        return await answered(self._change(request, None))

    async def _put(self, request: web.Request) -> Json:
        return await self._change(request, read_custom(await read_object(request, anything=True)))

    async def _change(self, request: web.Request, said: CustomMetric | None) -> Json:
        deployment, metric = request.match_info["name"], request.match_info["metric"]
        if len(metric) > MAX_NAME:
            raise ValueError(f"metric {metric!r:.140}: write a name of at most {MAX_NAME} characters")

        def work() -> CustomMetric | None:
            before = self._control.change_metric(deployment, metric, said)
            self._on_changed([deployment])
            return before

        was, now = (None if one is None else custom_json(one) for one in (await self._in_jobs(work), said))
        note_change(by=requester_of(request), deployment=deployment, setting=f"metrics.{metric}", was=was, now=now)
        return _json(metric, said, reported=None)


def _json(name: str, said: CustomMetric | None, *, reported: bool | None) -> Json:
    found = {"name": name, **custom_json(said or CustomMetric()), "stated": said is not None}
    return found if reported is None else {**found, "reported": reported}
