"""`/monitors` and `/deployments/{name}/monitors`: what is defined, what would change, what changes, and what stands for a deployment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from aiohttp import web

from tidegauge_collector.api.bodies import Body, answered, check_fields, read_flag, read_object, read_text
from tidegauge_collector.api.changes import note_changes
from tidegauge_collector.api.deletions import requester_of
from tidegauge_collector.api.query import BadRequest, check_known, read_time
from tidegauge_collector.api.scope import Json, Query, Sources, find_deployment
from tidegauge_collector.control import ControlStore
from tidegauge_collector.control.definitions import Applied, StoredDefinition
from tidegauge_collector.core.alerts import SeriesState
from tidegauge_collector.core.attributes import read_changes
from tidegauge_collector.core.definitions import Definition
from tidegauge_collector.core.judging import SeriesKey
from tidegauge_collector.core.monitor_tables import KEY, Document, read_documents, read_objective, read_table
from tidegauge_collector.core.plans import as_json, plain_of
from tidegauge_collector.core.shapes import plain
from tidegauge_collector.jobs.backtesting import Asked, Backtesting, Episode, Piece
from tidegauge_collector.measuring.measurement import finite, rfc3339
from tidegauge_collector.measuring.observing import problems as unjudgeable

T = TypeVar("T")
InThread = Callable[[Callable[[], T]], Awaitable[T]]


def list_monitors(sources: Sources, query: Query) -> Json:
    """All definitions: the built-in ones first, then the others by id."""
    check_known(query)
    return {"items": [definition_json(one) for one in sources.control.definitions.listed()], "next": None}


def list_of_deployment(sources: Sources, name: str, query: Query) -> Json:
    """The monitors of a deployment, each with where its series stand."""
    check_known(query)
    find_deployment(sources, name)
    series: dict[str, list[Json]] = defaultdict(list)
    for (monitor, key), state in sources.control.series_states(name).items():
        series[monitor].append(_series_json(key, state))
    items = [
        {
            **plain_of(replace(definition, monitor=monitor)),
            "origin": definition.origin,
            "source": definition.source,
            "series": sorted(series[monitor.id], key=lambda one: (one["version"], one["segment"], one["column"])),
        }
        for monitor, definition in sources.control.definitions.of_deployment(name)
    ]
    return {"items": items, "next": None}


def definition_json(stored: StoredDefinition) -> Json:
    """A definition as the API gives it: every key of a file, and where it comes from. `matched`: for how many deployments it stands."""
    definition = stored.definition
    return {
        **plain_of(definition),
        "origin": definition.origin,
        "source": definition.source,
        "updated_at": rfc3339(stored.updated_at_us),
        "matched": stored.matched,
    }


class MonitorRoutes:
    """Answers what changes monitors and deployments: in the jobs' thread, so that nothing is judged meanwhile."""

    def __init__(
        self,
        control: ControlStore,
        backtesting: Backtesting,
        *,
        in_jobs: InThread[Any],
        in_readers: InThread[Any],
        on_changed: Callable[[Iterable[str]], None],
        now_us: Callable[[], int],
    ) -> None:
        """`on_changed` is told of deployments whose monitors, alerts or attributes are others now."""
        self._control = control
        self._backtesting = backtesting
        self._in_jobs = in_jobs
        self._in_readers = in_readers
        self._on_changed = on_changed
        self._now_us = now_us

    async def plan(self, request: web.Request) -> web.Response:
        """What `apply` would do with the same body."""
        return await answered(self._plan(request))

    async def apply(self, request: web.Request) -> web.Response:
        """Define what files say."""
        return await answered(self._apply(request))

    async def put(self, request: web.Request) -> web.Response:
        """Define one monitor."""
        return await answered(self._put(request))

    async def delete(self, request: web.Request) -> web.Response:
        """Take a definition away."""
        return await answered(self._delete(request))

    async def put_objective(self, request: web.Request) -> web.Response:
        """Define one objective."""
        return await answered(self._put(request, key="objective"))

    async def delete_objective(self, request: web.Request) -> web.Response:
        """Take an objective away."""
        return await answered(self._delete_objective(request))

    async def backtest(self, request: web.Request) -> web.Response:
        """A piece of what a monitor would have said of what is stored."""
        return await answered(self._backtest(request))

    async def patch_deployment(self, request: web.Request) -> web.Response:
        """Set attributes of a deployment."""
        return await answered(self._patch_deployment(request))

    async def _plan(self, request: web.Request) -> Json:
        return await self.planned(await read_object(request, anything=True))

    async def planned(self, body: Body) -> Json:
        """What `apply` would do with a body."""
        wanted, prune, _ = _files_of(body)
        return applied_json(await self._in_readers(lambda: self._control.definitions.plan(wanted, prune=prune)))

    async def _apply(self, request: web.Request) -> Json:
        wanted, prune, expected = _files_of(await read_object(request, anything=True))
        actor, now_us = requester_of(request), self._now_us()
        return await self._change(
            lambda: self._control.definitions.apply(wanted, prune=prune, expected=expected, actor=actor, now_us=now_us)
        )

    async def _backtest(self, request: web.Request) -> Json:
        return await self.tried(await read_object(request, anything=True))

    async def tried(self, body: Body) -> Json:
        """A piece of a back-test."""
        check_fields(body, "deployment", "monitor", "start", "end", "resume")
        deployment, resume = read_text(body, "deployment"), body.get("resume")
        if not deployment:
            raise BadRequest("deployment is missing: write the name of one deployment")
        if resume is not None and not isinstance(resume, dict):
            raise BadRequest("resume: give back what the piece before gave, unchanged")
        times = {name: read_text(body, name) or "" for name in ("start", "end")}
        asked = Asked(
            read_definition(body.get("monitor"), "monitor").monitor,
            deployment,
            start_us=read_time(times, "start"),
            end_us=read_time(times, "end"),
        )
        return piece_json(await self._in_readers(lambda: self._backtesting.piece(asked, resume)))

    async def _put(self, request: web.Request, *, key: str = "monitor") -> Json:
        body = await read_object(request, anything=True)
        return await self.define(request.match_info[key], body, requester_of(request), is_objective=key == "objective")

    async def define(self, name: str, body: Body, asking: str, *, is_objective: bool = False) -> Json:
        """Defines a monitor or an objective in the name of `asking`."""
        table = {"id": name, **body}
        if table["id"] != name:
            raise BadRequest(f"id = {table['id']!r:.140}: write {name!r} as in the path, or leave it away")
        wanted = [read_definition(table, "the body", is_objective=is_objective)]
        now_us = self._now_us()
        return await self._change(lambda: self._control.definitions.apply(wanted, actor=asking, now_us=now_us))

    async def _delete(self, request: web.Request) -> Json:
        name, actor, now_us = request.match_info["monitor"], requester_of(request), self._now_us()
        return await self._change(lambda: self._control.definitions.remove(name, actor=actor, now_us=now_us))

    async def _delete_objective(self, request: web.Request) -> Json:
        return await self.undefine_objective(request.match_info["objective"], requester_of(request))

    async def undefine_objective(self, name: str, asking: str) -> Json:
        """Takes an objective away in the name of `asking`."""
        now_us = self._now_us()

        def remove() -> Applied:
            known = [one.definition for one in self._control.definitions.listed()]
            if name not in [one.id for one in known if one.monitor.kind == "burn_rate"]:
                raise LookupError(f"no objective {name!r:.140} is defined")
            return self._control.definitions.remove(name, actor=asking, now_us=now_us)

        return await self._change(remove)

    async def _change(self, change: Callable[[], Applied]) -> Json:
        def work() -> Applied:
            done = change()
            self._on_changed(done.plan.deployments)
            return done

        return applied_json(await self._in_jobs(work))

    async def _patch_deployment(self, request: web.Request) -> Json:
        name, changes = request.match_info["name"], read_changes(await read_object(request, anything=True))
        actor, now_us = requester_of(request), self._now_us()

        def work() -> Json:
            before = self._control.deployment(name)
            withdrawn = self._control.change_deployment(name, changes, actor=actor, now_us=now_us)
            self._on_changed([name])
            was = {setting: getattr(before, setting, None) for setting in changes}
            note_changes(by=actor, deployment=name, was=plain(was), now=plain(changes))
            return {"name": name, **changes, "withdrawn": len(withdrawn)}

        return dict(await self._in_jobs(work))


