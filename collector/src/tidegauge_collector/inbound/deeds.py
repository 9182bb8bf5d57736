"""What somebody did, as plain values, and what a call that tells of it must show."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

MOST_TEXT = 2_000


class NotGenuine(Exception):  # noqa: N818 - says what is the case
    """The call does not show that it comes from the tool; the text says what is missing, and no secret."""


class NotReadable(Exception):  # noqa: N818 - says what is the case
    """The call is genuine, and no call as the tool makes them."""


@dataclass(frozen=True, slots=True)
class Deed:
    """`key`: of the thread (32 hex digits); `actor`: as the tool calls them. `text`: whom it was given to, or a remark."""

    kind: Literal["acknowledge", "close", "silence", "assign"]
    key: str
    actor: str
    text: str = ""


def check_bearer_or_hmac(secret: str, headers: Mapping[str, str], body: bytes) -> None:
    """Raises NotGenuine unless the body is signed (`X-Hub-Signature: sha256=…`, as WebSub has it) or the secret itself is shown.

    A secret is shown as `Authorization: Bearer …`: for tools that can send a header and cannot sign.
    """
    signature = headers.get("X-Hub-Signature", "")
    if signature:
        right = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(right.encode(), signature.strip().lower().encode("utf-8", "replace")):
            raise NotGenuine("X-Hub-Signature does not fit the body: give the webhook the channel's inbound_secret")
        return
    scheme, _, shown = headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(shown.strip().encode("utf-8", "replace"), secret.encode()):
        raise NotGenuine("neither X-Hub-Signature nor Authorization: Bearer shows the channel's inbound_secret")


def read_json(body: bytes) -> Mapping[str, Any]:
    """The object that a body holds. Raises NotReadable."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as problem:
        raise NotReadable("the body is no JSON") from problem
    if not isinstance(found, dict):
        raise NotReadable("the body is no JSON object")
    return found


def inner(found: Any, *names: str) -> Mapping[str, Any]:
    """The object under these names, one within the other; empty where there is none."""
    for name in names:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def text_in(found: Mapping[str, Any], *names: str) -> str:
    """The first of these that is text and says something, cut, without control characters; else ""."""
    for name in names:
        value = found.get(name)
        if isinstance(value, str) and value.strip():
            return "".join(one if one.isprintable() else " " for one in value.strip()[:MOST_TEXT])
    return ""


def is_key(text: str) -> bool:
    """Whether a text can be the key of a thread."""
    return len(text) == 32 and all(one in "0123456789abcdef" for one in text)
