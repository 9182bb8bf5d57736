"""The page of a month: which months it leads to, what it says of a promise, and what where nothing is promised."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from tidegauge_collector.web import add_web_routes
from tidegauge_collector.web.report import neighbours

HOSTILE = "<b>fast</b>"
PROMISE = {
    "id": "fast", "name": HOSTILE, "target": 0.995, "reached": 0.9925, "total": 12_000, "bad": 90, "kept": False, "budget_used": 1.5,
    "worst_days": [{"start": "2026-10-12T04:00:00Z", "reached": 0.8758}],
    "incidents": [{"alert": 17, "duration_s": 6_900.0}],
}  # fmt: skip
DEPLOYMENT = {"deployment": "shop", "timezone": "America/New_York", "complete": True, "objectives": [PROMISE]}


class Months:
    """Answers with `deployments` for the month that is asked for; `asked` are those months."""

    def __init__(self) -> None:
        self.deployments: list[Mapping[str, Any]] = [DEPLOYMENT]
        self.asked: list[str] = []

    async def read(self, path: str, query: Mapping[str, str]) -> dict[str, Any]:
        assert path == "/api/v1/report"
        self.asked.append(query["month"])
        return {"month": query["month"], "generated_at": "2026-11-03T06:00:00Z", "deployments": self.deployments}


@pytest.fixture
def months() -> Months:
    return Months()


@pytest.fixture
async def client(months: Months) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    app = web.Application()
    add_web_routes(app, months.read)
    async with TestClient(TestServer(app)) as opened:
        yield opened


@pytest.mark.parametrize(
    ("month", "around"),
    [("2026-01", ("2025-12", "2026-02")), ("2026-12", ("2026-11", "2027-01")), ("2026-06", ("2026-05", "2026-07"))],
)
def test_a_month_lies_between_its_neighbours(month: str, around: tuple[str, str]) -> None:
    assert neighbours(month) == around


async def test_a_promise_is_told_with_what_came_of_it(client: Any) -> None:
    html = await (await client.get("/report?month=2026-10", headers={"Accept-Language": "en"})).text()

    told = (
        "99.5 %",
        "99.25 %",
        "150 %",
        "90 of 12,000 were bad",
        "missed",
        "12 Oct 2026",
        "87.58 %",
        "/alerts/17",
        "(2 h)",
    )
    assert [one for one in told if one not in html] == []
    assert HOSTILE not in html


async def test_no_link_leads_to_a_month_that_has_not_begun(client: Any, months: Months) -> None:
    running = await (await client.get("/report?month=2026-11")).text()
    over = await (await client.get("/report?month=2026-10&lang=ja")).text()

    assert 'rel="next"' not in running
    assert 'href="/report?month=2026-11&amp;lang=ja"' in over
    assert months.asked == ["2026-11", "2026-10"]


async def test_where_nothing_is_promised_the_page_says_how_to_begin(client: Any, months: Months) -> None:
    months.deployments = []

    html = await (await client.get("/report?month=2026-10", headers={"Accept-Language": "ja"})).text()

    assert "約束はありません" in html
