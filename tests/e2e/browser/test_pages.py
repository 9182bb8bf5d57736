"""The pages in a real Chromium: drawn without complaint, usable by keyboard, in both languages, on every screen."""

from pathlib import Path
from urllib.parse import quote

import pytest
from aiohttp import web

from tidegauge_collector.web.tabs import TABS

from .conftest import Visitor
from .fake_api import FakeApi, error
from .fake_deployments import FLIGHT_FEATURES, HOSTILE

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

FLIGHTS = "/deployments/flights-delay"
SERVICE_METRICS = ("requests", "predictions", "errors", "error_rate", "latency_p50", "latency_p95", "latency_p99")
DRIFT, ACCURACY = f"{FLIGHTS}/drift", f"{FLIGHTS}/accuracy"
CHARTS = {
    "": ("drifted", "accuracy_line", "volume", "errors"),
    "/service": ("volume", "errors", "latency", "throughput", "slow"),
    "/drift": ("feature_line", "feature_missing", "drifted"),
    "/accuracy": ("accuracy_line", "coverage", "label_lag"),
    "/fairness": ("group_lines", "group_ratios", "min_ratio"),
    "/quality": ("feature_missing", "duplicates", "usual"),
    "/humility": ("rule-1",),
    "/metrics": ("metric-1",),
    "/versions": ("version_rows", "version_drift", "version_accuracy"),
}
OTHERS = {
    "/service": ("classes",),
    "/drift": ("heat", "scatter", "histogram", "statistics"),
    "/accuracy": ("confusion", "roc", "calibration", "lift"),
    "/fairness": ("groups",),
    "/quality": ("missing",),
}


@pytest.mark.parametrize(
    "path",
    [
        "/",
        FLIGHTS,
        f"{FLIGHTS}?range=24h",
        *(f"{FLIGHTS}/{tab}" for tab in TABS if tab != "overview"),
        *(
            f"/deployments/{name}{tab}"
            for name in ("checkout-fraud", "just-registered", "wide", "replayed")
            for tab in ("", "/drift", "/accuracy")
        ),
    ],
)
async def test_pages_draw_without_a_complaint_of_the_browser(visit: Visitor, path: str) -> None:
    opened = await visit(path)

    assert await opened.page.locator("h1").count() == 1
    assert opened.complaints == []


@pytest.mark.parametrize("tab", CHARTS)
async def test_every_chart_of_a_page_is_drawn_and_says_its_n(visit: Visitor, tab: str) -> None:
    opened = await visit(FLIGHTS + tab)

    for name in CHARTS[tab]:
        figure = opened.page.locator(f"#chart-{name}")
        assert await figure.locator("canvas").count() == 1, name
        assert "n = " in await figure.locator("figcaption").inner_text(), name
    for name in OTHERS.get(tab, ()):
        assert "n = " in await opened.page.locator(f"#chart-{name} figcaption").inner_text(), name


async def test_three_clicks_lead_from_the_red_deployment_to_the_feature_that_shifted(visit: Visitor) -> None:
    opened = await visit("/")
    page = opened.page

    await page.locator("#fleet tbody tr").first.locator("th a").click()
    await opened.drawn()
    await page.locator(".hint a").first.click()
    await page.wait_for_url("**/drift?**")
    await opened.drawn()

    assert "/deployments/flights-delay/drift" in page.url
    assert await page.locator("#feature-name").inner_text() == "temp"
    assert await page.locator("#chart-histogram .bars").count() == 1
    assert opened.complaints == []


async def test_every_chart_can_be_saved_as_a_picture_and_as_numbers(visit: Visitor) -> None:
    opened = await visit(DRIFT)
    kept = {}
    for name in ("heat", "scatter", "histogram", "feature_line", "statistics"):
        for kind in ("png", "csv"):
            async with opened.page.expect_download() as waiting:
                await opened.page.locator(f"#chart-{name} [data-save={kind}]").click()
            download = await waiting.value
            kept[name, kind] = Path(await download.path()).read_bytes()  # noqa: ASYNC240 - a finished download

    assert {len(body) > 2_000 and body.startswith(b"\x89PNG") for (_, kind), body in kept.items() if kind == "png"} == {
        True
    }
    assert kept["feature_line", "csv"].decode("utf-8-sig").startswith("start,PSI,n\r\n2013-01-01T05:00:00Z,")
    assert kept["scatter", "csv"].decode("utf-8-sig").count("\r\n") == len(FLIGHT_FEATURES) + 1
    assert opened.complaints == []


async def test_dragging_over_a_chart_zooms_and_keeps_it_in_the_address(visit: Visitor) -> None:
    opened = await visit(ACCURACY)
    over = opened.page.locator("#chart-accuracy_line .u-over")
    box = await over.bounding_box()
    assert box is not None

    await opened.page.mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 40)
    await opened.page.mouse.down()
    await opened.page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 60, steps=4)
    await opened.page.mouse.up()
    await opened.page.wait_for_url("**range=custom**")
    await opened.page.wait_for_selector("#view[data-drawn]:not([data-start='2013-01-01T05:00:00Z'])")

    start, end = [await opened.page.locator("#view").get_attribute(f"data-{edge}") for edge in ("start", "end")]
    assert ("2013-03" <= str(start) < "2013-03-20", "2013-05-10" < str(end) < "2013-05-25") == (True, True)
    assert opened.complaints == []


