"""What channels are configured with in secret stays there, whatever receivers say and wherever people and machines look."""

import base64
import json
import logging
import socket
import struct
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any

import pytest
from collector_harbour import Harbour, Tide, agent_at, harbour
from collector_rows import REPLAY, give_baseline, record_days
from sqlalchemy import select

from tidegauge_collector.cli import main
from tidegauge_collector.control.tables import OutboxTableRow, ReceiptRow
from tidegauge_collector.core.routing import Route
from tidegauge_collector.settings import load_settings

CANARY = "c4nary"
PASSWORD = f"{CANARY}/of+the=account"
BASICS = [base64.b64encode(f"{user}:{PASSWORD}".encode()).decode() for user in ("bot", "bot@example.com")]
KEY = f"{CANARY}{'k' * 26}"
WHSEC = "whsec_" + f"{CANARY}{CANARY}" * 4
RESET, TURN_MINUTES = "reset", 0.1
HEALTHY, BROKEN = 0.0, 40.0
KINDS = {
    "webhook": f'url = "URL/hooks/{CANARY}-of-the-path"\nsecret = "{WHSEC}"\nprevious_secret = "{WHSEC}"',
    "slack": f'url = "URL/services/T0/B0/{CANARY}-of-slack"',
    "slack_api": f'url = "URL/api"\ntoken = "xoxb-{PASSWORD}"\nchannel = "#ml"\ninbound_secret = "in-{PASSWORD}"',
    "teams": f'url = "URL/workflows/1?sig={CANARY}%2Fof%2Bteams"',
    "pagerduty": f'url = "URL/v2/enqueue"\nrouting_key = "{KEY}"\nprevious_routing_key = "{KEY[::-1]}"',
    "opsgenie": f'url = "URL"\napi_key = "{PASSWORD}"',
    "jira": f'url = "URL"\nproject = "ML"\nemail = "bot@example.com"\ntoken = "{PASSWORD}"\ninbound_secret = "in-{PASSWORD}"',
    "jira_dc": f'url = "URL"\nproject = "ML"\ntoken = "{PASSWORD}"\ninbound_secret = "in-{PASSWORD}"',
    "servicenow": f'url = "URL"\nusername = "bot"\npassword = "{PASSWORD}"\ninbound_secret = "in-{PASSWORD}"',
    "servicenow_events": f'url = "URL"\napi_key = "{PASSWORD}"',
    "email": f'server = "localhost"\nport = PORT\nsender = "a@example.com"\nto = ["b@example.com"]\n'
    f'username = "bot"\npassword = "{PASSWORD}"',
    "alertmanager": f'url = "URL/{CANARY}-of-a-prefix"',
}


