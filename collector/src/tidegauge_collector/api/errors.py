"""Every answer of the API is JSON without NaN: also errors that aiohttp makes by itself, and those that nobody foresaw."""

from __future__ import annotations

import json
import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from aiohttp import web

from tidegauge_collector.errors import StoreFatal
from tidegauge_collector.refusals import Coded, told

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
OPERATIONS = frozenset({"/healthz", "/metrics", "/openapi.json"})

log = structlog.get_logger(__name__)


def dump_json(value: Any) -> str:
    """The value as JSON. NaN and infinity, which nobody should have let through, become null and are logged."""
    try:
        return json.dumps(value, allow_nan=False)
    except ValueError:
        log.warning("answer.not_finite")
        return json.dumps(_without_nan(value), allow_nan=False)


def refusal(
    kind: Any, problem: Exception | str, headers: Mapping[str, str] | None = None, **arguments: Any
) -> web.HTTPException:
    """An aiohttp error whose body is {"error", "code"}: the problem's text, and its `code` where it has one, else that of the status."""
    code = problem.code if isinstance(problem, Coded) else ""
    body = told(kind.status_code, _sentence(problem), code)
    answer: web.HTTPException = kind(
        **arguments, text=dump_json(body), content_type="application/json", headers=headers
    )
    return answer


def _sentence(problem: Exception | str) -> str:
    """A LookupError's own text, which `str` would put in quotes."""
    if isinstance(problem, LookupError):
        return str(problem.args[0]) if problem.args else "not found"
    return str(problem)


def json_errors(prefix: str, on_fatal: Callable[[BaseException], None]) -> Any:
    """A middleware for paths below `prefix` and the operations'; `on_fatal` is told of a store that cannot go on."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not (request.path.startswith(prefix) or request.path in OPERATIONS):
            return await handler(request)
        try:
            _check_once(request)
            return await handler(request)
        except web.HTTPException as problem:
            if problem.content_type == "application/json":
                raise
            return _told(problem.status, _explained(request, problem), _allowed(problem))
        except StoreFatal as problem:
            on_fatal(problem)
            return _told(503, f"the store cannot go on, the collector ends: {problem}")
        except Exception as problem:
            log.error("request.failed", path=request.path, problem=repr(problem), exc_info=True)
            return _told(500, f"the collector failed to answer ({type(problem).__name__}): its log says more")

    return middleware


def _check_once(request: web.Request) -> None:
    """Refuse a parameter that comes twice: one of its values would be ignored."""
    twice = next((name for name in request.query if len(request.query.getall(name)) > 1), None)
    if twice is not None:
        raise refusal(web.HTTPBadRequest, f"parameter {twice!r:.80} comes twice: write it once")


def _told(status: int, message: str, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.json_response(told(status, message), status=status, headers=headers)


def _explained(request: web.Request, problem: web.HTTPException) -> str:
    if isinstance(problem, web.HTTPRequestEntityTooLarge):
        return f"the body is larger than {request.client_max_size} bytes: send fewer rows at once"
    if isinstance(problem, web.HTTPMethodNotAllowed):
        return f"{request.method} is not possible here: use {', '.join(sorted(problem.allowed_methods))}"
    if isinstance(problem, web.HTTPNotFound):
        return f"{request.path} is no path of this API: see /openapi.json"
    return problem.reason


def _allowed(problem: web.HTTPException) -> Mapping[str, str] | None:
    return {"Allow": problem.headers["Allow"]} if "Allow" in problem.headers else None


def _without_nan(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {name: _without_nan(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(each) for each in value]
    return value
