"""What a Chromium sees of a page: what it asks the API for, its first contentful paint, its bytes. None without a Chromium on PATH."""

import shutil
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
DRAWN = "() => { const view = document.getElementById('view'); return !view || view.dataset.drawn; }"
PAINT = """() => new Promise((done) => {
    const seen = (list) => { for (const one of list.getEntries()) if (one.name === 'first-contentful-paint') done(one.startTime); };
    new PerformanceObserver(seen).observe({type: 'paint', buffered: true});
})"""
LOADS = 5
WAIT_MS = 60_000


@dataclass(frozen=True, slots=True)
class Seen:
    """Of one page, medians of several first visits: milliseconds until anything is painted and until all charts are drawn; bytes on the
    wire of a first visit and of the one after it, answers of the API included."""

    paint_ms: float
    drawn_ms: float
    cold_bytes: int
    warm_bytes: int


@contextmanager
def chromium() -> Iterator[Browser | None]:
    """A Chromium."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        yield None
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def asked_of_api(browser: Browser, root: str, path: str) -> list[str]:
    """The addresses of the API that a page asks for, in their order."""
    context = _context(browser)
    page, found = context.new_page(), list[str]()
    page.on("request", lambda one: found.append(one.url.removeprefix(root)) if _is_api(one.url) else None)
    page.goto(root + path)
    page.wait_for_function(DRAWN)
    context.close()
    return found


def seen(browser: Browser, root: str, path: str) -> Seen:
    """A page, visited first and again."""
    visits = [_visit(browser, root + path) for _ in range(LOADS)]
    paint, drawn, cold, warm = (statistics.median(values) for values in zip(*visits, strict=True))
    return Seen(paint, drawn, int(cold), int(warm))


def _visit(browser: Browser, address: str) -> tuple[float, float, int, int]:
    context = _context(browser)
    page = context.new_page()
    sizes = _sizes(context, page)
    page.goto(address)
    page.wait_for_function(DRAWN)
    drawn_ms = page.evaluate("performance.now()")
    paint_ms = page.evaluate(PAINT)
    page.wait_for_load_state("networkidle")
    cold = sum(sizes)
    sizes.clear()
    page.goto(address)
    page.wait_for_function(DRAWN)
    page.wait_for_load_state("networkidle")
    warm = sum(sizes)
    context.close()
    return paint_ms, drawn_ms, cold, warm


def _context(browser: Browser) -> BrowserContext:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    context.set_default_timeout(WAIT_MS)
    return context


def _sizes(context: BrowserContext, page: Page) -> list[int]:
    """Grows by the bytes of each answer, headers included, as they come."""
    found: list[int] = []
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda one: found.append(round(one["encodedDataLength"])))
    return found


def _is_api(address: str) -> bool:
    return urlsplit(address).path.startswith("/api/")
