"""Reads the collector's REST API as any user could: plain HTTP and JSON."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any

from flights_demo.plan import DEPLOYMENT

TIMEOUT_S = 60.0
PAGE = 10_000

Json = dict[str, Any]


class ApiError(Exception):
    """The collector refused a request; the message is its own."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Client:
    """The API of one collector, about the demo's deployment."""

    def __init__(self, base_url: str) -> None:
        self._base = f"{base_url}/api/v1"

    def status(self) -> Json | None:
        """How far the deployment is settled; None while the collector is away or does not know it yet."""
        try:
            return self._read(f"/deployments/{DEPLOYMENT}/status")
        except ApiError as error:
            if error.status in {404, 503}:
                return None
            raise
        except (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError):
            return None

    def measurements(self, **query: str) -> list[Json]:
        """Measurements by metric, column, range and step."""
        return list(self._read(f"/deployments/{DEPLOYMENT}/measurements", **query)["items"])

    def predictions(self) -> Iterator[Json]:
        """Every stored prediction, page by page."""
        return self._pages(f"/deployments/{DEPLOYMENT}/predictions", limit=str(PAGE), cursor="after")

    def alerts(self) -> list[Json]:
        """Every alert, oldest first."""
        return list(self._pages("/alerts", deployment=DEPLOYMENT, limit="100", cursor="before"))[::-1]

    def firing(self, **query: str) -> list[Json]:
        """Alerts that fire."""
        return list(self._read("/alerts", deployment=DEPLOYMENT, status="firing", **query)["items"])

    def acknowledge(self, alert: int, *, actor: str) -> None:
        """Say that somebody looks after it."""
        body = json.dumps({"actor": actor}).encode()
        headers = {"Content-Type": "application/json"}
        self._ask(urllib.request.Request(f"{self._base}/alerts/{alert}/acknowledge", body, headers))

    def _pages(self, path: str, *, cursor: str, **query: str) -> Iterator[Json]:
        following: str | None = None
        while True:
            page = self._read(path, **query, **({cursor: following} if following else {}))
            yield from page["items"]
            following = page["next"]
            if not following:
                return

    def _read(self, path: str, **query: str) -> Json:
        url = f"{self._base}{path}" + (f"?{urllib.parse.urlencode(query)}" if query else "")
        return self._ask(urllib.request.Request(url))

    def _ask(self, request: urllib.request.Request) -> Json:
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
                return dict(json.load(answer))
        except urllib.error.HTTPError as error:
            with error:
                text = error.read().decode(errors="replace")
            asked = f"{request.get_method()} {request.full_url}"
            raise ApiError(error.code, f"{asked} was answered {error.code}: {text}") from error
