"""axe-core finds nothing serious or critical on any page: in English on a laptop, in light and in dark, and in Japanese on a dark phone."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from collector_harbour import Harbour, harbour
from playwright.sync_api import Browser

from tidegauge_collector.web.tabs import TABS

from .conftest import Visiting
from .looks import Look
from .town import firing
from .visit import Visit, visiting

pytestmark = pytest.mark.browser

PAGES = (
    "/",
    "/?group=owner&owner=nobody-of-that-name",
    *(f"/deployments/loans/{tab}" for tab in TABS),
    "/deployments/prices/accuracy",
    "/deployments/newcomer",
    "/report",
    "/alerts",
    "/alerts?group=deployment",
    "/channels",
    "/silences",
)
LOOKS = (Look("en", 1280, "light"), Look("ja", 390, "dark"))
GRAVE = {"serious", "critical"}


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harbour]:
    """A collector that asks who is there."""
    with harbour(tmp_path_factory.mktemp("locked") / "data", access="required") as running:
        yield running


@pytest.fixture(scope="module")
def readers(browser: Browser, port: Harbour) -> Iterator[dict[Look, Visit]]:
    """One visitor for each look, who reads page after page."""
    with ExitStack() as open_ones:
        yield {look: open_ones.enter_context(visiting(browser, port.collector.http_url, look)) for look in LOOKS}


def findings(here: Visit, look: Look) -> list[str]:
    """What is grave: by all rules in the look's own scheme; on the laptop then by those of colour, which alone can differ, in dark."""
    here.page.evaluate(AXE_SCRIPT)
    found = grave_by(here, {"resultTypes": ["violations"]})
    if look.scheme == "light":
        here.page.emulate_media(color_scheme="dark")
        here.drawn()
        found += grave_by(here, {"resultTypes": ["violations"], "runOnly": ["color-contrast"]})
        here.page.emulate_media(color_scheme="light")
    return found


def grave_by(here: Visit, options: dict[str, list[str]]) -> list[str]:
    """Rule, and the first places."""
    answer = here.page.evaluate("options => axe.run(options)", options)
    return [
        f"{one['id']} ({len(one['nodes'])}): {[node['target'] for node in one['nodes'][:3]]} {one['nodes'][0]['failureSummary']}"
        for one in answer["violations"]
        if one["impact"] in GRAVE
    ]


@pytest.mark.parametrize("look", LOOKS, ids=str)
@pytest.mark.parametrize("path", PAGES)
def test_no_page_has_a_grave_finding(readers: dict[Look, Visit], look: Look, path: str) -> None:
    here = readers[look]

    here.go(path)

    assert findings(here, look) == []
    assert here.page.locator("[role=alert]:visible").all_inner_texts() == []


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_the_page_of_an_alert_has_no_grave_finding(readers: dict[Look, Visit], port: Harbour, look: Look) -> None:
    here = readers[look]

    here.go(f"/alerts/{firing(port, 'loans')[0]['id']}")

    assert findings(here, look) == []


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_a_page_that_is_not_there_has_no_grave_finding(visit: Visiting, look: Look) -> None:
    with visit(look, allowed=(404,)) as here:
        here.go("/deployments/nobody")

        assert findings(here, look) == []


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_the_sign_in_page_has_no_grave_finding(browser: Browser, locked: Harbour, look: Look) -> None:
    with visiting(browser, locked.collector.http_url, look) as here:
        here.go("/deployments/loans")
        here.sees(here.page.get_by_label(here.text("signin.token")), here.button("signin.enter"))

        assert findings(here, look) == []
