"""The pages in a real Chromium: drawn without complaint, usable by keyboard, in both languages, on every screen."""

from urllib.parse import quote

import pytest
from aiohttp import web

from .conftest import Visitor
from .fake_api import FakeApi, error
from .fake_deployments import FLIGHT_FEATURES, HOSTILE

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

FLIGHTS = "/deployments/flights-delay"
SERVICE_METRICS = ("requests", "predictions", "errors", "error_rate", "latency_p50", "latency_p95", "latency_p99")
CHARTS = ("volume", "errors", "latency", "feature_line", "feature_missing", "accuracy_line", "coverage")


@pytest.mark.parametrize(
    "path",
    [
        "/",
        FLIGHTS,
        f"{FLIGHTS}?range=24h",
        "/deployments/checkout-fraud",
        "/deployments/just-registered",
        "/deployments/wide",
        "/deployments/replayed",
    ],
)
async def test_pages_draw_without_a_complaint_of_the_browser(visit: Visitor, path: str) -> None:
    opened = await visit(path)

    assert await opened.page.locator("h1").count() == 1
    assert opened.complaints == []


async def test_every_chart_of_a_deployment_is_drawn_and_says_its_n(visit: Visitor) -> None:
    opened = await visit(FLIGHTS)

    for name in CHARTS:
        figure = opened.page.locator(f"#chart-{name}")
        assert await figure.locator("canvas").count() == 1, name
        assert "n = " in await figure.locator("figcaption").inner_text(), name
    for name in ("heat", "scatter", "histogram"):
        assert "n = " in await opened.page.locator(f"#chart-{name} figcaption").inner_text(), name


async def test_heat_map_lists_every_feature_the_most_drifted_first(visit: Visitor) -> None:
    opened = await visit(FLIGHTS)

    names = await opened.page.locator("#chart-heat tbody button").all_inner_texts()

    assert names[:3] == ["temp", "dewp", "dep_delay"]
    assert set(names) == {*FLIGHT_FEATURES, "prediction"}


async def test_a_cell_of_the_heat_map_is_read_by_pointing_at_it(visit: Visitor) -> None:
    opened = await visit(FLIGHTS)

    await opened.page.locator("#chart-heat canvas").first.hover(position={"x": 4, "y": 8})

    assert "2013-01-0" in await opened.page.locator(".readout").inner_text()


async def test_choosing_a_feature_shows_it_and_keeps_it_in_the_address(visit: Visitor) -> None:
    opened = await visit(FLIGHTS)

    await opened.page.get_by_role("button", name="carrier", exact=True).click()
    await opened.page.locator("#chart-histogram", has_text="carrier").wait_for()

    assert await opened.page.locator("#feature-name").inner_text() == "carrier"
    assert "feature=carrier" in opened.page.url
    assert opened.complaints == []


async def test_a_link_shows_the_feature_range_and_segment_it_names(visit: Visitor, api: FakeApi) -> None:
    opened = await visit(f"{FLIGHTS}?range=custom&start=2013-03-01&end=2013-03-09&segment=origin%3DJFK&feature=dest")

    asked = [query for path, query in api.asked if path.endswith("/profiles")]
    assert await opened.page.locator("#feature-name").inner_text() == "dest"
    assert asked == [
        {"column": "dest", "segment": "origin=JFK", "start": "2013-03-01T05:00:00Z", "end": "2013-03-10T05:00:00Z"}
    ]


async def test_keyboard_alone_reaches_and_changes_the_pickers(visit: Visitor) -> None:
    opened = await visit(FLIGHTS)
    reached = []
    for _ in range(12):
        await opened.page.keyboard.press("Tab")
        reached.append(await opened.page.evaluate("document.activeElement.name || document.activeElement.className"))

    await opened.page.locator("[name=range]:checked").focus()
    await opened.page.keyboard.press("ArrowLeft")
    await opened.page.wait_for_url("**range=30d**")
    await opened.drawn()

    assert reached[0] == "skip"
    assert [name for name in reached if name in ("range", "segment", "version", "metric")] == [
        "range",
        "segment",
        "version",
        "metric",
    ]
    assert await opened.page.locator("#view").get_attribute("data-start") == "2013-08-29T04:00:00Z"
    assert opened.complaints == []


async def test_focus_is_visible(visit: Visitor) -> None:
    opened = await visit(FLIGHTS)

    await opened.page.locator("select[name=segment]").focus()
    await opened.page.keyboard.press("Tab")

    assert await opened.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


async def test_a_picked_segment_asks_for_that_segment_only(visit: Visitor, api: FakeApi) -> None:
    opened = await visit(FLIGHTS)
    api.asked.clear()

    await opened.page.select_option("select[name=segment]", "origin=JFK")
    await opened.page.wait_for_url("**segment=origin%3DJFK**")
    await opened.drawn()

    asked = {
        (query.get("metric"), query.get("segment"))
        for path, query in api.asked
        if path.endswith(("/measurements", "/profiles"))
    }
    segments = {segment for metric, segment in asked if metric not in SERVICE_METRICS}
    assert segments == {"origin=JFK"}
    assert {segment for metric, segment in asked if metric in SERVICE_METRICS} == {None}
    assert "start=" not in opened.page.url


