"""What is wrong in a request is refused in JSON that names it, and nothing of it is stored."""

import json
from urllib.parse import quote

import pytest
from collector_harbour import Harbour

from tidegauge.core.ids import digest_ids

ACTUALS = "/api/v1/deployments/shop/actuals"
MEASUREMENTS = "/deployments/shop/measurements"
GOOD = {"prediction_id": 1, "value": 1, "timestamp": "2025-06-02T00:00:00Z"}


@pytest.mark.parametrize(
    ("path", "query", "status", "words"),
    [
        ("/deployments/nowhere", {}, 404, "deployment 'nowhere' does not exist"),
        ("/deployments/nowhere/status", {}, 404, "'nowhere'"),
        ("/deployments/nowhere/measurements", {"metric": "psi"}, 404, "'nowhere'"),
        ("/deployments/nowhere/profiles", {"column": "price"}, 404, "'nowhere'"),
        ("/deployments/nowhere/predictions", {}, 404, "'nowhere'"),
        ("/nowhere", {}, 404, "/openapi.json"),
        (MEASUREMENTS, {"metric": "psi", "column": "colour"}, 404, "column 'colour' of 'shop' was never seen"),
        ("/deployments/shop/profiles", {"column": "colour"}, 404, "seen are _prediction, price"),
        ("/deployments/shop/profiles", {}, 400, "column is missing"),
        (MEASUREMENTS, {"metric": "psi", "version": "v9"}, 404, "version 'v9' of 'shop' was never seen; seen are v1"),
        ("/deployments/shop", {"version": "v9"}, 404, "version 'v9'"),
        (MEASUREMENTS, {}, 400, "metric is missing: write one of psi"),
        (MEASUREMENTS, {"metric": "psy"}, 400, "metric='psy' is no metric; did you mean 'psi'"),
        (MEASUREMENTS, {"metric": "psi", "step": "week"}, 400, "step='week': write one of minute, hour, day, total"),
        (MEASUREMENTS, {"metric": "psi", "step": "minute"}, 400, "write step=hour"),
        (MEASUREMENTS, {"metric": "auc", "column": "price"}, 400, "leave column away"),
        (MEASUREMENTS, {"metric": "psi", "colum": "price"}, 400, "unknown parameter 'colum'"),
        ("/deployments", {"limit": 3}, 400, "unknown parameter 'limit'"),
        ("/alerts", {"state": "firing"}, 400, "unknown parameter 'state'"),
        (MEASUREMENTS, {"metric": "psi", "start": "yesterday"}, 400, "start='yesterday': write a time such as"),
        (MEASUREMENTS, {"metric": "psi", "end": "1750000000"}, 400, "end='1750000000'"),
        (MEASUREMENTS, {"metric": "psi", "start": "2025-02-30T00:00:00Z"}, 400, "start="),
        (MEASUREMENTS, {"metric": "psi", "start": "2025-06-02", "end": "2025-06-01"}, 400, "end must be after start"),
        (MEASUREMENTS, {"metric": "psi", "start": "2025-06-01", "end": "2025-06-01"}, 400, "the range is empty"),
        (MEASUREMENTS, {"metric": "psi", "start": "1990-01-01", "step": "hour"}, 400, "more than 10000 windows"),
        (MEASUREMENTS, {"metric": "psi", "start": "0001-01-01", "end": "9999-12-31"}, 200, ""),
        (
            MEASUREMENTS,
            {"metric": "psi", "end": "9999-12-31T23:59:59Z", "start": "9999-12-31", "step": "day"},
            400,
            "9999",
        ),
        ("/deployments/shop/predictions", {"limit": 0}, 400, "limit=0: write a number from 1 to"),
        ("/deployments/shop/predictions", {"limit": 1_000_000}, 400, "limit=1000000"),
        ("/deployments/shop/predictions", {"limit": "ten"}, 400, "limit='ten': write a whole number"),
        ("/deployments/shop/predictions", {"after": "x.y"}, 400, "give `next` of the page before"),
        ("/deployments/shop/predictions", {"after": f"1.1.1.{1 << 70}"}, 400, "give `next`"),
        ("/alerts", {"status": "open"}, 400, "status='open': write one of firing, resolved"),
        ("/alerts", {"limit": "1001"}, 400, "write a number from 1 to 1000"),
        ("/alerts", {"before": "-1"}, 400, "before=-1"),
    ],
)
def test_a_wrong_question_is_told_what_is_wrong(shop: Harbour, path: str, query: dict, status: int, words: str) -> None:
    answer = shop.client.get(f"/api/v1{path}", params=query)

    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/json")
    assert words in answer.text if status == 200 else words in answer.json()["error"]


