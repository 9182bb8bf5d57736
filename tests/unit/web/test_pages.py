"""The pages as HTML: what they show, in which language, and what they never let through."""

import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

import tidegauge_collector.web
from tidegauge_collector.web import add_web_routes
from tidegauge_collector.web.tabs import TABS

from .fake_reader import ALERT, DEPLOYMENT, MONITOR, FakeReader

HOSTILE = "<img src=x onerror=alert(1)>\"'"
SCRIPTS = [path.name for path in (Path(tidegauge_collector.web.__file__).parent / "static/js").glob("*.js")]
Client = TestClient[web.Request, web.Application]


@pytest.fixture
def reader() -> FakeReader:
    return FakeReader()


@pytest.fixture
async def client(reader: FakeReader) -> AsyncIterator[Client]:
    app = web.Application()
    add_web_routes(app, reader)
    async with TestClient(TestServer(app)) as opened:
        yield opened


async def page(client: Client, path: str, accept_language: str = "en") -> str:
    answer = await client.get(path, headers={"Accept-Language": accept_language})
    return await answer.text()


class Tags(HTMLParser):
    """Collects the names of tags and attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


async def test_fleet_page_lists_deployments_worst_first(client: Client, reader: FakeReader) -> None:
    calm = dict(DEPLOYMENT, name="calm", verdict="ok")
    reader.deployments = [calm, dict(DEPLOYMENT, name="burning", verdict="failing")]

    html = await page(client, "/")

    assert html.index("burning") < html.index("calm")
    assert all(text in html for text in ("Failing", "OK", "978", "27 Sep 2013 16:15"))


@pytest.mark.parametrize(
    ("asked", "told"),
    [("24h", ("24 h", "978")), ("7d", ("7 d", "6,528")), ("", ("30 d", "27,000")), ("90d", ("90 d", "80,500"))],
)
async def test_predictions_are_of_the_chosen_range_and_say_it(
    client: Client, asked: str, told: tuple[str, str]
) -> None:
    html = await page(client, f"/?range={asked}")

    assert re.search(rf"Predictions, {told[0]}</dt>\s*<dd[^>]*>\s*{told[1]}\b", html)


async def test_fleet_without_deployments_teaches_the_first_step(client: Client, reader: FakeReader) -> None:
    reader.deployments = []

    html = await page(client, "/")

    assert "tidegauge.init(&#34;my-model&#34;, collector=&#34;grpc://HOST:8643&#34;)" in html
    assert ("agent.watch(model)" in html, "<table" in html) == (True, False)


async def test_deployment_page_opens_on_the_whole_extent_of_the_data(client: Client) -> None:
    html = await page(client, "/deployments/flights-delay")

    assert 'data-start="2013-01-01T05:00:00Z"' in html
    assert 'data-end="2013-09-28T04:00:00Z"' in html


async def test_deployment_page_keeps_the_picks_of_its_address(client: Client) -> None:
    html = await page(
        client, "/deployments/flights-delay?range=7d&segment=origin%3DJFK&version=gone&feature=temp&metric=log_loss"
    )

    assert 'data-segment="origin=JFK"' in html
    assert '<option value="gone" selected>' in html
    assert re.search(r'value="7d" class="instant" checked', html)
    assert ('data-feature="temp"' in html, 'data-metric="log_loss"' in html) == (True, True)


async def test_a_range_that_cannot_be_read_is_told(client: Client) -> None:
    assert "could not be read" in await page(client, "/deployments/flights-delay?range=custom&start=x")


async def test_without_a_baseline_the_page_says_how_to_give_one(client: Client, reader: FakeReader) -> None:
    given = DEPLOYMENT["baselines"][0]
    reader.deployments = [dict(DEPLOYMENT, baselines=[given | {"status": "incomplete"}, given | {"version": "0"}])]

    assert "agent.baseline(" in await page(client, "/deployments/flights-delay/drift")


async def test_without_actuals_the_page_says_how_to_send_them(client: Client, reader: FakeReader) -> None:
    reader.status = reader.status | {"stored": {"predictions": 9, "actuals": 0, "records": 0}}

    assert "agent.actuals(" in await page(client, "/deployments/flights-delay/accuracy")


async def test_without_data_the_page_says_how_to_begin(client: Client, reader: FakeReader) -> None:
    reader.status = reader.status | {"data_start": None, "data_end": None, "settled_until": None, "lag_s": None}

    html = await page(client, "/deployments/flights-delay")

    assert "agent.watch(model)" in html
    assert 'id="view"' not in html


async def test_dropped_rows_are_confessed(client: Client, reader: FakeReader) -> None:
    reader.status = reader.status | {"dropped": {"buffer_full": 1204, "clock": 0}}

    html = await page(client, "/deployments/flights-delay/agents")

    assert "buffer full 1,204" in html
    assert "clock 0" not in html


async def test_an_alert_shows_value_threshold_window_and_delivery(client: Client) -> None:
    html = await page(client, "/deployments/flights-delay/alerts")

    told = (
        ">0.812<",
        ">0.25<",
        ">30 Jun 2013<",
        "opened on 28 Jun 2013",
        "slack</bdi>: delivered, ",
        "opened (Warning): 0.2",
    )
    assert [text for text in told if text not in html] == []


@pytest.mark.parametrize(("language", "name"), [("en", "Data drift"), ("ja", "データドリフト")])
async def test_an_alert_names_its_monitor_in_the_readers_language_with_the_column(
    client: Client, reader: FakeReader, language: str, name: str
) -> None:
    reader.alerts = [dict(ALERT, column="_prediction"), dict(ALERT, monitor="mine")]

    html = await page(client, "/deployments/flights-delay/alerts", language)

    prediction = {"en": "prediction", "ja": "予測"}[language]
    assert f"<bdi>{name}</bdi>: {prediction}</a>" in html
    assert "<bdi>My own</bdi>: <bdi>temp</bdi></a>" in html


async def test_a_resolved_alert_is_calm_and_an_open_one_is_not(client: Client, reader: FakeReader) -> None:
    reader.alerts = [dict(ALERT), dict(ALERT, status="resolved", resolved_at="2013-07-03T04:00:00Z")]

    html = await page(client, "/deployments/flights-delay/alerts")
    firing, resolved = html[html.index('<section id="alerts"') :].split("<tr")[2:4]

    assert ('class="calm"' in firing, "verdict-failing" in firing) == (False, True)
    assert ('class="calm"' in resolved, "verdict-failing" in resolved) == (True, False)


async def test_an_alert_links_to_its_window_column_segment_and_version(client: Client) -> None:
    html = await page(client, "/deployments/flights-delay/alerts?lang=en")

    link = "/deployments/flights-delay/drift?range=custom&amp;start=2013-06-22&amp;end=2013-06-30&amp;feature=temp&amp;segment=origin%3DJFK"
    assert f'{link}&amp;version=1&amp;lang=en"' in html


async def test_open_alerts_come_before_newer_resolved_ones_and_the_rest_is_counted(
    client: Client, reader: FakeReader
) -> None:
    resolved = [
        dict(ALERT, monitor=f"old-{i}", status="resolved", opened_at="2013-08-01T00:00:00Z") for i in range(120)
    ]
    reader.alerts = [*resolved, dict(ALERT, monitor="still-open")]

    html = await page(client, "/deployments/flights-delay/alerts")

    assert html.index("still-open") < html.index("old-0<")
    assert "newest 100 of 121 alerts" in html


async def test_the_version_picker_says_what_is_measured_where_none_is_picked(
    client: Client, reader: FakeReader
) -> None:
    versions = [
        {"version": v, "role": "challenger", "first_seen": f"2013-0{i}-01T00:00:00Z"} for i, v in ((1, "a"), (2, "b"))
    ]

    assert "Newest champion (1)" in await page(client, "/deployments/flights-delay")
    reader.deployments = [dict(DEPLOYMENT, versions=versions)]
    assert "Newest version (b)" in await page(client, "/deployments/flights-delay")


async def test_a_links_version_that_was_never_seen_is_told(client: Client) -> None:
    assert "version gone was never seen" in await page(client, "/deployments/flights-delay?version=gone")
    assert "never seen" not in await page(client, "/deployments/flights-delay?version=1")


async def test_importances_are_those_of_the_picked_version(client: Client, reader: FakeReader) -> None:
    older = {"version": "0", "role": "retired", "first_seen": "2012-01-01T05:00:00Z"}
    reader.deployments = [dict(DEPLOYMENT, versions=[older, *DEPLOYMENT["versions"]])]

    await page(client, "/deployments/flights-delay?version=0")

    assert reader.versions_asked == ["", "0"]


@pytest.mark.parametrize(
    ("accept", "text"), [("en", "this data was replayed on 23 Nov 2026 07:00 – 07:10."), ("ja", "に再生されたものです")]
)
async def test_a_replay_says_that_its_calls_arrived_later(
    client: Client, reader: FakeReader, accept: str, text: str
) -> None:
    reader.status |= {"service_start": "2026-11-23T12:00:20Z", "service_end": "2026-11-23T12:09:20Z"}

    html = await page(client, "/deployments/flights-delay/service", accept)

    assert text in html
    assert (
        'data-service-start="2026-11-23T12:00:00Z" data-service-end="2026-11-23T12:10:00Z" data-service-step="minute"'
        in html
    )


async def test_without_calls_the_service_section_says_where_they_come_from(client: Client, reader: FakeReader) -> None:
    reader.status |= {"service_start": None, "service_end": None}

    html = await page(client, "/deployments/flights-delay/service")

    assert "No call has been seen yet" in html
    assert 'id="chart-volume"' not in html


async def test_a_picked_segment_is_told_not_to_hold_for_the_service(client: Client) -> None:
    assert "calls are not counted by segment" in await page(
        client, "/deployments/flights-delay/service?segment=origin%3DJFK"
    )
    assert "calls are not counted by segment" not in await page(client, "/deployments/flights-delay/service")


@pytest.mark.parametrize("tab", TABS)
async def test_every_tab_is_a_page_that_says_which_it_is(client: Client, tab: str) -> None:
    path = "/deployments/flights-delay" + ("" if tab == "overview" else f"/{tab}")

    answer = await client.get(path, headers={"Accept-Language": "en"})
    html = await answer.text()

    assert answer.status == 200
    assert re.search(rf'data-tab="{tab}" aria-current="page"', html)
    assert html.count("<h1>") == 1


async def test_a_tab_that_is_not_there_leads_back(client: Client) -> None:
    answer = await client.get("/deployments/flights-delay/nope", headers={"Accept-Language": "en"})
    html = await answer.text()

    assert answer.status == 404
    assert "A deployment has no page nope" in html
    assert 'href="/deployments/flights-delay"' in html


async def test_tabs_and_alerts_keep_what_is_picked(client: Client) -> None:
    html = await page(client, "/deployments/flights-delay/drift?range=7d&segment=origin%3DJFK&lang=en")

    assert "/deployments/flights-delay/accuracy?range=7d&amp;segment=origin%3DJFK&amp;lang=en" in html


async def test_the_overview_leads_to_the_column_that_is_bad(client: Client) -> None:
    html = await page(client, "/deployments/flights-delay")

    assert 'href="/deployments/flights-delay/drift?range=7d&amp;feature=temp&amp;version=1"' in html
    assert "<bdi>temp</bdi></b>: PSI" in html


async def test_objectives_are_told_with_what_is_left_of_their_budget(client: Client, reader: FakeReader) -> None:
    html = await page(client, "/deployments/flights-delay/service")

    assert all(text in html for text in ("At risk", "99.3 %", "30 %", "700 / 100,000", "target 99 %"))
    reader.objectives = []
    assert "[[objectives]]" in await page(client, "/deployments/flights-delay/service")


async def test_monitors_are_told_with_their_limits_and_where_they_stand(client: Client) -> None:
    html = await page(client, "/deployments/flights-delay/monitors")

    assert all(text in html for text in ("above 0.1 / 0.25", "1 of 1 bad", "every 1 d", "built in"))


async def test_the_drift_page_says_the_limits_of_the_picked_statistic(client: Client) -> None:
    psi = await page(client, "/deployments/flights-delay/drift")
    other = await page(client, "/deployments/flights-delay/drift?statistic=hellinger")

    assert "PSI above 0.2 is a warning.</p>" in psi
    assert 'data-statistic="psi" data-limits="{&#34;failing&#34;: null, &#34;warning&#34;: 0.2}"' in psi
    assert "No monitor has a limit for Hellinger distance" in other
    assert 'data-statistic="hellinger"' in other
    assert "/deployments/flights-delay/accuracy?statistic=hellinger" in other
    assert 'data-statistic="psi"' in await page(client, "/deployments/flights-delay/drift?statistic=nonsense")


async def test_a_metric_of_the_users_own_is_shown_with_what_is_said_of_it(client: Client, reader: FakeReader) -> None:
    said = {
        "direction": "lower_is_better",
        "unit": "EUR",
        "description": "Loss",
        "baseline": 2.5,
        "baseline_of": "mean",
    }
    said |= {"baseline_start": "", "baseline_end": "", "stated": True}
    limit = {"metric": "custom_sum", "columns": "loss", "comparison": "above", "limits": "stated", "warning": None}
    reader.customs = [said | {"name": "loss", "reported": True}, said | {"name": "gain", "reported": False}]
    reader.deployments = [dict(DEPLOYMENT, monitors=[limit | {"failing": 9}])]

    html = await page(client, "/deployments/flights-delay/metrics?custom=sum&segment=origin%3DJFK&range=7d")

    assert 'data-own="loss" data-statistic="custom_sum" data-unit="EUR"' in html
    assert "&#34;of&#34;: &#34;value&#34;, &#34;severity&#34;: &#34;failing&#34;, &#34;value&#34;: 9" in html
    assert all(text in html for text in ("Lower is better", "they belong to no segment", 'value="2.5"'))
    assert "gain: something is said of it, but no value was ever reported" in html
    assert html.count('class="chart"') == 1
    assert reader.events_asked == [{"limit": "100"}]


async def test_the_fleet_tells_its_figures_and_counts_alerts_since_the_range_began(
    client: Client, reader: FakeReader
) -> None:
    html = await page(client, "/?range=7d")

    assert all(text in html for text in ("6,528", "12 min", "median of 2 of 3", "1 of 2"))
    assert "3 opened in 7 d" in html
    assert len(reader.since_asked) == 1


@pytest.mark.parametrize(
    ("theme", "media"), [("dark", "all"), ("light", "not all"), ("x", "(prefers-color-scheme: dark)")]
)
async def test_a_chosen_theme_is_drawn_from_the_start(client: Client, theme: str, media: str) -> None:
    answer = await client.get("/", headers={"Cookie": f"theme={theme}"})

    assert f'id="dark" media="{media}"' in await answer.text()


async def test_an_unknown_deployment_is_a_404_that_leads_back(client: Client) -> None:
    answer = await client.get("/deployments/nope", headers={"Accept-Language": "en"})
    html = await answer.text()

    assert answer.status == 404
    assert "There is no deployment nope" in html
    assert 'href="/"' in html


@pytest.mark.parametrize("path", ["/", "/deployments/flights-delay", "/deployments/nope"])
@pytest.mark.parametrize(("accept", "language"), [("ja", "ja"), ("en", "en"), ("de", "en")])
async def test_pages_speak_the_browsers_language(client: Client, path: str, accept: str, language: str) -> None:
    answer = await client.get(path, headers={"Accept-Language": accept})

    assert answer.headers["Content-Language"] == language
    assert "Accept-Language" in answer.headers["Vary"]
    assert f'<html lang="{language}">' in await answer.text()


async def test_a_stated_language_is_carried_by_the_links(client: Client) -> None:
    html = await page(client, "/?lang=ja")

    assert "/deployments/flights-delay?lang=ja" in html


@pytest.mark.parametrize(
    "path", ["/", "/deployments/flights-delay", "/deployments/nope", "/static/x/js/api.js", "/static/x/none"]
)
async def test_every_answer_forbids_what_is_inline_or_from_elsewhere(client: Client, path: str) -> None:
    headers = (await client.get(path)).headers

    assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("path", ["/", "/deployments/flights-delay", "/deployments/nope?lang=ja"])
async def test_pages_hold_no_inline_script_or_style_and_load_nothing_from_elsewhere(client: Client, path: str) -> None:
    tags = Tags()
    tags.feed(await page(client, path))

    inline = [
        attrs
        for tag, attrs in tags.seen
        if tag == "style" or "style" in attrs or any(name.startswith("on") for name in attrs)
    ]
    scripts = [attrs for tag, attrs in tags.seen if tag == "script" and attrs.get("type") != "application/json"]
    loaded = [
        attrs.get("src") or attrs.get("href") or ""
        for tag, attrs in tags.seen
        if tag in ("script", "link") and attrs.get("type") != "application/json"
    ]
    assert inline == []
    assert all(attrs.get("src") for attrs in scripts)
    assert len(loaded) >= 6
    assert all(address.startswith("/static/") for address in loaded)


async def test_names_from_outside_are_text_everywhere(client: Client, reader: FakeReader) -> None:
    column = {"name": HOSTILE, "kind": "numeric", "role": "feature", "importance": 1.0}
    version = {"version": HOSTILE, "role": HOSTILE, "first_seen": "2013-01-01T05:00:00Z"}
    reader.deployments = [
        dict(DEPLOYMENT, columns=[column], segments=[HOSTILE], versions=[version], verdict=HOSTILE, timezone=HOSTILE)
    ]
    reader.alerts = [dict(ALERT, monitor=HOSTILE, column=HOSTILE, segment=HOSTILE, version=HOSTILE, metric=HOSTILE)]
    reader.status = reader.status | {"dropped": {HOSTILE: 1}}
    reader.monitors = [dict(MONITOR, id=HOSTILE, name=HOSTILE, columns=HOSTILE, source=HOSTILE)]
    reader.events = [
        {"kind": HOSTILE, "text": HOSTILE, "at": "2013-07-01T04:00:00Z", "version": HOSTILE, "attributes": {}}
    ]

    names = ["", *(f"/{tab}" for tab in TABS if tab != "overview"), "?segment=%3Cimg%20src=x%3E"]
    for path in ("/", *(f"/deployments/flights-delay{name}" for name in names)):
        tags = Tags()
        tags.feed(await page(client, path))

        assert [tag for tag, attrs in tags.seen if tag == "img" or "onerror" in attrs] == []


async def test_every_static_file_that_a_page_names_is_there_and_lasts(client: Client) -> None:
    html = await page(client, "/deployments/flights-delay")
    addresses = re.findall(r'"(/static/[^"]+)"', html)

    answers = [await client.get(address) for address in addresses]

    assert len(addresses) >= 8
    assert [answer.status for answer in answers] == [200] * len(answers)
    assert all("immutable" in answer.headers["Cache-Control"] for answer in answers)


async def test_the_favicon_is_a_drawing_that_every_page_names(client: Client) -> None:
    html = await page(client, "/")
    named = re.search(r'<link rel="icon" href="([^"]+)" type="image/svg\+xml">', html)

    answer = await client.get("/favicon.ico")

    assert named is not None
    assert (answer.status, answer.content_type, answer.url.path) == (200, "image/svg+xml", named.group(1))


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("/", "Deployments · Tidegauge"),
        ("/deployments/flights-delay", "flights-delay · Tidegauge"),
        ("/deployments/nope", "There is no deployment nope · Tidegauge"),
    ],
)
async def test_every_page_has_a_title_of_its_own(client: Client, path: str, title: str) -> None:
    assert f"<title>{title}</title>" in await page(client, path)


async def test_a_page_of_an_older_release_gets_todays_script_but_not_for_keeps(client: Client) -> None:
    answer = await client.get("/static/older/js/api.js")

    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-cache")


@pytest.mark.parametrize("path", ["..%2f..%2frouters.py", "%2e%2e/routes.py", "js/none.js"])
async def test_nothing_but_the_static_folder_is_served(client: Client, path: str) -> None:
    assert (await client.get(f"/static/x/{path}")).status == 404


async def test_a_cold_deployment_page_with_its_files_stays_below_300_kilobytes(client: Client) -> None:
    html = await page(client, "/deployments/flights-delay")
    named = re.findall(r'"(/static/[^"]+)"', html)
    root = named[0].rsplit("/static/", 1)[1].split("/")[0]
    modules = set(named) | {f"/static/{root}/js/{name}" for name in SCRIPTS}

    sizes = [len(await (await client.get(address)).read()) for address in modules]

    assert len(html) + sum(sizes) < 300_000
