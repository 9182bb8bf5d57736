"""Where a spool root is shipped to: `<root>/collector.json`, written by the agent before it starts a shipper.

{"collector": "grpcs://monitor.example:8643", "ca_file": null, "cert_file": null, "key_file": null, "token_file": null, "insecure": false}

mode 0600; grpc = in the clear, grpcs = TLS. It names files, it holds no secret: a token that was given as text travels in the
environment of the shipper (`TIDEGAUGE_TOKEN`) and never lies on a disk.
"""

import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tidegauge.errors import UsageError
from tidegauge.spool.disk import beyond_stdio

DESTINATION_NAME = "collector.json"
TOKEN_VARIABLE = "TIDEGAUGE_TOKEN"  # noqa: S105 - the name of the variable, not a token
DEFAULT_PORT = 8643
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_FILES = ("ca_file", "cert_file", "key_file", "token_file")


@dataclass(frozen=True, slots=True)
class Destination:
    """A collector's address and how to prove who is who (files in PEM).

    `ca_file` takes the place of the system's certificate authorities; `cert_file` and `key_file` are the client's certificate;
    `token_file` holds a token. `insecure` allows a token to leave the machine over `grpc://`.
    """

    collector: str
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    token_file: str | None = None
    insecure: bool = False

    def __post_init__(self) -> None:
        parts = urlsplit(self.collector)
        try:
            port_is_valid = parts.port is None or parts.port > 0
        except ValueError:
            port_is_valid = False
        if parts.scheme not in {"grpc", "grpcs"} or not parts.hostname or not port_is_valid:
            raise UsageError(f"collector {self.collector!r}: write grpcs://HOST:PORT, or grpc://HOST:PORT in the clear")
        if (self.cert_file is None) != (self.key_file is None):
            raise UsageError("cert_file and key_file: a client certificate needs both")
        if self.token_file is not None:
            self.refuse_token_in_the_clear()

    @property
    def is_tls(self) -> bool:
        """Say whether the connection is encrypted."""
        return urlsplit(self.collector).scheme == "grpcs"

    @property
    def is_loopback(self) -> bool:
        """Say whether the collector is on this machine."""
        return urlsplit(self.collector).hostname in _LOOPBACK

    @property
    def host(self) -> str:
        """The host's name or address."""
        return urlsplit(self.collector).hostname or ""

    @property
    def port(self) -> int:
        """The port, 8643 where none is named."""
        return urlsplit(self.collector).port or DEFAULT_PORT

    @property
    def target(self) -> str:
        """HOST:PORT, an IPv6 address in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def files(self) -> tuple[str, ...]:
        """The files that a connection is made with."""
        return tuple(path for name in _FILES if (path := getattr(self, name)) is not None)

    def refuse_token_in_the_clear(self) -> None:
        """Raise UsageError where a token would be read by whoever listens on the network."""
        if not (self.is_tls or self.is_loopback or self.insecure):
            raise UsageError(
                f"collector {self.collector!r} would carry the token in the clear: use grpcs://, or say insecure=True"
            )


def read_destination(root: Path) -> Destination:
    """The destination of a root; UsageError where there is none or it makes no sense."""
    path = root / DESTINATION_NAME
    try:
        stored = json.loads(path.read_text())
        files = {name: None if stored.get(name) is None else str(stored[name]) for name in _FILES}
        return Destination(str(stored["collector"]), **files, insecure=stored.get("insecure") is True)
    except FileNotFoundError:
        raise UsageError(f"{path} is missing: start the agent once, or name the collector with --collector") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{path} cannot be used ({error}): delete it and start the agent again") from error


def write_destination(root: Path, destination: Destination) -> None:
    """Store the destination of a root, unless it is there already; raises OSError where the root cannot be written."""
    path = root / DESTINATION_NAME
    content = json.dumps(asdict(destination)).encode()
    if not path.is_file() or path.read_bytes() != content:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_small_file(path, content)


def replace_small_file(path: Path, content: bytes) -> None:
    """Put a file in the place of another at once, mode 0600; for hints, so not synced. Any number of writers may race."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".new")
    try:
        with os.fdopen(beyond_stdio(descriptor), "wb") as file:
            file.write(content)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
