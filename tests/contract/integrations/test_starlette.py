"""The ASGI middleware in Starlette and FastAPI: each request's predictions are its own, and no response changes."""

import asyncio
import socket
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import agent_frames as view
import httpx
import pytest
import uvicorn
from fastapi import BackgroundTasks, FastAPI, WebSocket
from sklearn.linear_model import LogisticRegression
from starlette.responses import StreamingResponse

import tidegauge
from tidegauge.core.ids import digest_id
from tidegauge.integrations.fastapi import TidegaugeMiddleware

from .models import FRAME, X, Y

MakeAgent = Callable[..., tidegauge.Agent]
REQUESTS = 40


def service(agent: tidegauge.Agent, /, **options: Any) -> FastAPI:
    """A service with the middleware; without options of it, without it."""
    app, model = FastAPI(), agent.watch(LogisticRegression().fit(FRAME.to_numpy(), Y))
    together = asyncio.Barrier(REQUESTS)

    def score(number: int) -> float:
        return float(model.predict_proba(X[number : number + 1])[0, 1])

    @app.get("/sync/{number}")
    def answer(number: int) -> float:
        return score(number)

    @app.get("/together/{number}")
    async def answer_together(number: int) -> float:
        await together.wait()  # all requests are within their contexts now
        return score(number)

    @app.get("/broken/{number}")
    async def broken(number: int) -> float:
        score(number)
        raise LookupError("no such flight")

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def parts() -> AsyncIterator[str]:
            for number in range(3):
                await asyncio.sleep(0)
                yield f"{score(number):.3f}\n"

        return StreamingResponse(parts(), media_type="text/csv")

    @app.get("/later/{number}")
    async def later(number: int, tasks: BackgroundTasks) -> str:
        tasks.add_task(score, number)  # in a thread, after the response
        return "later"

    @app.websocket("/socket")
    async def answer_socket(opened: WebSocket) -> None:
        await opened.accept()
        for _ in range(2):
            await opened.send_json(score(int(await opened.receive_text())))
        await opened.close()

    if options:
        app.add_middleware(TidegaugeMiddleware, **options)
    return app


