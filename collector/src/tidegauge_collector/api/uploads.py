"""Rows over HTTP: `…/observations`, `…/baseline` and `…/actuals` in all formats; bodies are streamed, never held in memory."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from aiohttp import web

from tidegauge_collector.api.errors import Handler, dump_json, refusal
from tidegauge_collector.api.query import BadRequest, NotFound
from tidegauge_collector.ingest.refusals import Overloaded, Refusal
from tidegauge_collector.refusals import told
from tidegauge_collector.uploads.doors import UploadDoors
from tidegauge_collector.uploads.errors import UploadRefused
from tidegauge_collector.uploads.formats import FORMATS, JSON, format_of
from tidegauge_collector.uploads.receiving import Upload

CHUNK_BYTES = 256 * 1024
KEY, REPEATED = "Idempotency-Key", "Idempotent-Replayed"


class UploadRoutes:
    """Answers the requests that bring rows."""

    def __init__(
        self, doors: UploadDoors, *, check_exists: Callable[[str], Awaitable[None]], post_actuals: Handler
    ) -> None:
        """`check_exists` raises where nothing came of a deployment; `post_actuals` takes a JSON document without a key."""
        self._uploads, self._kserve = doors.uploads, doors.kserve
        self._check_exists = check_exists
        self._post_actuals = post_actuals

    async def observations(self, request: web.Request) -> web.Response:
        """Profile and store observations."""
        return await self.answer(request, "observations")

    async def baseline(self, request: web.Request) -> web.Response:
        """Make a version's baseline."""
        return await self.answer(request, "baseline")

    async def actuals(self, request: web.Request) -> web.StreamResponse:
        """Store the truth of predictions made earlier."""
        kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if FORMATS.get(kind, JSON) == JSON and KEY not in request.headers and not request.query:
            return await self._post_actuals(request)
        try:
            await self._check_exists(request.match_info["name"])
        except NotFound as problem:
            raise refusal(web.HTTPNotFound, problem) from problem
        except BadRequest as problem:
            raise refusal(web.HTTPBadRequest, problem) from problem
        return await self.answer(request, "actuals", default_format=JSON)

    async def kserve(self, request: web.Request) -> web.Response:
        """202 for events that are understood; their rows are stored in a few seconds, once both halves are there."""
        try:
            taken = await self._kserve.take(dict(_lower(request)), await request.read(), request.query)
        except UploadRefused as problem:
            return web.json_response(_told(problem), status=problem.status)
        except Overloaded as problem:
            raise _overloaded(problem) from problem
        return web.json_response({"taken": taken}, status=202)

    async def answer(self, request: web.Request, target: str, *, default_format: str | None = None) -> web.Response:
        """200 with what was stored, once that is durable; else what to do."""
        try:
            found = await self._uploads.take(
                Upload(
                    target,
                    request.match_info["name"],
                    dict(request.query),
                    format_of(request.headers.get("Content-Type", ""), default_format),
                    request.headers.get(KEY),
                ),
                request.content.iter_chunked(CHUNK_BYTES),
            )
        except UploadRefused as problem:
            return web.json_response(_told(problem), status=problem.status)
        except Overloaded as problem:
            raise _overloaded(problem) from problem
        except Refusal as problem:
            raise refusal(web.HTTPBadRequest, problem) from problem
        except web.RequestPayloadError as problem:
            message = f"the body ended early, or is not of the Content-Encoding that it names: {problem}"
            raise refusal(web.HTTPBadRequest, message, {"Connection": "close"}) from problem
        headers = {"ETag": f'"{found.digest}"'} | ({REPEATED: "true"} if found.is_repeated else {})
        return web.Response(text=dump_json(found.content), content_type="application/json", headers=headers)


def _lower(request: web.Request) -> Iterator[tuple[str, str]]:
    return ((name.lower(), value) for name, value in request.headers.items())


def _overloaded(problem: Overloaded) -> web.HTTPException:
    headers = {"Retry-After": str(max(1, problem.retry_after_ms // 1_000))}
    return refusal(web.HTTPServiceUnavailable, problem, headers)


def _told(problem: UploadRefused) -> dict[str, Any]:
    return told(problem.status, str(problem)) | ({"problems": problem.problems} if problem.problems else {})
