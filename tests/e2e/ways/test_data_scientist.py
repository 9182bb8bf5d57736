"""The way of a data scientist: from the fleet to the feature, the segment and the hour at which something shifted, and what came of it."""

import csv
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Locator

from tidegauge_collector.web import formats

from .conftest import Visiting
from .looks import SCIENTIST, Look
from .town import SHIFT_AT
from .visit import Visit

pytestmark = pytest.mark.browser

LARGE = 5.0  # PSI of an hour's few rows is noise below; incomes in other units are far above


def range_psi(here: Visit, feature: str) -> float:
    """What the heat map says of a feature over the range."""
    row = here.page.locator("#chart-heat tbody tr", has=here.page.get_by_role("button", name=feature, exact=True))
    here.sees(row.locator("button"), row.locator(".total"))
    return float(row.locator(".total").inner_text())


def pick(here: Visit, name: str, value: str) -> None:
    """Choose in one of the pickers."""
    here.sees(here.page.locator(f"select[name={name}]"))
    here.page.select_option(f"select[name={name}]", value)
    here.page.wait_for_url(f"**{name}={value.replace('=', '%3D')}**")
    here.whole()


def saved(here: Visit, figure: str, kind: str) -> bytes:
    """What a chart's button gives."""
    button = here.figure(figure).locator(f"[data-save={kind}]")
    here.sees(button)
    with here.page.expect_download() as waiting:
        button.click()
    return Path(waiting.value.path()).read_bytes()


def rows_of(figure: Locator) -> list[list[str]]:
    """The numbers of a line chart, as its table has them."""
    figure.locator("summary").click()
    figure.locator(".numbers tbody tr").first.wait_for()
    return [one.split("\t") for one in figure.locator(".numbers tbody").inner_text().splitlines()]


@pytest.mark.parametrize("look", SCIENTIST, ids=str)
def test_from_the_fleet_to_the_feature_segment_and_hour(visit: Visiting, look: Look) -> None:
    with visit(look) as here:
        here.go("/")
        here.press(here.page.locator("#fleet tbody tr").first.locator("th a"))
        assert here.title() == "loans"
        hint = here.page.locator(".hint", has_text="income").first  # what was promised may be worse just now
        here.press(hint.locator("a"))
        assert here.page.locator("#feature-name").inner_text() == "income"
        here.sees(
            here.figure("histogram").locator(".bars tbody tr").last, here.figure("statistics").locator("tbody tr").last
        )
        assert here.figure("statistics").locator("tbody tr").count() > 8

        pick(here, "segment", "region=south")
        calm = range_psi(here, "income")
        pick(here, "segment", "region=north")
        shifted = range_psi(here, "income")
        assert calm < 0.1
        assert shifted > 0.25

        day = here.page.locator(".segmented label", has=here.page.locator("[name=range][value='24h']"))
        here.press(day)
        here.page.wait_for_url("**range=24h**")
        here.whole()
        line = here.figure("feature_line")
        here.sees(line.locator("canvas"), line.locator("figcaption").get_by_text(here.text("chart.per_hour")))
        hours = [row[0] for row in rows_of(line) if row[1].strip() not in {"", "–"} and float(row[1]) > LARGE]
        assert hours[0] == formats.minute(SHIFT_AT, here.text)

        here.page.get_by_role("button", name="amount", exact=True).click()
        here.drawn()
        here.figure("histogram").get_by_text("amount").wait_for()
        assert here.page.locator("#feature-name").inner_text() == "amount"
        here.whole()


@pytest.mark.parametrize("look", SCIENTIST, ids=str)
def test_from_the_shift_to_what_came_of_it(visit: Visiting, look: Look) -> None:
    with visit(look) as here:
        t = here.text

        here.go("/deployments/loans/drift")
        here.press(here.page.locator("[data-tab=accuracy]"))
        for name in ("accuracy_line", "coverage", "confusion", "roc", "calibration", "lift"):
            here.sees(here.figure(name).locator("h3"), here.figure(name).locator(".plot > *").first)
            assert "n = " in here.figure(name).locator("figcaption").inner_text()
        pick(here, "metric", "log_loss")
        here.sees(here.figure("accuracy_line").locator(".u-legend").get_by_text(t("metric.log_loss")))

        here.press(here.page.locator("[data-tab=metrics]"))
        here.sees(here.figure("metric-1").get_by_text("amount_asked"), here.figure("metric-1").locator("canvas"))
        here.sees(here.page.locator("#events").get_by_text("deployed 2025-06"))

        here.press(here.page.locator("[data-tab=segments]"))
        here.sees(here.figure("segments").get_by_role("link", name="region=north"))


@pytest.mark.parametrize("look", SCIENTIST[1:], ids=str)
def test_other_limits_of_a_monitor_are_tried_on_what_is_stored(visit: Visiting, look: Look) -> None:
    with visit(look) as here:
        here.go("/deployments/loans/monitors")
        tried = here.page.locator("tr", has=here.page.locator(".mono", has_text="drift")).first
        tried.locator("summary").click()
        here.whole()
        said = tried.locator("output")

        for limits, words in (
            (("0.1", "0.25"), f"income {formats.day(date(2025, 6, 7), here.text)}"),
            (("40", "50"), here.text.entries["said.none"].split("{")[0]),
        ):
            for name, value in zip(("warning", "failing"), limits, strict=True):
                tried.locator(f"input[name={name}]").fill(value)
            tried.get_by_role("button", name=here.text("monitor_field.backtest")).click()
            said.get_by_text(words).wait_for()
            here.sees(said)
            here.whole()


@pytest.mark.parametrize("look", SCIENTIST[:2], ids=str)
def test_what_is_seen_is_taken_along_as_picture_and_as_numbers(visit: Visiting, look: Look) -> None:
    with visit(look) as here:
        here.go("/deployments/loans/drift?feature=income")

        for name in ("heat", "scatter", "feature_line", "histogram", "statistics"):
            assert saved(here, name, "png").startswith(b"\x89PNG"), name
        head, *rows = csv.reader(saved(here, "feature_line", "csv").decode("utf-8-sig").splitlines())

        assert (head[0], head[-1]) == ("start", "n")
        assert [row[-1] for row in rows] == ["1440"] * 5
        assert float(rows[-1][1]) > 0.25 > float(rows[-2][1])
