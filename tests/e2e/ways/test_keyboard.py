"""Hands on the keyboard only: Tab, Enter, Space and arrows lead from the fleet to the feature that shifted,
to another range, and to a taken alert."""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest
from collector_harbour import Harbour

from .conftest import Visiting
from .looks import Look
from .town import firing, untouched
from .visit import SCRIPTS, Visit

pytestmark = pytest.mark.browser

TABBING = (SCRIPTS / "tabbing.js").read_text()
LOOKS = (Look("en", 1280, "light"), Look("ja", 390, "dark"))
MOST_STOPS = 200
PAGES = ("/", "/deployments/loans", "/deployments/loans/drift", "/deployments/loans/monitors", "/alerts", "/silences")


@dataclass
class Hands:
    """Somebody without a mouse. Each stop of Tab must be seen: on the screen, not covered, and marked by an outline."""

    here: Visit
    stops: list[dict[str, Any]] = field(default_factory=list)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.here.page.keyboard.press(key)

    def tab(self, key: str = "Tab") -> dict[str, Any]:
        """What the next Tab, or Tab back, leads to."""
        self.press(key)
        found: dict[str, Any] = self.here.page.evaluate(TABBING, False)
        assert found["unseen"] == "", found
        self.stops.append(found)
        return found

    def reach(self, selector: str, key: str = "Tab") -> None:
        """Tab until the focus is on what is selected."""
        for _ in range(MOST_STOPS):
            if self.tab(key)["path"] and self.here.page.evaluate("s => document.activeElement.matches(s)", selector):
                return
        raise AssertionError(f"Tab does not lead to {selector}: {[one['path'] for one in self.stops]}")

    def open(self, selector: str, url: str) -> None:
        """Tab to a link and follow it."""
        self.reach(selector)
        self.press("Enter")
        self.here.page.wait_for_url(url)
        self.here.whole()


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_from_the_fleet_to_the_shifted_feature(visit: Visiting, look: Look) -> None:
    with visit(look) as here:
        hands = Hands(here)
        here.go("/")

        assert "skip" in hands.tab()["path"]
        hands.press("Enter")
        assert here.page.evaluate("document.activeElement.id") == "content"
        hands.open("#to-loans", "**/deployments/loans")
        hands.open(".hint a[href*='/drift']", "**/drift?**")
        assert here.page.locator("#feature-name").inner_text() == "income"

        hands.reach("#chart-heat button[data-column=amount]")
        hands.press("Enter")
        here.figure("histogram").get_by_text("amount").wait_for()
        assert here.page.locator("#said").inner_text() == here.text.entries["said.feature"].replace(
            "{feature}", "amount"
        )
        assert here.page.evaluate("document.activeElement.dataset.column") == "amount"
        hands.reach("#chart-feature_line summary")
        hands.press("Enter")
        here.figure("feature_line").locator(".numbers tbody tr").first.wait_for()


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_pickers_and_the_range_that_a_drag_would_choose(visit: Visiting, look: Look) -> None:
    with visit(look) as here:
        hands = Hands(here)
        here.go("/deployments/loans/accuracy?range=all")

        hands.reach("select[name=segment]")
        hands.press("ArrowDown", "ArrowDown")
        here.page.wait_for_url("**segment=region%3Dnorth**")
        here.whole()
        assert here.text("format.month", year="2025", month="Jun", mm="06") in here.page.locator("#said").inner_text()

        hands.reach("[name=range]", "Shift+Tab")
        hands.press("ArrowRight")  # custom: the fields begin with what is shown
        hands.reach("input[name=start]")
        before = here.page.locator("input[name=start]").input_value()
        hands.press("ArrowUp")
        assert here.page.locator("input[name=start]").input_value() > before
        hands.reach(".custom button")
        hands.press("Enter")
        here.page.wait_for_url("**range=custom**")
        here.whole()


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_an_alert_is_found_and_taken(visit: Visiting, port: Harbour, look: Look) -> None:
    number = untouched(port)["id"]
    with visit(look) as here:
        hands = Hands(here)
        here.go("/")

        hands.open(".main-nav a[href^='/alerts']", "**/alerts")
        hands.open(f"a[href^='/alerts/{number}']", f"**/alerts/{number}")
        hands.reach("input[name=actor]")
        here.page.keyboard.type("anna")
        hands.reach("button[value=acknowledge]")
        hands.press("Enter")
        here.page.wait_for_url("**done=acknowledge**")
        here.whole()

        here.sees(here.page.get_by_role("status").get_by_text(here.text("done.acknowledge")))
        assert firing(port)[0]["acknowledged_by"] == "anna (http 127.0.0.1)"


@pytest.mark.parametrize(
    ("path", "look"), [*((path, LOOKS[0]) for path in PAGES), *((path, LOOKS[1]) for path in PAGES[:3])], ids=str
)
def test_tab_visits_everything_once_in_the_order_of_reading(visit: Visiting, path: str, look: Look) -> None:
    with visit(look) as here:
        hands = Hands(here)
        here.go(path)
        wanted: list[str] = here.page.evaluate(TABBING, True)

        for _ in wanted:
            hands.tab()
        here.page.keyboard.press("Tab")
        left = here.page.evaluate("document.activeElement === document.body || document.activeElement.matches('.skip')")

        assert [one["path"] for one in hands.stops] == wanted
        assert left, "Tab does not leave the page"
        assert backwards(hands.stops) == []


def backwards(stops: list[dict[str, Any]]) -> list[str]:
    """Steps that go up without going right: nobody reads so. What scrolls by itself has places of its own."""
    pairs = pairwise(stops)
    return [
        f"{one['path']} -> {two['path']}"
        for one, two in pairs
        if one["row"] == two["row"] and two["bottom"] <= one["top"] and two["left"] < one["right"]
    ]
