"""`/healthz`, `/metrics`, `/openapi.json`: what machines read."""

from pathlib import Path

from collector_harbour import Harbour, harbour
from prometheus_client.parser import text_string_to_metric_families

from tidegauge_collector.api.routes import ROUTES


def test_openapi_lists_exactly_the_routes_with_their_parameters(shop: Harbour) -> None:
    document = shop.client.get("/openapi.json").json()

    listed = {
        (method.upper(), path): [one["name"] for one in operation["parameters"] if one["in"] == "query"]
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    assert listed == {(route.method, route.path): list(route.query) for route in ROUTES}
    assert document["openapi"].startswith("3.1")


def test_every_route_takes_every_parameter_that_it_lists(shop: Harbour) -> None:
    values = {
        "metric": "psi",
        "step": "day",
        "column": "price",
        "version": "v1",
        "status": "firing",
        "limit": "5",
        "before": "9",
    }
    values |= {"segment": "a=b", "start": "2025-06-01", "end": "2025-06-02", "deployment": "shop", "after": "1.1.1.1"}
    prediction = shop.client.get("/api/v1/deployments/shop/predictions").json()["items"][0]["prediction_id"]
    values |= {"what": "records", "severity": "failing", "monitor": "drift", "owner": "ml"}
    values |= {"acknowledged": "no", "since": "2025-06-01", "search": "shop"}
    values |= {"importance": "high", "block": "drift", "label": "team=a*"}
    states = {"/api/v1/agents": "live", "/api/v1/silences": "active"}
    values |= {"what": "records"}
    values |= {"class": "1", "threshold": "0.5", "group": "a=b", "statistic": "ratio", "reference": "c"}
    values |= {"alert": "", "favourable": "1", "q": "0.9", "slow_s": "2"}
    values |= {
        "against": "trailing:1d",
        "exclude": "2025-05-01T00:00:00Z/2025-05-02T00:00:00Z",
        "batch": "",
        "as_of": "",
        "rows": "100",
    }
    values |= {"days": "3", "kind": "note", "month": "2025-06", "format": "json", "lang": "ja"}
    for route in ROUTES:
        if route.method == "GET" and "{id}" not in route.path:
            values["state"] = states.get(route.path, "")
            values["after"] = "" if route.path.endswith("/power") else "1.1.1.1"
            values["before"] = "2025-06-03" if route.path.endswith("/events") else "9"
            path = route.path.replace("{name}", "shop").replace("{prediction_id}", prediction)
            answer = shop.client.get(path, params={name: values[name] for name in route.query})
            assert answer.status_code == 200, (path, answer.text)


def test_metrics_parse_and_count_what_happened(shop: Harbour) -> None:
    answer = shop.client.get("/metrics")
    families = {one.name: one for one in text_string_to_metric_families(answer.text)}

    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    samples = {(s.name, *s.labels.values()): s.value for family in families.values() for s in family.samples}
    assert samples["tidegauge_fold_total", "folded"] >= 3
    assert samples["tidegauge_fold_caught_up",] == 1
    assert samples["tidegauge_ingest_total", "ship", "ok"] >= 1
    assert families["tidegauge_ingest"].type == "counter"
    assert 0 < samples["tidegauge_uptime_seconds",] < 600


def test_health_is_a_real_query_of_both_stores(tmp_path: Path) -> None:
    with harbour(tmp_path) as running:
        healthy = running.client.get("/healthz")
        running.collector.telemetry.rows = _refused
        sick = running.client.get("/healthz")

    assert (healthy.status_code, healthy.json()) == (200, {"healthy": True})
    assert (sick.status_code, sick.json()) == (503, {"healthy": False})


def _refused(*_: object, **__: object) -> object:
    from tidegauge_collector.telemetry.faults import StoreRefused

    raise StoreRefused("the disk is full")


def test_a_store_that_cannot_go_on_ends_the_collector(tmp_path: Path) -> None:
    from tidegauge_collector.errors import StoreFatal

    def fatal(*_: object, **__: object) -> object:
        raise StoreFatal("invalidated")

    with harbour(tmp_path) as running:
        running.collector.telemetry.rows = fatal
        answer = running.client.get("/healthz")
        ended = running.collector.is_ending

    assert answer.status_code == 503
    assert "invalidated" in answer.json()["error"]
    assert ended
