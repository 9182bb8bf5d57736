"""A back-test in a real Chromium: it shows how far it is, can be stopped and gone on with, and ends as it does without scripts."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Locator, Page, expect

from .chromium import PATIENCE_MS
from .conftest import Visitor
from .fake_api import FakeApi, error
from .fake_deployments import Json

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

PAGE = "/deployments/flights-delay/monitors"
TOTAL = 3
expect.set_options(timeout=PATIENCE_MS)


class Pieces:
    """Answers a piece of a back-test when the test lets it."""

    def __init__(self) -> None:
        self.let = asyncio.Semaphore(0)
        self.asked: list[Json] = []

    async def __call__(self, method: str, path: str, body: Mapping[str, Any]) -> Json:
        self.asked.append(dict(body))
        await self.let.acquire()
        done = body.get("resume", {"done": 0})["done"] + 1
        episode = {"metric": "psi", "column": "temp", "opened": f"2013-07-0{done}T04:00:00Z"}
        resume = None if done == TOTAL else {"done": done}
        return {"episodes": [episode], "verdicts": {"ok": 9}, "done": done, "total": TOTAL, "resume": resume}

    def give(self, n: int = 1) -> None:
        for _ in range(n):
            self.let.release()


@pytest_asyncio.fixture(loop_scope="module")
async def pieces(api: FakeApi) -> AsyncIterator[Pieces]:
    pieces = Pieces()
    api.work_with(pieces)
    yield pieces
    pieces.give(9)


async def begin(page: Page) -> Locator:
    """The form, of which a back-test runs."""
    form = page.locator(".trial-form").first
    await page.locator(".trial summary").first.click()
    await form.locator("[name=failing]").fill("0.4")
    await form.locator("[value=backtest]").click(no_wait_after=True)
    return form


async def listen(page: Page) -> None:
    """From now on `heard` remembers what the live region says."""
    await page.evaluate(
        """() => { window.heard = []; const region = document.getElementById("said");
        new MutationObserver(() => heard.push(region.textContent)).observe(region, { childList: true }); }"""
    )


async def result(page: Page) -> str:
    """The HTML of what is told below the form, when it is told."""
    await expect(page.locator("[data-told]")).to_be_visible()
    return re.findall(r"<output [^>]*data-told.*?</output>\s*<div.*?</div>", await page.content(), re.DOTALL)[0]


@pytest.mark.parametrize(("locale", "words"), [("en-GB", "1 of 3 windows"), ("ja-JP", "3 区間中 1 区間")])
async def test_a_back_test_shows_how_far_it_is_and_ends_as_without_scripts(
    visit: Visitor, pieces: Pieces, locale: str, words: str
) -> None:
    opened = await visit(PAGE, locale=locale)
    bare = await (await visit.browser.new_context(locale=locale, java_script_enabled=False)).new_page()
    await listen(opened.page)

    form = await begin(opened.page)
    await expect(form.locator("progress:indeterminate")).to_be_visible()
    pieces.give()
    await expect(form.locator(".trial-progress")).to_have_text(words)
    bar = await form.locator("progress").evaluate("(bar) => [bar.value, bar.max]")
    meanwhile = await form.locator("output").text_content()
    pieces.give(TOTAL - 1)
    with_scripts = await result(opened.page)
    pieces.give(TOTAL)
    await bare.goto(visit.root + PAGE)
    await begin(bare)
    without = await result(bare)

    assert (bar, meanwhile) == ([1, TOTAL], "")
    assert [one["monitor"]["failing"] for one in pieces.asked] == [0.4] * 2 * TOTAL
    assert with_scripts == without
    heard = await opened.page.evaluate("heard")
    assert heard[1:] == [(await form.locator("output").inner_text()).strip()]
    assert (opened.page.url, bare.url) == (visit.root + PAGE, f"{visit.root}{PAGE}/try#monitor-1")
    assert opened.complaints == []


async def test_a_back_test_is_cancelled_by_keyboard_and_gone_on_with_from_there(visit: Visitor, pieces: Pieces) -> None:
    opened = await visit(PAGE)
    await listen(opened.page)

    form = await begin(opened.page)
    pieces.give()
    await expect(form.locator(".trial-progress")).to_have_text("1 of 3 windows")
    cancel = form.get_by_role("button", name="Cancel", exact=True)
    await cancel.focus()
    await opened.page.keyboard.press("Enter")
    found = await result(opened.page)
    onward = form.get_by_role("button", name="Go on from here", exact=True)
    await expect(onward).to_be_focused()
    heard = await opened.page.evaluate("heard")
    asked = len(pieces.asked)
    pieces.give(TOTAL)
    await opened.page.keyboard.press("Enter")
    await expect(form.locator("output")).to_contain_text("3 alerts would have been")

    assert "So far: 1 alert would have been: temp 1 Jul 2013" in found
    assert '<progress max="3" value="1">' in found
    assert heard[-1].startswith("Cancelled. So far: 1 alert")
    assert (len(heard), asked) == (2, 2)
    assert pieces.asked[asked]["resume"] == {"done": 1}
    await expect(form.locator("[value=backtest]")).to_be_focused()
    assert await cancel.count() + await onward.count() == 0
    assert opened.complaints == []


async def test_leaving_ends_a_back_test(visit: Visitor, pieces: Pieces) -> None:
    opened = await visit(PAGE)

    form = await begin(opened.page)
    pieces.give()
    await expect(form.locator(".trial-progress")).to_have_text("1 of 3 windows")
    await opened.page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide'))")
    pieces.give(TOTAL)

    await expect(form.locator("[value=go_on]")).to_be_visible()
    assert len(pieces.asked) == 2
    assert await opened.page.evaluate("document.activeElement.value") == "backtest"


async def test_what_was_found_until_a_piece_failed_can_be_gone_on_with(
    visit: Visitor, pieces: Pieces, api: FakeApi
) -> None:
    async def fail(method: str, path: str, body: Mapping[str, Any]) -> Json:
        raise error(web.HTTPServiceUnavailable, "the store is busy")

    opened = await visit(PAGE)

    form = await begin(opened.page)
    await expect(form.locator("progress")).to_be_visible()
    api.work_with(fail)
    pieces.give()
    await expect(form.locator("output .technical")).to_have_text("the store is busy")
    api.work_with(pieces)
    pieces.give(TOTAL)
    await form.locator("[value=go_on]").click()

    await expect(form.locator("output")).to_contain_text("3 alerts would have been")
    assert [one.get("resume") for one in pieces.asked] == [None, {"done": 1}, {"done": 2}]


async def test_an_answer_that_is_no_page_of_ours_is_told(visit: Visitor, pieces: Pieces) -> None:
    opened = await visit(PAGE)
    await opened.page.route("**/try", lambda route: route.fulfill(status=502, body="<h1>Bad Gateway</h1>"))

    form = await begin(opened.page)

    await expect(form.locator("output.message-error .technical")).to_have_text("502: Bad Gateway")
    assert await form.locator("progress").count() == 0
