"""The people of the demo: a Jira, a ServiceNow and a Slack (stand-ins on this machine), and somebody on call who acknowledges."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import threading
import urllib.error
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from flights_demo.client import ApiError, Client
from flights_demo.receiver import RECEIVER
from flights_demo.shift import Shift
from receivers import JiraReceiver, Provider, ServiceNowReceiver, SlackReceiver

ACCOUNT, TOKEN, PASSWORD, BOT = "bot@example.com", "jira-token", "snow-secret", "xoxb-slack-token"
CHANNELS = {"jira", "servicenow", "slack"}
LOOK_EVERY_S = 0.1
STOP_S = 10.0


@dataclass(frozen=True, slots=True)
class Story:
    """What one tool shows: its tickets, a line each, what happened to them, and what of it the tool would not take."""

    tool: str
    tickets: list[str]
    history: list[str]
    problems: list[str]


class Desk:
    """Serves from construction to `close`, in a thread of this process."""

    def __init__(self, shift: Shift) -> None:
        self._shift = shift
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="desk", daemon=True)
        self._thread.start()
        self._jira = JiraReceiver(email=ACCOUNT, token=TOKEN)
        self._servicenow = ServiceNowReceiver(username="bot", password=PASSWORD)
        self._slack = SlackReceiver(token=BOT)
        self._tools: dict[str, Provider] = {"Jira": self._jira, "ServiceNow": self._servicenow, "Slack": self._slack}
        for tool in self._tools.values():
            self._run(tool.start())

    def configuration(self) -> str:
        """Channels to the three, and the route that leads the alerts of the shifted column there at once."""
        common = 'allow = ["127.0.0.1"]\n'
        return (
            f'[[channels]]\nname = "jira"\nkind = "jira"\nurl = "{self._jira.url}"\nproject = "ML"\nemail = "{ACCOUNT}"\n'
            f'token = "{TOKEN}"\nreopen_within_hours = 0\n{common}'
            f'[[channels]]\nname = "servicenow"\nkind = "servicenow"\nurl = "{self._servicenow.url}"\nusername = "bot"\n'
            f'password = "{PASSWORD}"\nreopen_within_hours = 0\n{common}'
            f'[[channels]]\nname = "slack"\nkind = "slack_api"\nurl = "{self._slack.url}/api"\nchannel = "#ml-alerts"\n'
            f'token = "{BOT}"\n{common}'
            '[[routes]]\nname = "on-call"\nchannels = ["jira", "servicenow", "slack"]\n'
            f'match = {{ monitor = "drift", column = "{self._shift.column}" }}\nwait = 0\ninterval = 0\ncontinue = true\n'
            f'[[routes]]\nname = "everything"\nchannels = ["{RECEIVER}"]\n'
        )

    def stories(self) -> list[Story]:
        """What there is to see."""
        return [Story(name, one.tickets(), list(one.history), list(one.problems)) for name, one in self._tools.items()]

    def close(self) -> None:
        """Stop."""
        for tool in self._tools.values():
            self._run(tool.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(STOP_S)
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, Any]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(STOP_S)


class OnCall:
    """Hears of the shifted column from the tools, and acknowledges the alert once all of them have told; until `close`."""

    def __init__(self, client: Client, shift: Shift) -> None:
        self._client, self._column = client, shift.column
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="on-call", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Go home."""
        self._ends.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ends.wait(LOOK_EVERY_S):
            with contextlib.suppress(ApiError, urllib.error.URLError, http.client.HTTPException, OSError):
                for alert in self._client.firing(monitor="drift", acknowledged="no"):
                    told = {one["channel"] for one in alert["deliveries"] if one["status"] == "delivered"}
                    if alert["column"] == self._column and told >= CHANNELS:
                        self._client.acknowledge(alert["id"], actor="anna")
