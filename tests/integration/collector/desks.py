"""A Slack, a Jira and a ServiceNow beside the collector, in a thread of their own, and the calls that they would make."""

import asyncio
import hashlib
import hmac
import json
import sys
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
from collector_harbour import Harbour, Tide

from tidegauge_collector.notify import Channel
from tidegauge_collector.notify.kinds.jira import jira_cloud
from tidegauge_collector.notify.kinds.servicenow import ServiceNowChannel
from tidegauge_collector.notify.kinds.slack_api import SlackApiChannel

DEMO = str(Path(__file__).parents[3] / "deploy" / "demo")
if DEMO not in sys.path:
    sys.path.insert(0, DEMO)

from receivers import JiraReceiver, ServiceNowReceiver, SlackReceiver  # noqa: E402 - the path is made above

ALLOW = ("127.0.0.1",)
SECRET = "an-inbound-secret"
WAIT_S = 120.0


class Desks:
    """The three tools, empty; `channels` are those to them."""

    def __init__(self, clock: Tide) -> None:
        self.clock = clock
        self.slack = SlackReceiver(now_us=clock.now_us)
        self.jira = JiraReceiver(now_us=clock.now_us)
        self.snow = ServiceNowReceiver(now_us=clock.now_us)
        self._all = (self.slack, self.jira, self.snow)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="desks")
        self._thread.start()
        for one in self._all:
            self._call(one.start())

    def close(self) -> None:
        """Stop them; none of them may have been asked for what the real one would refuse."""
        for one in self._all:
            self._call(one.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        assert [one.problems for one in self._all] == [[], [], []]

    def channels(self, secret: str) -> tuple[Channel, ...]:
        """`secret`: what calls show; "" where the tools do not call."""
        return (
            SlackApiChannel("chat", "xoxb-slack-token", "#ml-alerts", f"{self.slack.url}/api", ALLOW, secret),
            jira_cloud(
                "issues",
                url=self.jira.url,
                project="ML",
                email="bot@example.com",
                token="jira-token",
                allow=ALLOW,
                inbound_secret=secret,
            ),
            ServiceNowChannel("itsm", self.snow.url, "bot", "snow-secret", allow=ALLOW, inbound_secret=secret),
        )

    @property
    def key(self) -> str:
        """Of the thread, as the last issue is labelled with it."""
        return str(list(self.jira.issues.values())[-1].fields["labels"][1]).removeprefix("tidegauge-")

    @property
    def message(self) -> Any:
        """The last message in Slack."""
        return list(self.slack.messages.values())[-1]

    @property
    def issue(self) -> Any:
        """The last issue."""
        return list(self.jira.issues.values())[-1]

    @property
    def incident(self) -> dict[str, str]:
        """The last incident."""
        return list(self.snow.incidents.values())[-1]

    def _call(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(WAIT_S)


def press(port: Harbour, action: str, key: str, *, secret: str = SECRET, channel: str = "chat") -> httpx.Response:
    """Anna presses a button in Slack."""
    actions = [{"action_id": action, "value": key}]
    payload = {"type": "block_actions", "user": {"id": "U1", "username": "anna"}, "actions": actions}
    body = urlencode({"payload": json.dumps(payload)}).encode()
    stamp = str(port.clock.now_us() // 1_000_000)
    signature = hmac.new(secret.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
    headers = {
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": f"v0={signature}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    return port.client.post(f"/api/v1/inbound/{channel}", content=body, headers=headers)


def moved(port: Harbour, key: str, category: str, *, secret: str = SECRET, user: str = "anna") -> httpx.Response:
    """Jira's webhook: an issue was moved to a status of that category."""
    told = {
        "webhookEvent": "jira:issue_updated",
        "user": {"displayName": user.title(), "emailAddress": f"{user}@example.com"},
        "issue": {
            "key": "ML-1",
            "fields": {"labels": ["tidegauge", f"tidegauge-{key}"], "status": {"statusCategory": {"key": category}}},
        },
        "changelog": {"items": [{"field": "status"}]},
    }
    body = json.dumps(told).encode()
    signature = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return port.client.post("/api/v1/inbound/issues", content=body, headers={"X-Hub-Signature": signature})


def ruled(port: Harbour, key: str, state: str, *, by: str = "anna", assigned_to: str = "") -> httpx.Response:
    """ServiceNow's business rule: an incident was changed."""
    told = {"correlation_id": key, "state": state, "assigned_to": assigned_to, "updated_by": by}
    return port.client.post("/api/v1/inbound/itsm", json=told, headers={"Authorization": f"Bearer {SECRET}"})
