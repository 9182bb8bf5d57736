"""`/report`: what was promised and what was reached in a month, objective by objective."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web

from tidegauge.core.windows import Window, days, to_datetime, to_us
from tidegauge_collector.api.errors import dump_json, refusal
from tidegauge_collector.api.objectives import objectives_of, promise_json, tally_json
from tidegauge_collector.api.query import BadRequest, NotFound, check_known, read_choice
from tidegauge_collector.api.scope import Json, Query, Sources, find_deployment
from tidegauge_collector.control import Deployment
from tidegauge_collector.control.alerts import AlertRow
from tidegauge_collector.core.monitors import Monitor
from tidegauge_collector.core.report_text import LANGUAGES, markdown
from tidegauge_collector.core.slo import Tally, reached
from tidegauge_collector.measuring.measurement import rfc3339
from tidegauge_collector.measuring.objectives import tallies, total

PARAMETERS = ("month", "deployment", "format", "lang")
FORMATS = ("json", "markdown")
WORST_DAYS = 5
MAX_ALERTS = 10_000
"""Of an objective, the newest, that are looked through for those of the month."""

InThread = Callable[[Callable[[], Any]], Awaitable[Any]]


class ReportRoute:
    """Answers GET in JSON or Markdown."""

    def __init__(self, sources: Sources, in_thread: InThread) -> None:
        self._sources = sources
        self._in_thread = in_thread

    async def answer(self, request: web.Request) -> web.Response:
        """The report."""
        query = dict(request.query)
        try:
            text, kind = await self._in_thread(lambda: _text(self._sources, query))
        except NotFound as problem:
            raise refusal(web.HTTPNotFound, problem) from problem
        except BadRequest as problem:
            raise refusal(web.HTTPBadRequest, problem) from problem
        return web.Response(text=text, content_type=kind, headers={"Cache-Control": "no-store"})


def _text(sources: Sources, query: Query) -> tuple[str, str]:
    found = month_report(sources, query)
    if read_choice(query, "format", FORMATS, "json") == "json":
        return dump_json(found), "application/json"
    return markdown(found, read_choice(query, "lang", LANGUAGES, "en") or "en"), "text/markdown"


def month_report(sources: Sources, query: Query) -> Json:
    """A month, in each deployment's own time zone; default the last one that is over. Deployments without objectives are left out."""
    check_known(query, *PARAMETERS)
    read_choice(query, "format", FORMATS, "json")
    read_choice(query, "lang", LANGUAGES, "en")
    year, month = _month(query, sources.now_us())
    named = query.get("deployment")
    chosen = [find_deployment(sources, named)] if named else sources.control.deployments()
    parts = [_deployment(sources, one, year, month) for one in chosen]
    return {
        "month": f"{year:04d}-{month:02d}",
        "generated_at": rfc3339(sources.now_us()),
        "deployments": [one for one in parts if one["objectives"] or named],
    }


def _month(query: Query, now_us: int) -> tuple[int, int]:
    text = query.get("month")
    if not text:
        now = to_datetime(now_us)
        return (now.year, now.month - 1) if now.month > 1 else (now.year - 1, 12)
    try:
        found = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)
    except ValueError as problem:
        raise BadRequest(f"month={text!r:.80}: write a year and a month, such as 2026-10") from problem
    if to_us(found) > now_us:
        raise BadRequest(f"month={text}: lies ahead; write one that has begun")
    return found.year, found.month


def month_window(year: int, month: int, zone: ZoneInfo) -> Window:
    """A month of local time."""
    following = (year, month + 1) if month < 12 else (year + 1, 1)
    first, end = (to_us(datetime(*one, 1, tzinfo=zone)) for one in ((year, month), following))
    return Window(first, end)


def _deployment(sources: Sources, found: Deployment, year: int, month: int) -> Json:
    zone, now_us = ZoneInfo(found.timezone), sources.now_us()
    window = month_window(year, month, zone)
    until_us = max(window.start_us, min(window.end_us, now_us))
    seen = Window(window.start_us, until_us)
    monitors = objectives_of(sources.control.monitors(found.name))
    return {
        "deployment": found.name,
        "timezone": found.timezone,
        "start": rfc3339(window.start_us),
        "end": rfc3339(window.end_us),
        "complete": window.end_us <= now_us,
        "objectives": [_objective(sources, found.name, one, seen, zone) for one in monitors],
    }


def _objective(sources: Sources, deployment: str, monitor: Monitor, seen: Window, zone: ZoneInfo) -> Json:
    parts = list(days(seen.start_us, seen.end_us, zone))
    cut = [Window(one.start_us, min(one.end_us, seen.end_us)) for one in parts]
    found = tallies(sources.telemetry, monitor, deployment, cut)
    whole = total(found)
    allowed = (1 - monitor.objective) * whole.total
    share = reached(whole)
    return {
        **promise_json(monitor),
        **tally_json(monitor, whole),
        "kept": None if share is None else whole.bad <= allowed,
        "budget_used": None if share is None else whole.bad / allowed,
        "worst_days": _worst(list(zip(parts, found, strict=True)), allowed),
        "incidents": [_incident(one, sources.now_us()) for one in _incidents(sources, deployment, monitor, seen)],
    }


def _worst(of_days: list[tuple[Window, Tally]], allowed: float) -> list[Json]:
    """The days with the most that was bad, the worst first."""
    bad = sorted((one for one in of_days if one[1].bad), key=lambda one: (-one[1].bad, one[0].start_us))
    return [
        {
            "start": rfc3339(window.start_us),
            "end": rfc3339(window.end_us),
            "total": tally.total,
            "bad": tally.bad,
            "reached": reached(tally),
            "budget_used": tally.bad / allowed,
        }
        for window, tally in bad[:WORST_DAYS]
    ]


def _incidents(sources: Sources, deployment: str, monitor: Monitor, seen: Window) -> list[AlertRow]:
    """Alerts of the objective that were open at some time of the month, oldest first."""
    found = sources.control.alerts(deployment, monitor=monitor.id, limit=MAX_ALERTS)
    return [
        one
        for one in reversed(found)
        if one.opened_at_us < seen.end_us and (one.resolved_at_us is None or one.resolved_at_us >= seen.start_us)
    ]


def _incident(one: AlertRow, now_us: int) -> Json:
    ended_us = now_us if one.resolved_at_us is None else one.resolved_at_us
    return {
        "alert": one.id,
        "severity": one.severity,
        "opened_at": rfc3339(one.opened_at_us),
        "resolved_at": rfc3339(one.resolved_at_us),
        "duration_s": (ended_us - one.opened_at_us) / 1e6,
        "acknowledged_by": one.acknowledged_by,
    }
