"""An alert that opens and resolves reaches every kind of provider through the real sender: opened once, ended once."""

from __future__ import annotations

import importlib.util
from collections import defaultdict
from pathlib import Path

import pytest
from aiohttp import web
from control_timeline import FAILING, QUIET

from tidegauge_collector.notify import OutboxSender
from tidegauge_collector.notify.kinds.alertmanager import AlertmanagerChannel
from tidegauge_collector.notify.kinds.opsgenie import OpsgenieChannel
from tidegauge_collector.notify.kinds.pagerduty import PagerDutyChannel
from tidegauge_collector.notify.kinds.slack import SlackChannel
from tidegauge_collector.notify.kinds.teams import TeamsChannel

_path = Path(__file__).parents[2] / "unit" / "notify" / "strict.py"
_spec = importlib.util.spec_from_file_location("strict_providers", _path)
strict = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(strict)


class Providers:
    """One server that is all of them, each with its state; what it would refuse fails the test."""

    def __init__(self):
        self.messages = defaultdict(list)
        self.open = defaultdict(set)
        self.problems = []

    async def take(self, request):
        assert request.headers["Content-Type"] == "application/json"
        body = await request.read()
        try:
            return getattr(self, "_" + request.match_info["kind"])(request.match_info["rest"], body, request.headers)
        except AssertionError as problem:
            self.problems.append(repr(problem))
            return web.Response(status=400)

    def _slack(self, _rest, body, _headers):
        self.messages["slack"].append(strict.check_slack(body)["text"])
        return web.Response(text="ok")

    def _teams(self, _rest, body, _headers):
        self.messages["teams"].append(strict.check_teams(body)["body"][0]["color"])
        return web.Response(status=202)

    def _pagerduty(self, _rest, body, _headers):
        event = strict.check_pagerduty(body)
        assert event["event_action"] == "trigger" or event["dedup_key"] in self.open["pagerduty"], "dropped silently"
        change = self.open["pagerduty"].add if event["event_action"] == "trigger" else self.open["pagerduty"].remove
        change(event["dedup_key"])
        self.messages["pagerduty"].append(event["event_action"])
        return web.json_response({"status": "success"}, status=202)

    def _opsgenie(self, rest, body, headers):
        assert headers["Authorization"] == "GenieKey key-1"
        alert = strict.check_opsgenie(body)
        if rest == "v2/alerts":
            self.open["opsgenie"].add(alert["alias"])
        else:
            self.open["opsgenie"].remove(rest.split("/")[2])
        self.messages["opsgenie"].append(rest.rsplit("/", 1)[1])
        return web.json_response({"result": "Request will be processed"}, status=202)

    def _alertmanager(self, rest, body, _headers):
        assert rest == "api/v2/alerts"
        self.messages["alertmanager"].append(len(strict.check_alertmanager(body)))
        return web.Response()


@pytest.fixture
async def providers():
    known, app = Providers(), web.Application()
    app.router.add_post("/{kind}/{rest:.*}", known.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    known.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield known
    await runner.cleanup()


async def test_each_provider_hears_of_the_beginning_and_of_the_end(store, alerting, clock, providers):
    allow = ("127.0.0.1",)
    url = providers.url
    channels = [
        SlackChannel("slack", f"{url}/slack/services/T/B/x", allow),
        TeamsChannel("teams", f"{url}/teams/workflows/1?sig=s", allow, "ja"),
        PagerDutyChannel("pagerduty", "R" * 32, f"{url}/pagerduty/v2/enqueue", allow),
        OpsgenieChannel("opsgenie", "key-1", f"{url}/opsgenie", allow),
        AlertmanagerChannel("alertmanager", f"{url}/alertmanager", allow),
    ]
    sender = OutboxSender(store, channels, clock=clock, random=lambda: 1.0)
    alerts = alerting(channels=[one.name for one in channels])

    alerts.judge(FAILING)
    await sender.deliver_due()
    assert {kind: len(keys) for kind, keys in providers.open.items()} == {"pagerduty": 1, "opsgenie": 1}
    alerts.judge(QUIET, QUIET)
    await sender.deliver_due()

    assert providers.problems == []
    assert {kind: len(keys) for kind, keys in providers.open.items()} == {"pagerduty": 0, "opsgenie": 0}
    assert providers.messages["pagerduty"] == ["trigger", "resolve"]
    assert providers.messages["opsgenie"] == ["alerts", "close"]
    assert providers.messages["teams"] == ["Attention", "Good"]
    assert providers.messages["alertmanager"] == [1, 2]
    assert [text.split()[0] for text in providers.messages["slack"]] == ["[FAILING]", "[RESOLVED]"]
