"""Jira, in the cloud (REST v3) and in a data center (REST v2): one issue for each thread, opened, commented, closed, opened again.

What is remembered of the issue is the truth. Only after a create of which nobody knows whether it was done the issue is looked for by its
label, a minute later (the cloud's search lags), and adopted.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

from tidegauge_collector.control import OutboxRow, Thread
from tidegauge_collector.errors import ConfigError
from tidegauge_collector.notify.answers import judged
from tidegauge_collector.notify.channel import TOO_MUCH, Answer, Asking, Endpoint, Manners, Note, Request, Talk, ask
from tidegauge_collector.notify.events import Event, read_event
from tidegauge_collector.notify.hearing import Hearing, Look
from tidegauge_collector.notify.kinds import jira_text
from tidegauge_collector.notify.outcomes import Done, NotYet, Outcome, Retry
from tidegauge_collector.notify.severities import checked
from tidegauge_collector.notify.tickets import SETTLED_AFTER_US, Ticket, ticket_before, ticket_of
from tidegauge_collector.notify.voice import PLAIN, Voice
from tidegauge_collector.notify.wording import cut, word

SUMMARY_CHARACTERS = 255
OPTIONAL = ("priority", "assignee", "components")
"""Fields that an issue can do without, as can its custom fields."""
_USUAL_ENDS = ("done", "resolve", "resolved", "close", "closed", "resolve issue", "close issue", "完了")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the two Jiras differ."""

    kind: str
    root: str
    search: str
    text: Callable[[Sequence[str], Sequence[tuple[str, str]]], Any]
    person: str


CLOUD = Dialect("jira", "/rest/api/3", "/search/jql", jira_text.document, "accountId")
DATA_CENTER = Dialect("jira_dc", "/rest/api/2", "/search", jira_text.wiki, "name")


