"""What is picked over the charts: which statistic of drift, which of a metric of the user's own; both stay in the address."""

import asyncio
import re

import pytest
from playwright.async_api import Route

from .conftest import Visitor
from .fake_api import FakeApi

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

FLIGHTS = "/deployments/flights-delay"


async def test_another_statistic_of_drift_is_drawn_everywhere_and_has_no_limits_of_psi(
    visit: Visitor, api: FakeApi
) -> None:
    opened = await visit(f"{FLIGHTS}/drift?feature=carrier")
    page = opened.page
    assert await page.locator("#chart-heat .scale li").count() == 4

    await page.locator("select[name=statistic]").select_option("hellinger")
    await page.wait_for_url("**statistic=hellinger**")
    await page.wait_for_selector("#view[data-statistic=hellinger][data-drawn]")

    titles = await page.locator("#drift h3").all_inner_texts()
    assert titles[0] == "Hellinger distance by feature"
    assert "Hellinger distance over time" in titles
    assert await page.locator("#chart-heat .scale li").count() == 2
    assert await page.locator("#chart-scatter .quadrant").count() == 0
    assert "Hellinger distance over the range" in await page.locator("#chart-scatter figcaption").inner_text()
    assert {q["column"] for _, q in api.asked if q.get("metric") == "hellinger"} == {"*", "carrier"} | {
        q["column"] for _, q in api.asked if q.get("metric") == "hellinger" and q["step"] == "day"
    }
    assert opened.complaints == []


async def test_a_metric_of_the_users_own_has_its_band_baseline_limits_and_events(visit: Visitor, api: FakeApi) -> None:
    opened = await visit(f"{FLIGHTS}/metrics?segment=origin%3DJFK")
    page = opened.page

    asked = [q for _, q in api.asked if q.get("metric", "").startswith("custom_")]
    assert sorted((q["metric"], q["column"], q.get("segment", "")) for q in asked) == [
        (f"custom_{one}", "basket_value", "") for one in ("max", "mean", "min")
    ]
    caption = await page.locator("#chart-metric-1 figcaption").inner_text()
    legend = await page.locator("#chart-metric-1 .u-legend").inner_text()
    assert ("values · per day" in caption, "minimum to maximum" in legend, "EUR" in legend) == (True, True, True)
    assert await page.locator("#chart-metric-1 img").count() == 0

    await page.locator("select[name=custom]").select_option("sum")
    await page.wait_for_url("**custom=sum**")
    await page.wait_for_selector("[data-statistic=custom_sum]")
    await opened.drawn()

    assert "Sum" in await page.locator("#chart-metric-1 .u-legend").inner_text()
    assert opened.complaints == []


async def test_a_choice_that_the_next_one_overtakes_ends_without_a_word(visit: Visitor) -> None:
    opened = await visit(f"{FLIGHTS}/drift?feature=carrier")
    page = opened.page
    held = asyncio.Event()

    async def hold(route: Route) -> None:
        held.set()

    await page.route(re.compile("statistic=hellinger"), hold)
    await page.locator("select[name=statistic]").select_option("hellinger")
    await held.wait()
    await page.locator("select[name=statistic]").select_option("ks")
    await page.wait_for_selector("#view[data-statistic=ks][data-drawn]")

    assert await page.locator(".htmx-request").count() == 0
    assert await page.locator("#notice").is_hidden()
    assert opened.complaints == []
