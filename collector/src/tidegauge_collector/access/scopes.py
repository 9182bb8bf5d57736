"""Which scope each route asks for: the one table. A route that is not in it is for `admin` alone, and fails a test.

`ingest` routes with a deployment in their path, or those of NAMED_BY_QUERY with one in their query, are for tokens of that
deployment; without one for tokens of all.
"""

from collections.abc import Mapping

from tidegauge_collector.access.tokens import Scope

OPEN = None
_API = "/api/v1"
_DEPLOYMENT = f"{_API}/deployments/{{name}}"

SCOPES: Mapping[tuple[str, str], Scope | None] = {
    ("GET", "/healthz"): OPEN,
    ("GET", "/login"): OPEN,
    ("POST", "/login"): OPEN,
    ("POST", "/logout"): OPEN,
    ("GET", "/favicon.ico"): OPEN,
    ("GET", "/static/{digest}/{path}"): OPEN,
    ("GET", "/"): Scope.READ,
    ("GET", "/deployments/{name}"): Scope.READ,
    ("GET", "/deployments/{name}/{tab}"): Scope.READ,
    ("GET", "/report"): Scope.READ,
    ("GET", "/alerts"): Scope.READ,
    ("POST", "/alerts"): Scope.ADMIN,
    ("GET", "/alerts/{id}"): Scope.READ,
    ("POST", "/alerts/{id}"): Scope.ADMIN,
    ("GET", "/channels"): Scope.READ,
    ("POST", "/channels"): Scope.ADMIN,
    ("GET", "/silences"): Scope.READ,
    ("POST", "/silences"): Scope.ADMIN,
    ("POST", "/deployments/{name}/monitors"): Scope.ADMIN,
    ("GET", "/deployments/{name}/monitors/try"): Scope.READ,
    ("POST", "/deployments/{name}/monitors/try"): Scope.READ,  # changes nothing
    ("GET", "/metrics"): Scope.READ,
    ("GET", "/openapi.json"): Scope.READ,
    ("GET", f"{_API}/{{tail}}"): Scope.READ,
    ("GET", f"{_API}/alerts"): Scope.READ,
    ("GET", f"{_API}/alerts/{{id}}"): Scope.READ,
    ("POST", f"{_API}/alerts/{{id}}/{{action}}"): Scope.ADMIN,
    ("GET", f"{_API}/silences"): Scope.READ,
    ("GET", f"{_API}/silences/preview"): Scope.READ,
    ("POST", f"{_API}/silences"): Scope.ADMIN,
    ("DELETE", f"{_API}/silences/{{id}}"): Scope.ADMIN,
    ("GET", f"{_API}/agents"): Scope.READ,
    ("GET", f"{_API}/quarantine"): Scope.READ,
    ("GET", f"{_API}/deployments"): Scope.READ,
    ("GET", _DEPLOYMENT): Scope.READ,
    ("GET", f"{_DEPLOYMENT}/health"): Scope.READ,
    ("GET", f"{_DEPLOYMENT}/status"): Scope.READ,
    ("GET", f"{_DEPLOYMENT}/measurements"): Scope.READ,
    ("GET", f"{_DEPLOYMENT}/profiles"): Scope.READ,
    ("GET", f"{_DEPLOYMENT}/predictions"): Scope.READ,
    ("GET", f"{_DEPLOYMENT}/predictions/{{prediction_id}}"): Scope.READ,
    ("GET", f"{_DEPLOYMENT}/export"): Scope.READ,
    ("GET", f"{_DEPLOYMENT}/monitors"): Scope.READ,
    ("PATCH", _DEPLOYMENT): Scope.ADMIN,
    ("GET", f"{_API}/monitors"): Scope.READ,
    ("PUT", f"{_API}/monitors/{{monitor}}"): Scope.ADMIN,
    ("DELETE", f"{_API}/monitors/{{monitor}}"): Scope.ADMIN,
    ("POST", f"{_API}/monitors/plan"): Scope.READ,
    ("POST", f"{_API}/monitors/backtest"): Scope.READ,
    ("POST", f"{_API}/monitors/apply"): Scope.ADMIN,
    ("GET", f"{_API}/routes"): Scope.READ,
    ("GET", f"{_API}/metrics"): Scope.READ,
    ("GET", f"{_API}/summary"): Scope.READ,
    ("GET", f"{_API}/trends"): Scope.READ,
    ("GET", f"{_DEPLOYMENT}/curves"): Scope.READ,
    ("GET", f"{_DEPLOYMENT}/moments"): Scope.READ,
    ("GET", f"{_DEPLOYMENT}/power"): Scope.READ,
    ("GET", f"{_API}/objectives"): Scope.READ,
    ("GET", f"{_API}/report"): Scope.READ,
    ("GET", f"{_DEPLOYMENT}/metrics"): Scope.READ,
    ("PUT", f"{_DEPLOYMENT}/metrics/{{metric}}"): Scope.ADMIN,
    ("DELETE", f"{_DEPLOYMENT}/metrics/{{metric}}"): Scope.ADMIN,
    ("GET", f"{_DEPLOYMENT}/events"): Scope.READ,
    ("PUT", f"{_API}/objectives/{{objective}}"): Scope.ADMIN,
    ("DELETE", f"{_API}/objectives/{{objective}}"): Scope.ADMIN,
    ("GET", f"{_DEPLOYMENT}/objectives"): Scope.READ,
    ("GET", f"{_API}/channels"): Scope.READ,
    ("POST", f"{_API}/channels/{{channel}}/test"): Scope.ADMIN,
    ("POST", f"{_API}/channels/{{channel}}/resume"): Scope.ADMIN,
    ("POST", f"{_API}/deliveries/{{delivery_id}}/resend"): Scope.ADMIN,
    ("GET", f"{_API}/deletions"): Scope.ADMIN,
    ("POST", f"{_API}/deletions"): Scope.ADMIN,
    ("POST", f"{_DEPLOYMENT}/actuals"): Scope.INGEST,
    ("POST", f"{_DEPLOYMENT}/observations"): Scope.INGEST,
    ("POST", f"{_DEPLOYMENT}/baseline"): Scope.INGEST,
    ("POST", f"{_API}/intake/kserve"): Scope.INGEST,
    ("POST", f"{_API}/inbound/{{channel}}"): OPEN,  # shows the channel's own secret
}

NAMED_BY_QUERY = frozenset({f"{_API}/intake/kserve"})  # `?deployment=` overrides there whatever the body says


def scope_of(method: str, path: str) -> Scope | None:
    """The scope that a route asks for, by its method and its path with the names of its parts; OPEN: none."""
    return SCOPES.get(("GET" if method == "HEAD" else method, path), Scope.ADMIN)
