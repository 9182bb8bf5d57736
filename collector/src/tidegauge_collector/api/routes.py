"""The REST API as aiohttp routes: reading runs in threads, errors become JSON that says what is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import unquote

from aiohttp import web

from tidegauge.wire.binsfile import is_deployment_name
from tidegauge_collector.api.actuals import MAX_BODY_BYTES, ActualsIntake
from tidegauge_collector.api.agents import list_agents, list_quarantine
from tidegauge_collector.api.alerts import FILTERS as ALERT_FILTERS
from tidegauge_collector.api.alerts import list_alerts, show_alert
from tidegauge_collector.api.channels import list_channels
from tidegauge_collector.api.charts import list_moments, show_curves
from tidegauge_collector.api.custom import CustomRoutes, list_custom
from tidegauge_collector.api.deletions import DeletionRoutes
from tidegauge_collector.api.deployments import list_deployments, show_deployment, show_status
from tidegauge_collector.api.doing import Doing
from tidegauge_collector.api.errors import dump_json, json_errors, refusal
from tidegauge_collector.api.events import PARAMETERS as EVENT_PARAMETERS
from tidegauge_collector.api.events import list_events
from tidegauge_collector.api.export import ExportRoute
from tidegauge_collector.api.health import show_health
from tidegauge_collector.api.inbound import InboundRoute
from tidegauge_collector.api.measurements import PARAMETERS as MEASUREMENT_PARAMETERS
from tidegauge_collector.api.measurements import list_measurements, list_metrics
from tidegauge_collector.api.monitors import MonitorRoutes, list_monitors, list_of_deployment
from tidegauge_collector.api.objectives import list_objectives, list_standing
from tidegauge_collector.api.openapi import Route, openapi
from tidegauge_collector.api.power import PARAMETERS as POWER_PARAMETERS
from tidegauge_collector.api.power import show_power
from tidegauge_collector.api.predictions import list_predictions
from tidegauge_collector.api.profiles import show_profile
from tidegauge_collector.api.query import BadRequest, NotFound
from tidegauge_collector.api.report import PARAMETERS as REPORT_PARAMETERS
from tidegauge_collector.api.report import ReportRoute, month_report
from tidegauge_collector.api.routing import list_routes
from tidegauge_collector.api.scope import Json, Sources, find_deployment
from tidegauge_collector.api.silences import PREVIEWED, list_silences, preview_silence
from tidegauge_collector.api.tracing import show_prediction
from tidegauge_collector.api.trends import list_trends, show_summary
from tidegauge_collector.api.uploads import UploadRoutes
from tidegauge_collector.ingest.refusals import Overloaded, Refusal
from tidegauge_collector.uploads.doors import UploadDoors
from tidegauge_collector.uploads.meaning import PARAMETERS

T = TypeVar("T")
PREFIX = "/api/v1"
ROUTES = (
    Route("GET", f"{PREFIX}/deployments", "All deployments with their verdicts"),
    Route("GET", f"{PREFIX}/trends", "The last seven days of every deployment: predictions and verdicts a day"),
    Route("GET", f"{PREFIX}/summary", "Figures of all deployments together", ("since",)),
    Route(
        "GET", f"{PREFIX}/deployments/{{name}}", "One deployment: columns, segments, baselines, monitors", ("version",)
    ),
    Route("GET", f"{PREFIX}/deployments/{{name}}/health", "Its blocks: ok, warning or failing, and what made them so"),
    Route("GET", f"{PREFIX}/deployments/{{name}}/status", "Settled until, agents, what is stored and what was lost"),
    Route(
        "GET",
        f"{PREFIX}/deployments/{{name}}/measurements",
        "Measurements of one metric",
        MEASUREMENT_PARAMETERS,
    ),
    Route("GET", f"{PREFIX}/deployments/{{name}}/power", "Which shifts drift monitors see, how soon", POWER_PARAMETERS),
    Route(
        "GET",
        f"{PREFIX}/deployments/{{name}}/curves",
        "ROC, calibration and lift, or predicted against actual, of a range",
        ("version", "segment", "start", "end"),
    ),
    Route(
        "GET",
        f"{PREFIX}/deployments/{{name}}/moments",
        "Mean, minimum and maximum of one column, or its share of true, by window",
        ("column", "version", "segment", "start", "end", "step"),
    ),
    Route(
        "GET",
        f"{PREFIX}/deployments/{{name}}/profiles",
        "One column's bins beside the baseline's",
        ("column", "version", "segment", "start", "end"),
    ),
    Route(
        "GET", f"{PREFIX}/deployments/{{name}}/predictions", "Stored predictions and their actuals", ("limit", "after")
    ),
    Route(
        "GET",
        f"{PREFIX}/deployments/{{name}}/predictions/{{prediction_id}}",
        "Which version answered a prediction, with what, when, and its actuals",
    ),
    Route("GET", f"{PREFIX}/deployments/{{name}}/export", "One kind of rows as Parquet", ("what", "start", "end")),
    Route(
        "GET",
        f"{PREFIX}/deployments/{{name}}/monitors",
        "The monitors that stand for a deployment, and where they stand",
    ),
    Route(
        "PATCH", f"{PREFIX}/deployments/{{name}}", "Set owner, importance, labels, runbook or alerts of a deployment"
    ),
    Route("GET", f"{PREFIX}/metrics", "Every metric that is measured"),
    Route("GET", f"{PREFIX}/monitors", "All monitors that are defined"),
    Route("PUT", f"{PREFIX}/monitors/{{monitor}}", "Define one monitor"),
    Route("DELETE", f"{PREFIX}/monitors/{{monitor}}", "Take the definition of a monitor away"),
    Route("POST", f"{PREFIX}/monitors/plan", "What applying files of monitors would change"),
    Route("POST", f"{PREFIX}/monitors/apply", "Define the monitors that files say"),
    Route("POST", f"{PREFIX}/monitors/backtest", "What a monitor would have said of what is stored, a piece"),
    Route("GET", f"{PREFIX}/objectives", "All objectives that are defined"),
    Route("PUT", f"{PREFIX}/objectives/{{objective}}", "Define one objective"),
    Route("DELETE", f"{PREFIX}/objectives/{{objective}}", "Take the definition of an objective away"),
    Route(
        "GET",
        f"{PREFIX}/deployments/{{name}}/objectives",
        "How its objectives stand: budget, burn rates, days",
        ("end", "days"),
    ),
    Route("GET", f"{PREFIX}/deployments/{{name}}/metrics", "Metrics of your own: direction, unit, baseline"),
    Route("PUT", f"{PREFIX}/deployments/{{name}}/metrics/{{metric}}", "Say what a metric of your own is"),
    Route("DELETE", f"{PREFIX}/deployments/{{name}}/metrics/{{metric}}", "Say nothing of it any more"),
    Route(
        "GET",
        f"{PREFIX}/deployments/{{name}}/events",
        "What happened, the newest first: annotations for charts",
        EVENT_PARAMETERS,
    ),
    Route("GET", f"{PREFIX}/report", "A month's service levels as JSON or Markdown", REPORT_PARAMETERS),
    Route("GET", f"{PREFIX}/deletions", "What was deleted, when and by whom"),
    Route("POST", f"{PREFIX}/deletions", "Delete a deployment, a version, a range or a prediction id"),
    Route("POST", f"{PREFIX}/deployments/{{name}}/actuals", "Store actuals", PARAMETERS["actuals"]),
    Route("POST", f"{PREFIX}/deployments/{{name}}/observations", "Store observations", PARAMETERS["observations"]),
    Route("POST", f"{PREFIX}/deployments/{{name}}/baseline", "Make a version's baseline", PARAMETERS["baseline"]),
    Route("POST", f"{PREFIX}/intake/kserve", "Take KServe's request and response events", ("deployment", "version")),
    Route("GET", f"{PREFIX}/alerts", "Alerts with history and deliveries", (*ALERT_FILTERS, "limit", "before")),
    Route("GET", f"{PREFIX}/alerts/{{id}}", "One alert: also what explains it, its threads and silences"),
    Route("POST", f"{PREFIX}/alerts/{{id}}/{{action}}", "Acknowledge, assign, comment, mute or resolve an alert"),
    Route("GET", f"{PREFIX}/silences", "Silences and maintenance windows", ("state",)),
    Route("GET", f"{PREFIX}/silences/preview", "Which alerts a silence would catch", PREVIEWED),
    Route("POST", f"{PREFIX}/silences", "Silence what matches, once or weekly"),
    Route("DELETE", f"{PREFIX}/silences/{{id}}", "End a silence"),
    Route("POST", f"{PREFIX}/inbound/{{channel}}", "What people did in a channel's tool, told by that tool"),
    Route(
        "GET",
        f"{PREFIX}/routes",
        "The routes of alerts, in their order; with an alert, what each makes of it",
        ("alert",),
    ),
    Route("GET", f"{PREFIX}/channels", "How each channel stands"),
    Route("POST", f"{PREFIX}/channels/{{channel}}/test", "Send a test message"),
    Route("POST", f"{PREFIX}/channels/{{channel}}/resume", "Try a paused channel again"),
    Route("POST", f"{PREFIX}/deliveries/{{delivery_id}}/resend", "Send a message again that was given up"),
    Route(
        "GET", f"{PREFIX}/agents", "Agents seen: state, lag, losses, clock", ("deployment", "state", "limit", "after")
    ),
    Route("GET", f"{PREFIX}/quarantine", "Frames that could not be used", ("deployment", "limit", "after")),
    Route("GET", "/healthz", "Whether a real query works"),
    Route("GET", "/metrics", "The collector's own figures for Prometheus"),
    Route("GET", "/openapi.json", "This document"),
)


class Api:
    """Answers REST requests; `read` answers the same in process for the pages."""

    def __init__(
        self,
        sources: Sources,
        actuals: ActualsIntake,
        *,
        executor: Executor,
        fold_all: Callable[[], Awaitable[None]],
        healthy: Callable[[], bool],
        metrics: Callable[[], str],
    ) -> None:
        """`fold_all` returns when everything acknowledged before is folded."""
        self._sources = sources
        self._actuals = actuals
        self._executor = executor
        self._fold_all = fold_all
        self._healthy = healthy
        self._metrics = metrics
        self.export = ExportRoute(sources, self._in_thread).answer
        self.report = ReportRoute(sources, self._in_thread).answer

    async def read(self, path: str, query: Mapping[str, str]) -> Json:
        """The JSON value of GET path; raises aiohttp's errors with a JSON body."""
        return await self._answer(lambda: self._work(path, dict(query)))

    async def get(self, request: web.Request) -> web.Response:
        """Any GET of the read side; also its JSON is written in a thread."""
        path = request.rel_url.raw_path  # as it came: an id may hold a slash, or text that looks escaped
        text = await self._answer(lambda: dump_json(self._work(path, dict(request.query))))
        return web.Response(text=text, content_type="application/json", headers={"Cache-Control": "no-store"})

    async def _answer(self, work: Callable[[], T]) -> T:
        try:
            return await self._in_thread(work)
        except BadRequest as problem:
            raise refusal(web.HTTPBadRequest, problem) from problem
        except OverflowError as problem:
            message = "start, end or the data itself lie at the edge of the years 1 to 9999: ask for a range within"
            raise refusal(web.HTTPBadRequest, message) from problem
        except NotFound as problem:
            raise refusal(web.HTTPNotFound, problem) from problem

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    def _work(self, path: str, query: Mapping[str, str]) -> Json:
        parts = [unquote(part) for part in path.removeprefix(PREFIX).strip("/").split("/")]
        sources = self._sources
        match parts:
            case [kind] if kind in _LISTS:
                return _LISTS[kind](sources, query)
            case ["alerts", number]:
                return show_alert(sources, number, query)
            case ["silences", "preview"]:
                return preview_silence(sources, query)
            case ["deployments", name]:
                return show_deployment(sources, name, query)
            case ["deployments", name, kind] if kind in _OF_DEPLOYMENTS:
                return _OF_DEPLOYMENTS[kind](sources, name, query)
            case ["deployments", name, "predictions", prediction_id]:
                return show_prediction(sources, name, prediction_id, query)
        raise NotFound(f"{path} is no path of this API: see /openapi.json")

    async def post_actuals(self, request: web.Request) -> web.Response:
        """Store actuals; 200 with their number once they are durable."""
        name = request.match_info["name"]
        try:
            body = await request.read()
            await self.check_exists(name)
            stored = await self._actuals.take(name, body)
        except NotFound as problem:
            raise refusal(web.HTTPNotFound, problem) from problem
        except BadRequest as problem:
            raise refusal(web.HTTPBadRequest, problem) from problem
        except Overloaded as problem:
            headers = {"Retry-After": str(max(1, problem.retry_after_ms // 1_000))}
            raise refusal(web.HTTPServiceUnavailable, problem, headers) from problem
        except Refusal as problem:
            raise refusal(web.HTTPBadRequest, problem) from problem
        return web.json_response({"stored": stored})

    async def check_exists(self, name: str) -> None:
        """BadRequest for what can be no deployment, NotFound for one of which nothing has come, folded or not."""
        if not is_deployment_name(name):
            raise BadRequest(
                f"deployment {name!r:.140} is no slug: lower-case letters, digits, '.', '_' and '-', at most 128"
            )
        try:
            await self._in_thread(lambda: find_deployment(self._sources, name))
        except NotFound:
            await self._fold_all()
            await self._in_thread(lambda: find_deployment(self._sources, name))

    async def health(self, _: web.Request) -> web.Response:
        """200 where both stores answer a real query, else 503."""
        healthy = await self._in_thread(self._healthy)
        return web.json_response({"healthy": healthy}, status=200 if healthy else 503)

    async def metrics(self, _: web.Request) -> web.Response:
        """The collector's own figures."""
        text = await self._in_thread(self._metrics)
        return web.Response(text=text, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})

    async def openapi(self, _: web.Request) -> web.Response:
        """The OpenAPI document."""
        return web.json_response(openapi(ROUTES))


_LISTS: Mapping[str, Callable[[Sources, Mapping[str, str]], Json]] = {
    "deployments": list_deployments,
    "alerts": list_alerts,
    "silences": list_silences,
    "agents": list_agents,
    "quarantine": list_quarantine,
    "monitors": list_monitors,
    "metrics": list_metrics,
    "trends": list_trends,
    "summary": show_summary,
    "channels": list_channels,
    "routes": list_routes,
    "objectives": list_objectives,
    "report": month_report,
}
_OF_DEPLOYMENTS: Mapping[str, Callable[[Sources, str, Mapping[str, str]], Json]] = {
    "health": show_health,
    "monitors": list_of_deployment,
    "objectives": list_standing,
    "metrics": list_custom,
    "status": show_status,
    "measurements": list_measurements,
    "power": show_power,
    "profiles": show_profile,
    "curves": show_curves,
    "moments": list_moments,
    "events": list_events,
    "predictions": list_predictions,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """The routes that change something, or take a body."""

    uploads: UploadDoors
    deletions: DeletionRoutes
    monitors: MonitorRoutes
    doing: Doing
    custom: CustomRoutes
    inbound: InboundRoute


def add_api_routes(app: web.Application, api: Api, changes: Changes) -> None:
    """Hang every route of ROUTES into an application."""
    rows = UploadRoutes(changes.uploads, check_exists=api.check_exists, post_actuals=api.post_actuals)
    special: dict[str, Callable[[web.Request], Awaitable[web.StreamResponse]]] = {
        "/healthz": api.health,
        "/metrics": api.metrics,
        "/openapi.json": api.openapi,
        f"{PREFIX}/deletions": changes.deletions.answer,
        f"{PREFIX}/channels/{{channel}}/test": changes.doing.channels.test,
        f"{PREFIX}/channels/{{channel}}/resume": changes.doing.channels.resume,
        f"{PREFIX}/deliveries/{{delivery_id}}/resend": changes.doing.channels.resend,
        f"{PREFIX}/deployments/{{name}}/export": api.export,
        f"{PREFIX}/report": api.report,
        f"{PREFIX}/deployments/{{name}}/actuals": rows.actuals,
        f"{PREFIX}/deployments/{{name}}/observations": rows.observations,
        f"{PREFIX}/deployments/{{name}}/baseline": rows.baseline,
        f"{PREFIX}/intake/kserve": rows.kserve,
        f"{PREFIX}/monitors/plan": changes.monitors.plan,
        f"{PREFIX}/monitors/apply": changes.monitors.apply,
        f"{PREFIX}/monitors/backtest": changes.monitors.backtest,
        f"PUT {PREFIX}/deployments/{{name}}/metrics/{{metric}}": changes.custom.put,
        f"DELETE {PREFIX}/deployments/{{name}}/metrics/{{metric}}": changes.custom.delete,
        f"PUT {PREFIX}/objectives/{{objective}}": changes.monitors.put_objective,
        f"DELETE {PREFIX}/objectives/{{objective}}": changes.monitors.delete_objective,
        f"PUT {PREFIX}/monitors/{{monitor}}": changes.monitors.put,
        f"DELETE {PREFIX}/monitors/{{monitor}}": changes.monitors.delete,
        f"PATCH {PREFIX}/deployments/{{name}}": changes.monitors.patch_deployment,
        f"POST {PREFIX}/alerts/{{id}}/{{action}}": changes.doing.actions.answer,
        f"POST {PREFIX}/silences": changes.doing.silences.create,
        f"DELETE {PREFIX}/silences/{{id}}": changes.doing.silences.end,
        f"POST {PREFIX}/inbound/{{channel}}": changes.inbound.answer,
    }
    for route in ROUTES:
        handler = special.get(f"{route.method} {route.path}") or special.get(route.path, api.get)
        app.router.add_route(route.method, route.path, handler)
    app.router.add_get(f"{PREFIX}/{{tail:.*}}", api.get)  # an answer in JSON for paths that do not exist


def new_application(on_fatal: Callable[[BaseException], None]) -> web.Application:
    """An application that takes bodies of at most 4 MiB and answers the API's errors in JSON.

    `on_fatal` is told of a store that cannot go on.
    """
    return web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[json_errors(PREFIX, on_fatal)])
