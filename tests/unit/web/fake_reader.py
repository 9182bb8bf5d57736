"""The smallest reader that the pages accept: one deployment, as the REST API describes it."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

DEPLOYMENT: dict[str, Any] = {
    "name": "flights-delay",
    "task": "binary",
    "timezone": "America/New_York",
    "created_at": "2013-01-01T05:00:00Z",
    "versions": [{"version": "1", "role": "champion", "first_seen": "2013-01-01T05:00:00Z"}],
    "verdict": "warning",
    "open_alerts": 1,
    "last_prediction": "2013-09-27T20:15:00Z",
    "first_prediction": "2013-01-01T10:20:00Z",
    "predictions_last_day": 978,
    "owner": "ops",
    "importance": "high",
    "labels": {"team": "delays"},
    "runbook": "",
    "alerts": "all",
    "health": {"service": "ok", "drift": "failing", "fairness": "not_applicable"},
    "segments": ["origin=JFK"],
    "columns": [{"name": "temp", "kind": "numeric", "role": "feature", "importance": 0.4}],
    "baselines": [
        {"version": "1", "origin": "given", "rows": 84_000, "created_at": "2013-01-01T05:00:00Z", "status": "active"}
    ],
    "monitors": [
        {
            "id": "drift",
            "name": "Data drift",
            "metric": "psi",
            "columns": "*",
            "comparison": "above",
            "limits": "stated",
            "warning": 0.2,
            "failing": None,
        },
        {
            "id": "mine",
            "name": "My own",
            "metric": "psi",
            "columns": "a*, b",
            "comparison": "below",
            "limits": "stated",
            "warning": None,
            "failing": 9,
        },
    ],
    "positive_class": "late",
}
STATUS: dict[str, Any] = {
    "settled_until": "2013-09-27T20:00:00Z",
    "settled": True,
    "lag_s": 0.0,
    "agents": [],
    "data_start": "2013-01-01T10:20:00Z",
    "data_end": "2013-09-27T20:15:00Z",
    "service_start": "2013-01-01T10:20:00Z",
    "service_end": "2013-09-27T20:15:30Z",
    "stored": {"predictions": 252_704, "prediction_ids": 252_704, "actuals": 246_311, "actual_ids": 246_311},
    "dropped": {},
}
ALERT: dict[str, Any] = {
    "id": 7,
    "deployment": "flights-delay",
    "monitor": "drift",
    "metric": "psi",
    "column": "temp",
    "segment": "origin=JFK",
    "version": "1",
    "severity": "failing",
    "status": "firing",
    "value": 0.8123,
    "threshold": 0.25,
    "window": {"start": "2013-06-30T04:00:00Z", "end": "2013-07-01T04:00:00Z"},
    "opened_window": {"start": "2013-06-28T04:00:00Z", "end": "2013-06-29T04:00:00Z"},
    "opened_at": "2013-07-01T04:00:30Z",
    "resolved_at": None,
    "acknowledged_by": "anna",
    "assignee": "carla",
    "muted": False,
    "events": [
        {"kind": "opened", "at": "2013-07-01T04:00:30Z", "actor": "", "severity": "warning", "value": 0.2},
        {"kind": "acknowledged", "at": "2013-07-01T05:00:30Z", "actor": "anna"},
        {"kind": "commented", "at": "2013-07-01T05:01:30Z", "actor": "anna", "text": "the feed is late"},
    ],
    "deliveries": [],
}

TREND: dict[str, Any] = {
    "predictions": [900, 910, 920, 930, 940, 950, 978],
    "blocks": {"drift": ["ok", "ok", None, "ok", "warning", "failing", "failing"]},
    "objectives": {"met": 1, "judged": 2},
}
SUMMARY: dict[str, Any] = {
    "deployments": 1,
    "by_verdict": {"warning": 1},
    "predictions_last_day": 978,
    "predictions_last_week": 6528,
    "predictions_last_30_days": 27_000,
    "predictions_last_90_days": 80_500,
    "alerts_open": 1,
    "alerts_opened": 3,
    "acknowledged": {"n": 2, "median_s": 720.0},
    "resolved": {"n": 0, "median_s": None},
    "objectives": {"met": 1, "judged": 2},
}
HEALTH: dict[str, Any] = {
    "deployment": "flights-delay",
    "verdict": "failing",
    "blocks": [
        {
            "block": "drift",
            "state": "failing",
            "rule": "as the worst of its members",
            "because": [
                {
                    "monitor": "drift",
                    "metric": "psi",
                    "column": "temp",
                    "segment": "",
                    "version": "1",
                    "verdict": "failing",
                    "window_end": "2013-07-01T04:00:00Z",
                }
            ],
            "bad_members": 1,
        },
        {"block": "service", "state": "ok", "rule": "", "because": [], "bad_members": 0},
        {"block": "fairness", "state": "not_applicable", "rule": "", "because": [], "bad_members": 0},
    ],
}
MONITOR: dict[str, Any] = {
    "id": "drift",
    "name": "Data drift",
    "kind": "measurement",
    "metric": "psi",
    "columns": "*",
    "segments": "",
    "comparison": "above",
    "warning": 0.1,
    "failing": 0.25,
    "window_s": 86_400,
    "every_s": 86_400,
    "min_rows": 50,
    "objective": 0.999,
    "objective_window_s": 2_592_000,
    "enabled": True,
    "origin": "default",
    "source": "",
    "series": [
        {
            "metric": "psi",
            "column": "temp",
            "segment": "",
            "version": "1",
            "status": "firing",
            "severity": "failing",
            "judged_until": "2013-07-01T04:00:00Z",
            "alert": "7",
        }
    ],
}

POLICY: dict[str, Any] = {
    "wait_s": 30,
    "interval_s": 300,
    "repeat_s": None,
    "send_resolved": True,
    "hours": "Mon-Fri 09:00-18:00 UTC",
    "digest": None,
    "escalate_after_s": None,
    "escalate_to": [],
}
ROUTE: dict[str, Any] = {
    "name": "all",
    "match": {"severity": ["failing"]},
    "min_severity": "warning",
    "continue": False,
    "channels": [{"channel": "ops", "grouped_by": ["deployment", "monitor"], "policy": POLICY}],
}
STEP: dict[str, Any] = {"route": "all", "channels": ["ops"], "reason": {"kind": "everything"}}
PLACE: dict[str, Any] = {"channel": "ops", "route": "all", "policy": POLICY}
EXPLANATION: dict[str, Any] = {"columns": [], "segment": None, "since": "2013-06-28T04:00:00Z"}
CHANNEL: dict[str, Any] = {
    "name": "ops",
    "kind": "jira",
    "paused": None,
    "probe_at": None,
    "depth": 0,
    "oldest": None,
    "dead": 0,
    "last": {"at": "2013-07-01T04:00:31Z", "outcome": "delivered", "status_code": 201, "detail": ""},
}

PAIRED: dict[str, Any] = MONITOR | {
    "id": "mean",
    "name": "Mean",
    "metric": "mean",
    "comparison": "outside",
    "warning": 0.5,
    "failing": [-1, 2.5],
    "series": [],
}
BURNING: dict[str, Any] = MONITOR | {
    "id": "fast",
    "name": "Fast",
    "kind": "burn_rate",
    "metric": "slow_requests",
    "series": [],
}
DEFINED: dict[str, Any] = {
    "id": "fast",
    "name": "Fast",
    "indicator": "latency",
    "target": 0.99,
    "window_s": 2_592_000,
    "under_s": 0.3,
    "at_least_per_minute": 1.0,
    "stale_after_s": 900,
    "min_requests": 50,
    "deployments": ["flights-*"],
    "labels": {},
    "enabled": True,
    "whole": True,
    "origin": "api",
    "source": "",
    "updated_at": "2013-07-01T04:00:00Z",
    "matched": 3,
}
OBJECTIVE: dict[str, Any] = {
    "id": "fast",
    "name": "",
    "indicator": "latency",
    "target": 0.99,
    "window_s": 2_592_000,
    "status": "at_risk",
    "total": 100_000,
    "bad": 700,
    "reached": 0.993,
    "reason": None,
    "budget": {"allowed": 1_000.0, "used": 700, "left": 0.3},
    "history": [{"budget_left": 0.3}, {"budget_left": None}, {"budget_left": -0.2}],
}


def delivery(channel: str, status: str, **stated: Any) -> dict[str, Any]:
    """A message of an alert to a channel."""
    about = {"event_type": "alert.firing", "attempts": 1, "delivered_at": None, "last_error": None}
    return {"id": "msg_1", "channel": channel, "status": status} | about | stated


ALERT["deliveries"].append(delivery("slack", "delivered", delivered_at="2013-07-01T04:00:31Z"))


class FakeReader:
    """Answers the questions of the pages; change the attributes to change the answers."""

    def __init__(self) -> None:
        self.deployments: list[dict[str, Any]] = [dict(DEPLOYMENT)]
        self.status: dict[str, Any] = dict(STATUS)
        self.versions_asked: list[str] = []
        self.since_asked: list[str] = []
        self.health: dict[str, Any] = dict(HEALTH)
        self.monitors: list[dict[str, Any]] = [dict(MONITOR)]
        self.events: list[dict[str, Any]] = []
        self.events_asked: list[dict[str, str]] = []
        self.customs: list[dict[str, Any]] = []
        self.objectives: list[dict[str, Any]] = [dict(OBJECTIVE)]
        self.defined: list[dict[str, Any]] = [dict(DEFINED)]
        self.alerts: list[dict[str, Any]] = [dict(ALERT)]
        self.alerts_asked: list[dict[str, str]] = []
        self.channels: list[dict[str, Any]] = [dict(CHANNEL)]
        self.silences: list[dict[str, Any]] = []
        self.previewed: list[dict[str, str]] = []
        self.caught: dict[str, Any] = {"open": 0, "opened": 0, "since": "", "complete": True, "items": []}

    async def __call__(self, path: str, query: Mapping[str, str]) -> dict[str, Any]:
        match path.removeprefix("/api/v1/").split("/"):
            case ["deployments"]:
                return _listed(self.deployments)
            case ["deployments", name, *rest] if self._find(name):
                return self._of_deployment(self._find(name), rest, query)
            case ["trends"]:
                return _listed([TREND | {"name": item["name"]} for item in self.deployments])
            case ["summary"]:
                self.since_asked.append(query["since"])
                return SUMMARY
            case parts if (found := self._of_alerts(parts, query)) is not None:
                return found
        raise web.HTTPNotFound(text=f"There is nothing at {path!r}.")

    def _of_alerts(self, parts: list[str], query: Mapping[str, str]) -> dict[str, Any] | None:
        match parts:
            case ["alerts"]:
                self.alerts_asked.append(dict(query))
                return {"items": self.alerts, "open": {"total": 1, "failing": 1, "unacknowledged": 0}, "next": None}
            case ["alerts", "7"]:
                return self.alerts[0] | {"explanation": EXPLANATION, "silences": []}
            case ["objectives"]:
                return _listed(self.defined)
            case ["routes"]:
                return {"items": [ROUTE], "steps": [STEP], "places": [PLACE], "next": None}
            case ["channels"]:
                return _listed(self.channels)
            case ["silences"]:
                return _listed(self.silences)
            case ["silences", "preview"]:
                self.previewed.append(dict(query))
                return self.caught
        return None

    def _of_deployment(self, found: dict[str, Any], rest: list[str], query: Mapping[str, str]) -> dict[str, Any]:
        match rest:
            case []:
                self.versions_asked.append(query.get("version", ""))
                return found
            case ["health"]:
                return self.health
            case ["status"]:
                return self.status
            case [kind]:
                if kind == "events":
                    self.events_asked.append(dict(query))
                return _listed(
                    {
                        "monitors": self.monitors,
                        "objectives": self.objectives,
                        "events": self.events,
                        "metrics": self.customs,
                    }[kind]
                )
        raise web.HTTPNotFound(text=f"There is nothing at {rest!r}.")

    def _find(self, name: str) -> dict[str, Any]:
        return next((item for item in self.deployments if item["name"] == name), {})


def _listed(items: list[dict[str, Any]]) -> dict[str, Any]:
    return {"items": items, "next": None}
