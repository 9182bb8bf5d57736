"""A ServiceNow: the incident table and Event Management."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from receivers.provider import Provider, Refusal

_TEXTS = "short_description description work_notes comments close_notes contact_type category subcategory"
_CHOICES = (
    "impact urgency state close_code correlation_id correlation_display assignment_group caller_id parent_incident"
)
COLUMNS = frozenset(f"{_TEXTS} {_CHOICES}".split(" "))
STATES = {"1": "New", "2": "In Progress", "3": "On Hold", "6": "Resolved", "7": "Closed", "8": "Canceled"}
INCIDENT = "api/now/table/incident"


class ServiceNowReceiver(Provider):
    """Unknown columns are ignored, as the real one does. `may_resolve`: false where a rule forbids it."""

    def __init__(self, *, username: str = "bot", password: str = "snow-secret", **options: Any) -> None:
        super().__init__(**options)
        self._authorization = f"Basic {base64.b64encode(f'{username}:{password}'.encode()).decode()}"
        self.incidents: dict[str, dict[str, str]] = {}
        self.was: dict[str, list[str]] = {}
        self.notes: dict[str, list[str]] = {}
        self.alerts: dict[str, str] = {}
        self.may_resolve = True

    def tickets(self) -> list[str]:
        """A line for each incident."""
        return [
            f"{one['number']} [{STATES[one['state']]}] {one['short_description']}" for one in self.incidents.values()
        ]

    def by_person(self, sys_id: str, *, state: str = "", assigned_to: str | None = None) -> None:
        """Somebody changes an incident."""
        incident = self.incidents[sys_id]
        if state:
            incident["state"] = state
            self.was[sys_id].append(state)
            self.note(incident["number"], f"state {STATES[state]} by a person")
        if assigned_to is not None:
            incident["assigned_to"] = assigned_to
            self.note(incident["number"], f"given to {assigned_to or 'nobody'} by a person")

    def answer(self, request: web.Request, path: str, body: Any) -> tuple[int, Any]:
        if request.headers.get("Authorization") != self._authorization:
            raise Refusal(401, _error("User Not Authenticated"))
        if path == "api/global/em/jsonv2":
            return self._events(self.hold("servicenow_events", body))
        assert path == INCIDENT or re.fullmatch(f"{INCIDENT}/[0-9a-f]{{32}}", path), "no such path"
        assert request.query.get("sysparm_exclude_reference_link") == "true", "references would come as links"
        sys_id = path.removeprefix(INCIDENT).strip("/")
        if request.method == "POST" and not sys_id:
            return self._create(self.hold("servicenow_incident", body), request)
        if request.method == "GET" and not sys_id:
            return 200, {"result": self._query(request.query["sysparm_query"])[: int(request.query["sysparm_limit"])]}
        if sys_id not in self.incidents:
            raise Refusal(404, _error("No Record found"))
        if request.method == "PATCH":
            return self._change(sys_id, self.hold("servicenow_change", body))
        assert request.method == "GET", f"method {request.method}"
        return 200, {"result": self._shown(sys_id, request)}

    def _create(self, body: Mapping[str, str], request: web.Request) -> tuple[int, Any]:
        number = len(self.incidents) + 1
        sys_id = f"{number:032x}"
        kept = {name: value for name, value in body.items() if name in COLUMNS}
        self.incidents[sys_id] = {"sys_id": sys_id, "number": f"INC{number:07}", "state": "1", **kept}
        self.was[sys_id], self.notes[sys_id] = ["1"], []
        self.note(self.incidents[sys_id]["number"], f"opened: {body['short_description']}")
        asked = request.query["sysparm_fields"].split(",")
        return 201, {"result": {name: v for name, v in self.incidents[sys_id].items() if name in asked}}

    def _shown(self, sys_id: str, request: web.Request) -> Mapping[str, Any]:
        asked = request.query["sysparm_fields"].split(",")
        found = {name: self.incidents[sys_id].get(name, "") for name in asked}
        if request.query.get("sysparm_display_value") != "all":
            return found
        named = {**found, "state": STATES[self.incidents[sys_id]["state"]]}
        return {name: {"value": value, "display_value": named[name]} for name, value in found.items()}

    def _query(self, query: str) -> list[dict[str, str]]:
        wanted = re.fullmatch(r"correlation_id=([0-9a-f]{32})\^stateNOT IN6,7,8\^ORDERBYDESCsys_created_on", query)
        assert wanted is not None, f"query {query!r}"
        return [
            one
            for one in reversed(self.incidents.values())
            if one["correlation_id"] == wanted[1] and one["state"] not in {"6", "7", "8"}
        ]

    def _change(self, sys_id: str, body: Mapping[str, str]) -> tuple[int, Any]:
        incident = self.incidents[sys_id]
        assert body.get("state") != "7", "closed by a machine"
        assert not (body.get("state") == "6" and incident["state"] in {"6", "7", "8"}), "resolved twice"
        if body.get("state") == "6" and not self.may_resolve:
            raise Refusal(403, _error("Operation Failed", "Data Policy Exception: Assigned to is mandatory"))
        for name in ("work_notes", "comments"):
            if name in body:
                self.notes[sys_id].append(body[name])
                self.note(incident["number"], f"noted: {body[name].splitlines()[0]}")
        incident |= {name: value for name, value in body.items() if name in COLUMNS - {"work_notes", "comments"}}
        if "state" in body:
            self.was[sys_id].append(body["state"])
            self.note(incident["number"], f"state {STATES[body['state']]}")
        return 200, {"result": {"sys_id": sys_id, "state": incident["state"]}}

    def _events(self, body: Mapping[str, Any]) -> tuple[int, Any]:
        for one in body["records"]:
            key, is_over = one["message_key"], one["severity"] == "0"
            assert not is_over or key in self.alerts, "an end without a beginning"
            assert is_over == (one["resolution_state"] == "Closing"), "severity and state differ"
            self.alerts[key] = "closed" if is_over else "open"
            self.note(key[:8], f"event of severity {one['severity']}: {one['description'].splitlines()[0]}")
        return 200, {"result": {"Default Bulk Endpoint": "1 events were inserted"}}


def _error(message: str, detail: str = "") -> Mapping[str, Any]:
    return {"error": {"message": message, "detail": detail}, "status": "failure"}
