"""What a shipper shows a collector: read anew for each connection, watched while it lasts, never written, never logged."""

import os
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tidegauge.errors import UsageError
from tidegauge.shipper.conversation import Link
from tidegauge.shipper.destination import DESTINATION_NAME, TOKEN_VARIABLE, Destination, read_destination

LOOK_EVERY_S = 1.0
MAX_TOKEN_BYTES = 8 * 1024
MAX_PEM_BYTES = 1024 * 1024
_READ = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)  # a pipe in its place must not hang us

_Stamp = tuple[int, int, int] | None  # what changes with a file's content; None: it is not there


@dataclass(frozen=True, slots=True)
class Credentials:
    """The contents of the files of a destination. Its text shows none of the secrets."""

    authorities: bytes | None = None
    certificate: bytes | None = None
    key: bytes | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)


def read_credentials(destination: Destination, *, token: str | None = None, owner: int | None = None) -> Credentials:
    """Read what a connection needs; a token file comes before a `token` given as text.

    `owner`: the user who named the files. Secrets of anybody else are refused: a shipper that serves several users must not
    send for one of them what only another may read. Raises OSError, and UsageError that names the file and never its content.
    """
    if destination.token_file is not None:
        path = Path(destination.token_file)
        token = _checked_token(_read(path, MAX_TOKEN_BYTES, owner), str(path))
    elif token is not None:
        token = _checked_token(token.encode(), TOKEN_VARIABLE)
    if token is not None:
        destination.refuse_token_in_the_clear()
    if not destination.is_tls:
        return Credentials(token=token)
    return Credentials(
        authorities=_read(Path(destination.ca_file), MAX_PEM_BYTES) if destination.ca_file else None,
        certificate=_read(Path(destination.cert_file), MAX_PEM_BYTES, owner) if destination.cert_file else None,
        key=_read(Path(destination.key_file), MAX_PEM_BYTES, owner) if destination.key_file else None,
        token=token,
    )


class Connector:
    """Opens the links of a root with address and credentials as they are now, and says when they have changed since."""

    def __init__(
        self,
        root: Path,
        open_link: Callable[[Destination, Credentials], Link],
        *,
        token: str | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._root = root
        self._open_link = open_link
        self._token = token
        self._now = now
        self._looked_at = float("-inf")
        self._seen: dict[str, _Stamp] = {}

    def __call__(self) -> Link:
        """A link; raises OSError or UsageError where what it needs cannot be read."""
        address = str(self._root / DESTINATION_NAME)
        self._looked_at = self._now()
        self._seen = {address: _stamp(address)}  # looked at before they are read: what changes meanwhile is seen later
        destination = read_destination(self._root)
        self._seen |= {path: _stamp(path) for path in destination.files}
        return self._open_link(destination, credentials_of(self._root, destination, self._token))

    def has_changed(self) -> bool:
        """Say, once for each change, whether a link made now would be another; looks at most once a second."""
        now = self._now()
        if now - self._looked_at < LOOK_EVERY_S or not self._seen:
            return False
        self._looked_at = now
        found = {path: _stamp(path) for path in self._seen}
        has_changed = found != self._seen
        self._seen = found
        return has_changed


def credentials_of(root: Path, destination: Destination, token: str | None = None) -> Credentials:
    """The credentials of a root; those of another user's root must be that user's."""
    owner = (root / DESTINATION_NAME).stat().st_uid
    if not hasattr(os, "geteuid") or owner == os.geteuid():
        return read_credentials(destination, token=token)
    if token is not None and destination.token_file is None:
        raise UsageError(
            f"{root} belongs to user {owner}, whose collector is not sent this process's {TOKEN_VARIABLE}: "
            "name a token_file in the agents, or run the shipper as that user"
        )
    return read_credentials(destination, owner=owner)


def _read(path: Path, limit: int, owner: int | None = None) -> bytes:
    descriptor = os.open(path, _READ)
    try:
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode) or state.st_size > limit:
            raise UsageError(f"{path}: expected a file of at most {limit} bytes")
        if owner is not None and state.st_uid != owner:
            raise UsageError(
                f"{path} belongs to user {state.st_uid}, the spool to user {owner}: run the shipper as the agents' user"
            )
        return os.read(descriptor, limit)
    finally:
        os.close(descriptor)


def _checked_token(content: bytes, source: str) -> str:
    token = content.strip()
    if not token or not token.isascii() or any(byte <= 0x20 or byte == 0x7F for byte in token):
        raise UsageError(f"{source}: expected one token of printable characters without spaces")
    return token.decode("ascii")


def _stamp(path: str) -> _Stamp:
    try:
        state = Path(path).stat()
    except OSError:
        return None
    return state.st_ino, state.st_mtime_ns, state.st_size
