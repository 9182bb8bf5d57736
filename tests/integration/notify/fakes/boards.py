"""Receivers that only take: Teams' workflow, an Alertmanager, a webhook. What came is kept."""

from receivers.provider import Provider


class TeamsReceiver(Provider):
    def __init__(self, **options):
        super().__init__(**options)
        self.posted = []

    def answer(self, request, path, body):
        assert (request.method, path) == ("POST", "workflows/1")
        assert request.query == {"sig": "teams-secret"}
        card = self.hold("teams", body)["attachments"][0]["content"]
        self.posted.append(card["body"][0]["text"].replace("\\", ""))
        return 202, None


class AlertmanagerReceiver(Provider):
    def __init__(self, **options):
        super().__init__(**options)
        self.alerts = {}  # labels: when it ends

    def answer(self, request, path, body):
        assert (request.method, path) == ("POST", "api/v2/alerts")
        for one in self.hold("alertmanager_push", body):
            self.alerts[tuple(sorted(one["labels"].items()))] = one["endsAt"]
        return 200, None


class WebhookReceiver(Provider):
    """`schema` is that of the form which is expected."""

    def __init__(self, schema="webhook", **options):
        super().__init__(**options)
        self.schema = schema
        self.ids = []
        self.posted = []

    def answer(self, request, path, body):
        assert (request.method, path) == ("POST", "hook-secret")
        self.hold(self.schema, body)
        self.ids.append(request.headers["webhook-id"])
        self.posted.append(body)
        return 204, None

    def content_type(self, request):
        return "application/cloudevents+json" if self.schema == "cloudevents" else "application/json"
