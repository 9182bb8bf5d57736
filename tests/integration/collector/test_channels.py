"""Looking after the channels of a running collector, over HTTP and on the command line beside it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from collector_desks import SECRET, Desks
from collector_harbour import Harbour, Tide, agent_at, harbour
from collector_rows import REPLAY, give_baseline, record_days
from structlog.testing import capture_logs

from tidegauge_collector.cli import main
from tidegauge_collector.core.routing import Route

HEALTHY, BROKEN = 0.0, 40.0
SECRETS = (SECRET, "xoxb-slack-token", "jira-token", "snow-secret")


@pytest.fixture
def desks() -> Iterator[Desks]:
    opened = Desks(Tide())
    yield opened
    opened.close()


@pytest.fixture
def port(tmp_path: Path, desks: Desks) -> Iterator[Harbour]:
    routes = (Route(name="all", wait_us=0, interval_us=0),)
    with harbour(tmp_path / "data", clock=desks.clock, channels=desks.channels(SECRET), routes=routes) as running:
        yield running


def break_something(port: Harbour, spool: Path) -> None:
    """An alert fires."""
    with agent_at(port, spool, "shop", alerts="all") as agent:
        give_baseline(agent)
        record_days(agent, REPLAY, [HEALTHY, BROKEN, BROKEN])
        port.ship(agent, end=True)
    port.settle()


def post(port: Harbour, path: str, status: int = 200) -> dict[str, Any]:
    answer = port.client.post(f"/api/v1{path}")
    assert answer.status_code == status, answer.text
    assert not any(secret in answer.text for secret in SECRETS)
    return dict(answer.json())


def channel(port: Harbour, name: str) -> dict[str, Any]:
    (found,) = [one for one in port.get("/channels")["items"] if one["name"] == name]
    assert not any(secret in str(found) for secret in SECRETS)
    return dict(found)


def test_a_test_message_is_answered_with_what_the_receiver_said_once_in_ten_seconds(
    port: Harbour, desks: Desks
) -> None:
    taken = post(port, "/channels/issues/test")
    too_soon = port.client.post("/api/v1/channels/issues/test")
    desks.snow.otherwise = 403
    refused = post(port, "/channels/itsm/test")

    assert taken["taken"] is True
    assert desks.issue.is_done
    assert (refused["taken"], "403" in refused["said"]) == (False, True)
    assert (too_soon.status_code, int(too_soon.headers["Retry-After"]) in range(1, 11)) == (429, True)
    assert "there are chat, issues, itsm" in post(port, "/channels/nobody/test", 404)["error"]

    desks.clock.turn(minutes=0.2)

    assert post(port, "/channels/issues/test")["taken"] is True


def test_a_dead_letter_is_listed_and_sent_again_over_http(port: Harbour, desks: Desks, tmp_path: Path) -> None:
    desks.jira.otherwise = 400
    break_something(port, tmp_path / "spool")
    port.until(lambda: channel(port, "issues")["dead"] == 1)
    (dead,) = port.collector.control.talks.dead(channel="issues")
    desks.jira.otherwise = None

    found = post(port, f"/deliveries/{dead.delivery_id}/resend")
    port.until(lambda: channel(port, "issues")["dead"] + channel(port, "issues")["depth"] == 0)

    assert found == {"resent": dead.delivery_id, "channel": "issues"}
    assert len(desks.jira.issues) == 1
    assert channel(port, "issues")["last"]["outcome"] == "delivered"
    assert "only a dead one" in post(port, f"/deliveries/{dead.delivery_id}/resend", 404)["error"]
    assert "no message" in post(port, "/deliveries/msg_none/resend", 404)["error"]


def test_a_paused_channel_says_why_and_goes_on_when_it_is_resumed(port: Harbour, desks: Desks, tmp_path: Path) -> None:
    desks.snow.otherwise = 401
    break_something(port, tmp_path / "spool")
    port.until(lambda: channel(port, "itsm")["paused"] is not None)
    desks.snow.otherwise = None
    paused = channel(port, "itsm")

    resumed = post(port, "/channels/itsm/resume")
    port.until(lambda: len(desks.snow.incidents) == 1 and channel(port, "itsm")["depth"] == 0)

    assert ("401" in paused["paused"], paused["depth"], paused["kind"]) == (True, 1, "servicenow")
    assert resumed == {"resumed": "itsm"}
    assert channel(port, "itsm")["paused"] is None
    assert "there are chat, issues, itsm" in post(port, "/channels/nobody/resume", 404)["error"]


def test_the_commands_list_dead_letters_and_have_them_sent_beside_the_running_collector(
    port: Harbour, desks: Desks, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ["--data", str(port.data)]
    desks.jira.otherwise = 400
    break_something(port, tmp_path / "spool")
    port.until(lambda: channel(port, "issues")["dead"] == 1)
    (dead,) = port.collector.control.talks.dead(channel="issues")
    desks.jira.otherwise = None
    capsys.readouterr()  # the collector's log

    with capture_logs():  # the collector's, of which none may stand between the lines of a command
        assert main(["channels", "dead", *data]) == 0
        assert main(["channels", "dead", "--channel", "itsm", *data]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert main(["channels", "resend", dead.delivery_id, *data]) == 0
    port.until(lambda: len(desks.jira.issues) == 1)
    assert main(["channels", "resume", "itsm", *data]) == 0
    assert main(["channels", "resend", "msg_none", *data]) != 0
    assert main(["channels", "resume", "nobody", *data]) != 0

    said = capsys.readouterr()
    assert listed[0].startswith(f"{dead.delivery_id}  issues  alert.firing  HTTP 400")
    assert listed[1:] == ["1 dead letter(s)", "0 dead letter(s)"]
    assert f"{dead.delivery_id}: is sent again" in said.out
    assert "itsm: is tried again" in said.out
    assert "there is no message 'msg_none'" in said.err
    assert "no channel is called 'nobody'" in said.err


def test_without_a_collector_a_dead_letter_is_made_pending_and_waits_for_one(
    tmp_path: Path, desks: Desks, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ["--data", str(tmp_path / "data")]
    desks.jira.otherwise = 400
    options = {"clock": desks.clock, "channels": desks.channels(SECRET)}
    routes = (Route(name="all", wait_us=0, interval_us=0),)
    with harbour(tmp_path / "data", routes=routes, **options) as port:
        break_something(port, tmp_path / "spool")
        port.until(lambda: channel(port, "issues")["dead"] == 1)
        (dead,) = port.collector.control.talks.dead(channel="issues")
    desks.jira.otherwise = None

    assert main(["channels", "resume", "issues", *data]) == 0
    assert main(["channels", "resend", dead.delivery_id, *data]) == 0
    assert main(["channels", "resend", dead.delivery_id, *data]) == 78
    with harbour(tmp_path / "data", routes=routes, **options) as port:
        port.until(lambda: len(desks.jira.issues) == 1)

    said = capsys.readouterr()
    assert "one that starts tries every channel again" in said.out
    assert "only a dead one" in said.err