@dataclass(frozen=True, slots=True)
class JiraChannel:
    """`email` and `token` of an account in the cloud; a personal access token alone in a data center.

    `close`: false to comment a recovery only. `resolve_transition` and `reopen_transition`: by name or id; "" for the first that
    leads to (or out of) a status of the category Done. `fields`: custom fields of new issues, as Jira wants them.
    `inbound_secret`: what calls of Jira's webhook show; `account`: whose token it is, as these calls say it: the account's id in the cloud
    (which often hides e-mail addresses), its name in a data center.
    """

    name: str
    url: str = field(repr=False)
    project: str
    token: str = field(repr=False)
    email: str = ""
    allow: tuple[str, ...] = ()
    issue_type: str = "Task"
    severities: Mapping[str, str] = field(default_factory=dict)
    assignee: str = ""
    components: tuple[str, ...] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)
    close: bool = True
    resolve_transition: str = ""
    reopen_transition: str = ""
    resolution: str = ""
    reopen_within_hours: int = 24
    voice: Voice = PLAIN
    per_minute: int | None = None
    inbound_secret: str = field(default="", repr=False)
    account: str = ""
    dialect: Dialect = CLOUD

    def __post_init__(self) -> None:
        _ = self.endpoint
        checked(self.name, self.severities, {}, ())
        if not self.project.replace("_", "").isalnum() or not self.project.isascii() or not self.project.isupper():
            raise ConfigError(f"project of channel {self.name!r} is {self.project!r}: write the key of one, e.g. ML")
        wrong = [name for name in self.fields if not name.startswith("customfield_")]
        if wrong:
            raise ConfigError(f"fields of channel {self.name!r} name {wrong[0]!r}: write customfield_12345 = …")

    @property
    def endpoint(self) -> Endpoint:
        secrets = (self.token, self._basic, self.inbound_secret)
        return Endpoint(self.name, self.url, tuple(filter(None, secrets)), self.allow)

    @property
    def manners(self) -> Manners:
        return Manners(per_minute=self.per_minute)

    @property
    def hearing(self) -> Hearing:
        return Hearing("jira", self.inbound_secret, self.account or self.email)

    def look(self, thread: Thread) -> Look:
        """The issue of a thread, with what people can change of it."""
        ticket = ticket_of(thread)
        if ticket is None:
            return None
        answer = yield self._get(f"/issue/{ticket.key}?fields=status,assignee")
        return answer.json() if answer.status == 200 else None

    # ------------------------------------------------------------------ the talk

    def converse(
        self, message: OutboxRow, thread: Thread | None, *, now_us: int, may_have_arrived: int | None = None
    ) -> Talk:
        """Brings the thread's issue to where the message says that it is."""
        event = read_event(message.body)
        ticket = ticket_of(thread)
        if ticket is None and may_have_arrived is not None and thread is not None:
            settled_us = may_have_arrived + SETTLED_AFTER_US
            if now_us < settled_us:
                return NotYet((settled_us - now_us) / 1e6, "an issue may have been made: looked for in a minute")
            found = yield from self._search(event, thread, now_us=now_us)
            if not isinstance(found, Ticket | None):
                return found
            if found is not None:
                yield _note(found)
            ticket = found
        if event.kind == "test":
            return (yield from self._test(event, now_us=now_us))
        if event.is_over:
            return (yield from self._end(event, ticket, now_us=now_us)) if ticket is not None else Done("never opened")
        if ticket is None:
            return (yield from self._open(event, thread, now_us=now_us))
        outcome = yield from self._update(event, ticket, now_us=now_us)
        if outcome is None:  # somebody deleted it, and it is still the matter
            return (yield from self._create(event, now_us=now_us))
        return outcome

    def _test(self, event: Event, *, now_us: int) -> Talk:
        """An issue that is opened and, where channels close, closed at once."""
        answer = yield from ask(self._post("/issue", self._issue(event, self.voice, frozenset())))
        outcome = judged(answer, now_us=now_us)
        key = answer.json().get("key")
        if not isinstance(outcome, Done) or not isinstance(key, str) or not self.close:
            return outcome
        return (yield from self._close(Ticket(key), now_us=now_us))

    def _open(self, event: Event, thread: Thread | None, *, now_us: int) -> Talk:
        earlier = ticket_before(thread, now_us=now_us, within_h=self.reopen_within_hours)
        if earlier is not None:
            outcome = yield from self._reopen(event, earlier, now_us=now_us)
            if outcome is not None:
                return outcome
        return (yield from self._create(event, now_us=now_us))

    def _create(self, event: Event, *, now_us: int) -> Talk:
        """An issue with all that it may have; without what Jira does not know; with a title and a link."""
        without: frozenset[str] = frozenset()
        answer = yield from ask(self._post("/issue", self._issue(event, self.voice, without)))
        if answer.status == 400 and (without := self._droppable(answer)):
            answer = yield from ask(self._post("/issue", self._issue(event, self.voice, without)))
        if answer.status in TOO_MUCH:
            without = frozenset({*OPTIONAL, *self.fields})
            answer = yield from ask(self._post("/issue", self._issue(event, self.voice.brief(), without)))
        outcome = judged(answer, now_us=now_us)
        if not isinstance(outcome, Done):
            return outcome
        made = answer.json()
        if not isinstance(made.get("key"), str):
            return Retry(0.0, "Jira did not say which issue it made", may_have_arrived=True)
        yield _note(Ticket(made["key"], str(made.get("id", "")), event.severity, event.seq, now_us))
        return Done(f"made without {', '.join(sorted(without))}: Jira does not take them") if without else Done()

    def _update(self, event: Event, ticket: Ticket, *, now_us: int) -> Asking[Outcome | None]:
        """A comment where one is due, and a new title where the severity is another. None: the issue is gone."""
        if event.kind == "firing" or not ticket.wants_comment(event, now_us):
            return Done()
        outcome = yield from self._comment(self._lines(event, self.voice), ticket, event, now_us=now_us)
        if not isinstance(outcome, Done) or event.severity == ticket.severity:
            return outcome
        yield _note(replace(ticket, severity=event.severity, said=event.seq, commented_us=now_us))
        fields = {"summary": self._summary(event, self.voice)} | self._priority(event)
        answer = yield from ask(self._request("PUT", f"/issue/{ticket.key}", {"fields": fields}))
        if answer.status == 400:
            return Done("Jira does not let the title be changed")
        return judged(answer, now_us=now_us)

    def _comment(self, lines: Sequence[str], ticket: Ticket, event: Event, *, now_us: int) -> Asking[Outcome | None]:
        """The outcome, or None where the issue is gone."""
        body = {"body": self.dialect.text(lines, _links(event, self.voice))}
        answer = yield from ask(self._post(f"/issue/{ticket.key}/comment", body))
        if answer.status in TOO_MUCH:
            body = {"body": self.dialect.text([self.voice.brief().headline(event)], _links(event, self.voice))}
            answer = yield from ask(self._post(f"/issue/{ticket.key}/comment", body))
        if answer.status in {404, 410}:
            return None
        outcome = judged(answer, now_us=now_us)
        if isinstance(outcome, Done):
            yield _note(replace(ticket, said=max(event.seq, ticket.said), commented_us=now_us))
        return outcome

    def _reopen(self, event: Event, ticket: Ticket, *, now_us: int) -> Asking[Outcome | None]:
        """The earlier issue opened again, or None where that cannot be."""
        is_done = yield from self._is_done(ticket, now_us=now_us)
        if not isinstance(is_done, bool):
            return is_done
        if is_done:
            found = yield from self._transition(ticket, self.reopen_transition, is_end=False, now_us=now_us)
            if not isinstance(found, str):
                return found if not isinstance(found, Done) else None
            answer = yield from ask(self._post(f"/issue/{ticket.key}/transitions", {"transition": {"id": found}}))
            if answer.status in {400, 404, 409}:
                return None
            outcome = judged(answer, now_us=now_us)
            if not isinstance(outcome, Done):
                return outcome
        again = replace(ticket, severity=event.severity, said=0, commented_us=0)
        yield _note(again)
        lines = [word("news_reopened", self.voice.language), *self._lines(event, self.voice)]
        return (yield from self._comment(lines, again, event, now_us=now_us))

    def _end(self, event: Event, ticket: Ticket, *, now_us: int) -> Talk:
        if event.seq > ticket.said or not event.seq:
            lines = [self.voice.closing(event), *self._lines(event, self.voice)[1:]]
            outcome = yield from self._comment(lines, ticket, event, now_us=now_us)
            if outcome is None:
                return Done("the issue is gone")
            if not isinstance(outcome, Done):
                return outcome
        return (yield from self._close(ticket, now_us=now_us)) if self.close else Done()

    def _close(self, ticket: Ticket, *, now_us: int) -> Talk:
        is_done = yield from self._is_done(ticket, now_us=now_us)
        if is_done is None:
            return Done("the issue is gone")
        if is_done is True:
            return Done()
        if is_done is not False:
            return is_done
        found = yield from self._transition(ticket, self.resolve_transition, is_end=True, now_us=now_us)
        if not isinstance(found, str):
            return found
        fields = {"fields": {"resolution": {"name": self.resolution}}} if self.resolution else {}
        answer = yield from ask(self._post(f"/issue/{ticket.key}/transitions", {"transition": {"id": found}} | fields))
        if answer.status == 400:
            return Done(f"Jira does not let issues be closed ({_reason(answer)}): they are commented instead")
        return judged(answer, now_us=now_us)

    def _is_done(self, ticket: Ticket, *, now_us: int) -> Asking[bool | Outcome | None]:
        """Whether the issue is in a status of the category Done; None where it is gone; an outcome where Jira does not say."""
        answer = yield from ask(self._get(f"/issue/{ticket.key}?fields=status"))
        if answer.status in {404, 410}:
            return None
        outcome = judged(answer, now_us=now_us)
        if not isinstance(outcome, Done):
            return outcome
        category = _category(_object(answer.json(), "fields").get("status"))
        return category == "done" if category else Retry(0.0, "Jira did not say which status the issue has")

    def _transition(self, ticket: Ticket, wanted: str, *, is_end: bool, now_us: int) -> Asking[str | Outcome]:
        """The id of the transition to take; an outcome where there is none, or Jira does not say."""
        answer = yield from ask(self._get(f"/issue/{ticket.key}/transitions"))
        outcome = judged(answer, now_us=now_us)
        if not isinstance(outcome, Done):
            return outcome
        listed = answer.json().get("transitions")
        if not isinstance(listed, list):
            return Retry(0.0, "Jira did not list the transitions")
        listed = [one for one in listed if isinstance(one, Mapping) and {"id", "name"} <= one.keys()]
        if wanted:
            fits = [one for one in listed if wanted.casefold() in (str(one["id"]), str(one["name"]).casefold())]
        else:
            fits = [one for one in listed if (_category(one.get("to")) == "done") is is_end]
            fits.sort(key=lambda one: str(one["name"]).casefold() not in _USUAL_ENDS)
        if fits:
            return str(fits[0]["id"])
        names = ", ".join(str(one.get("name")) for one in listed) or "none"
        key = "resolve_transition" if is_end else "reopen_transition"
        return Done(f"no transition to take: there are {names}; give one as {key}")

    def _search(self, event: Event, thread: Thread, *, now_us: int) -> Asking[Ticket | Outcome | None]:
        """The open issue with the thread's label, or None; an outcome where Jira does not say."""
        before = ticket_of(thread.before)
        jql = f'project = "{self.project}" AND labels = "{label_of(event)}" AND statusCategory != Done ORDER BY created DESC'
        body: dict[str, Any] = {"jql": jql, "fields": ["status"], "maxResults": 2}
        if self.dialect is CLOUD and before is not None and before.id.isdigit():
            body["reconcileIssues"] = [int(before.id)]
        answer = yield from ask(self._request("POST", self.dialect.search, body, is_reading=True))
        outcome = judged(answer, now_us=now_us)
        if not isinstance(outcome, Done):
            return outcome
        issues = answer.json().get("issues")
        if not isinstance(issues, list):
            return Retry(0.0, "Jira's search did not answer with issues")
        found = [one for one in issues if isinstance(one, Mapping) and isinstance(one.get("key"), str)]
        return Ticket(found[0]["key"], str(found[0].get("id", "")), event.severity, 1, now_us) if found else None

    # ------------------------------------------------------------------ what is said

    def _issue(self, event: Event, voice: Voice, without: frozenset[str]) -> dict[str, Any]:
        person = {"assignee": {self.dialect.person: self.assignee}} if self.assignee else {}
        parts = {"components": [{"name": one} for one in self.components]} if self.components else {}
        optional = {**self._priority(event), **person, **parts, **self.fields}
        fields = {
            "project": {"key": self.project},
            "issuetype": {"id": self.issue_type} if self.issue_type.isdigit() else {"name": self.issue_type},
            "summary": self._summary(event, voice),
            "labels": ["tidegauge", label_of(event)],
            "description": self.dialect.text(self._lines(event, voice), _links(event, voice)),
        }
        kept = {name: value for name, value in optional.items() if name not in without}
        found: dict[str, Any] = {"fields": fields | kept}
        if event.key:
            found["properties"] = [{"key": "tidegauge", "value": {"alert_key": event.key}}]
        return found

    def _summary(self, event: Event, voice: Voice) -> str:
        return cut(voice.headline(event), SUMMARY_CHARACTERS)

    def _priority(self, event: Event) -> dict[str, Any]:
        usual = {"failing": "High", "warning": "Medium"}
        name = {**usual, **self.severities}.get(event.severity)
        return {"priority": {"name": name}} if name else {}

    def _lines(self, event: Event, voice: Voice) -> list[str]:
        facts = [f"{label}: {value}" for label, value in voice.facts(event)]
        return [*voice.lines(event), *facts]

    def _droppable(self, answer: Answer) -> frozenset[str]:
        """The fields that Jira refuses and that an issue can do without; none where it refuses others too."""
        named = set(_object(answer.json(), "errors"))
        return frozenset(named & {*OPTIONAL, *self.fields})

    # ------------------------------------------------------------------ requests

    @property
    def _basic(self) -> str:
        return base64.b64encode(f"{self.email}:{self.token}".encode()).decode("ascii")

    def _post(self, path: str, body: Mapping[str, Any]) -> Request:
        return self._request("POST", path, body)

    def _get(self, path: str) -> Request:
        return self._request("GET", path, None, is_reading=True)

    def _request(self, method: str, path: str, body: Mapping[str, Any] | None, *, is_reading: bool = False) -> Request:
        authorization = f"Basic {self._basic}" if self.dialect is CLOUD else f"Bearer {self.token}"
        content = b"" if body is None else json.dumps(body).encode()
        headers = {"Authorization": authorization, "Accept": "application/json"}
        url = f"{self.url.rstrip('/')}{self.dialect.root}{quote(path, safe='/?=&')}"
        return Request(url, content, headers, method, is_reading)


