"""A tiny receiver of webhooks: checks their Standard Webhooks signature and keeps what came, in a thread of this process."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

RECEIVER = "receiver"  # its name as a channel
TOLERANCE_S = 300
MAX_BODY = 64 * 1024


@dataclass(frozen=True, slots=True)
class Message:
    """One webhook as it arrived; `problem` says why its signature is not accepted, "" where it is."""

    id: str
    type: str
    body: Mapping[str, Any]
    problem: str


def new_secret() -> str:
    """A fresh signing secret, as the collector's configuration takes it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def signature_problem(secret: str, headers: Mapping[str, str], body: bytes, *, now_s: float) -> str:
    """Why the signature (standardwebhooks.com, version 1) is not acceptable, or ""; header names in lower case."""
    missing = [name for name in ("webhook-id", "webhook-timestamp", "webhook-signature") if name not in headers]
    if missing:
        return f"header {missing[0]} is missing"
    sent = headers["webhook-timestamp"]
    if not sent.isdigit() or abs(now_s - int(sent)) > TOLERANCE_S:
        return f"webhook-timestamp {sent!r} is more than {TOLERANCE_S} s away"
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{sent}.".encode() + body
    right = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    given = headers["webhook-signature"].split(" ")
    return "" if any(hmac.compare_digest(right, one) for one in given) else "webhook-signature does not fit the body"


class Receiver:
    """Listens on loopback from construction to `close`."""

    def __init__(self, secret: str, *, clock: Callable[[], float] = time.time) -> None:
        self._secret, self._clock = secret, clock
        self._lock = threading.Lock()  # guards _messages
        self._messages: list[Message] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, name="receiver", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where webhooks are to be sent."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/hook"

    def messages(self) -> list[Message]:
        """Everything that came, in order of arrival."""
        with self._lock:
            return list(self._messages)

    def take(self, headers: Mapping[str, str], body: bytes) -> int:
        """Check and keep one webhook; the HTTP status that it is answered with."""
        named = {name.lower(): value for name, value in headers.items()}
        problem = signature_problem(self._secret, named, body, now_s=self._clock())
        try:
            read = json.loads(body)
        except ValueError:
            read, problem = {}, problem or "the body is not JSON"
        content = read if isinstance(read, dict) else {}
        with self._lock:
            self._messages.append(Message(named.get("webhook-id", ""), str(content.get("type")), content, problem))
        return 401 if problem else 204

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        take = self.take

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                body = self.rfile.read(min(length, MAX_BODY))
                self.send_response(take(dict(self.headers.items()), body))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
                """The demo's own lines are enough."""

        return Handler
