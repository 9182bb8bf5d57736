"""Every route of a running collector states its scope, and asks for it."""

import re

import pytest

from tidegauge_collector.access.scopes import NAMED_BY_QUERY, OPEN, SCOPES
from tidegauge_collector.access.tokens import Scope

from .fortress import Fortress

BODY = {"actuals": [{"prediction_id": "a", "value": 1}]}
LET_IN = {  # scope of the route -> the tokens that are let in
    Scope.READ: {"read", "admin"},
    Scope.INGEST: {"ingest", "ingest shop", "admin"},
    Scope.ADMIN: {"admin"},
}


@pytest.fixture(scope="module")
def tokens(guarded: Fortress) -> dict[str, str | None]:
    return {
        "none": None,
        "wrong": "tgk_0123456789_" + "x" * 43,
        "read": guarded.token("read"),
        "ingest": guarded.token("ingest"),
        "ingest shop": guarded.token("ingest", "shop"),
        "ingest other": guarded.token("ingest", "other-*"),
        "admin": guarded.token("admin"),
    }


def routes_of(guarded: Fortress) -> set[tuple[str, str]]:
    found = guarded.collector.application.router.routes()
    return {(one.method, one.resource.canonical) for one in found if one.resource and one.method != "HEAD"}


def test_every_route_states_its_scope_and_no_scope_is_of_none(guarded: Fortress) -> None:
    routes = routes_of(guarded)

    assert routes - SCOPES.keys() == set()
    assert SCOPES.keys() - routes == set()


def test_only_these_routes_are_open_to_everybody() -> None:
    assert {path for (_, path), scope in SCOPES.items() if scope is OPEN} == {
        "/healthz",
        "/login",
        "/logout",
        "/favicon.ico",
        "/static/{digest}/{path}",
        "/api/v1/inbound/{channel}",  # shows the secret of its channel
    }


@pytest.mark.parametrize("credential", ["none", "wrong", "read", "ingest", "ingest shop", "ingest other", "admin"])
def test_routes_let_in_whom_they_are_for_and_nobody_else(
    guarded: Fortress, tokens: dict[str, str | None], credential: str
) -> None:
    wrongly: dict[tuple[str, str], int] = {}

    with guarded.http(tokens[credential]) as client:
        for (method, path), scope in SCOPES.items():
            shown = re.sub(r"\{\w+\}", "x", path.replace("{name}", "shop"))
            shown += "?deployment=shop" if path in NAMED_BY_QUERY else ""
            headers = {"Content-Type": "application/json"}
            answer = client.request(method, shown, headers=headers, json=BODY if method == "POST" else None)
            assert answer.status_code != 500, (path, answer.text)
            is_in = answer.status_code not in {401, 403, 429, 303}
            if scope is OPEN:
                assert answer.status_code not in {401, 403}, path
            elif is_in is not (credential in LET_IN[scope]):
                wrongly[method, path] = answer.status_code

    assert wrongly == {}


def test_a_route_that_nobody_thought_of_is_for_admin_alone() -> None:
    from tidegauge_collector.access.scopes import scope_of

    assert scope_of("DELETE", "/api/v1/everything") is Scope.ADMIN
    assert scope_of("HEAD", "/metrics") is Scope.READ


def test_paths_that_do_not_exist_say_so_without_a_token(guarded: Fortress) -> None:
    with guarded.http() as client:
        assert client.get("/nothing").status_code == 404
        assert client.put("/api/v1/deployments").status_code == 405


@pytest.mark.parametrize("query", ["", "?deployment=", "?deployment=other"])
def test_events_that_do_not_say_whose_they_are_need_a_token_for_all(
    guarded: Fortress, tokens: dict[str, str | None], query: str
) -> None:
    with guarded.http(tokens["ingest shop"]) as client:
        answer = client.post(f"/api/v1/intake/kserve{query}", json=BODY)

    assert (answer.status_code, answer.json()["reason"]) == (403, "deployment")


def test_events_that_name_two_deployments_are_of_neither(guarded: Fortress, tokens: dict[str, str | None]) -> None:
    with guarded.http(tokens["ingest shop"]) as client:
        answer = client.post("/api/v1/intake/kserve?deployment=other&deployment=shop", json=BODY)

    assert (answer.status_code, "comes twice" in answer.json()["error"]) == (400, True)
