"""What a running collector answers has the fields that docs/rest-api.md shows, and takes the parameters that it lists."""

import json

import pytest

from tidegauge_collector.api.routes import ROUTES

from .pages import blocks, section

PAGE = "docs/rest-api.md"
ASKED = {
    "/api/v1/deployments": {},
    "/api/v1/trends": {},
    "/api/v1/summary": {"since": ""},
    "/api/v1/deployments/{name}": {"version": "1"},
    "/api/v1/deployments/{name}/health": {},
    "/api/v1/deployments/{name}/status": {},
    "/api/v1/deployments/{name}/measurements": {
        "metric": "psi",
        "column": "rate",
        "version": "1",
        "segment": "region=N",
        "start": "2020-01-01T00:00:00Z",
        "end": "2100-01-01T00:00:00Z",
        "step": "total",
        "class": "1",
        "threshold": "0.5",
        "group": "region",
        "statistic": "value",
        "reference": "N",
        "favourable": "1",
        "q": "0.9",
        "slow_s": "2",
        "against": "baseline",
        "exclude": "",
        "batch": "",
        "as_of": "",
    },
    "/api/v1/deployments/{name}/power": {
        "version": "1",
        "column": "rate",
        "monitor": "",
        "rows": "1000",
        "limit": "5",
        "after": "",
    },
    "/api/v1/metrics": {},
    "/api/v1/deployments/{name}/curves": {
        "version": "1",
        "segment": "",
        "start": "2020-01-01T00:00:00Z",
        "end": "2100-01-01T00:00:00Z",
    },
    "/api/v1/deployments/{name}/moments": {
        "column": "rate",
        "version": "1",
        "segment": "region=N",
        "start": "2020-01-01T00:00:00Z",
        "end": "2100-01-01T00:00:00Z",
        "step": "total",
    },
    "/api/v1/deployments/{name}/profiles": {
        "column": "rate",
        "version": "1",
        "segment": "region=N",
        "start": "2020-01-01T00:00:00Z",
        "end": "2100-01-01T00:00:00Z",
    },
    "/api/v1/deployments/{name}/predictions": {"limit": "5", "after": ""},
    "/api/v1/deployments/{name}/monitors": {},
    "/api/v1/monitors": {},
    "/api/v1/objectives": {},
    "/api/v1/deployments/{name}/metrics": {},
    "/api/v1/deployments/{name}/events": {
        "kind": "",
        "version": "",
        "start": "",
        "end": "",
        "limit": "5",
        "before": "",
    },
    "/api/v1/deployments/{name}/objectives": {"end": "2100-01-01T00:00:00Z", "days": "3"},
    "/api/v1/report": {"month": "", "deployment": "loans", "format": "json", "lang": "en"},
    "/api/v1/deletions": {},
    "/api/v1/alerts": {
        "deployment": "loans",
        "status": "firing",
        "severity": "",
        "monitor": "",
        "owner": "",
        "acknowledged": "",
        "since": "",
        "search": "loans",
        "limit": "5",
        "before": "",
    },
    "/api/v1/silences": {"state": ""},
    "/api/v1/silences/preview": {
        "severity": "",
        "deployment": "loans",
        "monitor": "",
        "metric": "",
        "column": "",
        "segment": "",
        "version": "",
        "owner": "",
        "importance": "",
        "block": "",
        "label": "",
    },
    "/api/v1/routes": {"alert": ""},
    "/api/v1/channels": {},
    "/api/v1/agents": {"deployment": "loans", "state": "", "limit": "5", "after": ""},
    "/api/v1/quarantine": {"deployment": "loans", "limit": "5", "after": ""},
    "/healthz": {},
}

NOT_ASKED = {
    "/metrics",
    "/openapi.json",
    "/api/v1/deployments/{name}/export",  # no JSON
    "/api/v1/deployments/{name}/predictions/{prediction_id}",  # needs an id; tests/integration/collector asks
    "/api/v1/alerts/{id}",  # likewise
}


def _shape(value):
    """The names of fields at every depth; a list is as its first item, None where there is none."""
    if isinstance(value, dict):
        return {name: _shape(each) for name, each in value.items()}
    return [_shape(value[0])] if isinstance(value, list) and value and isinstance(value[0], dict) else None


def _missing(shown, answered, path=""):
    """Fields that one side has and the other has not, where both have something to compare."""
    if isinstance(shown, list) and isinstance(answered, list):
        return _missing(shown[0], answered[0], f"{path}[]")
    if (
        not isinstance(shown, dict)
        or not isinstance(answered, dict)
        or path.endswith((".parameters", ".dropped", ".labels", ".by_verdict", ".blocks", ".importances"))
    ):
        return []
    found = [f"{path}.{name}" for name in shown.keys() ^ answered.keys()]
    return found + [
        each
        for name in shown.keys() & answered.keys()
        for each in _missing(shown[name], answered[name], f"{path}.{name}")
    ]


@pytest.mark.parametrize("path", ASKED)
def test_an_answer_has_the_fields_of_the_example(served, ran, path):
    ran("readme-sklearn")
    served.wait_for("loans", rows=1_000, actuals=1_000)

    answered = served.read(path.format(name="loans"), **ASKED[path])

    example = json.loads(blocks(section(PAGE, f"### GET {path}"), "json")[0])
    assert _missing(_shape(example), _shape(answered)) == []


def test_every_route_with_an_answer_in_json_is_asked_with_every_parameter():
    with_example = [route for route in ROUTES if route.method == "GET" and route.path not in NOT_ASKED]

    assert {route.path: sorted(route.query) for route in with_example} == {p: sorted(q) for p, q in ASKED.items()}
