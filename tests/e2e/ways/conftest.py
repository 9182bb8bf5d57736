"""One collector, one browser, a visitor for each test. Without a Chromium these tests are skipped, but never in CI."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import pytest
from browser_chromium import ARGUMENTS, PATIENCE_MS, chromium_path
from collector_desks import SECRET, Desks
from collector_harbour import Harbour, Tide, amid_a_month, harbour
from playwright.sync_api import Browser, sync_playwright

from tidegauge_collector.core.routing import Route

from .town import settle_town
from .visit import Visit, visiting

Visiting = Callable[..., AbstractContextManager[Visit]]


@pytest.hookimpl(trylast=True)  # whatever order there is
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests of this folder follow one another, so that what they share is made once."""
    items.sort(key=lambda item: Path(__file__).parent not in item.path.parents)


@pytest.fixture(autouse=True)
def no_leaked_threads() -> None:
    """The collector outlasts a test here; `harbour` looks at its threads when it ends."""


@pytest.fixture(scope="package")
def spools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the agents of the town spool, each in a folder of its deployment's name."""
    return tmp_path_factory.mktemp("spools")


@pytest.fixture(scope="package")
def desks() -> Iterator[Desks]:
    """A Slack, a Jira and a ServiceNow."""
    opened = Desks(Tide())
    yield opened
    opened.close()


@pytest.fixture(scope="package")
def port(tmp_path_factory: pytest.TempPathFactory, desks: Desks, spools: Path) -> Iterator[Harbour]:
    """The collector of all tests here, with firing alerts (town.py); each test changes only the deployment that is its own."""
    routes = (Route(name="all", wait_us=0, interval_us=0),)
    place = tmp_path_factory.mktemp("ways")
    with (
        amid_a_month(),
        harbour(place / "data", clock=desks.clock, channels=desks.channels(SECRET), routes=routes) as running,
    ):
        settle_town(running, spools)
        yield running


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The Chromium of all tests here."""
    path = chromium_path()
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=ARGUMENTS, timeout=PATIENCE_MS)
        yield opened
        opened.close()


@pytest.fixture
def visit(browser: Browser, port: Harbour) -> Visiting:
    """`with visit(look) as here`: a new visitor of the pages."""
    return partial(visiting, browser, port.collector.http_url)
