"""Slack's interactivity: somebody pressed a button under a message of ours.

https://docs.slack.dev/authentication/verifying-requests-from-slack: HMAC-SHA256 over `v0:TIMESTAMP:BODY` with the app's signing secret.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import parse_qs

from tidegauge_collector.inbound.deeds import Deed, NotGenuine, NotReadable, inner, is_key, read_json, text_in

TOLERANCE_S = 300
SILENCE_S = 3_600
_KINDS = {"tidegauge.acknowledge": "acknowledge", "tidegauge.silence": "silence"}


def check(secret: str, headers: Mapping[str, str], body: bytes, *, now_s: float) -> None:
    """Raises NotGenuine."""
    stamp = headers.get("X-Slack-Request-Timestamp", "")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 15) or abs(now_s - int(stamp)) > TOLERANCE_S:
        raise NotGenuine(f"X-Slack-Request-Timestamp is missing, or more than {TOLERANCE_S} s from this clock")
    right = "v0=" + hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    shown = headers.get("X-Slack-Signature", "").encode("utf-8", "replace")
    if not hmac.compare_digest(right.encode(), shown):
        raise NotGenuine("X-Slack-Signature does not fit: give the channel the app's signing secret as inbound_secret")


def read(body: bytes) -> list[Deed]:
    """The deeds of a call; actions of other buttons (such as links) are none. Raises NotReadable."""
    try:
        form = parse_qs(body.decode("ascii"), max_num_fields=20)
    except ValueError as problem:
        raise NotReadable("the body is no form") from problem
    if "payload" not in form:
        raise NotReadable("the form has no payload")
    payload = read_json(form["payload"][0].encode())
    actions = payload.get("actions")
    person = text_in(inner(payload, "user"), "username", "name", "id")
    found = []
    for action in actions if isinstance(actions, list) else []:
        if isinstance(action, Mapping):
            kind, key = _KINDS.get(str(action.get("action_id"))), str(action.get("value"))
            if kind is not None and is_key(key):
                found.append(Deed(kind, key, person))  # type: ignore[arg-type]
    return found
