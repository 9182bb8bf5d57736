"""Three clicks lead from the red deployment to the feature that shifted, over a running collector and in a real Chromium."""

from collections.abc import Iterator

import pytest
from browser_chromium import ARGUMENTS, chromium_path
from collector_harbour import Harbour, agent_at, harbour
from collector_rows import REPLAY, give_baseline, record_days
from playwright.sync_api import Page, sync_playwright

pytestmark = pytest.mark.browser

DRAWN = "() => document.getElementById('view')?.dataset.drawn"
TABS = ("service", "drift", "accuracy", "fairness", "quality", "segments", "humility", "metrics", "versions")


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harbour]:
    """`a-calm` and `shop`, whose one feature shifted on its fourth day."""
    place = tmp_path_factory.mktemp("looking")
    with harbour(place / "data") as running:
        for name, shifts in (("a-calm", [0.0] * 5), ("shop", [0.0, 0.0, 0.0, 80.0, 80.0])):
            with agent_at(running, place / name, name, alerts="all") as agent:
                give_baseline(agent)
                record_days(agent, REPLAY, shifts)
                running.ship(agent, end=True)
        running.settle()
        yield running


@pytest.fixture(scope="module")
def page(port: Harbour) -> Iterator[Page]:
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
        opened = browser.new_context(base_url=port.collector.http_url, locale="en-GB").new_page()
        opened.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
        opened.on("pageerror", lambda problem: complaints.append(str(problem)))
        yield opened
        browser.close()
    assert complaints == []


def test_three_clicks_lead_to_the_feature_that_shifted(page: Page) -> None:
    page.goto("/")
    names = page.locator("#fleet tbody th a").all_inner_texts()

    page.locator("#fleet tbody th a").first.click()
    page.wait_for_function(DRAWN)
    page.locator(".hint a").first.click()
    page.wait_for_url("**/deployments/shop/drift?**")
    page.wait_for_function(DRAWN)

    assert names == ["shop", "a-calm"]
    assert page.locator("#feature-name").inner_text() == "amount"
    assert "n = 480 predictions" in page.locator("#chart-histogram figcaption").inner_text()
    assert page.locator("#chart-statistics tbody tr").count() > 8


@pytest.mark.parametrize("tab", TABS)
def test_every_page_is_drawn_from_the_real_api(page: Page, tab: str) -> None:
    page.goto(f"/deployments/shop/{tab}")
    page.wait_for_function(DRAWN)

    assert page.locator("[role=alert]:visible").all_inner_texts() == []