def read_definition(table: Any, where: str, *, is_objective: bool = False) -> Definition:
    """The definition that a table says; BadRequest with all its problems."""
    problems: list[str] = []
    definition = (read_objective if is_objective else read_table)(table, where, problems)
    if definition is not None:
        problems += _unjudgeable([definition])
    if definition is None or problems:
        raise BadRequest(told(problems))
    return definition


def _unjudgeable(definitions: Iterable[Definition]) -> list[str]:
    """What keeps monitors from being judged: a metric that there is not, a field that says nothing of it."""
    return [
        f"{one.source or 'monitor'} {one.id!r}: {problem}"
        for one in definitions
        if one.enabled
        for problem in unjudgeable(one.monitor)
    ]


def applied_json(done: Applied) -> Json:
    """A plan, or what was done by it. `withdrawn`: alerts that end with it."""
    return {**as_json(done.plan), "withdrawn": done.withdrawn, "fingerprint": done.fingerprint}


def piece_json(piece: Piece) -> Json:
    """A piece of a back-test."""
    return {
        "episodes": [_episode_json(one) for one in piece.episodes],
        "verdicts": piece.verdicts,
        "reasons": piece.reasons,
        "skipped": piece.skipped,
        "done": piece.done,
        "total": piece.total,
        "resume": piece.resume,
    }


def told(problems: Sequence[str]) -> str:
    """All problems in one text, a line each."""
    return f"{len(problems)} problem(s):\n" + "\n".join(f"  - {one}" for one in problems)


def _files_of(body: Body) -> tuple[tuple[Definition, ...], bool, str | None]:
    check_fields(body, "files", "prune", "expected")
    files = body.get("files")
    if not isinstance(files, list) or not all(isinstance(one, Mapping) for one in files):
        raise BadRequest(f'files: write [{{"name": "a.toml", "{KEY}": […]}}], one for each file')
    documents = [
        Document(str(one.get("name", f"files[{number}]")), {name: some for name, some in one.items() if name != "name"})
        for number, one in enumerate(files, 1)
    ]
    definitions, problems = read_documents(documents)
    problems += _unjudgeable(definitions)
    if problems:
        raise BadRequest(told(problems))
    return definitions, read_flag(body, "prune"), read_text(body, "expected")


def _episode_json(one: Episode) -> Json:
    return {
        "metric": one.metric,
        "column": one.column,
        "segment": one.segment,
        "version": one.version,
        "severity": one.severity,
        "opened": rfc3339(one.opened_us),
        "resolved": rfc3339(one.resolved_us),
        "bad_windows": one.bad_windows,
        "worst_value": finite(one.worst_value),
        "worst_window_end": rfc3339(one.worst_end_us),
    }


def _series_json(key: SeriesKey, state: SeriesState) -> Json:
    return {
        "metric": key.metric,
        "column": key.column,
        "segment": key.segment,
        "version": key.version,
        "status": state.status,
        "severity": state.severity,
        "judged_until": rfc3339(state.last_window_end_us),
        "alert": state.alert_id,
    }
