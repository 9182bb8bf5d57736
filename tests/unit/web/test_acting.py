"""The pages on which people act, over a fake API: whose name is used, what is asked for, and in which words it is told."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from tidegauge_collector.web import add_web_routes

from .fake_reader import ALERT, CHANNEL, FakeReader

Client = TestClient[web.Request, web.Application]
NAME = "花子 <b>"


class Deeds:
    """Remembers what was to be done."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, Any]]] = []

    async def __call__(self, request: web.Request, method: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        self.asked.append((method, path, dict(body)))
        return {}


@pytest.fixture
def reader() -> FakeReader:
    return FakeReader()


@pytest.fixture
def deeds() -> Deeds:
    return Deeds()


@pytest.fixture
async def client(reader: FakeReader, deeds: Deeds) -> AsyncIterator[Client]:
    app = web.Application()
    add_web_routes(app, reader, do=deeds)
    async with TestClient(TestServer(app)) as opened:
        yield opened


async def page(client: Client, path: str, language: str = "en") -> str:
    answer = await client.get(path, headers={"Accept-Language": language})
    assert answer.status == 200
    return await answer.text()


async def send(client: Client, path: str, **fields: str) -> web.StreamResponse:
    return await client.post(path, data=fields, allow_redirects=False)  # type: ignore[return-value]


async def test_a_page_with_many_forms_asks_for_a_name_once(client: Client) -> None:
    html = await page(client, "/alerts/7")

    assert html.count("<form") > 4
    assert html.count('name="actor"') == 1
    assert "js/acting.js" in html


async def test_a_name_is_remembered_whatever_its_script_and_used_by_forms_that_do_not_ask(
    client: Client, deeds: Deeds
) -> None:
    await send(client, "/alerts/7", do="name", actor=NAME)
    assert deeds.asked == []

    await send(client, "/alerts/7", do="acknowledge")
    await send(client, "/silences", do="end", silence="s1")
    await send(client, "/alerts/7", do="unacknowledge", actor=" ")

    assert deeds.asked == [
        ("POST", "/api/v1/alerts/7/acknowledge", {"actor": NAME}),
        ("DELETE", "/api/v1/silences/s1", {"actor": NAME}),
        ("POST", "/api/v1/alerts/7/unacknowledge", {}),
    ]
    html = await page(client, "/silences")
    assert "You act as 花子 &lt;b&gt;" in html
    assert 'value="花子 &lt;b&gt;"' in html


async def test_the_inbox_is_searched_by_words_that_stay_in_the_address(client: Client, reader: FakeReader) -> None:
    reader.alerts = []

    html = await page(client, "/alerts?q=shop+temp&severity=failing")

    assert reader.alerts_asked == [{"severity": "failing", "search": "shop temp", "limit": "50", "status": "firing"}]
    assert 'name="q" value="shop temp"' in html
    assert "No alert fits" in html


async def test_a_silence_says_what_it_would_catch_before_it_is_made(
    client: Client, reader: FakeReader, deeds: Deeds
) -> None:
    reader.caught |= {"open": 21, "opened": 30, "items": [ALERT | {"id": i} for i in range(20)]}

    empty = await page(client, "/silences")
    html = await page(client, "/silences?deployment=flights-*&severity=&duration=2h")

    assert "before you make it" in empty
    assert reader.previewed == [{"deployment": "flights-*"}]
    assert "It catches 21 open alerts now." in html
    assert ("and 1 more" in html, html.count('href="/alerts/')) == (True, 20)
    assert 'value="flights-*"' in html
    assert deeds.asked == []


async def test_a_silence_that_catches_nothing_asks_whether_the_names_are_right(client: Client) -> None:
    assert "Are the names written" in await page(client, "/silences?deployment=fligths")


async def test_an_alert_leads_to_the_silence_of_its_like_filled_in(client: Client) -> None:
    html = await page(client, "/alerts/7?lang=en")

    wishes = "deployment=flights-delay&amp;monitor=drift&amp;column=temp&amp;segment=origin%3DJFK&amp;lang=en"
    assert f'href="/silences?{wishes}#new-silence"' in html


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("after 30 s, then at most every 5 min, only Mon-Fri", "Severity</span> <bdi>Failing", "grouped by Deployment, Monitor")),
        ("ja", ("30 秒後に通知、以後は最短 5 分ごと、通知は 月-金", "重大度</span> <bdi>異常", "デプロイメント、モニター でまとめる")),
    ],
)  # fmt: skip
async def test_routes_are_told_in_the_readers_language(client: Client, language: str, words: tuple[str, ...]) -> None:
    html = await page(client, "/channels", language)

    assert [text for text in words if text not in html] == []
    assert words[0] in await page(client, "/alerts/7", language)


async def test_a_channel_whose_receiver_does_not_take_messages_is_not_called_working(
    client: Client, reader: FakeReader
) -> None:
    assert "</svg>Working" in await page(client, "/channels")

    reader.channels = [CHANNEL | {"last": CHANNEL["last"] | {"outcome": "retry", "detail": "refused"}}]
    html = await page(client, "/channels")

    assert ("</svg>Working" in html, "Not getting through" in html) == (False, True)


async def test_an_alert_that_is_not_there_leads_to_the_list(client: Client) -> None:
    answer = await client.get("/alerts/99", headers={"Accept-Language": "en"})
    html = await answer.text()

    assert answer.status == 404
    assert "There is no alert 99" in html
    assert 'href="/alerts?status=all"' in html


async def test_a_silence_of_everything_is_refused_in_the_readers_language(client: Client, deeds: Deeds) -> None:
    answer = await client.post("/silences?lang=ja", data={"do": "create", "duration": "2h", "comment": "残す"})
    html = await answer.text()

    assert answer.status == 400
    assert "何も指定されていないため" in html
    assert 'value="残す"' in html
    assert deeds.asked == []