async def test_the_theme_is_changed_at_once_and_kept(visit: Visitor) -> None:
    opened = await visit("/")
    background = "getComputedStyle(document.documentElement).backgroundColor"
    light = await opened.page.evaluate(background)

    await opened.page.locator("#theme").click()
    await opened.page.locator("#theme").click()
    dark = await opened.page.evaluate(background)
    await opened.page.reload()

    assert light != dark
    assert await opened.page.evaluate(background) == dark
    assert await opened.page.locator("#dark").get_attribute("media") == "all"


async def test_searching_the_fleet_changes_the_list_and_the_address(visit: Visitor) -> None:
    opened = await visit("/")

    await opened.page.get_by_label("Search").fill("wid")
    await opened.page.wait_for_url("**q=wid**")

    assert await opened.page.locator("#fleet tbody th a").all_inner_texts() == ["wide"]
    assert opened.complaints == []


async def test_heat_map_lists_every_feature_the_most_drifted_first(visit: Visitor) -> None:
    opened = await visit(DRIFT)

    names = await opened.page.locator("#chart-heat tbody button").all_inner_texts()

    assert names[:3] == ["temp", "dewp", "dep_delay"]
    assert set(names) == {*FLIGHT_FEATURES, "prediction"}


async def test_a_cell_of_the_heat_map_is_read_by_pointing_at_it(visit: Visitor) -> None:
    opened = await visit(DRIFT)

    await opened.page.locator("#chart-heat canvas").first.hover(position={"x": 4, "y": 8})

    assert " Jan 2013" in await opened.page.locator(".readout").inner_text()


async def test_choosing_a_feature_shows_it_and_keeps_it_in_the_address(visit: Visitor) -> None:
    opened = await visit(DRIFT)

    await opened.page.get_by_role("button", name="carrier", exact=True).click()
    await opened.page.locator("#chart-histogram", has_text="carrier").wait_for()

    assert await opened.page.locator("#feature-name").inner_text() == "carrier"
    assert "feature=carrier" in opened.page.url
    assert opened.complaints == []


async def test_a_link_shows_the_feature_range_and_segment_it_names(visit: Visitor, api: FakeApi) -> None:
    opened = await visit(f"{DRIFT}?range=custom&start=2013-03-01&end=2013-03-09&segment=origin%3DJFK&feature=dest")

    asked = [query for path, query in api.asked if path.endswith("/profiles")]
    assert await opened.page.locator("#feature-name").inner_text() == "dest"
    assert asked == [
        {"column": "dest", "segment": "origin=JFK", "start": "2013-03-01T05:00:00Z", "end": "2013-03-10T05:00:00Z"}
    ]


async def test_keyboard_alone_reaches_and_changes_the_pickers(visit: Visitor) -> None:
    opened = await visit(ACCURACY)
    reached = []
    for _ in range(32):
        await opened.page.keyboard.press("Tab")
        reached.append(await opened.page.evaluate("document.activeElement.name || document.activeElement.className"))

    await opened.page.locator("[name=range]:checked").focus()
    await opened.page.keyboard.press("ArrowLeft")
    await opened.page.wait_for_url("**range=90d**")
    await opened.drawn()

    assert reached[0] == "skip"
    assert [name for name in reached if name in ("range", "segment", "version", "metric")] == [
        "range",
        "segment",
        "version",
        "metric",
    ]
    assert await opened.page.locator("#view").get_attribute("data-start") == "2013-06-30T04:00:00Z"
    assert opened.complaints == []


async def test_focus_is_visible(visit: Visitor) -> None:
    opened = await visit(ACCURACY)

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
    opened = await visit(f"/deployments/wide/drift?feature={quote(HOSTILE)}")

    assert await opened.page.locator("#feature-name").inner_text() == HOSTILE
    assert await opened.page.get_by_role("button", name=HOSTILE, exact=True).count() == 1
    assert await opened.page.locator("img").count() == 0
    assert opened.complaints == []


async def test_two_hundred_features_come_twenty_at_a_time_and_can_be_searched(visit: Visitor) -> None:
    opened = await visit("/deployments/wide/drift")
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
    opened = await visit("/", width=width, locale=locale, scheme="dark")

    for path in (
        "/",
        "/deployments/wide/drift",
        *(FLIGHTS + tab for tab in (*CHARTS, "/segments", "/agents", "/monitors", "/alerts", "/settings")),
    ):
        await opened.open(path)
        assert (path, await opened.page.evaluate("document.documentElement.scrollWidth")) == (path, width)


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
    await opened.open(f"{FLIGHTS}/service")

    told = await opened.page.locator("#chart-latency [role=alert]").inner_text()
    assert "busy, or cannot reach its store now. Try again in a minute.\n503: the store is being restored" in told
    assert await opened.page.locator("#chart-volume canvas").count() == 1


async def test_numbers_of_a_chart_can_be_read_as_a_table(visit: Visitor) -> None:
    opened = await visit(ACCURACY)

    await opened.page.locator("#chart-accuracy_line summary").click()
    await opened.page.locator("#chart-accuracy_line .numbers").wait_for()

    assert await opened.page.locator("#chart-accuracy_line .numbers tbody tr").count() == 270
    assert "no rows" in await opened.page.locator("#chart-accuracy_line .numbers").inner_text()
