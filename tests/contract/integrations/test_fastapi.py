"""FastAPI: endpoints and models behind them, sync and async, over a real HTTP stack in process."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import agent_frames as view
import httpx
import numpy as np
import pytest
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

import tidegauge

MakeAgent = Callable[..., tidegauge.Agent]


class Flight(BaseModel):
    distance: float
    carrier: str = "UA"


class Model:
    def predict(self, row: Any) -> float:
        if row["distance"] < 0:
            raise ValueError("no such flight")
        return float(row["distance"]) / 1_000


def service(agent: tidegauge.Agent) -> FastAPI:
    app, model = FastAPI(), agent.watch(Model())

    @app.post("/sync")
    def answer(flight: Flight) -> dict[str, float]:
        return {"score": model.predict(flight.model_dump())}

    @app.post("/async")
    async def answer_async(flight: Flight) -> dict[str, float]:
        with agent.context(
            prediction_ids=f"{flight.carrier}-{flight.distance:.0f}", segment={"carrier": flight.carrier}
        ):
            return {"score": model.predict(flight.model_dump())}

    @app.post("/decorated")
    @agent.watch
    async def decorated(flight: Flight) -> float:
        if flight.distance == 0:
            raise HTTPException(422, "which flight?")
        return flight.distance / 1_000

    return app


@pytest.fixture
async def client(make_agent: MakeAgent) -> AsyncIterator[tuple[httpx.AsyncClient, tidegauge.Agent]]:
    agent = make_agent(segments=["carrier"])
    transport = httpx.ASGITransport(service(agent))
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as session:
        yield session, agent


@pytest.mark.parametrize("path", ["/sync", "/async"])
async def test_requests_are_answered_and_recorded(client: Any, spooled: Any, path: str) -> None:
    session, agent = client

    for i in range(20):
        reply = await session.post(path, json={"distance": i, "carrier": ("UA", "DL")[i % 2]})
        assert reply.json() == {"score": i / 1_000}
    agent.flush()

    frames = spooled(agent)
    assert view.column(frames, "distance").maximum == 19.0
    assert view.rows_by_segment(frames) == {"": 20, "carrier=UA": 10, "carrier=DL": 10}
    assert sum(found.rows for found in view.records(frames)) == (20 if path == "/async" else 0)


async def test_a_decorated_endpoint_keeps_its_signature_and_its_schema(client: Any, spooled: Any) -> None:
    session, agent = client

    assert (await session.post("/decorated", json={"distance": 500.0})).json() == 0.5
    assert (await session.post("/decorated", json={"distance": "far"})).status_code == 422
    body = (await session.get("/openapi.json")).json()["paths"]["/decorated"]["post"]["requestBody"]
    assert body["content"]["application/json"]["schema"]["$ref"].endswith("/Flight")
    agent.flush()

    assert view.column(spooled(agent), "distance").rows == 1
    assert view.column(spooled(agent), "carrier").rows == 1


async def test_exceptions_reach_the_framework_and_are_counted_by_class(client: Any, spooled: Any) -> None:
    session, agent = client

    reply = await session.post("/decorated", json={"distance": 0})
    with pytest.raises(ValueError, match="no such flight"):
        await session.post("/sync", json={"distance": -1})
    agent.flush()

    assert (reply.status_code, reply.json()) == (422, {"detail": "which flight?"})
    errors = view.column(spooled(agent), "_error", length_s=view.MINUTE_S)
    assert errors.names == {"system:HTTPException": 1, "system:ValueError": 1}
    assert view.column(spooled(agent), "_latency", length_s=view.MINUTE_S).rows == 2
    np.testing.assert_equal(view.column(spooled(agent), "_rows", length_s=view.MINUTE_S).sum, 0.0)
