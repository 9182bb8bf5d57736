"""What the fake API says of alerts: the lists, one of them, routes, channels, silences and what another would catch."""

from collections.abc import Mapping

from .fake_deployments import END, HOSTILE, Json, alerts, as_text

_POLICY = {
    "wait_s": 30, "interval_s": 300, "repeat_s": 43_200, "send_resolved": True, "hours": "Mon-Fri 09:00-18:00 Europe/Berlin",
    "digest": None, "escalate_after_s": 1_800, "escalate_to": ["pager"],
}  # fmt: skip
_ROUTE = {
    "name": HOSTILE,
    "match": {"severity": ["failing"], "deployment": ["flights-*"]},
    "min_severity": "warning",
    "continue": False,
    "channels": [{"channel": "slack-models", "grouped_by": ["deployment", "monitor"], "policy": _POLICY}],
}
_OBJECTIVE = {
    "id": "slo", "name": HOSTILE, "indicator": "latency", "target": 0.99, "window_s": 2_592_000, "under_s": 0.3,
    "at_least_per_minute": 1.0, "stale_after_s": 900, "min_requests": 50, "deployments": ["*"], "labels": {}, "enabled": True,
    "whole": True, "origin": "api", "source": "", "updated_at": as_text(END), "matched": 3,
}  # fmt: skip
_SILENCE = {
    "id": "s1", "state": "active", "matchers": {"deployment": [HOSTILE]}, "starts_at": as_text(END), "ends_at": as_text(END),
    "weekly": "Sun 02:00-04:00 UTC", "comment": HOSTILE, "created_by": "anna", "created_at": as_text(END), "ended_by": None,
}  # fmt: skip


def of_alerts(parts: list[str], query: Mapping[str, str]) -> Json | None:
    """The answer to a question about alerts, None where it is about something else."""
    match parts:
        case ["alerts"]:
            known = query.get("deployment", "flights-delay") in ("flights-delay", "replayed")
            open_ = {"total": 1, "failing": 1, "unacknowledged": 1}
            return {"items": alerts() if known else [], "open": open_, "next": None}
        case ["alerts", number]:
            found = next(one for one in alerts() if str(one["id"]) == number)
            columns = [{"column": "temp", "value": 0.81, "importance": 0.09}]
            segment = {"segment": "origin=JFK", "column": "temp", "value": 0.9}
            explanation = {"columns": columns, "segment": segment, "since": found["window"]["start"]}
            return found | {"explanation": explanation, "silences": []}
        case ["objectives"]:
            return {"items": [_OBJECTIVE], "next": None}
        case ["routes"]:
            step = {"route": HOSTILE, "channels": ["slack-models"], "reason": {"kind": "matches"}}
            place = {"channel": "slack-models", "route": HOSTILE, "policy": _POLICY}
            return {"items": [_ROUTE], "steps": [step], "places": [place], "next": None}
        case ["channels"]:
            return {"items": [_channel("slack-models", "delivered", ""), _channel("pager", "retry", HOSTILE)]}
        case ["silences"]:
            return {"items": [_SILENCE], "next": None}
        case ["silences", "preview"]:
            caught = [one for one in alerts() if one["status"] == "firing"]
            return {"open": len(caught), "opened": 2, "since": as_text(END), "complete": True, "items": caught}
    return None


def _channel(name: str, outcome: str, detail: str) -> Json:
    last = {"at": as_text(END), "outcome": outcome, "status_code": None, "detail": detail}
    about = {"name": name, "kind": "slack", "paused": None, "probe_at": None, "oldest": None, "dead": 0}
    return about | {"depth": 0, "last": last}
