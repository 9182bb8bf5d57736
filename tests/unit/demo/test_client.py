"""The client against a real HTTP server that answers what a test wants."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from flights_demo.client import ApiError, Client


@pytest.fixture
def served():
    """Answers by path and query: {"/path?query": (status, body)}."""
    answers = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            status, body = answers.get(self.path, (404, {"error": "not here"}))
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", answers
    server.shutdown()
    server.server_close()
    thread.join()


def test_all_pages_are_read_in_order(served):
    url, answers = served
    path = "/api/v1/deployments/flights-delay/predictions?limit=10000"
    answers[path] = (200, {"items": [{"prediction_id": "a"}], "next": "x"})
    answers[f"{path}&after=x"] = (200, {"items": [{"prediction_id": "b"}], "next": None})

    assert [one["prediction_id"] for one in Client(url).predictions()] == ["a", "b"]


def test_alerts_come_oldest_first(served):
    url, answers = served
    answers["/api/v1/alerts?deployment=flights-delay&limit=100"] = (
        200,
        {"items": [{"id": 2}, {"id": 1}], "next": None},
    )

    assert [one["id"] for one in Client(url).alerts()] == [1, 2]


@pytest.mark.parametrize("status", [404, 503])
def test_a_deployment_that_is_not_there_yet_has_no_status(served, status):
    url, answers = served
    answers["/api/v1/deployments/flights-delay/status"] = (status, {})

    assert Client(url).status() is None


def test_a_collector_that_is_away_has_no_status(served):
    assert Client("http://127.0.0.1:1").status() is None


def test_a_refusal_is_told_in_the_collectors_words(served):
    url, answers = served
    answers["/api/v1/deployments/flights-delay/status"] = (500, {"error": "the store is gone"})

    with pytest.raises(ApiError, match=r"answered 500.*the store is gone") as refused:
        Client(url).status()
    assert refused.value.status == 500
