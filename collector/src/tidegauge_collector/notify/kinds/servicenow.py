"""ServiceNow's Table API: one incident for each thread, found by its correlation id, noted, resolved, opened again. Never closed.

An incident that somebody has resolved, closed or cancelled is left as it is.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from tidegauge_collector.control import OutboxRow, Thread
from tidegauge_collector.errors import ConfigError
from tidegauge_collector.notify.answers import judged
from tidegauge_collector.notify.channel import TOO_MUCH, Answer, Asking, Endpoint, Manners, Note, Request, Talk, ask
from tidegauge_collector.notify.events import Event, read_event
from tidegauge_collector.notify.hearing import Hearing, Look
from tidegauge_collector.notify.outcomes import Done, Outcome, Retry
from tidegauge_collector.notify.severities import checked
from tidegauge_collector.notify.tickets import Ticket, ticket_before, ticket_of
from tidegauge_collector.notify.voice import PLAIN, Voice
from tidegauge_collector.notify.wording import cut, word

SHORT_CHARACTERS, LONG_CHARACTERS = 160, 4_000
IN_PROGRESS, RESOLVED = "2", "6"
OVER = frozenset({"6", "7", "8"})
IMPACTS = {"critical": ("1", "1"), "error": ("2", "1"), "warning": ("2", "2"), "info": ("3", "3")}
"""Impact and urgency; the priority is computed there."""
_HEX = re.compile(r"[0-9a-f]{32}")
_INCIDENT = "/api/now/table/incident"


def authorization(username: str, password: str, api_key: str) -> dict[str, str]:
    """The header of an account or of a key."""
    if api_key:
        return {"x-sn-apikey": api_key}
    basic = base64.b64encode(f"{username}:{password}".encode()).decode("ascii")
    return {"Authorization": f"Basic {basic}"}


def check_account(channel: str, username: str, password: str, api_key: str) -> None:
    """Raises ConfigError unless there is an account or a key."""
    if bool(username and password) == bool(api_key):
        raise ConfigError(f"channel {channel!r}: give username and password of an account, or api_key")


@dataclass(frozen=True, slots=True)
class ServiceNowChannel:
    """`url`: the instance, https://….service-now.com. `close`: false to note a recovery only.

    `fields`: further fields of new incidents (category, assignment_group, caller_id, …), all texts. `customer_visible`: comments instead
    of work notes. `inbound_secret`: what calls of a business rule show; `account`: whose `api_key` it is.
    """

    name: str
    url: str = field(repr=False)
    username: str = ""
    password: str = field(default="", repr=False)
    api_key: str = field(default="", repr=False)
    allow: tuple[str, ...] = ()
    severities: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    close: bool = True
    close_code: str = "Solution provided"
    reopen_within_hours: int = 24
    customer_visible: bool = False
    inbound_secret: str = field(default="", repr=False)
    account: str = ""
    voice: Voice = PLAIN
    per_minute: int | None = None

    def __post_init__(self) -> None:
        _ = self.endpoint, self.words
        check_account(self.name, self.username, self.password, self.api_key)
        reserved = {"priority", "state", "correlation_id", "short_description", "description", "impact", "urgency"}
        wrong = sorted(reserved & set(self.fields))
        if wrong:
            raise ConfigError(
                f"fields of channel {self.name!r} name {wrong[0]}, which Tidegauge or ServiceNow sets itself"
            )

    @property
    def endpoint(self) -> Endpoint:
        secrets = (self.password, self.api_key, self.inbound_secret, *self._headers.values())
        return Endpoint(self.name, self.url, tuple(filter(None, secrets)), self.allow)

    @property
    def manners(self) -> Manners:
        return Manners(per_minute=self.per_minute)

    @property
    def words(self) -> Mapping[str, str]:
        """How bad our severities are there: critical, error, warning or info."""
        return checked(self.name, self.severities, {"failing": "error", "warning": "warning"}, tuple(IMPACTS))

    @property
    def hearing(self) -> Hearing:
        return Hearing("servicenow", self.inbound_secret, self.account or self.username)

    def look(self, thread: Thread) -> Look:
        """The incident of a thread, with what people can change of it."""
        ticket = ticket_of(thread)
        if ticket is None:
            return None
        query = {"sysparm_fields": "sys_id,state,assigned_to", "sysparm_display_value": "all"}
        answer = yield self._request("GET", f"/{ticket.id}", query, None, is_reading=True)
        return _shown(_result(answer)) if answer.status == 200 else None

    # ------------------------------------------------------------------ the talk

    def converse(
        self, message: OutboxRow, thread: Thread | None, *, now_us: int, may_have_arrived: int | None = None
    ) -> Talk:
        """Brings the thread's incident to where the message says that it is."""
        event = read_event(message.body)
        ticket = ticket_of(thread)
        if event.kind == "test":
            return (yield from self._test(event, message.delivery_id, now_us=now_us))
        if ticket is None and may_have_arrived is not None:
            found = yield from self._find(event, now_us=now_us)
            if not isinstance(found, Ticket | None):
                return found
            if found is not None:
                yield _note(found)
            ticket = found
        if event.is_over:
            return (yield from self._end(event, ticket, now_us=now_us)) if ticket is not None else Done("never opened")
        if ticket is None:
            return (yield from self._open(event, thread, now_us=now_us))
        outcome = yield from self._update(event, ticket, now_us=now_us)
        return outcome if outcome is not None else (yield from self._create(event, "", now_us=now_us))

    def _test(self, event: Event, delivery_id: str, *, now_us: int) -> Talk:
        """An incident that is opened and, where channels resolve, resolved at once."""
        body = {**self._incident(event, self.voice), "correlation_id": correlation(delivery_id)}
        answer = yield from ask(self._post(body))
        outcome = judged(answer, now_us=now_us)
        sys_id = _result(answer).get("sys_id")
        if not isinstance(outcome, Done) or not isinstance(sys_id, str) or not self.close:
            return outcome
        answer = yield from ask(self._patch(Ticket(sys_id), self._resolved(event)))
        return judged(answer, now_us=now_us)

    def _open(self, event: Event, thread: Thread | None, *, now_us: int) -> Talk:
        earlier = ticket_before(thread, now_us=now_us, within_h=self.reopen_within_hours)
        parent = ticket_of(thread.before) if thread is not None and thread.before is not None else None
        if earlier is not None:
            state = yield from self._state(earlier, now_us=now_us)
            if isinstance(state, str) and state not in {"7", "8"}:
                return (yield from self._reopen(event, earlier, now_us=now_us))
            if not isinstance(state, str | None):
                return state
        return (yield from self._create(event, parent.id if parent else "", now_us=now_us))

    def _create(self, event: Event, parent: str, *, now_us: int) -> Talk:
        body = self._incident(event, self.voice) | ({"parent_incident": parent} if parent else {})
        answer = yield from ask(self._post(body))
        if answer.status in TOO_MUCH:
            body = self._incident(event, self.voice.brief(), is_bare=True)
            answer = yield from ask(self._post(body))
        outcome = judged(answer, now_us=now_us)
        if not isinstance(outcome, Done):
            return outcome
        made = _result(answer)
        if not isinstance(made.get("sys_id"), str):
            return Retry(0.0, "ServiceNow did not say which incident it made", may_have_arrived=True)
        yield _note(Ticket(str(made.get("number", "")), made["sys_id"], event.severity, event.seq, now_us))
        ignored = sorted(name for name in body if not _is_kept(body[name], made.get(name)))
        return (
            Done(f"ServiceNow ignores {', '.join(ignored)}: it has no such field, or a rule changes it")
            if ignored
            else Done()
        )

    def _update(self, event: Event, ticket: Ticket, *, now_us: int) -> Asking[Outcome | None]:
        """The outcome, or None where the incident is gone."""
        if event.kind == "firing" or not ticket.wants_comment(event, now_us):
            return Done()
        changes = self._remark(event, self.voice)
        if event.severity != ticket.severity:
            changes |= {"short_description": self._short(event, self.voice), **self._weight(event)}
        answer = yield from ask(self._patch(ticket, changes))
        if answer.status in TOO_MUCH:
            answer = yield from ask(self._patch(ticket, self._remark(event, self.voice.brief())))
        if answer.status == 404:
            return None
        outcome = judged(answer, now_us=now_us)
        if isinstance(outcome, Done):
            yield _note(replace(ticket, severity=event.severity, said=event.seq, commented_us=now_us))
        return outcome

    def _reopen(self, event: Event, ticket: Ticket, *, now_us: int) -> Talk:
        again = word("news_reopened", self.voice.language)
        changes = {"state": IN_PROGRESS, **self._weight(event), **self._remark(event, self.voice, again)}
        answer = yield from ask(self._patch(ticket, changes))
        if answer.status in {400, 403, 404}:  # a rule forbids it: another incident, that points to this one
            return (yield from self._create(event, ticket.id, now_us=now_us))
        outcome = judged(answer, now_us=now_us)
        if isinstance(outcome, Done):
            yield _note(replace(ticket, severity=event.severity, said=event.seq, commented_us=now_us))
        return outcome

    def _end(self, event: Event, ticket: Ticket, *, now_us: int) -> Talk:
        state = yield from self._state(ticket, now_us=now_us)
        if state is None:
            return Done("the incident is gone")
        if not isinstance(state, str):
            return state
        if state in OVER:
            return Done()
        changes = self._resolved(event) if self.close else self._remark(event, self.voice)
        answer = yield from ask(self._patch(ticket, changes))
        if self.close and answer.status in {400, 403, 422}:
            noted = yield from ask(self._patch(ticket, self._remark(event, self.voice)))
            outcome = judged(noted, now_us=now_us)
            reason = f"ServiceNow does not let incidents be resolved ({_reason(answer)}): they are noted instead"
            return Done(reason) if isinstance(outcome, Done) else outcome
        return judged(answer, now_us=now_us)

    def _state(self, ticket: Ticket, *, now_us: int) -> Asking[str | Outcome | None]:
        """The state's number; None where the incident is gone; an outcome where ServiceNow does not say."""
        request = self._request("GET", f"/{ticket.id}", {"sysparm_fields": "sys_id,state"}, None, is_reading=True)
        answer = yield from ask(request)
        if answer.status == 404:
            return None
        outcome = judged(answer, now_us=now_us)
        if not isinstance(outcome, Done):
            return outcome
        state = _result(answer).get("state")
        return state if isinstance(state, str) else Retry(0.0, "ServiceNow did not say which state the incident has")

    def _find(self, event: Event, *, now_us: int) -> Asking[Ticket | Outcome | None]:
        """The open incident of the thread's key, or None; an outcome where ServiceNow does not say."""
        states = ",".join(sorted(OVER))
        wanted = f"correlation_id={correlation(event.key)}^stateNOT IN{states}^ORDERBYDESCsys_created_on"
        query = {"sysparm_query": wanted, "sysparm_fields": "sys_id,number,state", "sysparm_limit": "1"}
        answer = yield from ask(self._request("GET", "", query, None, is_reading=True))
        outcome = judged(answer, now_us=now_us)
        if not isinstance(outcome, Done):
            return outcome
        found = answer.json().get("result")
        if not isinstance(found, list) or not all(isinstance(one, Mapping) and one.get("sys_id") for one in found):
            return Retry(0.0, "ServiceNow's search did not answer with incidents")
        if not found:
            return None
        return Ticket(str(found[0].get("number", "")), str(found[0]["sys_id"]), event.severity, 1, 0)

    # ------------------------------------------------------------------ what is said

    def _incident(self, event: Event, voice: Voice, *, is_bare: bool = False) -> dict[str, str]:
        found = {
            "short_description": self._short(event, voice),
            "description": self._long(event, voice),
            "correlation_id": correlation(event.key),
            "correlation_display": "tidegauge",
        }
        return found if is_bare else {**found, **self._weight(event), **self.fields}

    def _resolved(self, event: Event) -> dict[str, str]:
        notes = cut(self.voice.closing(event), LONG_CHARACTERS)
        return {"state": RESOLVED, "close_code": self.close_code, "close_notes": notes}

    def _remark(self, event: Event, voice: Voice, first: str = "") -> dict[str, str]:
        text = "\n".join(filter(None, [first, self._long(event, voice)]))
        return {"comments" if self.customer_visible else "work_notes": cut(text, LONG_CHARACTERS)}

    def _weight(self, event: Event) -> dict[str, str]:
        impact, urgency = IMPACTS[self.words.get(event.severity, "info")]
        return {"impact": impact, "urgency": urgency}

    def _short(self, event: Event, voice: Voice) -> str:
        return cut(voice.headline(event), SHORT_CHARACTERS)

    def _long(self, event: Event, voice: Voice) -> str:
        facts = [f"{label}: {value}" for label, value in voice.facts(event)]
        return cut("\n".join([*voice.lines(event), *facts, event.url]).strip(), LONG_CHARACTERS)

    # ------------------------------------------------------------------ requests

    @property
    def _headers(self) -> dict[str, str]:
        return authorization(self.username, self.password, self.api_key)

    def _post(self, body: Mapping[str, str]) -> Request:
        fields = ",".join(dict.fromkeys(("sys_id", "number", "state", *body)))
        return self._request("POST", "", {"sysparm_fields": fields}, body)

    def _patch(self, ticket: Ticket, body: Mapping[str, str]) -> Request:
        return self._request("PATCH", f"/{ticket.id or ticket.key}", {"sysparm_fields": "sys_id,state"}, body)

    def _request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Mapping[str, str] | None,
        *,
        is_reading: bool = False,
    ) -> Request:
        asked = urlencode({**query, "sysparm_exclude_reference_link": "true"})
        content = b"" if body is None else json.dumps(body).encode()
        headers = {**self._headers, "Accept": "application/json"}
        return Request(f"{self.url.rstrip('/')}{_INCIDENT}{path}?{asked}", content, headers, method, is_reading)


def correlation(key: str) -> str:
    """32 hex digits, in which nothing is an operator of a query."""
    return key if _HEX.fullmatch(key) else hashlib.sha256(key.encode()).hexdigest()[:32]


def _shown(result: Mapping[str, Any]) -> dict[str, str]:
    """State by its number, who has it by the name that people read: fields that come with both, or with one value."""
    found = {}
    for name, part in (("state", "value"), ("assigned_to", "display_value")):
        value = result.get(name)
        found[name] = str((value.get(part) if isinstance(value, Mapping) else value) or "")
    return found


def _note(ticket: Ticket) -> Note:
    return Note({"ticket": ticket.as_json()})


def _result(answer: Answer) -> Mapping[str, Any]:
    found = answer.json().get("result")
    return found if isinstance(found, Mapping) else {}


def _is_kept(sent: str, stored: Any) -> bool:
    """Whether a field shows what was sent; journals never do."""
    return isinstance(stored, str) and (
        stored == sent or stored.strip() == sent.strip() or len(sent) > SHORT_CHARACTERS
    )


def _reason(answer: Answer) -> str:
    error = answer.json().get("error")
    found = error if isinstance(error, Mapping) else {}
    return str(found.get("detail") or found.get("message") or f"HTTP {answer.status}")
