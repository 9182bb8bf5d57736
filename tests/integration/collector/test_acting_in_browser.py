"""People act in a real Chromium over a running collector: by mouse and keyboard, in both languages, on a laptop and on a phone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser_chromium import ARGUMENTS, PATIENCE_MS, chromium_path
from collector_desks import SECRET, Desks
from collector_harbour import Harbour, Tide, agent_at, harbour
from collector_rows import REPLAY, give_baseline, record_days
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tidegauge_collector.core.routing import Route

pytestmark = pytest.mark.browser

HEALTHY, BROKEN = 0.0, 40.0


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harbour]:
    """A collector with a firing alert."""
    place: Path = tmp_path_factory.mktemp("acting")
    desks = Desks(Tide())
    routes = (Route(name="all", wait_us=0, interval_us=0),)
    with harbour(place / "data", clock=desks.clock, channels=desks.channels(SECRET), routes=routes) as running:
        with agent_at(running, place / "spool", "shop", alerts="all") as agent:
            give_baseline(agent)
            record_days(agent, REPLAY, [HEALTHY, BROKEN, BROKEN])
            running.ship(agent, end=True)
        running.settle()
        yield running
    desks.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = chromium_path()
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=ARGUMENTS, timeout=PATIENCE_MS)
        yield opened
        opened.close()


def is_complaint(said: ConsoleMessage) -> bool:
    """Anything but that a form was refused, which the page tells itself."""
    return said.type in {"error", "warning"} and "status of 400" not in said.text


@pytest.fixture(params=[("en-GB", 1280, "light"), ("ja-JP", 390, "dark")], ids=["laptop", "phone"])
def page(request: pytest.FixtureRequest, browser: Browser, port: Harbour) -> Iterator[Page]:
    """A page that may not complain, nor be wider than its screen."""
    locale, width, scheme = request.param
    context = browser.new_context(
        base_url=port.collector.http_url, viewport={"width": width, "height": 900}, locale=locale, color_scheme=scheme
    )
    context.set_default_timeout(PATIENCE_MS)
    opened, complaints = context.new_page(), list[str]()
    opened.on("console", lambda said: complaints.append(said.text) if is_complaint(said) else None)
    opened.on("pageerror", lambda problem: complaints.append(str(problem)))
    yield opened
    too_wide = opened.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    context.close()
    assert complaints == []
    assert too_wide <= 0


def untouched(port: Harbour) -> int:
    """The number of a firing alert that nobody has taken."""
    number = int(port.get("/alerts", status="firing")["items"][0]["id"])
    port.client.post(f"/api/v1/alerts/{number}/unacknowledge")
    return number


def test_an_alert_is_taken_from_the_inbox_by_keyboard(page: Page, port: Harbour) -> None:
    number = untouched(port)
    page.goto("/alerts")

    page.locator(f"input[name=alert][value='{number}']").focus()
    page.keyboard.press("Space")
    page.locator("input[name=actor]").fill("anna")
    page.keyboard.press("Enter")
    page.locator(".notice-done").wait_for()

    assert port.get(f"/alerts/{number}")["acknowledged_by"] == "anna (http 127.0.0.1)"
    assert page.locator("input[name=actor]").count() == 0 or page.locator("input[name=actor]").input_value() == "anna"


def test_an_alert_is_commented_and_silenced_on_its_page(page: Page, port: Harbour) -> None:
    number = untouched(port)
    page.goto(f"/alerts/{number}")

    page.locator("textarea[name=text]").fill("the feed is late <script>")
    page.locator("button[value=comment]").click()
    page.locator(".notice-done").wait_for()
    told = page.locator(".timeline q").first.inner_text()
    page.locator("button[value=silence]").click()
    page.locator(".notice-done").wait_for()

    assert "the feed is late <script>" in told
    (silence,) = port.get("/silences", state="active")["items"]
    page.goto("/silences")
    page.locator("button[value=end]").click()
    page.locator(".notice-done").wait_for()
    assert port.get("/silences", state="active")["items"] == []
    assert silence["matchers"]["deployment"] == ["shop"]


def test_what_is_refused_is_said_on_the_page(page: Page, port: Harbour) -> None:
    page.goto("/silences")

    page.locator("input[name=deployment]").fill("shop")
    page.locator("input[name=duration]").fill("for ever")
    with page.expect_response(lambda answer: answer.request.method == "POST") as answered:
        page.locator("button[value=create]").click()
    page.locator(".notice-failing[role=alert]:visible").wait_for()

    assert answered.value.status == 400
    assert page.locator("input[name=deployment]").input_value() == "shop"
    assert port.get("/silences", state="active")["items"] == []
    page.goto("/channels")
    assert page.locator("article").count() > 0
