"""A Jira: the cloud's (REST v3, whose search lags) or one of one's own (REST v2)."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from receivers.provider import Provider, Refusal

STATUSES = {"To Do": "new", "In Progress": "indeterminate", "Done": "done"}
TRANSITIONS = {
    "To Do": {"11": ("Start", "In Progress"), "31": ("Done", "Done")},
    "In Progress": {"31": ("Done", "Done")},
    "Done": {"41": ("Reopen", "To Do")},
}


@dataclass(slots=True)
class Issue:
    """An issue with its comments."""

    id: int
    key: str
    fields: Mapping[str, Any]
    status: str = "To Do"
    made_us: int = 0
    assignee: str = ""
    comments: list[str] = field(default_factory=list)
    was: list[str] = field(default_factory=lambda: ["To Do"])

    @property
    def is_done(self) -> bool:
        return STATUSES[self.status] == "done"


class JiraReceiver(Provider):
    """`lag_s`: how long the search does not know a new issue. `unknown`: fields that it refuses. `needs_screen`: closing needs a field."""

    def __init__(
        self,
        *,
        email: str = "bot@example.com",
        token: str = "jira-token",
        is_cloud: bool = True,
        lag_s: float = 30.0,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.is_cloud, self.lag_s = is_cloud, lag_s
        basic = base64.b64encode(f"{email}:{token}".encode()).decode()
        self._authorization = f"Basic {basic}" if is_cloud else f"Bearer {token}"
        self.issues: dict[str, Issue] = {}
        self.unknown: frozenset[str] = frozenset()
        self.needs_screen = False

    def tickets(self) -> list[str]:
        """A line for each issue."""
        return [f"{one.key} [{one.status}] {one.fields['summary']}" for one in self.issues.values()]

    def by_person(self, key: str, *, status: str = "", assignee: str | None = None) -> None:
        """Somebody moves an issue, or gives it to somebody ("": to nobody)."""
        issue = self.issues[key]
        if status:
            issue.status = status
            issue.was.append(status)
            self.note(key, f"moved to {status} by a person")
        if assignee is not None:
            issue.assignee = assignee
            self.note(key, f"given to {assignee or 'nobody'} by a person")

    def answer(self, request: web.Request, path: str, body: Any) -> tuple[int, Any]:
        root = f"rest/api/{3 if self.is_cloud else 2}/"
        if request.headers.get("Authorization") != self._authorization:
            raise Refusal(401, {"errorMessages": ["Client must be authenticated"]})
        if not path.startswith(root):
            raise Refusal(404, {"errorMessages": ["dead link"]})
        dialect = "jira_cloud" if self.is_cloud else "jira_dc"
        match (request.method, path.removeprefix(root).split("/")):
            case ("POST", ["issue"]):
                return self._create(self.hold(dialect, body))
            case ("POST", ["search", "jql"]) if self.is_cloud:
                return 200, self._found(self.hold("jira_cloud_search", body))
            case (_, ["search"]) if self.is_cloud:
                raise Refusal(410, {"errorMessages": ["The requested API has been removed (CHANGE-2046)"]})
            case ("POST", ["search"]):
                return 200, self._found(self.hold("jira_dc_search", body))
            case ("GET", ["issue", key]):
                return 200, self._shown(self._issue(key), request.query["fields"].split(","))
            case ("PUT", ["issue", key]):
                return self._edit(self._issue(key), self.hold("jira_edit", body))
            case ("POST", ["issue", key, "comment"]):
                return self._comment(self._issue(key), self.hold(f"{dialect}_comment", body))
            case ("GET", ["issue", key, "transitions"]):
                listed = TRANSITIONS[self._issue(key).status].items()
                found = [{"id": one, "name": name, "to": self._status(to)} for one, (name, to) in listed]
                return 200, {"transitions": found}
            case ("POST", ["issue", key, "transitions"]):
                return self._transition(self._issue(key), self.hold("jira_transition", body)["transition"]["id"])
        raise AssertionError("no such path")

    def _issue(self, key: str) -> Issue:
        if key not in self.issues:
            raise Refusal(404, {"errorMessages": ["Issue does not exist or you do not have permission to see it."]})
        return self.issues[key]

    def _create(self, body: Mapping[str, Any]) -> tuple[int, Any]:
        fields = body["fields"]
        refused = self.unknown & set(fields)
        if refused:
            errors = {name: f"Field '{name}' cannot be set. It is not on the appropriate screen." for name in refused}
            raise Refusal(400, {"errorMessages": [], "errors": errors})
        number = len(self.issues) + 1
        made = Issue(10_000 + number, f"{fields['project']['key']}-{number}", dict(fields), made_us=self.now_us())
        self.issues[made.key] = made
        self.note(made.key, f"opened: {fields['summary']}")
        return 201, {"id": str(made.id), "key": made.key, "self": f"{self.url}/rest/api/3/issue/{made.id}"}

    def _found(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        wanted = re.fullmatch(
            r'project = "([A-Z0-9_]+)" AND labels = "([^"\\]+)" AND statusCategory != Done ORDER BY created DESC',
            body["jql"],
        )
        assert wanted is not None, f"JQL {body['jql']!r}"
        known = set(body.get("reconcileIssues", ()))
        fits = [
            one
            for one in reversed(self.issues.values())
            if wanted[2] in one.fields["labels"]
            and not one.is_done
            and (not self.is_cloud or one.id in known or self.now_us() - one.made_us >= self.lag_s * 1e6)
        ]
        listed = [{"id": str(one.id), "key": one.key, "fields": {"status": self._status(one.status)}} for one in fits]
        return {"issues": listed[: body["maxResults"]], "isLast": True}

    def _edit(self, issue: Issue, body: Mapping[str, Any]) -> tuple[int, Any]:
        issue.fields = {**issue.fields, **body["fields"]}
        self.note(issue.key, f"edited: {issue.fields['summary']}")
        return 204, None

    def _comment(self, issue: Issue, body: Mapping[str, Any]) -> tuple[int, Any]:
        issue.comments.append(_text(body["body"]))
        self.note(issue.key, f"commented: {issue.comments[-1].splitlines()[0]}")
        return 201, {"id": str(len(issue.comments))}

    def _transition(self, issue: Issue, number: str) -> tuple[int, Any]:
        assert number in TRANSITIONS[issue.status], f"no transition {number} from {issue.status}"
        _, to = TRANSITIONS[issue.status][number]
        if to == "Done" and self.needs_screen:
            raise Refusal(400, {"errorMessages": [], "errors": {"customfield_1": "Root cause is required."}})
        issue.status = to
        issue.was.append(to)
        self.note(issue.key, f"moved to {to}")
        return 204, None

    def _shown(self, issue: Issue, asked: Sequence[str]) -> Mapping[str, Any]:
        assignee = {"displayName": issue.assignee} if issue.assignee else None
        fields = {"status": self._status(issue.status), "assignee": assignee}
        return {"key": issue.key, "fields": {name: fields[name] for name in asked}}

    def _status(self, name: str) -> Mapping[str, Any]:
        return {"name": name, "statusCategory": {"key": STATUSES[name]}}


def _text(body: Any) -> str:
    if isinstance(body, str):
        return body
    return "\n".join("".join(node["text"] for node in one["content"]) for one in body["content"])
