"""Browsers that have shown a token: a random id in a cookie, and here its SHA-256 with the token's id. In memory, bounded.

A session ends after 12 hours, at sign-out, with its token, and when the collector restarts.
"""

import hashlib
import secrets
from collections import OrderedDict
from dataclasses import dataclass

LIFE_US = 12 * 3_600 * 1_000_000
MAX_SESSIONS = 10_000


@dataclass(frozen=True, slots=True)
class Session:
    """Of which token, and until when."""

    token: str
    ends_at_us: int


class Sessions:
    """The sessions of a collector; beyond the bound the oldest ends."""

    def __init__(self, *, max_sessions: int = MAX_SESSIONS) -> None:
        self._max_sessions = max_sessions
        self._open: OrderedDict[bytes, Session] = OrderedDict()

    def begin(self, token: str, now_us: int) -> str:
        """A new session's id, for the cookie alone."""
        name = secrets.token_urlsafe(32)
        self._open[_key(name)] = Session(token, now_us + LIFE_US)
        while len(self._open) > self._max_sessions:
            self._open.popitem(last=False)
        return name

    def token_of(self, name: str, now_us: int) -> str | None:
        """The id of the token that a session was begun with; None where there is no such session any more."""
        found = self._open.get(_key(name))
        if found is None:
            return None
        if found.ends_at_us <= now_us:
            del self._open[_key(name)]
            return None
        return found.token

    def end(self, name: str) -> None:
        """End a session, if there is one of that id."""
        self._open.pop(_key(name), None)

    def __len__(self) -> int:
        return len(self._open)


def _key(name: str) -> bytes:
    return hashlib.sha256(name.encode("utf-8", "replace")).digest()
