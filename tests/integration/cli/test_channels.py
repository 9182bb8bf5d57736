"""`tidegauge-collector channels`: a test message shows whether a channel works, without a secret in what is printed."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tidegauge_collector.cli import main

SECRET = "whsec_" + "a2V5" * 8


@pytest.fixture
def receiver():
    """A server that answers with its `status` and keeps what it got."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.got.append((self.path, json.loads(body)))
            self.send_response(server.status)
            self.end_headers()
            self.wfile.write(b"ok" if server.status == 200 else b"no such canary")

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.got, server.status = [], 200
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def configured(tmp_path: Path, port: int) -> str:
    path = tmp_path / "collector.toml"
    path.write_text(
        f'[[channels]]\nname = "team"\nkind = "slack"\nurl = "http://127.0.0.1:{port}/services/canary"\n'
        f'allow = ["127.0.0.1"]\n[[channels]]\nname = "ops"\nurl = "http://127.0.0.1:{port}/hook"\nsecret = "{SECRET}"\n'
        'allow = ["127.0.0.1"]\n'
    )
    return str(path)


def test_a_test_message_goes_through_every_channel_or_the_named_ones(tmp_path, receiver, capsys):
    config = configured(tmp_path, receiver.server_port)

    assert main(["channels", "test", "--config", config]) == 0
    assert main(["channels", "test", "ops", "--config", config]) == 0

    printed = capsys.readouterr().out
    assert [path for path, _ in receiver.got] == ["/services/canary", "/hook", "/hook"]
    assert receiver.got[0][1]["text"].startswith("Test message")
    assert receiver.got[1][1]["type"] == "alert.test"
    assert printed.count("taken (HTTP 200)") == 3


def test_what_a_receiver_refuses_is_said_without_the_secret(tmp_path, receiver, capsys):
    config = configured(tmp_path, receiver.server_port)
    receiver.status = 404

    assert main(["channels", "test", "team", "--config", config]) == 1

    printed = capsys.readouterr().out
    assert "team: not taken: HTTP 404" in printed
    assert "services/canary" not in printed


def test_an_unknown_channel_is_named_with_those_that_there_are(tmp_path, receiver, capsys):
    config = configured(tmp_path, receiver.server_port)

    assert main(["channels", "test", "nobody", "--config", config]) == 78
    assert "there are team, ops" in capsys.readouterr().err


def test_channels_are_listed_by_name_and_kind(tmp_path, receiver, capsys):
    assert main(["channels", "list", "--config", configured(tmp_path, receiver.server_port)]) == 0

    assert capsys.readouterr().out.split() == ["team", "slack", "ops", "webhook"]
