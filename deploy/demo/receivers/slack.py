"""A Slack: incoming webhooks and the Web API, whose errors come with a 200."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from receivers.provider import Provider, Refusal

HOOK = "services/T0/B0/hook-secret"


@dataclass(slots=True)
class Message:
    """A message with the replies under it; `texts`: as it was and as it is."""

    ts: str
    texts: list[str]
    key: str = ""
    replies: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return self.texts[-1]


class SlackReceiver(Provider):
    """`channels`: names and ids. Posts to one channel closer together than a second are refused, but the replies of a moment."""

    def __init__(self, *, token: str = "xoxb-slack-token", **options: Any) -> None:
        super().__init__(**options)
        self._authorization = f"Bearer {token}"
        self.channels = {"#ml-alerts": "C0ML", "C0ML": "C0ML"}
        self.messages: dict[str, Message] = {}
        self.posted: list[str] = []
        self.errors: list[str] = []
        self._posted_us: dict[str, int] = defaultdict(lambda: -(10**9))
        self._count = 0

    @property
    def hook_url(self) -> str:
        """Of the incoming webhook."""
        return f"{self.url}/{HOOK}"

    def tickets(self) -> list[str]:
        """A line for each message."""
        return [f"{one.ts} {one.text} ({len(one.replies)} replies)" for one in self.messages.values()]

    def answer(self, request: web.Request, path: str, body: Any) -> tuple[int, Any]:
        assert request.method == "POST", f"method {request.method}"
        if path == HOOK:
            self.hold("slack", body)
            self._in_time("hook")
            self.posted.append(body["text"])
            self.note("hook", body["text"])
            return 200, "ok"
        if request.headers.get("Authorization") != self._authorization:
            return 200, {"ok": False, "error": "invalid_auth"}
        if self.errors:
            return 200, {"ok": False, "error": self.errors.pop(0)}
        if path == "api/chat.postMessage":
            return 200, self._post(self.hold("slack_post", body))
        assert path == "api/chat.update", "no such method"
        return 200, self._update(self.hold("slack_update", body))

    def _post(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        channel = self.channels.get(body["channel"])
        if channel is None:
            return {"ok": False, "error": "channel_not_found"}
        if "thread_ts" in body:
            if body["thread_ts"] not in self.messages:
                return {"ok": False, "error": "thread_not_found"}
            self.messages[body["thread_ts"]].replies.append(body["text"])
            self.note(body["thread_ts"], f"reply: {body['text'].splitlines()[0]}")
            return {"ok": True, "channel": channel, "ts": self._stamp()}
        self._in_time(channel)
        key = body.get("metadata", {}).get("event_payload", {}).get("alert_key", "")
        made = Message(self._stamp(), [body["text"]], key)
        self.messages[made.ts] = made
        self.note(made.ts, f"posted: {made.text}")
        return {"ok": True, "channel": channel, "ts": made.ts, "message": {"text": made.text}}

    def _update(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        if body["ts"] not in self.messages:
            return {"ok": False, "error": "message_not_found"}
        self.messages[body["ts"]].texts.append(body["text"])
        self.note(body["ts"], f"updated: {body['text']}")
        return {"ok": True, "channel": body["channel"], "ts": body["ts"]}

    def _stamp(self) -> str:
        self._count += 1
        return f"{self.now_us() // 1_000_000}.{self._count:06}"

    def _in_time(self, channel: str) -> None:
        now_us = self.now_us()
        if now_us - self._posted_us[channel] < 1_000_000:
            raise Refusal(429, {"ok": False, "error": "rate_limited", "retry_after": 1}, {"Retry-After": "1"})
        self._posted_us[channel] = now_us
