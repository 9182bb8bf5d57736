"""A small model service, as WSGI (`application`), as ASGI (`asgi`), and as plain functions."""

import os
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl

import ledger

import tidegauge
from tidegauge.integrations.starlette import TidegaugeMiddleware

ledger.seal_often(float(os.environ.get("GUEST_SEAL_EVERY_S", "0.3")))
ledger.write_down_what_is_sealed()
agent = tidegauge.init("guest", version="v1", id_column="id")


@agent.watch
def predict(row: dict[str, Any]) -> float:
    """The model."""
    return float(row["x"] * 0.5 + 1.0)


@agent.watch
async def predict_async(row: dict[str, Any]) -> float:
    """The same, for services that await it."""
    return float(row["x"] * 0.5 + 1.0)


def answer(prediction_id: str, x: float) -> float:
    """Call the model, and write down that it was called."""
    ledger.called(prediction_id)
    return predict({"id": prediction_id, "x": x})


def answer_many(name: str, count: int) -> list[float]:
    """So many calls, with ids that begin with the name and this process's number."""
    return [answer(f"{name}-{os.getpid()}-{number}", float(number)) for number in range(count)]


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """WSGI: `/?id=…&x=…` answers with the prediction."""
    query = dict(parse_qsl(environ["QUERY_STRING"]))
    body = repr(answer(query["id"], float(query["x"]))).encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


async def bare_asgi(scope: Any, receive: Any, send: Any) -> None:
    """ASGI: the same, and it calls the model once more when it shuts down."""
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        answer_many("shutdown", 1)
        await send({"type": "lifespan.shutdown.complete"})
        return
    query = dict(parse_qsl(scope["query_string"].decode()))
    ledger.called(query["id"])
    body = repr(await predict_async({"id": query["id"], "x": float(query["x"])})).encode()
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(body)).encode())]}
    )
    await send({"type": "http.response.body", "body": body})


asgi = TidegaugeMiddleware(
    bare_asgi, agent
)  # at the end it seals: uvicorn ends by the signal that it got, without `atexit`

if os.environ.get("GUEST_WARM_UP"):  # a service that calls its model before the server forks
    answer_many("warm", 10)
