"""`/routes`: where alerts are told, and what each route makes of one of them."""

from __future__ import annotations

from tidegauge.core.windows import SECOND_US
from tidegauge_collector.api.alerts import alert_number
from tidegauge_collector.api.query import check_known
from tidegauge_collector.api.scope import Json, Query, Sources
from tidegauge_collector.core.routing import Policy, Reason, Route, Routing


def list_routes(sources: Sources, query: Query) -> Json:
    """The routes, in their order; with `alert` also what each makes of it, and where it is told."""
    check_known(query, "alert")
    routing = sources.routing
    answer: Json = {"items": [_route(routing, one) for one in routing.in_order], "next": None}
    if query.get("alert"):
        row = alert_number(sources.control, query["alert"])
        labels = sources.control.labels_of_alert(row.id)
        answer["steps"] = [
            {"route": one.route, "channels": list(one.channels), "why": str(one.reason), "reason": _reason(one.reason)}
            for one in routing.steps(labels)
        ]
        answer["places"] = [
            {
                "channel": one.channel,
                "route": one.route,
                "grouped_by": dict(one.labels),
                "how": str(one.policy),
                "policy": _policy(one.policy),
            }
            for one in routing.places(row.key, labels)
        ]
    return answer


def _route(routing: Routing, route: Route) -> Json:
    names = [name for name in routing.kinds if not route.channels or name in route.channels]
    return {
        "name": route.name,
        "match": {field: list(patterns) for field, patterns in route.match.items()},
        "min_severity": route.min_severity,
        "continue": route.goes_on,
        "channels": [
            {
                "channel": name,
                "grouped_by": list(route.grouping(routing.kinds[name])),
                "how": str(route.policy(routing.kinds[name])),
                "policy": _policy(route.policy(routing.kinds[name])),
            }
            for name in names
        ],
    }


def _policy(policy: Policy) -> Json:
    """How soon and how often, in numbers: `how` says the same in English."""
    return {
        "wait_s": policy.wait_us // SECOND_US,
        "interval_s": policy.interval_us // SECOND_US,
        "repeat_s": None if policy.repeat_us is None else policy.repeat_us // SECOND_US,
        "send_resolved": policy.send_resolved,
        "hours": None if policy.hours is None else str(policy.hours),
        "digest": None if policy.digest is None else str(policy.digest),
        "escalate_after_s": None if policy.escalate_after_us is None else policy.escalate_after_us // SECOND_US,
        "escalate_to": list(policy.escalate_to),
    }


def _reason(reason: Reason) -> Json:
    """Its kind and its grounds: `why` says the same in English."""
    found: Json = {"kind": reason.kind}
    match reason.kind:
        case "misfit" if reason.misfit is not None:
            wrong = reason.misfit
            found |= {"field": wrong.field, "value": wrong.value, "patterns": list(wrong.patterns)}
        case "severity":
            found["severity"] = reason.severity
        case "taken":
            found["by"] = reason.by
    return found
