"""A receiver of webhooks on a real socket that keeps every event and can be waited for."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tidegauge_collector.notify import WebhookChannel

SECRET = "whsec_" + "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"
WAIT_S = 120.0


class Mailbox:
    """`events` in the order of arrival; `ids` of their deliveries."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.ids: list[str] = []
        self._changed = threading.Condition()
        mailbox = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with mailbox._changed:
                    mailbox.events.append(json.loads(body))
                    mailbox.ids.append(self.headers["webhook-id"])
                    mailbox._changed.notify_all()
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/hook"

    @property
    def channel(self) -> WebhookChannel:
        return WebhookChannel("mailbox", self.url, SECRET, ("127.0.0.1",))

    def until(self, count: int) -> list[dict[str, Any]]:
        """The events, once there are so many."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.events) >= count, WAIT_S), f"only {len(self.events)} came"
            return list(self.events)

    def letters(self) -> list[tuple[str, dict[str, Any]]]:
        """The id and the event of each delivery that has come up to now."""
        with self._changed:
            return list(zip(self.ids, self.events, strict=True))

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
