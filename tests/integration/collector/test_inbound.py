"""What people do in Slack, Jira and ServiceNow comes back: by signed calls, or by a look at the tickets where no calls come."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from collector_desks import SECRET, Desks, moved, press, ruled
from collector_harbour import Harbour, Tide, agent_at, harbour
from collector_rows import REPLAY, give_baseline, record_day

from tidegauge_collector.core.routing import Route

NAME = "shop"
HEALTHY, BROKEN = 0.0, 40.0
AT_ONCE = (Route(name="all", wait_us=0, interval_us=0),)
ACKNOWLEDGE, SILENCE = "tidegauge.acknowledge", "tidegauge.silence"


class Shop:
    """A model with an alert, of which the three tools have heard."""

    def __init__(self, port: Harbour, desks: Desks, agent: Any) -> None:
        self.port, self.desks, self._agent = port, desks, agent
        give_baseline(agent)
        self._days = 0
        self.serve(HEALTHY, BROKEN, BROKEN)
        port.until(lambda: len(self.keeping) == 3)
        desks.clock.turn(minutes=0.1)  # Slack takes a message a second

    def serve(self, *shifts: float) -> None:
        """Days go by."""
        for shift in shifts:
            record_day(self._agent, REPLAY + timedelta(days=self._days), shift=shift)
            self._days += 1
        self.port.ship(self._agent)
        self.port.settle()

    @property
    def keeping(self) -> set[str]:
        """The channels whose threads remember a ticket."""
        talks = self.port.collector.control.talks
        return {name for name in self.port.collector.sender.channels if talks.open_threads(name)}

    @property
    def alerts(self) -> list[dict[str, Any]]:
        """Oldest first."""
        return list(reversed(self.port.get("/alerts")["items"]))

    def look(self) -> int:
        """The collector looks at the tickets."""
        return self.port.call(self.port.collector.polling.look())


def opened(tmp_path: Path, secret: str) -> Iterator[Shop]:
    clock = Tide()
    desks = Desks(clock)
    try:
        with (
            harbour(tmp_path / "data", clock=clock, channels=desks.channels(secret), routes=AT_ONCE) as port,
            agent_at(port, tmp_path / "spool", NAME, alerts="all") as agent,
        ):
            yield Shop(port, desks, agent)
    finally:
        desks.close()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """Its tools call."""
    yield from opened(tmp_path, SECRET)


@pytest.fixture
def quiet_shop(tmp_path: Path) -> Iterator[Shop]:
    """Its tools do not call."""
    yield from opened(tmp_path, "")


def test_a_button_in_slack_acknowledges_which_the_message_and_the_others_say(shop: Shop) -> None:
    port, desks = shop.port, shop.desks

    first, again = (press(port, ACKNOWLEDGE, desks.key).json() for _ in range(2))
    port.until(lambda: len(desks.message.replies) == 1 and len(desks.issue.comments) == 1)

    (alert,) = shop.alerts
    assert (first, again) == ({"changed": 1}, {"changed": 0})
    assert alert["acknowledged_by"] == "anna (chat)"
    assert len(desks.message.texts) == 2
    assert "anna (chat)" in desks.message.replies[0]
    assert "anna (chat)" in desks.issue.comments[0]


def test_a_button_in_slack_silences_for_an_hour_once(shop: Shop) -> None:
    first, again = (press(shop.port, SILENCE, shop.desks.key).json() for _ in range(2))

    (silence,) = shop.port.get("/silences", state="active")["items"]
    assert (first, again) == ({"changed": 1}, {"changed": 0})
    assert silence["matchers"]["deployment"] == [NAME]
    assert "anna" in silence["created_by"]


def test_an_issue_that_is_done_closes_the_alert_for_all_and_it_opens_again_only_after_it_was_well(shop: Shop) -> None:
    port, desks = shop.port, shop.desks
    desks.jira.by_person(desks.issue.key, status="Done")

    first, again = (moved(port, desks.key, "done").json() for _ in range(2))
    port.until(lambda: desks.message.text.startswith("[RESOLVED]") and desks.incident["state"] == "6")
    shop.serve(BROKEN)
    (alert,) = shop.alerts

    assert (first, again) == ({"changed": 1}, {"changed": 0})
    assert alert["status"] == "resolved"
    assert port.get("/alerts/1")["events"][-1]["actor"] == "Anna (issues)"

    desks.clock.turn(minutes=0.1)
    shop.serve(HEALTHY, HEALTHY, BROKEN, BROKEN)
    port.until(lambda: not desks.issue.is_done)

    assert [one["status"] for one in shop.alerts] == ["resolved", "firing"]
    assert len(desks.jira.issues) == 1


def test_an_incident_that_is_taken_acknowledges_and_one_that_is_resolved_closes(shop: Shop) -> None:
    port, desks = shop.port, shop.desks

    own = ruled(port, desks.key, "2", by="bot").json()
    taken, again = (ruled(port, desks.key, "2", assigned_to="Ben").json() for _ in range(2))
    (alert,) = shop.alerts
    over = ruled(port, desks.key, "6").json()
    port.until(lambda: desks.issue.is_done)

    assert (own, taken, again, over) == ({"changed": 0}, {"changed": 2}, {"changed": 0}, {"changed": 1})
    assert (alert["acknowledged_by"], alert["assignee"]) == ("anna (itsm)", "Ben")
    assert shop.alerts[0]["status"] == "resolved"


def test_calls_that_are_not_the_tools_change_nothing_and_are_told_what_is_wrong(shop: Shop) -> None:
    port, key = shop.port, shop.desks.key
    bearer = {"Authorization": f"Bearer {SECRET}"}
    calls = {
        "forged": press(port, ACKNOWLEDGE, key, secret="another"),
        "forged issue": moved(port, key, "done", secret="another"),
        "unsigned": port.client.post("/api/v1/inbound/itsm", json={"correlation_id": key, "state": "6"}),
        "unknown": press(port, ACKNOWLEDGE, key, channel="nobody"),
        "unreadable": port.client.post("/api/v1/inbound/itsm", content=b"[]", headers=bearer),
        "strange": port.client.post("/api/v1/inbound/itsm", json={"correlation_id": "x"}, headers=bearer),
        "large": port.client.post("/api/v1/inbound/itsm", content=b"x" * 600_000, headers=bearer),
        "not ours": ruled(port, "0" * 32, "6"),
    }

    assert {name: one.status_code for name, one in calls.items()} == {
        "forged": 401, "forged issue": 401, "unsigned": 401, "unknown": 404, "unreadable": 400, "strange": 400,
        "large": 413, "not ours": 200,
    }  # fmt: skip
    assert "signing secret" in calls["forged"].json()["error"]
    assert "correlation_id" in calls["strange"].json()["error"]
    assert not any(SECRET in one.text for one in calls.values())
    (alert,) = shop.alerts
    assert (alert["status"], alert["acknowledged_by"]) == ("firing", "")


def test_where_tokens_are_asked_for_the_channels_own_secret_is_enough_and_nothing_else_is_open(tmp_path: Path) -> None:
    desks = Desks(Tide())
    try:
        with harbour(tmp_path / "data", access="required", channels=desks.channels(SECRET)) as port:
            heard = [press(port, ACKNOWLEDGE, "0" * 32), moved(port, "0" * 32, "done"), ruled(port, "0" * 32, "6")]
            refused = port.client.post("/api/v1/inbound/itsm", json={})
            other = port.client.get("/api/v1/alerts", headers={"Authorization": f"Bearer {SECRET}"})
    finally:
        desks.close()

    assert [one.status_code for one in heard] == [200, 200, 200]
    assert (refused.status_code, other.status_code) == (401, 401)


def test_a_channel_whose_tool_is_to_call_and_has_no_secret_hears_no_call(quiet_shop: Shop) -> None:
    answer = press(quiet_shop.port, ACKNOWLEDGE, quiet_shop.desks.key, secret="")

    assert answer.status_code == 401
    assert "no inbound_secret" in answer.json()["error"]


# ---------------------------------------------------------------------- looking


def test_a_ticket_that_a_person_has_closed_closes_the_alert(quiet_shop: Shop) -> None:
    port, desks = quiet_shop.port, quiet_shop.desks
    before = quiet_shop.look()
    desks.snow.by_person(desks.incident["sys_id"], state="6")

    looked = quiet_shop.look(), quiet_shop.look()
    port.until(lambda: desks.issue.is_done and desks.message.text.startswith("[RESOLVED]"))

    assert (before, looked) == (0, (1, 0))
    (alert,) = quiet_shop.alerts
    assert alert["status"] == "resolved"
    assert port.get("/alerts/1")["events"][-1]["actor"] == "somebody (itsm)"


def test_a_ticket_that_a_person_has_taken_acknowledges_also_at_the_first_look(quiet_shop: Shop) -> None:
    desks = quiet_shop.desks
    desks.jira.by_person(desks.issue.key, status="In Progress", assignee="Ben")

    assert quiet_shop.look() == 2

    (alert,) = quiet_shop.alerts
    assert (alert["acknowledged_by"], alert["assignee"]) == ("somebody (issues)", "Ben")
    assert quiet_shop.look() == 0


def test_what_we_opened_again_ourselves_is_acknowledged_by_nobody(quiet_shop: Shop) -> None:
    port, desks = quiet_shop.port, quiet_shop.desks
    desks.snow.by_person(desks.incident["sys_id"], assigned_to="Ben")
    quiet_shop.look()
    quiet_shop.serve(HEALTHY, HEALTHY, HEALTHY)
    port.until(lambda: desks.incident["state"] == "6" and desks.issue.is_done)
    desks.clock.turn(minutes=0.1)
    quiet_shop.serve(BROKEN, BROKEN)
    port.until(lambda: {"issues", "itsm"} <= quiet_shop.keeping)

    looked = quiet_shop.look(), quiet_shop.look()

    alert = quiet_shop.alerts[-1]
    assert (desks.incident["state"], len(desks.snow.incidents)) == ("2", 1)
    assert (alert["status"], alert["acknowledged_by"], looked) == ("firing", "", (0, 0))

    desks.snow.by_person(desks.incident["sys_id"], assigned_to="Carla")
    quiet_shop.look()

    assert quiet_shop.alerts[-1]["assignee"] == "Carla"


def test_a_channel_whose_tool_calls_is_not_looked_at(shop: Shop) -> None:
    desks = shop.desks
    desks.jira.by_person(desks.issue.key, status="Done")
    asked = len(desks.jira.seen)

    assert shop.look() == 0

    assert len(desks.jira.seen) == asked
    assert shop.port.collector.polling.counts == {}


def test_a_tool_that_is_down_is_counted_and_changes_nothing(quiet_shop: Shop) -> None:
    desks, polling = quiet_shop.desks, quiet_shop.port.collector.polling
    desks.jira.by_person(desks.issue.key, status="Done")
    desks.jira.script.extend([503, "reset", "reset"])  # the client itself asks once more after a reset

    looked = quiet_shop.look(), quiet_shop.look()

    assert looked == (0, 0)
    assert polling.counts["issues", "unseen"] == 2
    assert polling.counts["issues", "ServerDisconnectedError"] + polling.counts["issues", "ClientOSError"] == 1
    assert quiet_shop.alerts[0]["status"] == "firing"
    assert quiet_shop.look() == 1
