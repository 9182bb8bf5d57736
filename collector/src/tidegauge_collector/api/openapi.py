"""The OpenAPI document, made from the table of routes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tidegauge_collector import __version__
from tidegauge_collector.uploads.meaning import TEXTS as UPLOAD_PARAMETERS

PARAMETERS = {
    "name": "the deployment",
    "monitor": "a monitor's id; of lists of alerts: only what it found",
    "objective": "an objective's id",
    "month": "YYYY-MM; default the last one that is over",
    "format": "json (default) or markdown",
    "lang": "en (default) or ja",
    "kind": "only events of this kind",
    "days": "how many days of history; default 30",
    "channel": "the name of a channel",
    "delivery_id": "the id of a message, as alerts list it among their deliveries",
    "prediction_id": "a prediction id, or its digest as lists show it",
    "what": "records (default), actuals, judgements or profiles",
    "metric": "which metric, as docs/metrics.md lists them; in a path one of your own",
    "column": "a column's name, or * for all features and predictions",
    "version": "model version; default: the newest champion; * of service metrics: all that answer callers",
    "segment": 'a segment such as carrier=UA; default: "" = all traffic',
    "start": "RFC 3339 time; default: the first data",
    "end": "RFC 3339 time, exclusive; default: the last data",
    "step": "minute, hour, day (in the deployment's time zone) or total (default)",
    "class": "one class of a multiclass model, against the rest",
    "threshold": "a binary score from there on is positive; default 0.5",
    "group": "a group (sex=F), or an attribute (sex) for all its groups",
    "statistic": "of a group: value (default), ratio, difference or p_value",
    "reference": "the group that others are compared with; default the largest",
    "favourable": "the outcome that is good for people; default the positive class",
    "against": "what drift is measured against: baseline (default), trailing:7d, range:START/END or version:NAME",
    "exclude": "ranges START/END that count for nothing in what is measured against, with commas between",
    "as_of": "RFC 3339 time: what was known then; later truths do not count",
    "rows": "rows a window; default what the deployment has",
    "q": "which quantile of `latency`, 0 to 1; default 0.5",
    "slow_s": "from how many seconds on a request is slow; default 1",
    "alert": "number of an alert: also what each route makes of it",
    "deployment": "only what belongs to this deployment",
    "state": "of agents live, silent, closed or gone; of silences pending, active, waiting or ended",
    "id": "its id, as lists show it",
    "action": "acknowledge, unacknowledge, assign, comment, mute, unmute or resolve",
    "status": "firing or resolved",
    "severity": "warning or failing",
    "owner": "only of deployments of this owner",
    "acknowledged": "yes or no",
    "search": "words that stand in its names, each in one of them",
    "importance": "critical, high, normal or low, or a pattern",
    "block": "a block of health, or a pattern",
    "label": "NAME=PATTERN of a deployment's label",
    "since": "RFC 3339 time: only what opened from then on",
    "limit": "items a page",
    "before": "`next` of the page before",
    "after": "`next` of the page before",
    **UPLOAD_PARAMETERS,
}

IN_PATHS = ("name", "metric", "prediction_id", "monitor", "objective", "id", "action", "channel", "delivery_id")


@dataclass(frozen=True, slots=True)
class Route:
    """One path and method: what it answers, and the query parameters that it takes."""

    method: str
    path: str
    summary: str
    query: tuple[str, ...] = ()


def openapi(routes: Iterable[Route]) -> dict[str, Any]:
    """An OpenAPI 3.1 document of the routes."""
    paths: dict[str, Any] = {}
    for route in routes:
        parameters = [_parameter(name, "path") for name in IN_PATHS if f"{{{name}}}" in route.path]
        parameters += [_parameter(name, "query") for name in route.query]
        operation: dict[str, Any] = {
            "summary": route.summary,
            "parameters": parameters,
            "responses": {
                "200": {"description": "the answer", "content": {"application/json": {"schema": {"type": "object"}}}},
                "400": {"description": "a parameter or the body is wrong: {error, code}"},
                "404": {"description": "what the path names does not exist: {error, code}"},
                "401": {
                    "description": "a token is missing or not good any more, where tokens are asked for: {error, code, reason}"
                },
                "403": {"description": "the token is for something else: {error, code, reason}"},
            },
        }
        paths.setdefault(route.path, {})[route.method.lower()] = operation
    info = {"title": "Tidegauge collector", "version": __version__, "license": {"name": "Apache-2.0"}}
    schemes = {"token": {"type": "http", "scheme": "bearer", "description": "tgk_…; docs/security.md"}}
    return {
        "openapi": "3.1.0",
        "info": info,
        "security": [{"token": []}, {}],
        "components": {"securitySchemes": schemes},
        "paths": paths,
    }


def _parameter(name: str, where: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": where,
        "required": where == "path",
        "description": PARAMETERS[name],
        "schema": {"type": "string"},
    }