async def test_going_back_shows_what_was_shown_before(visit: Visitor) -> None:
    opened = await visit(FLIGHTS)
    await opened.page.locator("[name=range][value='7d']").check(force=True)
    await opened.page.wait_for_url("**range=7d**")

    await opened.page.go_back()
    await opened.page.wait_for_selector("#view[data-drawn][data-start='2013-01-01T05:00:00Z']")

    assert await opened.page.locator("[name=range]:checked").get_attribute("value") == "all"


async def test_a_hostile_feature_name_is_shown_as_text(visit: Visitor) -> None:
    opened = await visit(f"/deployments/wide?feature={quote(HOSTILE)}")

    assert await opened.page.locator("#feature-name").inner_text() == HOSTILE
    assert await opened.page.get_by_role("button", name=HOSTILE, exact=True).count() == 1
    assert await opened.page.locator("img").count() == 0
    assert opened.complaints == []


async def test_two_hundred_features_come_twenty_at_a_time_and_can_be_searched(visit: Visitor) -> None:
    opened = await visit("/deployments/wide")
    buttons = opened.page.locator("#chart-heat tbody button")
    first = await buttons.count()

    await opened.page.get_by_role("button", name="Show 20 more").click()
    await opened.page.wait_for_function("() => document.querySelectorAll('#chart-heat tbody button').length === 40")
    await opened.page.get_by_label("Filter features").fill("SIGNAL_19")
    await opened.page.wait_for_function("() => document.querySelectorAll('#chart-heat tbody button').length < 20")

    assert first == 20
    assert sorted(await buttons.all_inner_texts()) == [f"signal_{i}" for i in range(190, 197)]


@pytest.mark.parametrize(
    ("locale", "texts"), [("ja-JP", ("ドリフト", "精度", "予測")), ("en-GB", ("Drift", "Accuracy", "predictions"))]
)
async def test_page_and_charts_speak_the_browsers_language(visit: Visitor, locale: str, texts: tuple[str, ...]) -> None:
    opened = await visit(FLIGHTS, locale=locale)

    shown = await opened.page.locator("main").inner_text()

    assert [text for text in texts if text not in shown] == []
    assert await opened.page.locator("html").get_attribute("lang") == locale[:2]


async def test_changing_the_language_keeps_the_picked_range(visit: Visitor) -> None:
    opened = await visit(FLIGHTS)
    await opened.page.locator("[name=range][value='7d']").check(force=True)
    await opened.page.wait_for_url("**range=7d**")

    await opened.page.get_by_role("link", name="日本語").click()
    await opened.page.wait_for_url("**lang=ja**")

    assert "range=7d" in opened.page.url
    assert await opened.page.locator("html").get_attribute("lang") == "ja"


@pytest.mark.parametrize("width", [390, 768, 1280, 1920])
@pytest.mark.parametrize("locale", ["en-GB", "ja-JP"])
async def test_nothing_is_wider_than_the_screen(visit: Visitor, width: int, locale: str) -> None:
    opened = await visit(FLIGHTS, width=width, locale=locale, scheme="dark")

    assert await opened.page.evaluate("document.documentElement.scrollWidth") == width


async def test_charts_do_not_move_the_page_while_they_arrive(visit: Visitor) -> None:
    opened = await visit(FLIGHTS)
    shift = """() => new Promise((done) => {
        let sum = 0;
        const add = (list) => { for (const entry of list.getEntries()) sum += entry.value; };
        new PerformanceObserver(add).observe({type: 'layout-shift', buffered: true});
        requestAnimationFrame(() => requestAnimationFrame(() => done(sum)));
    })"""

    assert await opened.page.evaluate(shift) < 0.1


async def test_a_failing_api_is_told_in_the_charts_it_concerns_only(visit: Visitor, api: FakeApi) -> None:
    opened = await visit("/")

    async def refuse(path: str, query: dict[str, str]) -> dict[str, object]:
        if query.get("metric") == "latency_p95":
            raise error(web.HTTPServiceUnavailable, "the store is being restored")
        return await FakeApi().read(path, query)

    api.answer_with(refuse)
    await opened.open(FLIGHTS)

    told = await opened.page.locator("#chart-latency [role=alert]").inner_text()
    assert "cannot answer now: the store is being restored. Try again in a minute." in told
    assert await opened.page.locator("#chart-volume canvas").count() == 1


async def test_numbers_of_a_chart_can_be_read_as_a_table(visit: Visitor) -> None:
    opened = await visit(FLIGHTS)

    await opened.page.locator("#chart-accuracy_line summary").click()
    await opened.page.locator("#chart-accuracy_line .numbers").wait_for()

    assert await opened.page.locator("#chart-accuracy_line .numbers tbody tr").count() == 270
    assert "no rows" in await opened.page.locator("#chart-accuracy_line .numbers").inner_text()
