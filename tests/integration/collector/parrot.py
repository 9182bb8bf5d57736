"""Receivers that repeat all that they hear, secrets first, and fail as they are told: over HTTP, and a mail server with TLS and login."""

import base64
import json
import socket
import ssl
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any

RESET = -1  # in the place of a status: the connection is cut once all was heard
CANARY = "c4nary"
PASSWORD = f"{CANARY}/of+the=account"
ACCOUNTS = ("bot", "bot@example.com")
BASICS = [base64.b64encode(f"{user}:{PASSWORD}".encode()).decode() for user in ACCOUNTS]
PLAIN = base64.b64encode(f"\0bot@example.com\0{PASSWORD}".encode()).decode()  # as SMTP's login sends it
KEY = f"{CANARY}{'k' * 26}"
WHSEC = "whsec_" + f"{CANARY}{CANARY}" * 4
INBOUND = f"in-{PASSWORD}"
SECRETS = (CANARY, CANARY[::-1], *BASICS, PLAIN)
"""What nothing may hold: a part of each secret, and what is made of them."""
KINDS = {
    "webhook": f'url = "URL/hooks/{CANARY}-of-the-path"\nsecret = "{WHSEC}"\nprevious_secret = "{WHSEC}"',
    "slack": f'url = "URL/services/T0/B0/{CANARY}-of-slack"',
    "slack_api": f'url = "URL/api"\ntoken = "xoxb-{PASSWORD}"\nchannel = "#ml"\ninbound_secret = "{INBOUND}"',
    "teams": f'url = "URL/workflows/1?sig={CANARY}%2Fof%2Bteams"',
    "pagerduty": f'url = "URL/v2/enqueue"\nrouting_key = "{KEY}"\nprevious_routing_key = "{KEY[::-1]}"',
    "opsgenie": f'url = "URL"\napi_key = "{PASSWORD}"',
    "jira": f'url = "URL"\nproject = "ML"\nemail = "bot@example.com"\ntoken = "{PASSWORD}"\ninbound_secret = "{INBOUND}"',
    "jira_dc": f'url = "URL"\nproject = "ML"\ntoken = "{PASSWORD}"',
    "servicenow": f'url = "URL"\nusername = "bot"\npassword = "{PASSWORD}"',
    "servicenow_events": f'url = "URL"\napi_key = "{PASSWORD}"',
    "email": 'server = "localhost"\nport = PORT\nsender = "a@example.com"\nto = ["b@example.com"]\n'
    f'username = "bot@example.com"\npassword = "{PASSWORD}"',
    "alertmanager": f'url = "URL/{CANARY}-of-a-prefix"',
}


class Parrot:
    """Answers with `status` and, where `as_json`, with an object that has what it heard wherever one of the tools has text.

    `is_well`: whether that object speaks of success where the status does. `smtp`: what the mail server says to a login. `heard`: every
    request with its headers.
    """

    def __init__(self, tls: ssl.SSLContext) -> None:
        self.status, self.as_json, self.is_well, self.smtp = 500, False, True, 454
        self.heard: list[str] = []
        self.tls = tls
        self._padding = 0
        handlers = {"parrot": self}
        http = ThreadingHTTPServer(("127.0.0.1", 0), type("Http", (_Http,), handlers))
        smtp = ThreadingTCPServer(("127.0.0.1", 0), type("Smtp", (_Smtp,), handlers))
        self._servers = (http, smtp)
        self._threads = [threading.Thread(target=one.serve_forever, args=(0.02,)) for one in self._servers]
        for thread in self._threads:
            thread.start()

    def config(self, path: Path) -> Path:
        """A file with a channel of every kind to it, each called `to-KIND`."""
        http, smtp = (one.server_address[1] for one in self._servers)
        tables = [
            f'[[channels]]\nname = "to-{kind}"\nkind = "{kind}"\nallow = ["localhost", "127.0.0.1", "::1"]\n{keys}\n'
            for kind, keys in KINDS.items()
        ]
        path.write_text("".join(tables).replace("URL", f"http://127.0.0.1:{http}").replace("PORT", str(smtp)))
        return path

    def close(self) -> None:
        """Stop both."""
        for server, thread in zip(self._servers, self._threads, strict=True):
            server.shutdown()
            thread.join()
            server.server_close()

    def padded(self, heard: str) -> str:
        """The same behind more and more of nothing, so that secrets lie across every limit at which text is cut."""
        self._padding = (self._padding + 7) % 230
        return "x" * self._padding + heard