class Parrot:
    """Repeats all that it hears, and fails as `fault` says: with a status, a status and JSON, or a reset."""

    def __init__(self) -> None:
        self.fault: Any = 500
        self.heard: set[str] = set()
        self.padding = 0
        parrot = self

        class Handler(BaseHTTPRequestHandler):
            def handle_any(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                body = self.rfile.read(length).decode()
                parrot.heard.add(f"{self.headers.get('Authorization', '')} {self.path}{body}")
                if parrot.fault == RESET:
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    self.close_connection = True
                    return
                self.answer(body)

            do_POST = do_GET = do_PUT = do_PATCH = handle_any

            def answer(self, body: str) -> None:
                parrot.padding = (parrot.padding + 7) % 230  # so that secrets lie across every limit
                shown = self.headers.get("Authorization", "").removeprefix("Basic ")
                account = base64.b64decode(shown).decode() if shown in BASICS else ""
                said = "x" * parrot.padding + f" {shown} {account} {self.path} {body}"
                as_json = json_of(said) if isinstance(parrot.fault, tuple) else said
                content = as_json.encode()
                self.send_response(parrot.fault[0] if isinstance(parrot.fault, tuple) else parrot.fault)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        class Postman(StreamRequestHandler):
            def handle(self) -> None:
                self.wfile.write(f"554 no mail with {PASSWORD}\r\n".encode())

        ThreadingTCPServer.allow_reuse_address = True
        self._servers = (ThreadingHTTPServer(("127.0.0.1", 0), Handler), ThreadingTCPServer(("127.0.0.1", 0), Postman))
        self._threads = [threading.Thread(target=one.serve_forever, args=(0.02,)) for one in self._servers]
        for thread in self._threads:
            thread.start()

    def config(self, path: Path) -> Path:
        """A file with a channel of every kind to it."""
        http, smtp = (one.server_address[1] for one in self._servers)
        tables = [
            f'[[channels]]\nname = "to-{kind}"\nkind = "{kind}"\nallow = ["localhost", "127.0.0.1", "::1"]\n{keys}\n'
            for kind, keys in KINDS.items()
        ]
        text = "".join(tables).replace("URL", f"http://127.0.0.1:{http}").replace("PORT", str(smtp))
        path.write_text(text)
        return path

    def close(self) -> None:
        for server, thread in zip(self._servers, self._threads, strict=True):
            server.shutdown()
            thread.join()
            server.server_close()


def json_of(said: str) -> str:
    """An error as each of the tools would word it."""
    return json.dumps({"ok": False, "error": said, "errorMessages": [said], "message": said, "errors": {"a": said}})


@pytest.fixture
def parrot() -> Iterator[Parrot]:
    opened = Parrot()
    yield opened
    opened.close()


def outcomes(port: Harbour) -> dict[str, list[str]]:
    """Of each channel, what came of its attempts."""
    found: dict[str, list[str]] = {f"to-{kind}": [] for kind in KINDS}
    with port.collector.control._read() as session:
        wanted = select(OutboxTableRow.channel, ReceiptRow.outcome).join(
            ReceiptRow, ReceiptRow.outbox_id == OutboxTableRow.id
        )
        for channel, outcome in session.execute(wanted.order_by(ReceiptRow.id)):
            found[channel].append(outcome)
    return found


def have(port: Harbour, clock: Tide, outcome: str) -> bool:
    """Whether every channel came to that, a moment later; mail is dead at once, and PagerDuty is paused where others give up."""
    clock.turn(minutes=TURN_MINUTES)
    told = outcomes(port)
    others = told.keys() - {"to-email", *(["to-pagerduty"] if outcome == "dead" else [])}
    return "dead" in told["to-email"] and all(outcome in told[name] for name in others)


def test_no_secret_of_a_channel_is_logged_stored_answered_or_printed(
    parrot: Parrot, tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for theirs in ("httpx", "httpcore", "apscheduler"):  # the calls of this test, and a tick each second
        caplog.set_level(logging.WARNING, theirs)
    config = parrot.config(tmp_path / "collector.toml")
    clock, answers = Tide(), {}
    routes = (Route(name="all", wait_us=0, interval_us=0),)
    options = {"clock": clock, "channels": load_settings(config).channels, "routes": routes}
    with harbour(tmp_path / "data", **options) as port:
        with agent_at(port, tmp_path / "spool", "shop", alerts="all") as agent:
            give_baseline(agent)
            record_days(agent, REPLAY, [HEALTHY, BROKEN, BROKEN])
            port.ship(agent, end=True)
        port.settle()
        port.until(lambda: have(port, clock, "retry"))
        for fault, outcome in ((RESET, "retry"), (401, "paused"), ((400,), "dead")):
            parrot.fault = fault
            for name in outcomes(port):
                port.client.post(f"/api/v1/channels/{name}/resume")
            port.until(lambda wanted=outcome: have(port, clock, wanted))
        for fault in (500, (200,), 401, RESET):
            parrot.fault = fault
            clock.turn(minutes=1)
            for name in outcomes(port):
                answers[f"test of {name}, {fault}"] = port.client.post(f"/api/v1/channels/{name}/test").text
            main(["channels", "test", "--config", str(config)])
        shown = {path: port.client.get(path) for path in PATHS}
        answers |= {path: answer.text for path, answer in shown.items()}
        for name in outcomes(port):
            wrong = {"Authorization": "Bearer none", "X-Hub-Signature": "sha256=0", "X-Slack-Signature": "v0=0"}
            answers[f"call of {name}"] = port.client.post(f"/api/v1/inbound/{name}", json={}, headers=wrong).text
        for command in (["list", "--config", str(config)], ["dead", "--data", str(port.data)]):
            assert main(["channels", *command]) == 0
        repeated = repr((port.collector.settings, port.collector.sender.channels))
    said = capfd.readouterr()
    places = {"log": caplog.text, "printed": said.out + said.err, "settings": repeated, **answers}
    found = {place for place, text in places.items() if any(one in text for one in (CANARY, CANARY[::-1], *BASICS))}
    stored = [path.name for path in (tmp_path / "data").rglob("*") if path.is_file() and holds(path.read_bytes())]

    assert {path: answer.status_code for path, answer in shown.items() if answer.status_code != 200} == {}
    assert found == set()
    assert stored == []
    heard = "".join(parrot.heard)
    assert all(one in heard for one in (*BASICS, PASSWORD, KEY, "of-slack", "of-the-path", "of-a-prefix", "of%2Bteams"))
    assert "to-jira" in said.out
    assert said.out.count("***") > len(KINDS)


PATHS = (
    "/",
    "/login",
    "/deployments/shop",
    "/deployments/shop?lang=ja",
    "/metrics",
    "/openapi.json",
    "/healthz",
    *(
        f"/api/v1/{name}"
        for name in ("channels", "alerts", "alerts/1", "routes", "silences", "deployments/shop/status")
    ),
)


def holds(content: bytes) -> bool:
    return any(one.encode() in content for one in (CANARY, CANARY[::-1], *BASICS))
