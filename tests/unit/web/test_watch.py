"""The page of monitors over a fake API: both sides of limits, objectives, what is asked for and what is told; no script is needed."""

import re
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from tidegauge_collector.web import add_web_routes
from tidegauge_collector.web.watching import monitor_fields, wished_monitor, wished_objective

from .fake_reader import BURNING, DEFINED, MONITOR, PAIRED, FakeReader

Client = TestClient[web.Request, web.Application]
PAGE = "/deployments/flights-delay/monitors"
PLAN = {"empty": False, "deployments": {"a": [], "b": []}, "withdrawn": 1}
EPISODE = {"column": "temp", "metric": "psi", "opened": "2013-07-01T04:00:00Z"}
LAST = {"episodes": [EPISODE], "verdicts": {"ok": 3, "failing": 1}, "done": 4, "total": 4, "resume": None}


class Deeds:
    """Remembers what was asked, and answers as REST does."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, Any]]] = []
        self.pieces = [LAST | {"episodes": [], "done": 2, "resume": {"at": 2}}, LAST]

    async def __call__(self, request: web.Request, method: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        self.asked.append((method, path.removeprefix("/api/v1"), dict(body)))
        return self.pieces.pop(0) if path.endswith("backtest") else PLAN


@pytest.fixture
def reader() -> FakeReader:
    reader = FakeReader()
    reader.monitors = [MONITOR, PAIRED, BURNING]
    return reader


@pytest.fixture
def deeds() -> Deeds:
    return Deeds()


@pytest.fixture
async def client(reader: FakeReader, deeds: Deeds) -> AsyncIterator[Client]:
    app = web.Application()
    add_web_routes(app, reader, do=deeds)
    async with TestClient(TestServer(app), headers={"Accept-Language": "en"}) as opened:
        yield opened


async def send(client: Client, path: str, **fields: str) -> tuple[int, str]:
    answer = await client.post(path, data=fields, allow_redirects=False)
    return answer.status, await answer.text() or answer.headers.get("Location", "")


async def test_both_sides_of_limits_and_objectives_have_fields(client: Client) -> None:
    html = await (await client.get(PAGE)).text()

    for name, value in (
        ("warning_low", "-0.5"),
        ("warning_high", "0.5"),
        ("failing_low", "-1"),
        ("failing_high", "2.5"),
    ):
        assert f'name="{name}" value="{value}"' in html
    assert ('name="target" value="99"' in html, 'name="under_s" value="0.3"' in html) == (True, True)
    assert "outside ±0.5 / -1 … 2.5" in html
    assert html.count('value="remove"') == 1


async def test_a_pair_is_saved_as_rest_would_be_asked(client: Client, deeds: Deeds) -> None:
    fields = {"warning_low": "", "warning_high": "", "failing_low": "-2", "failing_high": "3.5", "enabled": "false"}

    status, where = await send(client, PAGE, monitor="mean", do="put", min_rows="60", **fields)

    ((method, path, body),) = deeds.asked
    assert (status, where) == (303, f"{PAGE}?done=saved")
    assert (method, path) == ("PUT", "/monitors/mean")
    assert {name: body[name] for name in ("warning", "failing", "min_rows", "enabled", "columns")} == {
        "warning": None,
        "failing": [-2, 3.5],
        "min_rows": 60,
        "enabled": False,
        "columns": "*",
    }
    assert {"id", "series", "origin", "source"} & body.keys() == set()


async def test_a_back_test_goes_on_until_its_end_and_says_what_would_have_been(client: Client, deeds: Deeds) -> None:
    fields = {"monitor": "mean", "failing_low": "-2", "failing_high": "3", "warning_low": "0", "warning_high": "1"}

    status, html = await send(client, f"{PAGE}/try", do="backtest", **fields)

    assert [path for _, path, _ in deeds.asked] == ["/monitors/backtest"] * 2
    assert deeds.asked[1][2]["resume"] == {"at": 2}
    assert deeds.asked[0][2]["monitor"]["failing"] == [-2, 3]
    assert (status, "1 alert would have been: temp 1 Jul 2013" in html) == (200, True)
    assert 'name="failing_high" value="3"' in html
    assert re.search(r'<details class="trial" id="monitor-2" open>', html)


async def test_an_objective_is_made_previewed_changed_and_removed(client: Client, deeds: Deeds) -> None:
    new = {
        "objective": "",
        "id": "fresh",
        "indicator": "freshness",
        "target": "99.9",
        "window": "7",
        "stale_after_s": "60",
    }

    _, previewed = await send(client, f"{PAGE}/try", do="plan", **new)
    made = await send(client, PAGE, do="put", **new)
    changed = await send(client, PAGE, do="put", objective="fast", target="99.5", window="28", under_s="0.25")
    removed = await send(client, PAGE, do="remove", objective="fast")

    wished = {
        "deployments": ["flights-delay"],
        "indicator": "freshness",
        "target": 0.999,
        "window_s": 604_800,
        "stale_after_s": 60,
        "enabled": True,
    }
    assert "Changes 2 deployments; alerts that would end: 1." in previewed
    assert deeds.asked[0] == (
        "POST",
        "/monitors/plan",
        {"files": [{"name": "page", "objectives": [{"id": "fresh", **wished}]}], "prune": False},
    )
    assert deeds.asked[1] == ("PUT", "/objectives/fresh", wished)
    _, _, body = deeds.asked[2]
    assert (body["target"], body["window_s"], body["under_s"], body["deployments"]) == (
        0.995,
        2_419_200,
        0.25,
        ["flights-*"],
    )
    assert {"matched", "whole", "origin", "updated_at"} & body.keys() == set()
    assert deeds.asked[3] == ("DELETE", "/objectives/fast", {})
    assert [made[0], changed[0], removed[1]] == [303, 303, f"{PAGE}?done=removed"]
    assert "Removed." in await (await client.get(removed[1])).text()


@pytest.mark.parametrize(
    ("path", "fields", "status", "words"),
    [
        (PAGE, {"objective": "", "id": "fast", "do": "put"}, 400, "there is one of this id already"),
        (PAGE, {"objective": "", "id": " ", "do": "put"}, 400, "id is missing"),
        (PAGE, {"objective": "gone", "do": "remove"}, 409, "objective &#39;gone&#39;"),
        (PAGE, {"monitor": "gone", "do": "put"}, 409, "monitor &#39;gone&#39;"),
        (PAGE, {"monitor": "mean", "do": "remove"}, 400, "nothing to do with a monitor"),
    ],
)
async def test_what_cannot_be_done_is_told_and_nothing_is_asked_for(
    client: Client, deeds: Deeds, path: str, fields: dict[str, str], status: int, words: str
) -> None:
    answer, html = await send(client, path, **fields)

    assert (answer, words in html, deeds.asked) == (status, True, [])


async def test_a_link_of_a_tried_page_shows_the_monitors(client: Client) -> None:
    answer = await client.get(f"{PAGE}/try?lang=ja")

    assert (answer.status, 'value="-0.5"' in await answer.text()) == (200, True)


async def test_an_objective_that_cannot_say_all_of_its_monitor_has_no_form(client: Client, reader: FakeReader) -> None:
    reader.defined = [DEFINED | {"whole": False}]

    assert 'value="remove"' not in await (await client.get(PAGE)).text()


def test_a_form_left_as_it_is_means_the_monitor_as_it_is() -> None:
    for monitor in (MONITOR, PAIRED):
        wished = wished_monitor(monitor, monitor_fields(monitor))

        assert wished == {name: monitor[name] for name in wished}


def test_what_is_no_number_goes_on_as_text_for_the_api_to_refuse() -> None:
    assert wished_monitor(PAIRED, {"failing_low": "a", "failing_high": "1"})["failing"] == ["a", 1]
    assert wished_monitor(PAIRED, {"failing_low": "1", "failing_high": ""})["failing"] == [1, None]
    assert wished_objective(None, {"id": "x", "target": "most"}, "shop")["target"] == "most"
