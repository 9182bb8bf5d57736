"""Browsers: a token is shown once, a cookie after that; and what other sites, thieves and time cannot do with it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tidegauge_collector.access.requests import COOKIE
from tidegauge_collector.web.signin import local_path

from .fortress import Fortress, fortress

HOUR_US = 3_600_000_000


@pytest.fixture
def fresh(folder: Path) -> Iterator[Fortress]:
    with fortress(folder) as running:
        yield running


@contextmanager
def signed_in(guarded: Fortress, token: str) -> Iterator[httpx.Client]:
    """A browser that has signed in."""
    with guarded.http() as browser:
        answer = browser.post("/login", data={"token": token, "next": "/deployments/shop?lang=ja"})
        assert answer.status_code == 303, answer.text
        yield browser


def test_page_without_a_session_leads_to_the_sign_in_page_and_back(guarded: Fortress) -> None:
    with guarded.http() as browser:
        sent = browser.get("/deployments/shop?lang=ja&range=7d")
        page = browser.get(sent.headers["Location"])
        entered = browser.post("/login", data={"token": guarded.token("read"), "next": "/deployments/shop?range=7d"})
        shown = browser.get("/")

    assert sent.status_code == 303
    assert sent.headers["Location"].startswith("/login?next=%2Fdeployments%2Fshop")
    assert "サインイン" in page.text
    assert 'value="/deployments/shop?lang=ja&amp;range=7d"' in page.text
    assert (entered.status_code, entered.headers["Location"]) == (303, "/deployments/shop?range=7d")
    assert shown.status_code == 200
    assert 'action="/logout"' in shown.text


def test_cookie_is_out_of_reach_of_scripts_and_other_sites(guarded: Fortress) -> None:
    token = guarded.token("read")

    with guarded.http() as browser:
        answer = browser.post("/login", data={"token": token})

    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    for part in ("HttpOnly", "Secure", "SameSite=Strict", "Max-Age=43200", "Path=/"):
        assert part in cookie
    assert token not in cookie
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "Too many wrong tokens|This token is unknown here"), ("ja", "登録されていません|誤ったトークンが多数")],
)
def test_wrong_token_is_told_in_the_readers_language(guarded: Fortress, language: str, words: str) -> None:
    with guarded.http() as browser:
        answer = browser.post(f"/login?lang={language}", data={"token": "tgk_0123456789_" + "x" * 43})

    assert answer.status_code in {401, 429}
    assert any(part in answer.text for part in words.split("|"))
    assert "Set-Cookie" not in answer.headers


def test_token_for_agents_opens_no_session(guarded: Fortress) -> None:
    with guarded.http() as browser:
        answer = browser.post("/login", data={"token": guarded.token("ingest")})

    assert answer.status_code == 403
    assert "This token is for agents" in answer.text


def test_a_form_that_the_token_may_not_send_is_refused_as_a_page(guarded: Fortress) -> None:
    with signed_in(guarded, guarded.token("read")) as browser:
        answer = browser.post("/channels", data={"do": "test"}, headers={"Accept-Language": "ja"})

    assert (answer.status_code, answer.headers["Content-Type"]) == (403, "text/html; charset=utf-8")
    assert "この操作は許可されていません" in answer.text
    assert "scope" in answer.text.split('class="technical"')[1].split("</small>")[0]


def test_session_ends_at_sign_out_here_and_in_the_browser(guarded: Fortress) -> None:
    with signed_in(guarded, guarded.token("read")) as browser:
        stolen = browser.cookies[COOKIE]
        left = browser.post("/logout")
        kept = dict(browser.cookies)
        again = browser.get("/", headers={"Cookie": f"{COOKIE}={stolen}"})

    assert (left.status_code, left.headers["Location"]) == (303, "/login")
    assert kept == {}
    assert again.status_code == 303


def test_session_ends_with_its_token(fresh: Fortress) -> None:
    token = fresh.token("read")

    with signed_in(fresh, token) as browser:
        before = browser.get("/api/v1/deployments").status_code
        fresh.revoke(token)
        after = browser.get("/api/v1/deployments")

    assert before == 200
    assert (after.status_code, after.json()["reason"]) == (401, "revoked")


def test_session_ends_after_twelve_hours(fresh: Fortress) -> None:
    with signed_in(fresh, fresh.token("read")) as browser:
        fresh.clock.ahead_us = 11 * HOUR_US
        before = browser.get("/")
        fresh.clock.ahead_us = 13 * HOUR_US
        after = browser.get("/")

    assert (before.status_code, after.status_code) == (200, 303)


def test_charts_that_are_asked_for_after_the_end_send_the_browser_to_the_sign_in_page(guarded: Fortress) -> None:
    with guarded.http() as browser:
        answer = browser.get("/deployments/shop", headers={"HX-Request": "true"})

    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"].startswith("/login?next=")


@pytest.mark.parametrize("origin", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_page_of_another_site_can_neither_sign_in_nor_change_anything(
    guarded: Fortress, origin: dict[str, str]
) -> None:
    token = guarded.token("admin")

    with signed_in(guarded, token) as browser:
        body = {"actuals": [{"prediction_id": "a", "value": 1}]}
        changed = browser.post("/api/v1/deployments/shop/actuals", json=body, headers=origin)
        entered = browser.post("/login", data={"token": token}, headers=origin)

    assert (changed.status_code, changed.json()["reason"]) == (403, "origin")
    assert entered.status_code == 403


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "",
        "/login",
        "/a\r\nX: y",
        "\\\\x",
    ],
)
def test_browser_is_never_sent_to_another_site(target: str) -> None:
    assert local_path(target) == "/"


def test_browser_is_sent_where_it_wanted_to_go() -> None:
    assert local_path("/deployments/shop?start=2026-01-01&lang=ja") == "/deployments/shop?start=2026-01-01&lang=ja"


def test_sign_in_page_sends_on_whoever_needs_no_token(folder: Path) -> None:
    with fortress(folder, tls=False, access="auto") as running, running.http() as browser:
        answer = browser.get("/login?next=/deployments/shop")
        page = browser.get("/")

    assert (answer.status_code, answer.headers["Location"]) == (303, "/deployments/shop")
    assert "/logout" not in page.text


def test_form_of_another_kind_is_refused(guarded: Fortress) -> None:
    with guarded.http() as browser:
        answer = browser.post("/login", files={"token": b"x" * 100_000})

    assert answer.status_code == 415
