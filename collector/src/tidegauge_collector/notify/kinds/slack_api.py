"""Slack's Web API with a bot token: one message for each thread, that is kept up to date, with what happened as replies under it.

https://docs.slack.dev/reference/methods/chat.postMessage. It has no idempotency: an answer that is lost may double a message.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tidegauge_collector.control import OutboxRow, Thread
from tidegauge_collector.errors import ConfigError
from tidegauge_collector.notify.answers import judged
from tidegauge_collector.notify.channel import Answer, Asking, Endpoint, Manners, Note, Request, Talk, ask
from tidegauge_collector.notify.events import Event, read_event
from tidegauge_collector.notify.hearing import Hearing
from tidegauge_collector.notify.kinds.slack_blocks import TEXT_CHARACTERS, escaped, rendered
from tidegauge_collector.notify.outcomes import DeadLetter, Done, Outcome, PauseChannel, Retry
from tidegauge_collector.notify.voice import PLAIN, Voice
from tidegauge_collector.notify.wording import cut

URL_OF_API = "https://slack.com/api"
PER_MINUTE = 60
PASSING = frozenset(
    {"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"}
)
LOST = frozenset({"message_not_found", "edit_window_closed", "cant_update_message", "thread_not_found"})
"""The message cannot be changed any more: another takes its place."""
TOO_MUCH = frozenset({"msg_too_long", "msg_blocks_too_long", "invalid_blocks", "invalid_blocks_format"})
OF_THE_CHANNEL = frozenset(
    {
        "invalid_auth",
        "not_authed",
        "account_inactive",
        "token_revoked",
        "token_expired",
        "missing_scope",
        "no_permission",
        "channel_not_found",
        "not_in_channel",
        "is_archived",
        "restricted_action",
        "access_denied",
        "team_access_not_granted",
        "ekm_access_denied",
        "org_login_required",
    }
)


@dataclass(frozen=True, slots=True)
class SlackApiChannel:
    """`token`: of a bot (xoxb-…) with the scope chat:write, that is a member of `channel` (its id, or #name).

    `inbound_secret`: the app's signing secret; with it messages have buttons that acknowledge and silence.
    """

    name: str
    token: str = field(repr=False)
    channel: str
    url: str = field(default=URL_OF_API, repr=False)
    allow: tuple[str, ...] = ()
    inbound_secret: str = field(default="", repr=False)
    voice: Voice = PLAIN
    per_minute: int | None = None

    def __post_init__(self) -> None:
        _ = self.endpoint
        if not self.token.startswith("xoxb-"):
            raise ConfigError(f"token of channel {self.name!r} is no bot token: take the one that begins with xoxb-")

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(self.name, self.url, tuple(filter(None, (self.token, self.inbound_secret))), self.allow)

    @property
    def hearing(self) -> Hearing:
        return Hearing("slack", self.inbound_secret)

    @property
    def manners(self) -> Manners:
        """Slack may switch off an app that posts more than once a second."""
        return Manners(per_minute=min(self.per_minute or PER_MINUTE, PER_MINUTE))

    def converse(
        self, message: OutboxRow, thread: Thread | None, *, now_us: int, may_have_arrived: int | None = None
    ) -> Talk:
        """Posts what the thread's message is not there for yet, else brings it up to date and replies to it."""
        del may_have_arrived  # it may be doubled, which is better than missing
        event = read_event(message.body)
        known = dict(thread.remembered) if thread is not None else {}
        if "ts" not in known:
            return (yield from self._post(event, now_us=now_us))
        outcome = yield from self._update(event, known, now_us=now_us)
        if outcome is None:
            return (yield from self._post(event, now_us=now_us))
        news = self.voice.news(event) or [self.voice.headline(event)]
        if not isinstance(outcome, Done) or event.kind == "firing" or (event.seq and event.seq <= known.get("said", 0)):
            return outcome
        reply = {"channel": known["channel"], "thread_ts": known["ts"], "text": self._text("\n".join(news))}
        answer = yield from ask(self._request("chat.postMessage", reply))
        outcome = self.classify(answer, now_us=now_us)
        if error_of(answer) in LOST:  # the message was brought up to date: nobody misses the reply
            outcome = Done()
        if isinstance(outcome, Done):
            yield Note({**known, "said": event.seq})
        return outcome

    def _post(self, event: Event, *, now_us: int) -> Talk:
        answer, outcome = None, None
        for voice in (self.voice, self.voice.brief()):
            body = {"channel": self.channel, **self._content(event, voice)}
            answer = yield from ask(self._request("chat.postMessage", body))
            outcome = self.classify(answer, now_us=now_us)
            if not (isinstance(outcome, DeadLetter) and _was_too_much(answer)):
                break
        found = answer.json() if answer is not None else {}
        if isinstance(outcome, Done):
            if not isinstance(found.get("ts"), str) or not isinstance(found.get("channel"), str):
                return Retry(0.0, "Slack took the message and did not say where it is", may_have_arrived=True)
            yield Note({"channel": found["channel"], "ts": found["ts"], "said": event.seq})
        return outcome or DeadLetter("nothing was sent")

    def _update(self, event: Event, known: Mapping[str, Any], *, now_us: int) -> Asking[Outcome | None]:
        """The outcome, or None where the message cannot be changed any more."""
        outcome: Outcome | None = None
        for voice in (self.voice, self.voice.brief()):
            body = {"channel": known["channel"], "ts": known["ts"], **self._content(event, voice)}
            answer = yield from ask(self._request("chat.update", body))
            if error_of(answer) in LOST:
                return None
            outcome = self.classify(answer, now_us=now_us)
            if not (isinstance(outcome, DeadLetter) and _was_too_much(answer)):
                break
        return outcome

    def _content(self, event: Event, voice: Voice) -> dict[str, Any]:
        found = rendered(event, voice, has_buttons=bool(self.inbound_secret))
        if not event.key:
            return found
        return {**found, "metadata": {"event_type": "tidegauge_alert", "event_payload": {"alert_key": event.key}}}

    def _text(self, text: str) -> str:
        return cut(escaped(text), TEXT_CHARACTERS)

    def _request(self, method: str, body: Mapping[str, Any]) -> Request:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json; charset=utf-8"}
        return Request(f"{self.url.rstrip('/')}/{method}", json.dumps(body).encode(), headers)

    def classify(self, answer: Answer, *, now_us: int) -> Outcome:
        """By the status, and where that is 200 by `ok` and the name of the error."""
        outcome = judged(answer, now_us=now_us)
        if not isinstance(outcome, Done):
            return outcome
        found = answer.json()
        if found.get("ok") is True:
            return Done()
        error = error_of(answer)
        if not error:
            return Retry(0.0, "a 200 that is not Slack's", may_have_arrived=True)
        if error in PASSING:
            return Retry(0.0, f"Slack says {error}")
        if error in OF_THE_CHANNEL:
            return PauseChannel(f"Slack says {error}")
        return DeadLetter(f"Slack says {error}")


def error_of(answer: Answer) -> str:
    """The name of the error in a 200, "" where there is none."""
    found = answer.json()
    error = found.get("error")
    return error if found.get("ok") is False and isinstance(error, str) and error.isascii() else ""


def _was_too_much(answer: Answer) -> bool:
    return answer.status in {400, 413, 422} or error_of(answer) in TOO_MUCH
