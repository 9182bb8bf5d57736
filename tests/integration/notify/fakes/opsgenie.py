"""Opsgenie's alerts: taken with 202, looked at later; `requests/{id}` says what came of it after `later_s`."""

import re
from urllib.parse import unquote

from receivers.provider import Provider, Refusal


class OpsgenieReceiver(Provider):
    def __init__(self, later_s=2.0, **options):
        super().__init__(**options)
        self.later_s = later_s
        self.alerts = []  # [alias, status]
        self.notes = []
        self.results = {}

    def answer(self, request, path, body):
        assert request.headers["Authorization"] == "GenieKey ops-key"
        if request.method == "GET":
            found = re.fullmatch(r"v2/alerts/requests/(r-\d+)", path)
            taken_us, success, status = self.results[found[1]]
            if self.now_us() - taken_us < self.later_s * 1e6:
                raise Refusal(404, {"message": "Request not found. It might not be processed yet."})
            return 200, {"data": {"isSuccess": success, "status": status}, "requestId": found[1]}
        if path == "v2/alerts":
            return self._taken(*self._create(self.hold("opsgenie_alert", body)))
        alias, action = re.fullmatch(r"v2/alerts/([^/]+)/(close|notes|acknowledge)", path).groups()
        assert request.query == {"identifierType": "alias"}
        self.hold("opsgenie_action", body)
        return self._taken(*self._act(unquote(alias), action, body))

    def _create(self, body):
        if self._open(body["alias"]) is None:
            self.alerts.append([body["alias"], "open"])
        return True, "Created alert"

    def _act(self, alias, action, body):
        found = self._open(alias)
        assert found is not None or any(one[0] == alias for one in self.alerts), f"{action} of an alert that never was"
        if found is None:
            return False, "Alert does not exist"
        if action == "close":
            found[1] = "closed"
        elif action == "acknowledge":
            found[1] = "acked"
        else:
            self.notes.append(body["note"])
        return True, "done"

    def _open(self, alias):
        return next((one for one in self.alerts if one[0] == alias and one[1] != "closed"), None)

    def _taken(self, success, status):
        name = f"r-{len(self.results)}"
        self.results[name] = (self.now_us(), success, status)
        return 202, {"result": "Request will be processed", "took": 0.1, "requestId": name}
