"""When the API refuses or fails, the page says what happened and what to do next."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from tidegauge_collector.web import add_web_routes
from tidegauge_collector.web.failures import told_by


async def shown(problem: Exception, path: str = "/", language: str = "en") -> tuple[int, str]:
    """Status and HTML of a page whose every reading fails."""

    async def read(path: str, query: Mapping[str, str]) -> dict[str, Any]:
        raise problem

    app = web.Application()
    add_web_routes(app, read)
    async with TestClient(TestServer(app)) as client:
        answer = await client.get(path, headers={"Accept-Language": language})
        return answer.status, await answer.text()


def refusal(kind: type[web.HTTPException], sentence: str) -> web.HTTPException:
    return kind(text=json.dumps({"error": sentence}), content_type="application/json")


async def test_a_store_that_cannot_answer_is_told_with_the_way_on() -> None:
    status, html = await shown(refusal(web.HTTPServiceUnavailable, "the store is being restored"), "/?lang=en")

    assert status == 503
    told = ("cannot answer now", "(503): the store is being restored", "Try again in a minute", 'href="/?lang=en"')
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
        ('{"error": "say so"}', "application/json", "say so"),
        ('{"other": 1}', "application/json", '{"other": 1}'),
        ("{broken", "application/json", "{broken"),
        ("[]", "application/json", "[]"),
        ("plain", "text/plain", "plain"),
    ],
)
def test_the_apis_sentence_is_taken_from_its_body(body: str, content_type: str, told: str) -> None:
    assert told_by(web.HTTPNotFound(text=body, content_type=content_type)) == told
