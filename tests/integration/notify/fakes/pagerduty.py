"""PagerDuty's Events API: incidents by dedup key; an end without a beginning is dropped in silence there, and a mistake here."""

from receivers.provider import Provider

KEY = "R" * 32


class PagerDutyReceiver(Provider):
    def __init__(self, **options):
        super().__init__(**options)
        self.incidents = []  # [dedup key, status]
        self.actions = []

    def answer(self, request, path, body):
        assert (request.method, path) == ("POST", "v2/enqueue")
        self.hold("pagerduty", body)
        assert body["routing_key"] == KEY, "another routing key"
        action, key = body["event_action"], body["dedup_key"]
        self.actions.append(action)
        found = next((one for one in self.incidents if one[0] == key and one[1] != "resolved"), None)
        if action == "trigger":
            if found is None:
                self.incidents.append([key, "triggered"])
        else:
            again = any(one[0] == key for one in self.incidents)
            assert found is not None or again, f"{action} of an incident that never was"
            if found is not None:
                found[1] = "acknowledged" if action == "acknowledge" else "resolved"
        return 202, {"status": "success", "message": "Event processed", "dedup_key": key}
