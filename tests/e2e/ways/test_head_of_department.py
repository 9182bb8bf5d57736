"""The way of the head of a department: how all of them stand, whose they are, what was promised, and an address that shows it again."""

from pathlib import Path

import pytest

from .conftest import Visiting
from .looks import HEAD, Look
from .visit import Visit

pytestmark = pytest.mark.browser

OWNED = {"credit risk": ["loans"], "pricing": ["prices"], "web shop": ["shop"]}


def choose(here: Visit, name: str, value: str) -> None:
    """Choose in one of the filters."""
    here.sees(here.page.locator(f"#wishes [name={name}]"))
    here.page.select_option(f"#wishes [name={name}]", value)
    here.page.wait_for_url(f"**{name}={value}**")
    here.whole()


def names(here: Visit) -> list[str]:
    return here.page.locator("#fleet tbody th a").all_inner_texts()


@pytest.mark.parametrize("look", HEAD, ids=str)
def test_figures_of_all_and_whose_they_are(visit: Visiting, look: Look) -> None:
    with visit(look) as here:
        t = here.text

        here.go("/")
        tiles = here.page.locator(".tiles > div").all()
        here.sees(*(part for one in tiles for part in (one.locator("dt"), one.locator("dd"))))
        told = dict(
            zip(
                here.page.locator(".tiles dt").all_inner_texts(),
                here.page.locator(".tiles dd").all_inner_texts(),
                strict=True,
            )
        )
        assert told[t("fleet.objectives")].startswith(t("fleet.objectives_value", met=0, judged=1))
        assert int(told[t("fleet.models")].split()[0]) == len(names(here))

        choose(here, "group", "owner")
        for owner, owned in OWNED.items():
            group = here.page.locator("#fleet tbody", has=here.page.locator(".group", has_text=owner))
            here.sees(group.locator(".group th"), group.locator("th a").first)
            assert group.locator("th a").all_inner_texts() == owned
        here.sees(here.page.locator(".group").get_by_text(t("fleet.nobody")))


@pytest.mark.parametrize("look", HEAD, ids=str)
def test_what_was_chosen_is_an_address_that_shows_it_again(visit: Visiting, look: Look) -> None:
    with visit(look) as here:
        t = here.text

        here.go("/")
        here.page.locator("#fleet-q").fill("team=risk")
        here.page.wait_for_url("**q=team**")
        here.whole()
        choose(here, "importance", "critical")
        choose(here, "block", "drift")
        here.press(here.page.locator(".chip", has_text=t("verdict.failing")))
        here.press(here.page.locator(".chip", has_text=t("range.7d")))
        here.sees(here.page.locator(".tile").get_by_text(t("range.7d")))
        shown, address = names(here), here.page.url

    assert shown == ["loans"]
    with visit(look) as later:
        later.go(address)
        assert names(later) == shown
        assert later.page.locator("#fleet-q").input_value() == "team=risk"
        assert later.page.locator("#wishes [name=importance]").input_value() == "critical"


@pytest.mark.parametrize("look", HEAD, ids=str)
def test_from_the_figures_to_what_was_promised(visit: Visiting, look: Look) -> None:
    with visit(look) as here:
        t = here.text

        here.go("/")
        here.press(here.page.locator(".tile", has_text=t("fleet.objectives")).get_by_role("link"))
        assert here.title().startswith(t("report.title", month="").strip())
        row = here.page.locator("tbody tr", has_text="90 % within 300 ms")
        here.sees(row.get_by_text(t("report.missed")), row.get_by_role("link"), *row.locator("td").all())
        with here.page.expect_download() as waiting:
            here.page.get_by_role("link", name=t("report.markdown")).click()
        assert "90 % within 300 ms" in Path(waiting.value.path()).read_text()

        here.press(here.link("loans"))
        promise = here.page.locator("#objectives tbody tr")
        here.sees(promise.get_by_text("90 % within 300 ms"), promise.locator(".verdict"), promise.locator("meter"))
        assert t("objective.target", value="90") in promise.inner_text()