@pytest.mark.parametrize(
    ("method", "path", "body", "told"),
    [
        ("GET", f"{MEASUREMENTS}?metric=psi&colum=price", None, (400, "unknown_name")),
        ("GET", f"{MEASUREMENTS}?metric=psy", None, (400, "unknown_name")),
        ("GET", f"{MEASUREMENTS}?metric=psi&step=week", None, (400, "bad_value")),
        ("GET", "/deployments/nowhere", None, (404, "not_found")),
        ("GET", "/nowhere", None, (404, "not_found")),
        ("DELETE", "/deployments", None, (405, "wrong_method")),
        ("POST", "/silences", {"matcher": {}}, (400, "unknown_name")),
        ("POST", "/silences", {"matchers": {}, "duration": "long"}, (400, "bad_value")),
        ("DELETE", "/monitors/nowhere", None, (404, "not_found")),
        ("POST", "/monitors/apply", {"files": [], "expected": "0"}, (409, "conflict")),
        ("POST", "/deployments/shop/actuals", "x" * (5 << 20), (413, "too_large")),
    ],
)
def test_an_error_has_a_word_for_programs(
    shop: Harbour, method: str, path: str, body: object, told: tuple[int, str]
) -> None:
    answer = shop.client.request(method, f"/api/v1{path}", json=body)

    assert (answer.status_code, answer.json()["code"]) == told, answer.text


@pytest.mark.parametrize("path", ["/deployments/shop/measurements", "/intake/kserve", "/deployments/shop/observations"])
def test_a_parameter_that_comes_twice_is_refused(shop: Harbour, path: str) -> None:
    send = shop.client.get if "measurements" in path else shop.client.post

    answer = send(f"/api/v1{path}?version=v1&version=v2&metric=psi")

    assert (answer.status_code, answer.json()) == (
        400,
        {"error": "parameter 'version' comes twice: write it once", "code": "bad_value"},
    )


