"""Every page stands at its extremes: names that attack, nothing at all, one row, a year, 2,000 features, 1,000 segments."""

import gzip
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import pytest
from browser_chromium import ARGUMENTS, PATIENCE_MS, chromium_path
from collector_harbour import Harbour
from playwright.sync_api import Page, ViewportSize, sync_playwright

from tidegauge_collector.web.tabs import TABS

from .port import FEATURES, HOSTILE, LONGEST, MARKUP, SEGMENTS, extremes

ALL = ("empty", "one-row", "a-year", "wide", "segmented", LONGEST)
LISTS = ("/", f"/?q={quote(MARKUP)}", "/alerts", "/alerts/1", f"/alerts?deployment={LONGEST}", "/silences", "/channels")
DRAWN = "() => { const view = document.getElementById('view'); return !view || view.dataset.drawn; }"
BEYOND = (Path(__file__).parents[1] / "ways" / "beyond.js").read_text()
PHONE: ViewportSize = {"width": 390, "height": 844}
MOST_BYTES, MOST_ON_THE_WIRE = 150_000, 40_000
TEACHING = {
    "overview": "model.predict(X)",
    "monitors": "Data drift",
    "agents": 'tidegauge.init("empty"',
    "alerts": "No alert",
    "settings": "Owner",
}
LOOKED_AT = {
    "one-row": ("overview", "service", "drift", "quality", "versions"),
    "a-year": ("overview", "service", "drift", "accuracy"),
    "wide": ("overview", "service"),
    "segmented": ("overview", "drift"),
    LONGEST: TABS,
}


class Found(HTMLParser):
    """The tags of a page that could do harm, and what of it is text."""

    def __init__(self) -> None:
        super().__init__()
        self.harmful: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("img", "iframe") or any(name.startswith("on") for name, _ in attrs):
            self.harmful.append(tag)


@pytest.fixture(autouse=True)
def no_leaked_threads() -> None:
    """The collector outlasts a test here; `harbour` looks at its threads when it ends."""


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harbour]:
    with extremes(tmp_path_factory.mktemp("extremes")) as running:
        yield running


@pytest.fixture(scope="module")
def page(port: Harbour) -> Iterator[Page]:
    """A phone's page that may not complain."""
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS, timeout=PATIENCE_MS)
        context = browser.new_context(base_url=port.collector.http_url, locale="en-GB", viewport=PHONE)
        context.set_default_timeout(PATIENCE_MS)
        opened = context.new_page()
        opened.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
        opened.on("pageerror", lambda problem: complaints.append(str(problem)))
        opened.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
        yield opened
        browser.close()
    assert complaints == []


def path_of(deployment: str, tab: str) -> str:
    return f"/deployments/{deployment}" + ("" if tab == "overview" else f"/{tab}")


def read(port: Harbour, path: str) -> str:
    """A page that is small, whatever it is of, and in which nothing from outside is markup."""
    answer = port.client.get(path, headers={"Accept-Encoding": "identity"})
    found = Found()
    found.feed(answer.text)

    assert (path, answer.status_code, found.harmful) == (path, 200, [])
    assert len(answer.content) <= MOST_BYTES, path
    assert len(gzip.compress(answer.content, 6)) <= MOST_ON_THE_WIRE, path
    return answer.text


def look(page: Page, path: str) -> None:
    """A page in a browser: drawn without an error, no wider than its screen, nothing of it cut off."""
    page.goto(path)
    page.wait_for_function(DRAWN)
    too_wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")

    assert (path, too_wide) == (path, 0)
    assert (path, page.evaluate(BEYOND)) == (path, [])
    assert (path, page.locator(".message-error:visible").all_inner_texts()) == (path, [])


@pytest.mark.parametrize("deployment", ALL, ids=lambda name: name[:9])
def test_every_page_of_a_deployment_is_small_and_takes_names_as_text(port: Harbour, deployment: str) -> None:
    for tab in TABS:
        read(port, path_of(deployment, tab))


def test_lists_are_small_and_take_names_as_text(port: Harbour) -> None:
    for path in LISTS:
        read(port, path)


def test_pages_of_an_empty_deployment_teach_the_next_step(port: Harbour) -> None:
    for tab in TABS:
        shown = read(port, path_of("empty", tab)).replace("&#34;", '"')
        assert TEACHING.get(tab, TEACHING["overview"]) in shown, tab


@pytest.mark.browser
def test_lists_stand_on_a_phone(page: Page) -> None:
    for path in LISTS:
        look(page, path)


@pytest.mark.browser
@pytest.mark.parametrize("deployment", LOOKED_AT, ids=lambda name: name[:9])
def test_pages_stand_on_a_phone(page: Page, deployment: str) -> None:
    for tab in LOOKED_AT[deployment]:
        look(page, path_of(deployment, tab))


@pytest.mark.browser
def test_pages_of_hostile_names_stand_on_a_laptop(page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 900})

    for path in ("/", "/alerts", *(path_of(LONGEST, tab) for tab in ("overview", "versions", "alerts"))):
        look(page, path)

    page.set_viewport_size(PHONE)


@pytest.mark.browser
def test_hostile_features_are_listed_by_name(page: Page) -> None:
    look(page, path_of(LONGEST, "drift"))

    names = page.locator("#chart-heat tbody button").evaluate_all("(all) => all.map((one) => one.dataset.column)")
    assert set(HOSTILE) <= set(names)


@pytest.mark.browser
@pytest.mark.parametrize(
    ("deployment", "tab", "chart", "wanted"),
    [
        ("wide", "drift", "heat", f"feature_{FEATURES - 1}"),
        ("wide", "quality", "missing", f"feature_{FEATURES - 1}"),
        ("segmented", "segments", "segments", f"shop={SEGMENTS - 1:04}"),
        ("segmented", "fairness", "groups", f"shop={SEGMENTS - 1:04}"),
    ],
)
def test_thousands_come_twenty_at_a_time_and_are_searched(
    page: Page, deployment: str, tab: str, chart: str, wanted: str
) -> None:
    look(page, path_of(deployment, tab))
    rows = page.locator(f"#chart-{chart} tbody tr")
    shown, more = rows.count(), page.locator(f"#chart-{chart} .more").inner_text()

    page.locator(f"#chart-{chart} input[type=search]").fill(wanted)
    page.wait_for_function(f"() => document.querySelectorAll('#chart-{chart} tbody tr').length === 1")

    assert (shown, more) == (20, "Show 20 more")
    assert wanted in rows.inner_text()
    if tab == "fairness":  # the largest groups are drawn, and the others counted
        assert f"{SEGMENTS - 6} more" in page.locator("#chart-group_lines figcaption").inner_text()


def test_more_measurements_than_an_answer_holds_are_refused_with_a_way_out(port: Harbour) -> None:
    status, error = port.refused(
        "/deployments/wide/measurements", metric="psi", column="*", step="hour", start="2026-01-01T00:00:00Z"
    )

    assert status == 400
    assert (
        "more than 200000 measurements: name one of the columns, or ask for a shorter range or a longer step" in error
    )
