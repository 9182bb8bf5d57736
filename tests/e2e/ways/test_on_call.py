"""The way of who is on call: a red light, the alert behind it, its cause, taking it, silencing it, and that it is over."""

from datetime import date
from pathlib import Path

import pytest
from collector_harbour import Harbour

from tidegauge_collector.web import formats

from .conftest import Visiting
from .looks import ON_CALL, Look
from .town import mend, pump_of
from .visit import Visit

pytestmark = pytest.mark.browser


def row_of(here: Visit, name: str) -> str:
    """What the list of deployments says of one."""
    row = here.page.locator("#fleet tbody tr", has=here.link(name))
    here.sees(row.get_by_role("link", name=name), row.locator(".verdict").first)
    return row.inner_text()


@pytest.mark.parametrize("look", ON_CALL, ids=str)
def test_from_the_red_light_to_resolved(visit: Visiting, port: Harbour, tmp_path: Path, look: Look) -> None:
    name = pump_of(look)
    number = int(port.get("/alerts", deployment=name)["items"][0]["id"])
    port.until(lambda: set(told_of(port, number)) >= {"issues", "itsm"})
    with visit(look) as here:
        t = here.text

        here.go("/")
        assert t("verdict.failing") in row_of(here, name)
        here.sees(here.page.locator(".chip .verdict-failing"), t("fleet.alerts"))

        here.press(here.link(t("nav.alerts")))
        assert here.title() == t("inbox.title")
        here.press(here.page.locator(f"a[href^='/alerts/{number}']"))

        assert "amount" in here.title()
        here.sees(here.page.locator("h1"), here.page.locator(".headline .verdict-failing"))
        here.sees(*here.page.locator(".facts dd").all(), *here.page.locator(".movers tbody tr").all())
        facts = here.page.locator(".facts").inner_text()
        assert [
            one for one in (name, "14.3", "0.25", formats.day(date(2025, 6, 3), t), "UTC") if one not in facts
        ] == []
        here.sees(t("alert.who"), t("alert.by_route", route="all"), here.page.locator(".delivery-delivered"))
        assert here.page.locator(".delivery-delivered").count() >= 2

        here.press(here.link(t("alert.look")))
        assert here.page.locator("#feature-name").inner_text() == "amount"
        here.sees(*(here.figure(one).locator("h3") for one in ("heat", "feature_line", "histogram", "statistics")))
        assert "0.25" in here.figure("feature_line").locator(".plot").evaluate(
            "chart => chart.closest('section').innerText"
        )

        here.page.go_back()
        here.whole()
        here.page.locator("input[name=actor]").first.fill("anna")
        here.press(here.button("alert.acknowledge"))
        here.sees(t("done.acknowledge"), t("alerts.acknowledged", who="anna (http 127.0.0.1)"))

        silence = here.page.locator("form", has=here.button("alert.silence"))
        silence.locator("input[name=text]").fill("the pump is being mended")
        here.press(silence.get_by_role("button"))
        here.sees(t("done.silence"), t("alert.silenced", n=1))
        here.press(here.page.locator(".main-nav").get_by_role("link", name=t("nav.silences")))
        mine = here.page.locator("tbody tr", has_text=name)
        here.sees(mine.get_by_text("the pump is being mended"), mine.get_by_text(t("silence_state.active")))
        here.press(mine.get_by_role("button"))
        here.sees(t("done.unsilence"))

        mend(port, tmp_path, name)
        here.go(f"/alerts/{number}")
        here.sees(here.page.locator(".headline").get_by_text(t("alert_status.resolved")))
        assert here.button("alert.acknowledge").count() == 0
        here.sees(here.page.locator(".timeline .event-resolved"))
        here.go(f"/alerts?deployment={name}")
        here.sees(t("inbox.none_title"))
        here.go("/")
        assert t("verdict.ok") in row_of(here, name)


def told_of(port: Harbour, number: int) -> list[str]:
    """The channels that were told of an alert, and noted as such."""
    messages = port.get(f"/alerts/{number}")["deliveries"]
    return [one["channel"] for one in messages if one["status"] == "delivered"]
