"""Bodies of messages as the outbox keeps them (docs/configuration.md, Channels), for tests of what channels make of them."""

import json
from copy import deepcopy

KEY = "4f" * 16
AT = "2026-11-23T12:00:00Z"
TYPES = {"firing": "alert.firing", "updated": "alert.updated", "resolved": "alert.resolved"}
ALERT = {
    "id": 7,
    "alert_key": KEY,
    "status": "firing",
    "severity": "failing",
    "deployment": "flights-delay",
    "monitor": "drift",
    "metric": "psi",
    "column": "dep_delay",
    "segment": "",
    "version": "2026-11",
    "value": 0.31,
    "threshold": 0.25,
    "opened_at": "2026-11-23T11:00:00Z",
    "resolved_at": None,
    "acknowledged_by": "",
}


def event(kind="firing", *, key=KEY, seq=1, columns=("dep_delay",), severity="failing", more=0, **data):
    """A message of a group of drifting columns; `data` replaces fields of its "data"."""
    is_over = kind == "resolved"
    alerts = [
        {**ALERT, "alert_key": f"{number:032x}" if len(columns) > 1 else key, "column": column, "severity": severity}
        | ({"status": "resolved", "resolved_at": AT, "value": 0.02} if is_over else {})
        for number, column in enumerate(columns)
    ]
    found = {
        "alert_key": key,
        "seq": seq,
        "status": "resolved" if is_over else "firing",
        "severity": severity,
        "rule": {"id": "drift", "metric": "psi", "column": columns[0]},
        "model": {"deployment": "flights-delay", "version": "2026-11", "segment": ""},
        "value": 0.02 if is_over else 0.31,
        "threshold": 0.25,
        "window": {"start": "2026-11-23T10:00:00Z", "end": "2026-11-23T11:00:00Z"},
        "opened_at": "2026-11-23T11:00:00Z",
        "resolved_at": AT if is_over else None,
        "url": "https://m.example/deployments/flights-delay",
        "details": {"monitor": "Data drift", "n": 400, "baseline_value": None},
        "acknowledged_by": "",
        "assignee": "",
        "owner": "",
        "runbook": "",
        "changes": {"firing": ["opened"], "updated": ["worse"], "resolved": ["resolved"]}[kind],
        "comment": "",
        "closed_by": "",
        "group": {
            "labels": {"deployment": "flights-delay"},
            "firing": 0 if is_over else len(columns) + more,
            "resolved": len(columns) + more if is_over else 0,
            "more": more,
        },
        "alerts": alerts,
        "explanation": {
            "columns": [{"column": columns[0], "value": 0.31, "importance": 0.4}],
            "segment": None,
            "since": "2026-11-23T11:00:00Z",
        },
    }
    return {"type": TYPES[kind], "timestamp": AT, "data": found | data}


def plain_event(kind="firing", **data):
    """The same as it was before threads: without the newer fields."""
    found = deepcopy(event(kind, **data))
    for name in ("changes", "comment", "closed_by", "group", "alerts", "explanation", "owner", "assignee", "runbook"):
        del found["data"][name]
    return found


def test_event():
    """What a test of a channel sends."""
    data = {"channel": "ops", "status": "test", "url": None}
    return {"type": "alert.test", "timestamp": AT, "data": data}


test_event.__test__ = False


def body(found):
    """The bytes of an event."""
    return json.dumps(found, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
