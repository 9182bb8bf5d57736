"""`/deletions`: delete a deployment, a version, a range or one prediction id, and see what was deleted when and by whom."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

from aiohttp import web

from tidegauge.core.windows import to_us
from tidegauge_collector.api.errors import dump_json, refusal
from tidegauge_collector.api.query import BadRequest, UnknownName
from tidegauge_collector.control.deletions import DeletionRecord
from tidegauge_collector.jobs.deleting import Deleting, Target
from tidegauge_collector.measuring.measurement import rfc3339

_TEXTS = ("deployment", "version", "prediction_id", "prediction_digest")
_TIMES = ("start", "end")
InJobs = Callable[[Callable[[], Any]], Awaitable[Any]]


class DeletionRoutes:
    """Answers GET and POST of `/deletions`; the work is done in the jobs' thread, between two folds."""

    def __init__(self, deleting: Deleting, in_jobs: InJobs) -> None:
        self._deleting = deleting
        self._in_jobs = in_jobs

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """The list, or what one deletion removed (or would remove, unless `confirm` is true)."""
        try:
            found = await (self._delete(request) if request.method == "POST" else self._list(request))
        except LookupError as problem:
            raise refusal(web.HTTPNotFound, problem) from problem
        except ValueError as problem:
            raise refusal(web.HTTPBadRequest, problem) from problem
        return web.Response(
            text=dump_json(found), content_type="application/json", headers={"Cache-Control": "no-store"}
        )

    async def _list(self, request: web.Request) -> Mapping[str, Any]:
        if request.query:
            raise UnknownName(f"unknown parameter {next(iter(request.query))!r:.80}: this path takes none")
        records = await self._in_jobs(self._deleting.listed)
        return {"items": [deletion_json(one) for one in reversed(records)], "next": None}

    async def _delete(self, request: web.Request) -> Mapping[str, Any]:
        target, confirm = read_target(await _body(request))
        if not confirm:
            planned = await self._in_jobs(lambda: self._deleting.plan(target))
            return {"dry_run": True, "would_remove": planned}
        by = requester_of(request)
        return deletion_json(await self._in_jobs(lambda: self._deleting.delete(target, requested_by=by)))


def read_target(body: Mapping[str, Any]) -> tuple[Target, bool]:
    """What a body asks to delete, and whether it says so in earnest; ValueError where it cannot be read."""
    unknown = [name for name in body if name not in {*_TEXTS, *_TIMES, "confirm"}]
    if unknown:
        raise UnknownName(f"unknown field {unknown[0]!r:.80}: write {', '.join([*_TEXTS, *_TIMES])} and confirm")
    for name in (*_TEXTS, *_TIMES):
        if body.get(name) is not None and not isinstance(body[name], str):
            raise BadRequest(f"{name} = {body[name]!r:.80}: write text in quotes")
    confirm = body.get("confirm", False)
    if not isinstance(confirm, bool):
        raise BadRequest(f"confirm = {confirm!r:.80}: write true to delete, false for a dry run")
    if not body.get("deployment"):
        raise BadRequest("deployment is missing: write the name of one deployment")
    target = Target(
        deployment=body["deployment"],
        version=body.get("version"),
        start_us=_time(body, "start"),
        end_us=_time(body, "end"),
        prediction_id=body.get("prediction_id"),
        digest=body.get("prediction_digest"),
    )
    return target, confirm


def deletion_json(record: DeletionRecord) -> dict[str, Any]:
    """A record as the API and the command line show it."""
    return {
        "id": record.id,
        "deployment": record.deployment,
        "version": record.version,
        "start": rfc3339(record.start_us),
        "end": rfc3339(record.end_us),
        "prediction_digest": record.prediction.hex() if record.prediction is not None else None,
        "requested_by": record.requested_by,
        "requested_at": rfc3339(record.requested_at_us),
        "done_at": rfc3339(record.done_at_us),
        "removed": dict(record.counts),
    }


def requester_of(request: web.Request) -> str:
    """Who asks: the token that was shown, or the address where none is asked for."""
    caller = request.get("tidegauge_caller")
    if caller is None:
        return f"http {request.remote}"
    return ", ".join(one.name for one in caller.identities)


async def _body(request: web.Request) -> Mapping[str, Any]:
    try:
        body = await request.json()
    except ValueError as problem:
        raise BadRequest(f'the body is no JSON: write {{"deployment": "…", …}} ({problem})') from problem
    if not isinstance(body, dict):
        raise BadRequest('the body is no JSON object: write {"deployment": "…", …}')
    return body


def _time(body: Mapping[str, Any], name: str) -> int | None:
    text = body.get(name)
    if text is None:
        return None
    try:
        return to_us(datetime.fromisoformat(text))
    except (ValueError, OverflowError) as problem:
        raise BadRequest(f"{name} = {text!r:.80}: write a time such as 2026-11-23T13:00:00Z") from problem