def session(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service")


def consumers(frames: list[Any]) -> dict[str, int]:
    return dict(view.column(frames, "_consumer", length_s=view.MINUTE_S).names)


def ids(frames: list[Any]) -> Counter[bytes]:
    found = [rows.ids[i : i + 16] for rows in view.records(frames) for i in range(0, len(rows.ids), 16)]
    return Counter(found)


@pytest.mark.parametrize("path", ["sync", "together"])
async def test_each_of_many_requests_at_once_has_its_own_consumer_and_id(
    make_agent: MakeAgent, spooled: Any, path: str
) -> None:
    agent = make_agent()
    async with session(service(agent, agent=agent, id_header="X-Request-ID")) as client:

        async def ask(number: int) -> httpx.Response:
            headers = {"X-Consumer": f"team-{number % 4}", "X-Request-ID": f"request-{number}"}
            return await client.get(f"/{path}/{number}", headers=headers)

        replies = await asyncio.gather(*map(ask, range(REQUESTS)))

    assert {reply.status_code for reply in replies} == {200}
    agent.flush()
    frames = spooled(agent)
    assert consumers(frames) == {f"team-{i}": REQUESTS // 4 for i in range(4)}
    assert ids(frames) == Counter(digest_id(f"request-{i}") for i in range(REQUESTS))


async def test_responses_are_those_of_the_service_without_it(make_agent: MakeAgent) -> None:
    bare, agent = make_agent(enabled=False), make_agent("other")
    headers = {"X-Consumer": "team", "X-Request-ID": "request"}
    found = []
    for app in (service(bare), service(agent, agent=agent, batch_header="X-Batch")):
        async with session(app) as client:
            replies = [await client.get(path, headers=headers) for path in ("/sync/1", "/stream", "/none", "/sync/x")]
            found.append([(one.status_code, one.headers.raw, one.content) for one in replies])

    assert found[0] == found[1]


async def test_an_exception_of_a_handler_passes_and_ends_its_context(make_agent: MakeAgent, spooled: Any) -> None:
    agent = make_agent()
    async with session(service(agent, agent=agent)) as client:
        with pytest.raises(LookupError, match="no such flight"):
            await client.get("/broken/1", headers={"X-Consumer": "team"})
        await client.get("/sync/1")

    agent.flush()
    assert consumers(spooled(agent)) == {"team": 1}
    assert agent.status()["counters"]["faults"] == 0


async def test_what_a_stream_predicts_is_the_requests(make_agent: MakeAgent, spooled: Any) -> None:
    agent = make_agent()
    async with session(service(agent, agent=agent)) as client:
        reply = await client.get("/stream", headers={"X-Consumer": "team"})

    assert len(reply.text.splitlines()) == 3
    agent.flush()
    assert consumers(spooled(agent)) == {"team": 3}


async def test_what_a_web_socket_predicts_is_its_openers(make_agent: MakeAgent, spooled: Any) -> None:
    agent = make_agent()
    said = [{"type": "websocket.connect"}, *({"type": "websocket.receive", "text": number} for number in "12")]
    heard: list[Any] = []

    async def receive() -> Any:
        return said.pop(0)

    async def send(message: Any) -> None:
        heard.append(message)

    scope = {"type": "websocket", "path": "/socket", "headers": [(b"x-consumer", b"team")], "query_string": b""}
    await service(agent, agent=agent)(scope, receive, send)

    assert [one["type"] for one in heard] == [
        *("websocket.accept", "websocket.send", "websocket.send", "websocket.close"),
    ]
    agent.flush()
    assert consumers(spooled(agent)) == {"team": 2}


async def test_what_a_background_task_predicts_is_the_requests(make_agent: MakeAgent, spooled: Any) -> None:
    agent = make_agent()
    async with session(service(agent, agent=agent)) as client:
        reply = await client.get("/later/1", headers={"X-Consumer": "team"})

    assert reply.json() == "later"
    agent.flush()
    assert consumers(spooled(agent)) == {"team": 1}


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """The address of a real server of this service, in a thread."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off", ws="none"))
    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(120)


async def test_a_real_server_keeps_requests_apart(make_agent: MakeAgent, spooled: Any) -> None:
    agent = make_agent()
    with served(service(agent, agent=agent, id_header="X-Request-ID")) as address:
        async with httpx.AsyncClient(base_url=address, timeout=120) as client:

            async def ask(number: int) -> httpx.Response:
                headers = {"X-Consumer": f"team-{number % 4}", "X-Request-ID": f"request-{number}"}
                return await client.get(f"/together/{number}", headers=headers)

            replies = await asyncio.gather(*map(ask, range(REQUESTS)))

    assert {reply.status_code for reply in replies} == {200}
    agent.flush()
    frames = spooled(agent)
    assert consumers(frames) == {f"team-{i}": REQUESTS // 4 for i in range(4)}
    assert ids(frames) == Counter(digest_id(f"request-{i}") for i in range(REQUESTS))


async def test_no_record_leaves_for_a_header_that_nobody_named(make_agent: MakeAgent, spooled: Any) -> None:
    agent = make_agent()
    async with session(service(agent, agent=agent)) as client:
        await client.get("/sync/1", headers={"X-Request-ID": "set-by-a-proxy"})

    agent.flush()
    assert not ids(spooled(agent))


async def lifespan_of(app: Any) -> list[str]:
    """What an application says of its lifespan."""
    said = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    heard: list[str] = []

    async def receive() -> Any:
        return said.pop(0)

    async def send(message: Any) -> None:
        heard.append(message["type"])

    await app({"type": "lifespan", "state": {}}, receive, send)
    return heard


async def test_the_end_of_the_lifespan_seals_what_is_left(make_agent: MakeAgent, spooled: Any) -> None:
    agent = make_agent()
    app = service(agent, agent=agent)
    async with session(app) as client:
        await client.get("/sync/1")

    assert await lifespan_of(app) == ["lifespan.startup.complete", "lifespan.shutdown.complete"]

    body = next(body for body in view.profiles(spooled(agent)) if body.window_closed)
    assert body.columns[0].rows == 1


async def test_a_disk_that_hangs_does_not_hold_up_the_end(
    make_agent: MakeAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent, goes_on = make_agent(), threading.Event()
    app = service(agent, agent=agent)
    monkeypatch.setattr("tidegauge.integrations.starlette.SEAL_S", 0.01)
    monkeypatch.setattr(agent._capture.runtime, "flush", lambda **_: goes_on.wait(120))

    assert (await lifespan_of(app))[-1] == "lifespan.shutdown.complete"

    goes_on.set()
    for thread in [one for one in threading.enumerate() if one.name == "tidegauge-close"]:
        thread.join(120)


async def test_a_disk_that_refuses_does_not_change_the_end(
    make_agent: MakeAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise tidegauge.SpoolError("spool: full")

    agent = make_agent()
    monkeypatch.setattr(agent._capture.runtime, "flush", refuse)

    assert agent.close() is False
    assert (await lifespan_of(service(agent, agent=agent)))[-1] == "lifespan.shutdown.complete"
    assert agent.status()["counters"]["spool_errors"] == 2


async def test_start_and_end_of_the_service_pass(make_agent: MakeAgent) -> None:
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    await TidegaugeMiddleware(app, make_agent())({"type": "lifespan"}, None, None)

    assert seen == ["lifespan"]


@pytest.mark.parametrize("broken", ["__enter__", "__exit__", "call"])
async def test_a_fault_of_ours_changes_no_response(
    make_agent: MakeAgent, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    agent = make_agent()
    monkeypatch.setattr(agent, "context", lambda **_: Faulty(broken))
    async with session(service(agent, agent=agent)) as client:
        reply = await client.get("/sync/1", headers={"X-Consumer": "team"})

    assert reply.status_code == 200
    assert agent.status()["counters"]["faults"] == 1


async def test_a_request_that_cannot_be_read_passes(make_agent: MakeAgent) -> None:
    agent, seen = make_agent(), []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope)

    await TidegaugeMiddleware(app, agent)({"type": "http"}, None, None)

    assert seen == [{"type": "http"}]
    assert agent.status()["counters"]["faults"] == 1


class Faulty:
    """A context that breaks."""

    def __init__(self, broken: str) -> None:
        self._broken = broken
        if broken == "call":
            raise RuntimeError("fault")

    def __enter__(self) -> None:
        if self._broken == "__enter__":
            raise RuntimeError("fault")

    def __exit__(self, *_: object) -> None:
        if self._broken == "__exit__":
            raise RuntimeError("fault")


async def test_headers_that_say_nothing_or_too_much_do_no_harm(make_agent: MakeAgent, spooled: Any) -> None:
    agent = make_agent()
    async with session(service(agent, agent=agent, id_header="X-Request-ID")) as client:
        for value in (b"", b"   ", b"x" * 4_000, b"caf\xe9"):
            reply = await client.get("/sync/1", headers={b"X-Consumer": value, b"X-Request-ID": value})
            assert reply.status_code == 200

    agent.flush()
    assert consumers(spooled(agent)) == {"x" * 128: 1, "café": 1}


async def test_several_rows_cannot_share_the_requests_id(make_agent: MakeAgent, spooled: Any) -> None:
    agent, app = make_agent(), FastAPI()
    model = agent.watch(LogisticRegression().fit(FRAME.to_numpy(), Y))

    @app.get("/")
    async def answer() -> list[float]:
        return model.predict_proba(X[:5])[:, 1].tolist()

    app.add_middleware(TidegaugeMiddleware, agent=agent, id_header="X-Request-ID")
    async with session(app) as client:
        await client.get("/", headers={"X-Request-ID": "request"})

    agent.flush()
    frames = spooled(agent)
    assert view.column(frames, "_prediction").rows == 5
    assert not ids(frames)
    assert agent.status()["counters"]["unreadable_ids"] == 5


async def test_an_id_column_comes_before_the_header(make_agent: MakeAgent, spooled: Any) -> None:
    agent = make_agent(id_column="flight_id", task="regression")
    model = agent.watch(lambda row: 0.5)
    app = FastAPI()

    @app.get("/")
    async def answer() -> float:
        return model({"flight_id": "UA-1", "distance": 400.0})

    app.add_middleware(TidegaugeMiddleware, agent=agent, id_header="X-Request-ID")
    async with session(app) as client:
        await client.get("/", headers={"X-Request-ID": "request"})

    agent.flush()
    assert ids(spooled(agent)) == Counter([digest_id("UA-1")])


async def test_a_batch_header_names_the_batch(make_agent: MakeAgent, spooled: Any) -> None:
    agent = make_agent()
    async with session(service(agent, agent=agent, batch_header="X-Batch", consumer_header=None)) as client:
        await client.get("/sync/1", headers={"X-Batch": "2026-11-23", "X-Consumer": "team"})

    agent.flush()
    assert "2026-11-23" in {body.batch for body in view.profiles(spooled(agent))}