def jira_cloud(name: str, **given: Any) -> JiraChannel:
    """A channel to Jira Cloud."""
    return JiraChannel(name, **given)


def jira_data_center(name: str, **given: Any) -> JiraChannel:
    """A channel to a Jira of one's own."""
    return JiraChannel(name, **given, dialect=DATA_CENTER)


def label_of(event: Event) -> str:
    """The label by which the issue of a thread is found."""
    key = "".join(one for one in event.key if one.isascii() and one.isalnum())  # nothing in it ends a quotation of JQL
    return f"tidegauge-{key or 'test'}"


def _note(ticket: Ticket) -> Note:
    return Note({"ticket": ticket.as_json()})


def _links(event: Event, voice: Voice) -> list[tuple[str, str]]:
    links = [(voice.open_label, event.url), ("Runbook", event.runbook)]
    return [(label, href) for label, href in links if href.startswith(("https://", "http://"))]


def _category(status: Any) -> str:
    category = status.get("statusCategory") if isinstance(status, Mapping) else None
    return str(category.get("key", "")) if isinstance(category, Mapping) else ""


def _object(found: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = found.get(name)
    return value if isinstance(value, Mapping) else {}


def _reason(answer: Answer) -> str:
    found = answer.json()
    messages = found.get("errorMessages")
    texts = [*(messages if isinstance(messages, list) else []), *_object(found, "errors").values()]
    return "; ".join(map(str, texts)) or f"HTTP {answer.status}"
