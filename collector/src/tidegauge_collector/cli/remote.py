"""How commands ask a running collector over REST: where it is, which token they show, and what to do where it does not answer."""

from __future__ import annotations

import argparse
import json
import os
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from tidegauge_collector.cli.places import settings_of
from tidegauge_collector.errors import CollectorError, ConfigError
from tidegauge_collector.place import ENDPOINTS

TIMEOUT_S = 60.0
ANSWER_BYTES = 256 * 1024 * 1024


class Refused(CollectorError):  # noqa: N818 - what the collector did
    """The collector answered, and did not do it; `status` is that of HTTP."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


def add_server(command: argparse.ArgumentParser) -> None:
    """The flags that say which collector is meant, and who asks."""
    group = command.add_argument_group("the collector")
    group.add_argument(
        "--url", metavar="URL", help="its address (default $TIDEGAUGE_URL, else where --data says it listens)"
    )
    group.add_argument(
        "--data", type=Path, metavar="DIR", help="its data directory, on this host (default ./tidegauge-data)"
    )
    group.add_argument("--config", type=Path, metavar="FILE", help="its settings, which name the data directory")
    group.add_argument(
        "--token-file", type=Path, metavar="FILE", help="a token (default $TIDEGAUGE_TOKEN_FILE, else $TIDEGAUGE_TOKEN)"
    )
    group.add_argument(
        "--ca-file", type=Path, metavar="FILE", help="who vouches for it, in PEM (default $TIDEGAUGE_CA_FILE)"
    )


class Server:
    """A running collector."""

    def __init__(self, url: str, token: str | None, ca_file: Path | None) -> None:
        self.url = url
        self._token = token
        handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({}), _NoRedirects()]
        if url.startswith("https:"):
            handlers.append(urllib.request.HTTPSHandler(context=_context(ca_file)))
        self._opener = urllib.request.build_opener(*handlers)

    def read(self, path: str, **query: str) -> Any:
        """The answer to GET."""
        return self._ask("GET", path + (f"?{urlencode(query)}" if query else ""), None)

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """The answer to a change, or to a question that needs a body. Raises Refused, or CollectorError where nobody answers."""
        return self._ask(method, path, None if body is None else json.dumps(body).encode())

    def _ask(self, method: str, path: str, body: bytes | None) -> Any:
        headers = {"Accept": "application/json"} | ({} if body is None else {"Content-Type": "application/json"})
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        request = urllib.request.Request(f"{self.url}/api/v1{path}", data=body, headers=headers, method=method)  # noqa: S310 - `server_of` lets only http(s) pass
        try:
            with self._opener.open(request, timeout=TIMEOUT_S) as answer:
                return json.loads(answer.read(ANSWER_BYTES))
        except urllib.error.HTTPError as problem:
            with problem:
                raise Refused(_said(problem, self.url), problem.code) from problem
        except (urllib.error.URLError, OSError) as problem:
            reason = getattr(problem, "reason", problem)
            raise CollectorError(
                f"{self.url} does not answer ({reason}): is the collector running there? `tidegauge-collector serve` starts one; "
                "--url says where it is, --ca-file who vouches for it"
            ) from problem
        except ValueError as problem:
            raise CollectorError(f"{self.url} is no collector: it answers no JSON ({problem}); mend --url") from problem


def server_of(parsed: argparse.Namespace) -> Server:
    """The collector that flags, environment or the data directory name; raises CollectorError where none runs."""
    url = (parsed.url or os.environ.get("TIDEGAUGE_URL") or _announced(settings_of(parsed).data)).rstrip("/")
    if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).netloc:
        raise ConfigError(f"--url {url!r:.200}: write http://HOST:PORT or https://HOST:PORT")
    ca_file = parsed.ca_file or _path("TIDEGAUGE_CA_FILE")
    return Server(url, _token(parsed.token_file or _path("TIDEGAUGE_TOKEN_FILE")), ca_file)


def escaped(name: str) -> str:
    """A name as a part of a path."""
    return quote(name, safe="")


def _announced(data: Path) -> str:
    try:
        return str(json.loads((data / ENDPOINTS).read_text(encoding="utf-8"))["http"])
    except FileNotFoundError as problem:
        raise CollectorError(
            f"no collector runs on {data}: start it (`tidegauge-collector serve --data {data}`), give the --data of one that runs, or --url"
        ) from problem
    except (OSError, ValueError, KeyError) as problem:
        raise ConfigError(f"{data / ENDPOINTS} cannot be read ({problem}): give --url") from problem


def _token(file: Path | None) -> str | None:
    if file is None:
        return os.environ.get("TIDEGAUGE_TOKEN") or None
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as problem:
        raise ConfigError(
            f"--token-file {file} cannot be read ({problem}): give a file that holds a token"
        ) from problem


def _path(variable: str) -> Path | None:
    text = os.environ.get(variable)
    return Path(text) if text else None


def _context(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as problem:
        raise ConfigError(f"--ca-file {ca_file} cannot be used ({problem}): give certificates in PEM") from problem


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A token is shown to the collector that is meant and to nobody else."""

    def redirect_request(self, *_arguments: Any) -> None:
        return None


def _said(problem: urllib.error.HTTPError, url: str) -> str:
    try:
        told: Mapping[str, Any] = json.loads(problem.read(1_000_000))
        text = str(told["error"])
    except (ValueError, KeyError, TypeError, OSError):
        return f"{url} answers {problem.code} {problem.reason}: is that a collector?"
    if problem.code in {401, 403}:
        return f"{text}\n  -> --token-file FILE with a token (`tidegauge-collector tokens create NAME --scope admin`)"
    return text