class _Http(BaseHTTPRequestHandler):
    parrot: Parrot

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        shown = self.headers.get("Authorization", "").removeprefix("Basic ")
        account = base64.b64decode(shown).decode() if shown in BASICS else ""
        heard = f" {shown} {account} {self.path} {body} {self.headers}"
        self.parrot.heard.append(heard)
        if self.parrot.status == RESET:
            cut(self.connection)
            self.close_connection = True
            return
        said = self.parrot.padded(heard)
        content = (
            json_of(
                said, is_well=self.parrot.is_well and self.parrot.status < 300, is_search="sysparm_query" in self.path
            )
            if self.parrot.as_json
            else said
        ).encode()
        self.send_response(200 if self.command == "GET" and self.parrot.status == 201 else self.parrot.status)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Location", f"http://127.0.0.1{self.path}?{shown.replace(' ', '')}")
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET = do_PUT = do_PATCH = _answer

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Smtp(StreamRequestHandler):
    parrot: Parrot

    def handle(self) -> None:
        """A mail server that takes mail after TLS and login, and is rude about the login where it is told to be."""
        self._say("220 mail.test ESMTP")
        while line := self.rfile.readline().decode():
            match line.split()[0].upper():
                case "EHLO":
                    is_safe = isinstance(self.connection, ssl.SSLSocket)
                    self._say(f"250-mail.test\r\n250 {'AUTH PLAIN' if is_safe else 'STARTTLS'}")
                case "STARTTLS":
                    self._say("220 go on")
                    self.connection = self.parrot.tls.wrap_socket(self.connection, server_side=True)
                    self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb")
                case "AUTH":
                    self.parrot.heard.append(line)
                    if self.parrot.smtp == RESET:
                        return cut(self.connection)
                    self._say(f"{self.parrot.smtp} {self.parrot.padded(line.strip())} {PASSWORD}")
                case "DATA":
                    self._say("354 go on")
                    while self.rfile.readline() not in {b".\r\n", b""}:
                        pass
                    self._say(f"250 taken from {PASSWORD}")
                case "QUIT":
                    return None
                case _:
                    self._say(f"250 welcome {PASSWORD}")
        return None

    def finish(self) -> None:
        """Also of what TLS was wrapped around it: the server closes the plain one alone."""
        super().finish()
        self.connection.close()

    def _say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")
        self.wfile.flush()


def cut(connection: socket.socket) -> None:
    """Ends a connection with a reset instead of a goodbye."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def json_of(said: str, *, is_well: bool, is_search: bool) -> str:
    """An answer as each of the tools would word it: an error, or a success whose ids and names are what was said. Searches find nothing."""
    person, status = {"displayName": said, "display_value": said}, {"statusCategory": {"key": "indeterminate"}}
    found: dict[str, Any] = {
        "ok": is_well,
        "error": said,
        "errorMessages": [said],
        "message": said,
        "errors": {"a": said},
    }
    if is_well:
        found |= {"key": said, "id": said, "ts": said, "channel": said, "requestId": said, "transitions": []}
        found |= {"result": {"sys_id": said, "number": said, "state": "2", "assigned_to": person}}
        found |= {"issues": []} | ({"result": []} if is_search else {})
        found |= {"fields": {"assignee": person, "status": status}, "data": {"isSuccess": False, "status": said}}
    return json.dumps(found)
