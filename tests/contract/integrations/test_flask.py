"""The Flask extension: each request's predictions are its own, also under threads, and no response changes."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import agent_frames as view
import pytest
from flask import Flask, Response, abort, stream_with_context
from sklearn.linear_model import LogisticRegression

import tidegauge
from tidegauge.capture import current_context
from tidegauge.core.ids import digest_id
from tidegauge.integrations.flask import Tidegauge

from .models import FRAME, X, Y

MakeAgent = Callable[..., tidegauge.Agent]
WORKERS, REQUESTS = 4, 40


def service(agent: tidegauge.Agent, *, bare: bool = False, **options: Any) -> Flask:
    app, model = Flask(__name__), agent.watch(LogisticRegression().fit(FRAME.to_numpy(), Y))
    together = threading.Barrier(WORKERS, timeout=120)

    def score(number: int) -> float:
        return float(model.predict_proba(X[number : number + 1])[0, 1])

    @app.get("/score/<int:number>")
    def answer(number: int) -> dict[str, float]:
        return {"score": score(number)}

    @app.get("/together/<int:number>")
    def answer_together(number: int) -> dict[str, float]:
        together.wait()  # as many requests as there are workers are within their contexts now
        return {"score": score(number)}

    @app.get("/broken")
    def broken() -> None:
        score(1)
        raise LookupError("no such flight")

    @app.get("/refused")
    def refused() -> None:
        abort(409)

    @app.get("/stream")
    def stream() -> Response:
        return Response(stream_with_context(f"{score(number):.3f}\n" for number in range(3)), mimetype="text/csv")

    if not bare:
        Tidegauge(app, agent, **options)
    return app


def consumers(frames: list[Any]) -> dict[str, int]:
    return dict(view.column(frames, "_consumer", length_s=view.MINUTE_S).names)


def test_each_of_many_requests_at_once_has_its_own_consumer_and_id(make_agent: MakeAgent, spooled: Any) -> None:
    agent = make_agent()
    app = service(agent, id_header="X-Request-ID")

    def ask(number: int) -> int:
        headers = {"X-Consumer": f"team-{number % 4}", "X-Request-ID": f"request-{number}"}
        return app.test_client().get(f"/together/{number}", headers=headers).status_code

    with ThreadPoolExecutor(WORKERS) as workers:
        assert set(workers.map(ask, range(REQUESTS))) == {200}

    agent.flush()
    frames = spooled(agent)
    assert consumers(frames) == {f"team-{i}": REQUESTS // 4 for i in range(4)}
    found = b"".join(rows.ids for rows in view.records(frames))
    assert sorted(found[i : i + 16] for i in range(0, len(found), 16)) == sorted(
        digest_id(f"request-{i}") for i in range(REQUESTS)
    )


def test_responses_are_those_of_the_service_without_it(make_agent: MakeAgent) -> None:
    found = []
    for app in (service(make_agent(enabled=False), bare=True), service(make_agent("other"))):
        client, headers = app.test_client(), {"X-Consumer": "team", "X-Request-ID": "request"}
        replies = [
            client.get(path, headers=headers) for path in ("/score/1", "/stream", "/refused", "/broken", "/none")
        ]
        found.append([(one.status_code, [*one.headers], one.data) for one in replies])

    assert found[0] == found[1]


def test_an_exception_of_a_view_passes_and_ends_its_context(make_agent: MakeAgent, spooled: Any) -> None:
    agent = make_agent()
    app = service(agent)
    app.testing = True

    with pytest.raises(LookupError, match="no such flight"):
        app.test_client().get("/broken", headers={"X-Consumer": "team"})
    app.test_client().get("/score/1")

    assert current_context.get() is None
    agent.flush()
    assert consumers(spooled(agent)) == {"team": 1}


def test_what_a_stream_predicts_is_recorded_without_its_consumer(make_agent: MakeAgent, spooled: Any) -> None:
    agent = make_agent()

    reply = service(agent).test_client().get("/stream", headers={"X-Consumer": "team"})

    assert len(reply.text.splitlines()) == 3
    assert current_context.get() is None
    agent.flush()
    frames = spooled(agent)
    assert view.column(frames, "_latency", length_s=view.MINUTE_S).rows == 3
    assert "_consumer" not in {
        one.name for body in view.profiles(frames, length_s=view.MINUTE_S) for one in body.columns
    }


@pytest.mark.parametrize("broken", ["call", "exit"])
def test_a_fault_of_ours_changes_no_response(
    make_agent: MakeAgent, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    class Faulty:
        def __enter__(self) -> None:
            if broken == "call":
                raise RuntimeError("fault")

        def __exit__(self, *_: object) -> None:
            raise RuntimeError("fault")

    agent = make_agent()
    app = service(agent)
    monkeypatch.setattr(agent, "context", lambda **_: Faulty())

    reply = app.test_client().get("/score/1", headers={"X-Consumer": "team"})

    assert reply.status_code == 200
    assert agent.status()["counters"]["faults"] == 1


def test_one_extension_serves_an_application_made_later(make_agent: MakeAgent, spooled: Any) -> None:
    agent = make_agent()
    app = service(agent, bare=True)
    gauge = Tidegauge(agent=agent, batch_header="X-Batch")

    gauge.init_app(app)
    app.test_client().get("/score/1", headers={"X-Batch": "night", "X-Request-ID": "request"})

    assert app.extensions["tidegauge"] is gauge
    agent.flush()
    frames = spooled(agent)
    assert "night" in {body.batch for body in view.profiles(frames)}
    assert view.records(frames) == []  # no record leaves for a header that nobody named


def test_an_extension_without_an_agent_says_what_to_do() -> None:
    with pytest.raises(tidegauge.UsageError, match="give it here"):
        Tidegauge().init_app(Flask(__name__))
