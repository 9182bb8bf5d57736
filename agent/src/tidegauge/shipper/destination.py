"""Where a spool root is shipped to: `<root>/collector.json`, written by the agent before it starts a shipper.

{"collector": "grpc://127.0.0.1:8643", "ca_file": null}        mode 0600; grpc = in the clear, grpcs = TLS
"""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tidegauge.errors import UsageError

DESTINATION_NAME = "collector.json"
DEFAULT_PORT = 8643


@dataclass(frozen=True, slots=True)
class Destination:
    """A collector's address; `ca_file` (PEM) takes the place of the system's certificate authorities."""

    collector: str
    ca_file: str | None = None

    def __post_init__(self) -> None:
        parts = urlsplit(self.collector)
        try:
            port_is_valid = parts.port is None or parts.port > 0
        except ValueError:
            port_is_valid = False
        if parts.scheme not in {"grpc", "grpcs"} or not parts.hostname or not port_is_valid:
            raise UsageError(f"collector {self.collector!r}: write grpcs://HOST:PORT, or grpc://HOST:PORT in the clear")

    @property
    def is_tls(self) -> bool:
        """Say whether the connection is encrypted."""
        return urlsplit(self.collector).scheme == "grpcs"

    @property
    def target(self) -> str:
        """HOST:PORT, an IPv6 address in brackets."""
        parts = urlsplit(self.collector)
        host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname
        return f"{host}:{parts.port or DEFAULT_PORT}"


def read_destination(root: Path) -> Destination:
    """The destination of a root; UsageError where there is none or it makes no sense."""
    path = root / DESTINATION_NAME
    try:
        fields = json.loads(path.read_text())
        return Destination(str(fields["collector"]), fields.get("ca_file"))
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
    """Put a file in the place of another at once; for hints, so not synced."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    temporary.replace(path)
