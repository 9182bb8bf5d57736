"""When the API refuses or fails, the page says what happened and what to do next."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from tidegauge_collector.web import add_web_routes
from tidegauge_collector.web.failures import Problem, problem_of

from .fake_reader import FakeReader


async def shown(problem: Exception, path: str = "/", language: str = "en") -> tuple[int, str]:
    """Status and HTML of a page whose every reading fails."""

    async def read(path: str, query: Mapping[str, str]) -> dict[str, Any]:
        raise problem

    app = web.Application()
    add_web_routes(app, read)
    async with TestClient(TestServer(app)) as client:
        answer = await client.get(path, headers={"Accept-Language": language})
        return answer.status, await answer.text()


def refusal(kind: type[web.HTTPException], sentence: str, code: str = "") -> web.HTTPException:
    body = {"error": sentence} | ({"code": code} if code else {})
    return kind(text=json.dumps(body), content_type="application/json")


async def test_a_store_that_cannot_answer_is_told_with_the_way_on() -> None:
    status, html = await shown(refusal(web.HTTPServiceUnavailable, "the store is being restored"), "/?lang=en")

    assert status == 503
    told = ("cannot answer now", "503: the store is being restored", "Try again in a minute", 'href="/?lang=en"')
    assert [text for text in told if text not in html] == []


async def test_a_refused_question_is_told_in_its_own_words() -> None:
    status, html = await shown(refusal(web.HTTPBadRequest, "start is no time"), "/deployments/x")

    assert status == 400
    assert ("start is no time" in html, "Choose the deployment from the list" in html) == (True, True)


async def test_an_unknown_deployment_names_itself_in_title_and_heading() -> None:
    status, html = await shown(refusal(web.HTTPNotFound, "deployment 'x' does not exist"), "/deployments/x")

    assert status == 404
    assert "<title>There is no deployment x · Tidegauge</title>" in html
    assert "Choose it from the list" in html


@pytest.mark.parametrize(("language", "text"), [("en", "Try again."), ("ja", "コレクターのログ")])
async def test_an_unforeseen_fault_is_a_page_too_and_shows_no_inner_words(language: str, text: str) -> None:
    status, html = await shown(KeyError("secret"), language=language)

    assert (status, text in html, "secret" in html) == (500, True, False)
    assert "KeyError" in html


@pytest.mark.parametrize(
    ("body", "content_type", "told"),
    [
        ('{"error": "say so"}', "application/json", Problem("not_found", "say so")),
        ('{"error": "say so", "code": "unknown_name"}', "application/json", Problem("unknown_name", "say so")),
        ('{"error": "say so", "code": "new"}', "application/json", Problem("not_found", "say so")),
        ('{"other": 1}', "application/json", Problem("not_found", '{"other": 1}')),
        ("{broken", "application/json", Problem("not_found", "{broken")),
        ("[]", "application/json", Problem("not_found", "[]")),
        ("plain", "text/plain", Problem("not_found", "plain")),
    ],
)
def test_the_apis_word_and_sentence_are_taken_from_its_body(body: str, content_type: str, told: Problem) -> None:
    assert problem_of(web.HTTPNotFound(text=body, content_type=content_type)) == told


REFUSED = [
    (web.HTTPBadRequest, "", "入力された値は使えません"),
    (web.HTTPBadRequest, "unknown_name", "コレクターが知らない名前"),
    (web.HTTPForbidden, "", "変更するには、スコープ admin のトークン"),
    (web.HTTPConflict, "", "ほかの人が先に変更しました"),
    (web.HTTPServiceUnavailable, "", "コレクターが混み合っている"),
    (web.HTTPTooManyRequests, "", "短時間に繰り返し"),
    (web.HTTPInternalServerError, "", "コレクターでエラーが起きました"),
]


@pytest.mark.parametrize(("kind", "code", "sentence"), REFUSED)
async def test_a_refused_form_is_told_in_the_readers_language_and_in_the_collectors_words(
    kind: type[web.HTTPException], code: str, sentence: str
) -> None:
    said = refusal(kind, "duration = '<b>': write 2h", code)

    async def do(request: web.Request, method: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        raise said

    app = web.Application()
    add_web_routes(app, FakeReader(), do=do)
    async with TestClient(TestServer(app)) as client:
        fields = {"do": "mute", "duration": "<b>"}
        answer = await client.post("/alerts/7", data=fields, headers={"Accept-Language": "ja"})
        html = await answer.text()

    assert answer.status == said.status
    assert sentence in html
    assert re.search(
        r'<small class="technical" lang="en"[^>]*>[^<]*duration = &#39;&lt;b&gt;&#39;: write 2h</small>', html
    )


async def test_a_form_that_is_refused_at_the_door_is_told_as_a_page() -> None:
    """As for a session with a token that may only read: the refusal comes before any page sees the form."""

    @web.middleware
    async def door(request: web.Request, handler: Any) -> web.StreamResponse:
        if request.method == "GET":
            return await handler(request)
        return web.json_response({"error": "this token has scope read", "code": "forbidden"}, status=403)

    app = web.Application(middlewares=[door])
    add_web_routes(app, FakeReader(), do=FakeReader())  # type: ignore[arg-type]
    async with TestClient(TestServer(app)) as client:
        form = await client.post("/alerts/7", data={"do": "resolve"}, headers={"Accept-Language": "ja"})
        html = await form.text()
        program = await client.post("/api/v1/alerts/7/resolve", json={})

        assert (form.status, form.content_type) == (403, "text/html")
        assert [
            one for one in ("この操作はできません", "this token has scope read", 'href="/login"') if one not in html
        ] == []
        assert "default-src 'none'" in form.headers["Content-Security-Policy"]
        assert (program.status, program.content_type) == (403, "application/json")
