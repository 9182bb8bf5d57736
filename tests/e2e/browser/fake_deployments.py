"""The fake API's deployments and alerts: fixed values in the shapes of the real answers."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Json = dict[str, Any]

HOSTILE = "<img src=x onerror=alert(1)>"
ZONE = ZoneInfo("America/New_York")
START = datetime(2013, 1, 1, tzinfo=ZONE).astimezone(UTC)
END = datetime(2013, 9, 28, tzinfo=ZONE).astimezone(UTC) - timedelta(seconds=61)
REPLAY = (datetime(2026, 11, 23, 12, 0, 20, tzinfo=UTC), datetime(2026, 11, 23, 12, 9, 40, tzinfo=UTC))
FLIGHT_FEATURES = {
    "dep_delay": 0.41,
    "distance": 0.12,
    "carrier": 0.18,
    "origin": 0.07,
    "dest": 0.11,
    "temp": 0.09,
    "dewp": 0.05,
    "humid": 0.06,
    "wind_speed": 0.04,
    "pressure": 0.08,
    "visib": 0.03,
    "hour": 0.29,
}
CATEGORICAL = {"carrier", "origin", "dest"}
_WIDE_FEATURES = {HOSTILE: 0.9, "x" * 128: 0.3, "\u202eevil": 0.2} | {f"signal_{i:03}": 1 / (i + 2) for i in range(197)}


def deployments() -> list[Json]:
    """Every deployment of the fake API."""
    return [_flights(), _replayed(), _fraud(), _wide(), _registered()]


def _deployment(name: str, features: Mapping[str, float], **stated: Any) -> Json:
    columns = [
        {"name": n, "kind": "categorical" if n in CATEGORICAL else "numeric", "role": "feature", "importance": weight}
        for n, weight in features.items()
    ]
    prediction = {"name": "_prediction", "kind": "numeric", "role": "prediction", "importance": None}
    about = {
        "name": name,
        "task": "binary",
        "timezone": "America/New_York",
        "created_at": as_text(START),
        "versions": [
            {"version": "2012-12", "role": "retired", "first_seen": as_text(START)},
            {"version": "2013-05", "role": "champion", "first_seen": as_text(START + timedelta(days=120))},
        ],
        "verdict": "ok",
        "open_alerts": 0,
        "last_prediction": as_text(END),
        "first_prediction": as_text(START),
        "predictions_last_day": 978,
        "segments": ["origin=EWR", "origin=JFK", "origin=LGA"],
        "columns": [*columns, prediction],
        "baselines": [
            {"version": "2013-05", "origin": "given", "rows": 84_000, "created_at": as_text(START), "status": "active"}
        ],
        "monitors": [
            {
                "id": "drift",
                "name": "Data drift",
                "metric": "psi",
                "columns": "*",
                "comparison": "above",
                "limits": "stated",
                "warning": 0.1,
                "failing": 0.25,
                "window_s": 86_400,
            }
        ],
        "positive_class": "late",
        "owner": "ops",
        "importance": "normal",
        "labels": {},
        "runbook": "",
        "alerts": "live",
        "health": {"service": "ok", "drift": stated.get("verdict", "ok"), "fairness": "not_applicable"},
    }
    return about | stated


def _flights() -> Json:
    about = _deployment("flights-delay", FLIGHT_FEATURES, verdict="failing", open_alerts=1)
    about["columns"] += [
        {"name": name, "kind": "numeric", "role": "service", "importance": None}
        for name in ("_metric.basket_value", "_rule.unsure")
    ]
    return about


def _replayed() -> Json:
    few = {"temp": 0.4, "hour": 0.3, "carrier": 0.1}
    return _deployment("replayed", few, verdict="warning", open_alerts=1)


def _fraud() -> Json:
    return _deployment(
        "checkout-fraud", {"amount": 0.5, "country": 0.2}, baselines=[], segments=[], verdict="not_enough_data"
    )


def _wide() -> Json:
    return _deployment("wide", _WIDE_FEATURES, verdict="warning", open_alerts=0)


def _registered() -> Json:
    nothing = {
        "last_prediction": None,
        "first_prediction": None,
        "predictions_last_day": 0,
        "versions": [],
        "baselines": [],
    }
    return _deployment("just-registered", {}, verdict="not_enough_data", segments=[], **nothing)


def alerts() -> list[Json]:
    def alert(number: int, status: str, day: int, value: float, severity: str) -> Json:
        opened = START + timedelta(days=day + 1)
        window = {"start": as_text(opened - timedelta(days=1)), "end": as_text(opened)}
        earlier = {"start": as_text(opened - timedelta(days=3)), "end": as_text(opened - timedelta(days=2))}
        return {
            "id": number, "deployment": "flights-delay", "monitor": "drift", "metric": "psi", "column": "temp", "segment": "",
            "version": "2013-05", "severity": severity, "status": status, "value": value,
            "threshold": 0.25 if severity == "failing" else 0.1,
            "window": window, "opened_window": window if status == "firing" else earlier,
            "opened_at": as_text(opened), "resolved_at": None if status == "firing" else as_text(opened + timedelta(days=3)),
            "acknowledged_by": "", "assignee": "", "muted": False,
            "events": [{"kind": "opened", "at": as_text(opened), "actor": "", "value": value, "severity": severity}],
            "deliveries": [
                _delivery("slack-models", "delivered", delivered_at=as_text(opened)),
                _delivery("jira-ops", "pending", attempts=4, last_error="HTTP 503: try later"),
                _delivery("pager", "dead", last_error="HTTP 400: the receiver does not take this message"),
            ],
        }  # fmt: skip

    return [alert(1, "resolved", 100, 0.19, "warning"), alert(2, "firing", 180, 0.81, "failing")]


def _delivery(channel: str, status: str, **stated: Any) -> Json:
    about = {"event_type": "alert.firing", "attempts": 1, "delivered_at": None, "last_error": None}
    return {"id": f"msg_{channel}", "channel": channel, "status": status} | about | stated


def as_text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
