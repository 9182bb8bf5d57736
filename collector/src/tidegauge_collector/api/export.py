"""`/deployments/{name}/export`: one kind of rows as a Parquet file, streamed while it is made."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from aiohttp import web

from tidegauge.core.windows import Window
from tidegauge_collector.api.errors import refusal
from tidegauge_collector.api.query import BadRequest, NotFound, check_known, read_choice, read_time
from tidegauge_collector.api.scope import Query, Sources, find_deployment
from tidegauge_collector.jobs.exporting import stream
from tidegauge_collector.telemetry.deleting import ALWAYS
from tidegauge_collector.telemetry.exporting import KINDS

InThread = Callable[[Callable[[], Any]], Awaitable[Any]]


class ExportRoute:
    """Answers GET; each piece is read in a thread of its own turn, so that slow readers hold nothing up."""

    def __init__(self, sources: Sources, in_thread: InThread) -> None:
        self._sources = sources
        self._in_thread = in_thread

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """The file; a failure on the way ends the connection before its end."""
        name = request.match_info["name"]
        query = dict(request.query)
        try:
            kind, window = await self._in_thread(lambda: self._asked(name, query))
        except NotFound as problem:
            raise refusal(web.HTTPNotFound, problem) from problem
        except BadRequest as problem:
            raise refusal(web.HTTPBadRequest, problem) from problem
        headers = {"Content-Disposition": f'attachment; filename="{name}-{kind}.parquet"', "Cache-Control": "no-store"}
        response = web.StreamResponse(headers={"Content-Type": "application/vnd.apache.parquet", **headers})
        await response.prepare(request)
        pieces = stream(self._sources.telemetry, name, kind, window)
        while (piece := await self._in_thread(lambda: _next(pieces))) is not None:
            await response.write(piece)
        await response.write_eof()
        return response

    def _asked(self, name: str, query: Query) -> tuple[str, Window]:
        check_known(query, "what", "start", "end")
        find_deployment(self._sources, name)
        kind = read_choice(query, "what", tuple(KINDS), "records") or "records"
        start, end = read_time(query, "start"), read_time(query, "end")
        window = Window(ALWAYS.start_us if start is None else start, ALWAYS.end_us if end is None else end)
        if window.start_us >= window.end_us:
            raise BadRequest("the range is empty: end must be after start")
        return kind, window


def _next(pieces: Iterator[bytes]) -> bytes | None:
    return next(pieces, None)