@pytest.mark.parametrize("zone_edge", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_times_at_the_end_of_the_calendar_are_refused_not_a_failure(shop: Harbour, zone_edge: str) -> None:
    for step in ("hour", "day", "total"):
        query = {"metric": "missing_rate", "start": zone_edge, "step": step}
        answer = shop.client.get(f"/api/v1{MEASUREMENTS}", params=query)

        assert answer.status_code in {200, 400}, answer.text


MALFORMED = [
    (b"", "the body is not JSON"),
    (b"\xff\xfe", "the body is not JSON"),
    (b"[1, 2]", 'the body must be {"actuals"'),
    (b"[" * 100_000, "the body is"),
    ({}, 'the body must be {"actuals"'),
    ({"actuals": []}, "at least one"),
    ({"actuals": {"prediction_id": 1}}, 'the body must be {"actuals"'),
    ({"actuals": [GOOD, 7]}, "actuals[1] is a int"),
    ({"actuals": [GOOD, {"value": 1}]}, "actuals[1]: prediction_id is missing"),
    ({"actuals": [GOOD, {"prediction_id": 2}]}, "actuals[1]: value is missing"),
    ({"actuals": [GOOD, {"prediction_id": 2, "value": None}]}, "actuals[1]: value is missing"),
    ({"actuals": [GOOD, {**GOOD, "label": 1}]}, "actuals[1]: label is unknown"),
    ({"actuals": [GOOD, {**GOOD, "prediction_id": 1.5}]}, "actuals[1].prediction_id=1.5: write text or a whole number"),
    ({"actuals": [GOOD, {**GOOD, "prediction_id": True}]}, "actuals[1].prediction_id=True"),
    ({"actuals": [GOOD, {**GOOD, "value": [1]}]}, "actuals[1].value=[1]: write a finite number, text or a boolean"),
    ({"actuals": [GOOD, {**GOOD, "value": float("nan")}]}, "actuals[1].value=nan"),
    ({"actuals": [GOOD, {**GOOD, "value": float("-inf")}]}, "actuals[1].value=-inf"),
    ({"actuals": [GOOD, {**GOOD, "value": 10**400}]}, "actuals[1].value=1000"),
    ({"actuals": [GOOD, {**GOOD, "timestamp": 1_750_000_000}]}, "actuals[1].timestamp=1750000000"),
    ({"actuals": [GOOD, {**GOOD, "timestamp": "noon"}]}, "actuals[1].timestamp='noon': write a time such as"),
]


@pytest.mark.parametrize(("body", "words"), MALFORMED, ids=range(len(MALFORMED)))
def test_malformed_actuals_are_refused_by_row_and_nothing_is_stored(shop: Harbour, body: object, words: str) -> None:
    before = shop.get("/deployments/shop/status")["stored"]

    answer = shop.client.post(ACTUALS, content=body if isinstance(body, bytes) else json.dumps(body).encode())
    shop.settle()

    assert answer.status_code == 400, answer.text
    assert words in answer.json()["error"]
    assert shop.get("/deployments/shop/status")["stored"] == before


def test_a_truth_of_the_future_is_of_now_so_that_it_can_be_corrected(shop: Harbour) -> None:
    for year, value in (("2999", 1), ("2025", 0)):
        sent = {"prediction_id": f"of-{year}", "value": value, "timestamp": f"{year}-06-02T00:00:00Z"}
        assert shop.client.post(ACTUALS, json={"actuals": [sent]}).status_code == 200
    shop.settle()

    stated = [shop.get(f"/deployments/shop/predictions/of-{year}")["actuals"][0] for year in ("2999", "2025")]

    assert stated[0]["timestamp"] <= stated[0]["received"]
    assert stated[1]["timestamp"] == "2025-06-02T00:00:00Z"


@pytest.mark.parametrize("prediction_id", ["a/b", "a%2Fb", "100%", "ü ?#&", "/", "..", "a+b"])
def test_any_id_is_found_by_its_escaped_path(shop: Harbour, prediction_id: str) -> None:
    sent = shop.client.post(ACTUALS, json={"actuals": [{**GOOD, "prediction_id": prediction_id}]})
    shop.settle()

    escaped = quote(prediction_id, safe="").replace(".", "%2E")
    found = shop.client.get(f"/api/v1/deployments/shop/predictions/{escaped}")

    assert sent.status_code == 200
    assert found.status_code == 200, found.text
    assert found.json()["prediction_id"] == digest_ids([prediction_id]).hex()


def test_actuals_of_a_deployment_that_nobody_knows_are_refused_and_make_none(shop: Harbour) -> None:
    unknown = shop.client.post("/api/v1/deployments/shopp/actuals", json={"actuals": [GOOD]})
    no_slug = shop.client.post("/api/v1/deployments/Shop%20One/actuals", json={"actuals": [GOOD]})
    shop.settle()

    assert (unknown.status_code, "'shopp' does not exist" in unknown.json()["error"]) == (404, True)
    assert (no_slug.status_code, "is no slug" in no_slug.json()["error"]) == (400, True)
    assert [one["name"] for one in shop.get("/deployments")["items"]] == ["shop"]


def test_a_body_over_4_mib_is_refused_in_json(shop: Harbour) -> None:
    answer = shop.client.post(ACTUALS, content=b"x" * (4 * 1024 * 1024 + 1))

    assert answer.status_code == 413
    assert "larger than 4194304 bytes" in answer.json()["error"]


@pytest.mark.parametrize(
    "path", ["/deployments", "/deployments/shop/measurements", "/alerts", "/deployments/shop/actuals"]
)
def test_another_method_is_refused_with_those_that_are_possible(shop: Harbour, path: str) -> None:
    answer = shop.client.delete(f"/api/v1{path}")

    assert answer.status_code == 405
    assert "DELETE is not possible here: use" in answer.json()["error"]
    assert "GET" in answer.headers["allow"]


def test_a_range_after_the_data_is_empty_where_no_end_is_given(shop: Harbour) -> None:
    assert shop.values("shop", "psi", start="2031-01-01T00:00:00Z") == []
    assert shop.get("/deployments/shop/profiles", column="price", start="2031-01-01T00:00:00Z")["n"] == 0
