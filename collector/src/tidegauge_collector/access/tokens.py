"""Pure: what a token looks like, what it is worth, and how new ones are made.

    tgk_<id>_<secret>     id: 10 hexadecimal digits, no secret; secret: 256 random bits in URL-safe base64, 43 characters

Only the SHA-256 of the secret is kept. It needs no slow hash: nobody guesses 256 bits.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from enum import StrEnum

_FORM = re.compile(r"tgk_([0-9a-f]{10})_([A-Za-z0-9_-]{43})")
_PATTERN = re.compile(r"[a-z0-9._*-]{1,128}")
_NOBODY = hashlib.sha256(b"").digest()
EVERY_DEPLOYMENT = ("*",)


class Scope(StrEnum):
    """What a token is good for."""

    INGEST = "ingest"
    READ = "read"
    ADMIN = "admin"

    def covers(self, asked: "Scope") -> bool:
        """Say whether who has this scope may do what asks for the other."""
        return self is Scope.ADMIN or self is asked


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that was just made: `text` is for its holder and is kept nowhere."""

    id: str
    text: str = field(repr=False)
    digest: bytes = field(repr=False)


def make_token() -> NewToken:
    """A new token."""
    name, secret = secrets.token_hex(5), secrets.token_urlsafe(32)
    return NewToken(name, f"tgk_{name}_{secret}", digest_of(secret))


def read_token(text: str) -> tuple[str, str] | None:
    """Id and secret of a token, None where the text is none."""
    found = _FORM.fullmatch(text)
    return (found[1], found[2]) if found else None


def digest_of(secret: str) -> bytes:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).digest()


def is_secret_of(secret: str, digest: bytes | None) -> bool:
    """Compare in constant time; None (no such token) takes as long and is never right."""
    same = hmac.compare_digest(digest_of(secret), _NOBODY if digest is None else digest)
    return same and digest is not None


def is_pattern(text: str) -> bool:
    """Say whether a text can name deployments: a slug in which `*` stands for anything."""
    return _PATTERN.fullmatch(text) is not None


def matches(pattern: str, deployment: str) -> bool:
    """Say whether a pattern names a deployment."""
    expression = ".*".join(map(re.escape, pattern.split("*")))
    return re.fullmatch(expression, deployment, re.DOTALL) is not None
