"""Routes are read from tables, and every problem is told with its key, its value and the fix."""

import tomllib

import pytest

from tidegauge_collector.cli import main
from tidegauge_collector.core.calendar import Digest, Hours
from tidegauge_collector.core.routing import Route
from tidegauge_collector.notify import WebhookChannel
from tidegauge_collector.notify.routes import kind_of, read_routes

CHANNELS = ("chat", "pager")


def read(text):
    problems = []
    return read_routes(tomllib.loads(text).get("routes", []), CHANNELS, problems), problems


def test_a_route_is_read_with_all_its_keys():
    routes, problems = read(
        """
        [[routes]]
        name = "night"
        match = {deployment = "shop-*", severity = ["failing"], "label.team" = "ml"}
        channels = ["chat"]
        group_by = ["deployment", "severity"]
        wait = "10s"
        interval = 60
        repeat = "4h"
        min_severity = "failing"
        send_resolved = false
        hours = "Mon-Fri 09:00-18:00 Europe/Berlin"
        escalate_after = "30m"
        escalate_to = ["pager"]
        storm_after = 5
        continue = true
        [[routes]]
        digest = "hourly"
        """
    )

    assert problems == []
    assert routes[0] == Route(
        name="night",
        match={"deployment": ("shop-*",), "severity": ("failing",), "label.team": ("ml",)},
        channels=("chat",),
        group_by=("deployment", "severity"),
        wait_us=10_000_000,
        interval_us=60_000_000,
        repeat_us=4 * 3_600_000_000,
        min_severity="failing",
        send_resolved=False,
        hours=Hours.parse("Mon-Fri 09:00-18:00 Europe/Berlin"),
        escalate_after_us=1_800_000_000,
        escalate_to=("pager",),
        storm_after=5,
        goes_on=True,
    )
    assert routes[1] == Route(name="route 2", digest=Digest())


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("chanels = ['chat']", "routes[1].chanels: unknown key; did you mean 'channels'?"),
        ("channels = ['nobody']", "routes[1].channels: no channel is called 'nobody'; there are chat, pager"),
        ("channels = 'chat'", "routes[1].channels = 'chat': write a list of texts"),
        ("match = {colour = 'red'}", "colour: unknown field; known are severity"),
        ("match = 'shop'", "write fields and patterns"),
        ("group_by = ['host']", "alerts cannot be grouped by 'host'"),
        ("group_by = ['alert', 'owner']", '"alert" alone is a group of its own'),
        ("wait = 'soon'", "routes[1].wait = 'soon': write a duration"),
        ("repeat = 0", "routes[1].repeat = 0: write at least 1s"),
        ("min_severity = 'ok'", "write one of warning, failing"),
        ("send_resolved = 'no'", "write true or false"),
        ("hours = '9 to 5'", "write days, hours and a zone"),
        ("digest = 'weekly'", "write hourly, or daily"),
        ("storm_after = -1", "write a whole number from 0"),
        ("name = ''", "write text in quotes"),
        ("escalate_after = '5m'", "escalate_after and escalate_to: give both"),
        ("escalate_to = ['pager']", "escalate_after and escalate_to: give both"),
        ("digest = 'hourly'\nhours = '09:00-18:00 UTC'", "digest and hours"),
        ("name = 'a'\n[[routes]]\nname = 'a'", "the name 'a' is given twice"),
    ],
)
def test_what_is_wrong_is_named_with_its_fix(line, problem):
    _, problems = read(f"[[routes]]\n{line}")

    assert [one for one in problems if problem in one], problems


def test_all_problems_are_told_together():
    _, problems = read("[[routes]]\nwait = 'soon'\nchannels = ['nobody']\n[[routes]]\ndigest = 3")

    assert len(problems) == 3
    assert read("routes = 3")[1] == ["routes: write each route as a [[routes]] table"]


def test_the_kind_of_a_channel_is_what_its_table_calls_it():
    channel = WebhookChannel("ops", "https://hooks.example/", "whsec_" + "C2FuYXJ5" * 4)

    assert kind_of(channel) == "webhook"


CONFIG = """
[[channels]]
name = "ops"
url = "https://hooks.example/"
secret = "whsec_C2FuYXJ5C2FuYXJ5C2FuYXJ5C2FuYXJ5"
[[routes]]
name = "bad"
match = {severity = "failing"}
hours = "Mon-Fri 09:00-18:00 UTC"
repeat = "1d"
[[routes]]
name = "rest"
digest = "daily 09:00 UTC"
send_resolved = false
"""


def test_commands_show_the_routes_and_say_which_would_take_an_alert(tmp_path, capsys):
    config = tmp_path / "collector.toml"
    config.write_text(CONFIG)

    assert main(["routes", "show", "--config", str(config)]) == 0
    shown = capsys.readouterr().out
    assert "bad    severity=failing  ops      alert       after 0s, then at most every 0s, only Mon-Fri" in shown
    assert "daily 09:00 UTC, not when it is over" in shown

    assert main(["routes", "test", "--config", str(config), "deployment=shop", "severity=warning"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("bad   severity is 'warning', not 'failing'")
    assert told[2].startswith("ops: told by route 'rest', grouped by each alert by itself")

    for wrong in ("colour=red", "severity=bad", "shop"):
        assert main(["routes", "test", "--config", str(config), wrong]) == 78
