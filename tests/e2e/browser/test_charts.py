"""What the charts say in words: methods, bands, arrival time, and what to do when the collector is away."""

import re

import pytest
from aiohttp import web

from .conftest import Visit, Visitor
from .fake_api import FakeApi, error

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

FLIGHTS = "/deployments/flights-delay"
CAPTIONS = "figcaption"
API_WORDS = re.compile(r"null|undefined|NaN|=|_|standard|approximate|wilson|delong[^)]*,")


async def caption(opened: Visit, name: str) -> str:
    return await opened.page.locator(f"#chart-{name} figcaption").inner_text()


@pytest.mark.parametrize("locale", ["en-GB", "ja-JP"])
async def test_captions_tell_methods_in_words_and_nothing_that_differs_by_window(visit: Visitor, locale: str) -> None:
    opened = await visit(f"{FLIGHTS}/service", locale=locale)
    captions = await opened.page.locator(CAPTIONS).all_inner_texts()
    for tab in ("drift", "accuracy", "fairness"):
        await opened.open(f"{FLIGHTS}/{tab}")
        captions += await opened.page.locator(CAPTIONS).all_inner_texts()

    told = [text.replace("n = ", "").replace("p = ", "") for text in captions]
    assert len(told) >= 20
    assert [text for text in told if API_WORDS.search(text)] == []


@pytest.mark.parametrize(
    ("tab", "chart", "words"),
    [
        ("drift", "heat", "method: reference bins, shares of at least 0.0001"),
        ("drift", "feature_line", "method: reference bins, shares of at least 0.0001"),
        ("service", "latency", "method: log-linear buckets, relative error ≤ 0.8\u00a0%"),
        ("accuracy", "accuracy_line", "method: 95 % band by DeLong"),
        ("drift", "feature_missing", "method: share of rows"),
        ("drift", "statistics", "p = 0.3"),
    ],
)
async def test_a_chart_names_its_method(visit: Visitor, tab: str, chart: str, words: str) -> None:
    opened = await visit(f"{FLIGHTS}/{tab}")

    assert words in await caption(opened, chart)


async def test_accuracy_has_its_band_in_the_legend_and_in_the_table(visit: Visitor) -> None:
    opened = await visit(f"{FLIGHTS}/accuracy?metric=accuracy")

    figure = opened.page.locator("#chart-accuracy_line")
    legend = await figure.locator(".u-legend").inner_text()
    await figure.locator("summary").click()
    row = await figure.locator(".numbers tbody tr").first.inner_text()

    assert legend.count("95 % band") == 1
    assert re.search(r"95 % band\s*\d\d\.\d % – \d\d\.\d %", legend)
    assert re.search(r"\d\d\.\d % – \d\d\.\d %", row)
    assert "by Wilson, threshold 0.5" in await caption(opened, "accuracy_line")


async def test_a_replay_asks_for_the_time_its_calls_arrived_and_says_so(visit: Visitor, api: FakeApi) -> None:
    opened = await visit("/deployments/replayed/service")

    asked = {(q["start"], q["end"], q["step"]) for _, q in api.asked if q.get("metric") == "requests"}
    assert asked == {("2026-11-23T12:00:00Z", "2026-11-23T12:10:00Z", "minute")}
    assert "replayed on 23 Nov 2026 07:00 – 07:10" in await opened.page.locator("#service > header").inner_text()
    assert "per minute" in await caption(opened, "volume")
    assert await opened.page.locator("#chart-volume canvas").count() == 1


async def test_few_features_leave_no_big_hole_in_their_panel(visit: Visitor) -> None:
    opened = await visit("/deployments/replayed/drift")

    hole = await opened.page.evaluate(
        """() => document.querySelector('#chart-heat figcaption').getBoundingClientRect().top
              - document.querySelector('#chart-heat .scale').getBoundingClientRect().bottom"""
    )

    assert 0 <= hole < 40


