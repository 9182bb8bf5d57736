"""A problem from the breach to the receiver and back: what people do over HTTP and on the command line is told."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from collector_harbour import Harbour, agent_at, harbour
from collector_mailbox import Mailbox
from collector_rows import REPLAY, give_baseline, record_days

from tidegauge_collector.cli import main

NAME = "shop"
HEALTHY, BROKEN = 0.0, 40.0


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    opened = Mailbox()
    yield opened
    opened.close()


@contextmanager
def alerted(folder: Path, mailbox: Mailbox) -> Iterator[Harbour]:
    """A collector with one alert, that its channel was told of."""
    with harbour(folder / "data", channels=(mailbox.channel,)) as running:
        with agent_at(running, folder / "spool", NAME, alerts="all") as agent:
            give_baseline(agent)
            record_days(agent, REPLAY, [HEALTHY, BROKEN, BROKEN])
            running.ship(agent, end=True)
        running.settle()
        mailbox.until(1)
        yield running


@pytest.fixture
def port(tmp_path: Path, mailbox: Mailbox) -> Iterator[Harbour]:
    """One that a test may do anything to."""
    with alerted(tmp_path, mailbox) as running:
        yield running


@pytest.fixture(scope="module")
def refusing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harbour]:
    """One that is only asked for what it refuses."""
    mailbox = Mailbox()
    with alerted(tmp_path_factory.mktemp("refusing"), mailbox) as running:
        yield running
    mailbox.close()


def post(port: Harbour, path: str, status: int = 200, **body: object) -> dict:
    answer = port.client.post(f"/api/v1{path}", json=body)
    assert answer.status_code == status, answer.text
    return dict(answer.json())


def test_an_alert_explains_itself_in_its_message_and_over_http(port: Harbour, mailbox: Mailbox) -> None:
    (event,) = mailbox.events

    shown = port.get("/alerts/1")
    explained = event["data"]["explanation"]
    assert [one["column"] for one in explained["columns"]] == ["amount"]
    assert explained["columns"][0]["value"] > shown["threshold"]
    assert explained["since"] == shown["opened_window"]["start"]
    assert shown["explanation"] == explained
    assert shown["labels"]["block"] == "drift"
    (thread,) = shown["threads"]
    assert (thread["channel"], thread["key"], thread["status"]) == ("mailbox", shown["key"], "open")
    assert shown["silences"] == []


def test_alerts_are_found_by_words_of_their_names(refusing: Harbour) -> None:
    found = {
        text: [one["id"] for one in refusing.get("/alerts", search=text)["items"]]
        for text in ("AMOUNT", "sho amou", "shop nobody", "50%", "", "drift psi")
    }

    assert found == {"AMOUNT": [1], "sho amou": [1], "shop nobody": [], "50%": [], "": [1], "drift psi": [1]}
    assert "search is 201 characters long" in refusing.refused("/alerts", search="x" * 201)[1]


def test_what_a_silence_would_catch_is_told_before_it_is_made(refusing: Harbour) -> None:
    caught = refusing.get("/silences/preview", deployment="sh*", severity="failing", block="drift")

    assert (caught["open"], caught["opened"], caught["complete"]) == (1, 1, True)
    assert [(one["id"], one["deployment"], one["column"]) for one in caught["items"]] == [(1, "shop", "amount")]
    assert refusing.get("/silences/preview", deployment="loans")["open"] == 0
    assert refusing.get("/silences/preview", deployment="shop", label="team=pricing")["open"] == 0
    assert "nothing is named" in refusing.refused("/silences/preview")[1]
    assert "write NAME=PATTERN" in refusing.refused("/silences/preview", label="pricing")[1]
    assert refusing.get("/silences")["items"] == []


def test_what_people_do_over_http_is_answered_recorded_and_told(port: Harbour, mailbox: Mailbox) -> None:
    first = post(port, "/alerts/1/acknowledge", actor="anna")
    mailbox.until(2)
    post(port, "/alerts/1/assign", assignee="carla")
    post(port, "/alerts/1/comment", text="the feed is late")
    again = post(port, "/alerts/1/acknowledge", actor="bert")
    over = post(port, "/alerts/1/resolve")
    port.until(lambda: mailbox.events[-1]["type"] == "alert.resolved")

    assert first["acknowledged_by"] == again["acknowledged_by"]
    assert first["acknowledged_by"].startswith("anna (")
    assert (over["status"], over["assignee"]) == ("resolved", "carla")
    kinds = [one["kind"] for one in port.get("/alerts/1")["events"]]
    assert kinds == ["opened", "acknowledged", "assigned", "commented", "resolved"]
    assert mailbox.events[1]["data"]["changes"] == ["acknowledged"]
    assert port.get("/alerts", status="firing")["items"] == []
    assert [
        one["id"] for one in port.get("/alerts", status="resolved", severity="failing", acknowledged="yes")["items"]
    ] == [1]
    figures = port.client.get("/metrics").text
    assert "tidegauge_alert_time_to_resolve_seconds_count 1" in figures


def test_silences_are_made_listed_and_ended_over_http(port: Harbour) -> None:
    made = post(port, "/silences", matchers={"deployment": "sh*"}, duration="2h", comment="new feed")

    assert [one["id"] for one in port.get("/silences", state="active")["items"]] == [made["id"]]
    assert [one["id"] for one in port.get("/alerts/1")["silences"]] == [made["id"]]
    ended = port.client.delete(f"/api/v1/silences/{made['id']}").json()
    assert (ended["state"], port.get("/silences", state="active")["items"]) == ("ended", [])


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("/alerts/99/acknowledge", {}, 404, "alert 99 does not exist"),
        ("/alerts/x/acknowledge", {}, 404, "alert 'x' does not exist"),
        ("/alerts/1/forget", {}, 404, "'forget' is nothing to do with an alert"),
        ("/alerts/1/comment", {}, 400, "text = None: write text in quotes"),
        ("/alerts/1/comment", {"text": "x" * 2_001}, 400, "longer than 2000"),
        ("/alerts/1/mute", {"until": "2001-01-01T00:00:00Z"}, 400, "is over"),
        ("/alerts/1/acknowledge", {"text": "x"}, 400, "unknown field 'text'"),
        ("/silences", {"matchers": {"colour": "red"}, "duration": "2h"}, 400, "colour: unknown field"),
        ("/silences", {"matchers": {"column": "a"}}, 400, "give one of ends_at"),
        ("/silences", {"matchers": {"column": "a"}, "duration": "long"}, 400, "write a duration"),
        ("/silences", {"duration": "2h"}, 400, "would silence everything"),
    ],
)
def test_a_wrong_wish_is_told_what_is_wrong(refusing: Harbour, path: str, body: dict, status: int, words: str) -> None:
    assert words in post(refusing, path, status, **body)["error"]


def test_commands_work_beside_the_running_collector_which_tells_of_it(
    port: Harbour, mailbox: Mailbox, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ["--data", str(port.data)]

    assert main(["alerts", "ack", "1", *data]) == 0
    mailbox.until(2)
    assert main(["alerts", "comment", "1", "the feed is late", *data]) == 0
    mailbox.until(3)
    assert main(["alerts", "show", "1", *data]) == 0
    assert main(["silences", "create", "deployment=shop", "--for", "2h", *data]) == 0
    assert main(["alerts", "list", *data]) == 0
    assert main(["alerts", "show", "7", *data]) == 78

    shown = capsys.readouterr()
    assert "failing, acknowledged" in shown.out
    assert "the feed is late" in shown.out
    assert "alert 7 does not exist" in shown.err
    assert [one["data"]["changes"] for one in mailbox.events[1:]] == [["acknowledged"], ["commented"]]
    (silence,) = port.get("/silences")["items"]
    assert main(["silences", "end", silence["id"], *data]) == 0
    assert main(["silences", "list", *data]) == 0
    assert "no silences" in capsys.readouterr().out
