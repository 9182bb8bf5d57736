"""An example of a model service: one route, one model, and the one line that has it watched."""

import math

from aiohttp import web

import tidegauge

agent = tidegauge.init("house-prices", version="1", task="regression", id_column="order_id")


@agent.watch  # the one line
def predict(row: dict) -> float:
    """Stands for your model."""
    return 50_000 + 3_000 * row["area"] - 40_000 * math.log1p(row["age"])


async def price(request: web.Request) -> web.Response:
    """`{"order_id": "o-1", "area": 80, "age": 12}` to `{"price": …}`."""
    return web.json_response({"price": predict(await request.json())})


async def health(_: web.Request) -> web.Response:
    """Whether the process answers."""
    return web.json_response({"ok": True})


app = web.Application()
app.add_routes([web.post("/price", price), web.get("/healthz", health)])

if __name__ == "__main__":
    web.run_app(app, port=8000, print=None)
