"""Long answers travel as gzip to those who take it; short ones, and those compressed already, as they are."""

import gzip

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer

from tidegauge_collector.web import add_web_routes
from tidegauge_collector.web.compression import MIN_BYTES, takes_gzip

from .fake_reader import FakeReader

LONG = {"items": ["drift"] * 1_000}


async def answered(path: str, accept: str) -> tuple[ClientResponse, bytes]:
    """The answer and its body as it travelled."""

    async def long(_: web.Request) -> web.Response:
        return web.json_response(LONG)

    async def short(_: web.Request) -> web.Response:
        return web.json_response({"items": []})

    app = web.Application()
    app.router.add_get("/long", long)
    app.router.add_get("/short", short)
    add_web_routes(app, FakeReader())
    async with TestClient(TestServer(app), auto_decompress=False) as client:
        answer = await client.get(path, headers={"Accept-Encoding": accept})
        return answer, await answer.read()


async def test_a_long_answer_travels_as_gzip_and_says_that_it_varies() -> None:
    answer, body = await answered("/long", "br, gzip")

    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert gzip.decompress(body) == web.json_response(LONG).body
    assert len(body) < MIN_BYTES


@pytest.mark.parametrize("accept", ["identity", "br", "gzip;q=0", ""])
async def test_who_does_not_take_gzip_gets_plain_text(accept: str) -> None:
    answer, body = await answered("/long", accept)

    assert "Content-Encoding" not in answer.headers
    assert body == web.json_response(LONG).body


async def test_a_short_answer_stays_as_it_is() -> None:
    answer, body = await answered("/short", "gzip")

    assert ("Content-Encoding" in answer.headers, body) == (False, b'{"items": []}')


async def test_pages_are_compressed_and_still_vary_by_language() -> None:
    answer, body = await answered("/deployments/flights-delay", "gzip")

    assert answer.headers["Vary"] == "Accept-Language, Accept-Encoding"
    assert b"flights-delay" in gzip.decompress(body)
    assert "Content-Security-Policy" in answer.headers


async def test_static_files_are_not_compressed_twice() -> None:
    _, body = await answered("/static/x/js/api.js", "gzip")

    assert b"ApiError" in gzip.decompress(body)


@pytest.mark.parametrize(
    ("header", "taken"),
    [("gzip", True), ("GZIP;q=0.5", True), ("deflate, gzip;q=1.0", True), ("gzip;q=0.0", False), ("gzip;q=x", False)],
)
def test_gzip_is_taken_where_its_weight_is_above_zero(header: str, taken: bool) -> None:
    assert takes_gzip(header) is taken