async def test_a_refused_question_is_told_in_the_readers_words_and_the_apis_with_the_way_on(
    visit: Visitor, api: FakeApi
) -> None:
    async def refuse(path: str, query: dict[str, str]) -> dict[str, object]:
        if query.get("metric") == "drifted_share":
            raise error(web.HTTPBadRequest, "the range is empty")
        if "missing_rate" in query.get("metric", ""):
            raise error(web.HTTPNotFound, "column 'x' was never seen")
        return await FakeApi().read(path, query)

    api.answer_with(refuse)
    opened = await visit(f"{FLIGHTS}/drift")

    alerts = await opened.page.locator("#view [role=alert]").all_inner_texts()
    assert len(alerts) == 3
    lines = [text.split("\n")[:2] for text in alerts]
    assert (
        lines.count(
            ["The collector refused the question. Choose another range, segment or version.", "400: the range is empty"]
        )
        == 1
    )
    assert lines.count(["Not found. Choose another version or feature.", "404: column 'x' was never seen"]) == 2


async def test_try_again_reads_and_draws_what_had_failed(visit: Visitor, api: FakeApi) -> None:
    async def refuse(path: str, query: dict[str, str]) -> dict[str, object]:
        if query.get("metric") == "latency_p95":
            raise error(web.HTTPServiceUnavailable, "busy")
        return await FakeApi().read(path, query)

    api.answer_with(refuse)
    opened = await visit(f"{FLIGHTS}/service")
    api.answer_with(FakeApi().read)

    await opened.page.locator("#chart-latency").get_by_role("button", name="Try again").click()
    await opened.page.locator("#chart-latency canvas").wait_for()

    assert await opened.page.locator("#view [role=alert]").count() == 0


@pytest.mark.parametrize(("locale", "words"), [("en-GB", "does not answer"), ("ja-JP", "応答しません")])
async def test_a_collector_that_went_away_is_told_where_and_what_to_do(visit: Visitor, locale: str, words: str) -> None:
    opened = await visit(f"{FLIGHTS}/drift", locale=locale)
    await opened.page.context.set_offline(True)

    await opened.page.locator("[name=range][value='7d']").check(force=True)
    await opened.page.locator("#notice:not([hidden])").wait_for()
    notice = await opened.page.locator("#notice").inner_text()
    await opened.page.get_by_role("button", name="carrier", exact=True).click()
    await opened.page.locator("#chart-histogram [role=alert]").wait_for()
    chart = await opened.page.locator("#chart-histogram [role=alert]").inner_text()

    host = opened.root.removeprefix("http://")
    assert (words in notice, host in notice) == (True, True)
    assert (words in chart, host in chart) == (True, True)


async def test_what_was_picked_meanwhile_is_drawn_once_the_status_is_there_again(visit: Visitor, api: FakeApi) -> None:
    opened = await visit(f"{FLIGHTS}/drift")
    await opened.page.context.set_offline(True)
    await opened.page.get_by_role("button", name="carrier", exact=True).click()
    await opened.page.locator("#chart-histogram [role=alert]").wait_for()
    await opened.page.locator("[name=range][value='7d']").check(force=True)
    await opened.page.locator("#notice:not([hidden])").wait_for()
    await opened.page.context.set_offline(False)

    await opened.page.evaluate(
        "htmx.ajax('GET', location.pathname, {target: '#standing', select: '#standing', swap: 'outerHTML'})"
    )
    await opened.page.locator("#chart-histogram .bars").wait_for()

    assert await opened.page.locator("#feature-name").inner_text() == "carrier"
    assert await opened.page.locator("#view").get_attribute("data-start") == "2013-09-21T04:00:00Z"
    assert await opened.page.locator("#notice").is_hidden()
    assert await opened.page.locator("#view [role=alert]").count() == 0


async def test_no_deployment_at_all_teaches_the_first_three_lines(visit: Visitor, api: FakeApi) -> None:
    api.answer_with(FakeApi(empty=True).read)

    opened = await visit("/")

    assert (await opened.page.locator(".snippet").inner_text()).splitlines() == [
        "import tidegauge",
        'agent = tidegauge.init("my-model", collector="grpc://HOST:8643")',
        "model = agent.watch(model)",
    ]
    assert opened.complaints == []
