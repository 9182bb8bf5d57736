"""One browser's tab over the collector: it goes, it looks, and it holds every page to what no page may do."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from browser_chromium import PATIENCE_MS
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, Response

from tidegauge_collector.web.catalogue import Text, load_text

from .looks import HEIGHT, LOCALES, Look

SCRIPTS = Path(__file__).parent
BEYOND, UNSEEN = (SCRIPTS / "beyond.js").read_text(), (SCRIPTS / "unseen.js").read_text()
DRAWN = """() => { const view = document.getElementById('view');
  return (!view || view.dataset.drawn) && !document.querySelector('.htmx-request, .htmx-swapping'); }"""
SUPERSEDED = (
    "net::ERR_ABORTED"  # asked for, and no longer wanted: by a newer choice, by the next page, or saved as a file
)


@dataclass  # without slots: Playwright marks the listeners' owner
class Visit:
    """A page; `complaints` is everything that the browser, or the network below it, complained of."""

    page: Page
    text: Text
    complaints: list[str] = field(default_factory=list)
    allowed: tuple[int, ...] = ()

    def go(self, path: str) -> None:
        """Open a page, wait until its charts are drawn, and hold it to the rules."""
        self.page.goto(path)
        self.whole()

    def press(self, wanted: Locator) -> None:
        """Click something that leads on or does something; then as after `go`."""
        self.sees(wanted)
        wanted.click()
        self.whole()

    def whole(self) -> None:
        """Fail where the page is wider than the screen, or something on it is cut off or lies beyond the screen."""
        self.drawn()
        too_wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert not too_wide, f"{self.page.url} is {too_wide} px wider than the screen"
        beyond = self.page.evaluate(BEYOND)
        assert not beyond, f"{self.page.url}: {beyond}"
        assert not self.complaints, f"{self.page.url}: {self.complaints}"

    def drawn(self) -> None:
        """Wait until all that the page asked for is shown."""
        self.page.wait_for_load_state()
        self.page.wait_for_function(DRAWN)

    def sees(self, *wanted: Locator | str) -> None:
        """Fail unless all of these can be read by somebody who scrolls down to them: there, on the screen, not covered, not cut off."""
        for one in wanted:
            found = self.page.get_by_text(one, exact=False).locator("visible=true") if isinstance(one, str) else one
            found.first.wait_for()
            found.first.scroll_into_view_if_needed()
            why = found.first.evaluate(UNSEEN)
            assert not why, f"{one} cannot be seen on {self.page.url}: {why}"

    def title(self) -> str:
        """The page's one heading of the first level."""
        return self.page.locator("h1").inner_text()

    def button(self, key: str) -> Locator:
        return self.page.get_by_role("button", name=self.text(key), exact=True)

    def link(self, name: str) -> Locator:
        return self.page.get_by_role("link", name=name, exact=True)

    def figure(self, name: str) -> Locator:
        return self.page.locator(f"#chart-{name}")

    def heard(self, said: ConsoleMessage) -> None:
        excused = [f"status of {one}" for one in self.allowed]
        if said.type in {"error", "warning"} and not any(one in said.text for one in excused):
            self.complaints.append(said.text)

    def failed(self, request: Request) -> None:
        if request.failure != SUPERSEDED:
            self.complaints.append(f"{request.method} {request.url}: {request.failure}")

    def answered(self, answer: Response) -> None:
        if answer.status >= 400 and answer.status not in self.allowed:
            self.complaints.append(f"{answer.status} for {answer.request.method} {answer.url}")


@contextmanager
def visiting(browser: Browser, root: str, look: Look, *, allowed: tuple[int, ...] = ()) -> Iterator[Visit]:
    """A new visitor, without cookies, until the end of the block; `allowed` are refusals that the way is about."""
    context = browser.new_context(
        base_url=root,
        viewport={"width": look.width, "height": HEIGHT},
        locale=LOCALES[look.language],
        color_scheme="dark" if look.scheme == "dark" else "light",
        reduced_motion="reduce",
        accept_downloads=True,
    )
    context.set_default_timeout(PATIENCE_MS)
    visit = Visit(context.new_page(), load_text(look.language), allowed=allowed)
    visit.page.on("console", visit.heard)
    visit.page.on("pageerror", lambda problem: visit.complaints.append(str(problem)))
    visit.page.on("requestfailed", visit.failed)
    visit.page.on("response", visit.answered)
    try:
        yield visit
        assert not visit.complaints, visit.complaints
    finally:
        context.close()
