"""A Chromium and the pages over the fake API; skipped where there is no Chromium, but never in CI."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Page, async_playwright

from .chromium import ARGUMENTS, PATIENCE_MS, chromium_path
from .fake_api import FakeApi
from .serve import build_app


@dataclass(slots=True)
class Visit:
    """One opened page, and everything the browser complained of while it was open."""

    page: Page
    root: str
    complaints: list[str] = field(default_factory=list)

    async def open(self, path: str) -> None:
        """Goes to `path`; a deployment's page counts as open when its charts are drawn."""
        await self.page.goto(self.root + path)
        await self.drawn()

    async def drawn(self) -> None:
        await self.page.wait_for_function(
            "() => { const view = document.getElementById('view'); return !view || view.dataset.drawn; }"
        )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    path = chromium_path()
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS, timeout=PATIENCE_MS)
        yield opened
        await opened.close()


@pytest.fixture
def api() -> FakeApi:
    return FakeApi()


@pytest_asyncio.fixture(loop_scope="module")
async def root(api: FakeApi) -> AsyncIterator[str]:
    with ThreadPoolExecutor(2) as compressing:  # ends with its test, as the module's loop does not
        asyncio.get_running_loop().set_default_executor(compressing)
        async with TestServer(build_app(api)) as server:
            yield str(server.make_url("")).rstrip("/")


@dataclass(frozen=True, slots=True)
class Visitor:
    """Opens pages in one browser, each with its own screen, scheme and language."""

    browser: Browser
    root: str

    async def __call__(self, path: str, *, width: int = 1280, locale: str = "en-GB", scheme: str = "light") -> Visit:
        context = await self.browser.new_context(
            viewport={"width": width, "height": 900}, locale=locale, color_scheme=scheme
        )
        context.set_default_timeout(PATIENCE_MS)
        page = await context.new_page()
        visit = Visit(page, self.root)
        page.on(
            "console",
            lambda message: visit.complaints.append(message.text) if message.type in ("error", "warning") else None,
        )
        page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        page.on("dialog", lambda dialog: visit.complaints.append(f"dialog: {dialog.message}"))
        await page.add_init_script(
            "document.addEventListener('securitypolicyviolation', (e) => console.error('CSP', e.violatedDirective))"
        )
        await visit.open(path)
        return visit


@pytest_asyncio.fixture(loop_scope="module")
async def visit(browser: Browser, root: str) -> AsyncIterator[Visitor]:
    visitor = Visitor(browser, root)
    yield visitor
    for context in list(browser.contexts):
        await context.close()
