"""The pages on which people act, over a running collector: what a form asks for is done, in the name of who asked, and nothing else is."""

from typing import Any

import pytest
from collector_desks import SECRET, Desks
from collector_harbour import Harbour

from .town import firing, silenced, untouched


def page(port: Harbour, path: str, status: int = 200, **headers: str) -> str:
    answer = port.client.get(path, headers=headers)
    assert answer.status_code == status, answer.text
    assert SECRET not in answer.text
    return str(answer.text)


def send(port: Harbour, path: str, status: int = 303, origin: str | None = None, **fields: str) -> Any:
    headers = {} if origin is None else {"Origin": origin}
    answer = port.client.post(path, data=fields, headers=headers, follow_redirects=False)
    assert answer.status_code == status, answer.text
    return answer


def detail(shown: str) -> str:
    """The collector's own words of what a page says was not done."""
    return shown.partition('<small class="technical" lang="en" translate="no">')[2].partition("<")[0]


def done_with(port: Harbour) -> Any:
    """What people have done: with each alert, and silences."""
    happened = [one["events"] for one in port.get("/alerts")["items"]]
    return happened, port.get("/silences")["items"]


def test_the_inbox_shows_what_is_open_and_the_page_of_an_alert_why(port: Harbour) -> None:
    alert = untouched(port)

    inbox, about = page(port, "/alerts"), page(port, f"/alerts/{alert['id']}")

    assert f'href="/alerts/{alert["id"]}"' in inbox
    assert all(text in about for text in ("What is wrong", "shop", "by route all", "matches everything"))
    assert "発生中" in page(port, "/alerts?lang=ja")


def test_what_a_form_asks_for_is_done_in_the_name_that_was_written(port: Harbour) -> None:
    number = untouched(port)["id"]
    where = f"/alerts/{number}"

    taken = send(port, where, do="acknowledge", actor="anna")
    send(port, where, do="assign", assignee="carla", actor="anna")
    send(port, where, do="comment", text="the <b>feed</b> is late", actor="anna")
    send(port, where, do="mute", duration="8h", actor="anna")

    found = port.get(f"/alerts/{number}")
    assert taken.headers["Location"] == f"{where}?done=acknowledge"
    assert "who=anna" in taken.headers["Set-Cookie"]
    assert (found["acknowledged_by"], found["assignee"], found["muted"]) == ("anna (http 127.0.0.1)", "carla", True)
    assert found["events"][-2]["text"] == "the <b>feed</b> is late"
    shown = page(port, taken.headers["Location"])
    assert "Acknowledged." in shown
    assert "&lt;b&gt;feed&lt;/b&gt;" in shown
    assert "<b>feed</b>" not in shown


def test_what_is_wrong_with_a_form_is_said_on_the_page_and_nothing_is_done(port: Harbour) -> None:
    number = untouched(port)["id"]
    before = port.get(f"/alerts/{number}")["events"]

    said = send(port, f"/alerts/{number}", 400, do="comment", text="  ").text
    length = send(port, f"/alerts/{number}", 400, do="mute", duration="a while").text
    unknown = send(port, f"/alerts/{number}", 400, do="explode").text

    assert "That was not done: A value is not possible as it was written." in said
    assert detail(said).startswith("text")
    assert "duration = &#39;a while&#39;" in length
    assert "explode" in unknown
    assert port.get(f"/alerts/{number}")["events"] == before
    assert send(port, "/alerts/999999", 404, do="acknowledge")


@pytest.mark.parametrize("path", ["/alerts", "/alerts/1", "/channels", "/silences"])
def test_a_form_of_another_site_does_nothing(port: Harbour, path: str) -> None:
    before = done_with(port)

    send(port, path, 403, origin="https://elsewhere.example", do="acknowledge", alert="1")
    json = port.client.post(path, json={"do": "acknowledge"})

    assert json.status_code == 415
    assert done_with(port) == before


def test_alerts_that_were_ticked_are_acknowledged_at_once(port: Harbour) -> None:
    untouched(port)
    numbers = [str(one["id"]) for one in firing(port)]

    answer = port.client.post(
        "/alerts?severity=failing", data={"alert": numbers, "actor": "bo"}, follow_redirects=False
    )

    assert answer.headers["Location"] == "/alerts?severity=failing&done=acknowledge"
    assert all(one["acknowledged_by"] for one in firing(port))
    assert port.get("/alerts", deployment="shop", acknowledged="no", status="firing")["items"] == []
    assert send(port, "/alerts", actor="").headers["Location"] == "/alerts?done=nothing"


def test_an_alert_is_silenced_from_its_page_and_the_silence_ended_from_its_list(port: Harbour) -> None:
    alert = untouched(port)

    send(port, f"/alerts/{alert['id']}", do="silence", duration="2h", text="new feed", actor="anna")

    (silence,) = silenced(port)
    assert silence["matchers"] == {"deployment": ["shop"], "monitor": [alert["monitor"]], "column": [alert["column"]]}
    assert (silence["comment"], silence["created_by"]) == ("new feed", "anna (http 127.0.0.1)")
    assert "Silenced now (1)" in page(port, f"/alerts/{alert['id']}")
    assert "new feed" in page(port, "/silences")
    send(port, "/silences", do="end", silence=silence["id"])
    assert silenced(port) == []


def test_a_silence_of_everything_or_of_an_unreadable_time_is_refused_with_what_was_written_kept(port: Harbour) -> None:
    nothing = send(port, "/silences", 400, do="create", duration="2h", comment="kept text").text
    strange = send(port, "/silences", 400, do="create", duration="2 moons", deployment="shop-*").text

    assert "Fill in at least one field" in nothing
    assert 'value="kept text"' in nothing
    assert "2 moons" in strange
    assert 'value="shop-*"' in strange
    made = send(port, "/silences", do="create", duration="1h", deployment="other-*", weekly="Sun 02:00-04:00 UTC")
    assert made.headers["Location"] == "/silences?done=silence"


def test_a_channel_is_tested_from_its_page(port: Harbour, desks: Desks) -> None:
    shown = page(port, "/channels")
    desks.snow.otherwise = 403
    refused = send(port, "/channels", 200, do="test", channel="itsm").text
    soon = send(port, "/channels", 429, do="test", channel="itsm").text
    unknown = send(port, "/channels", 404, do="test", channel="nowhere").text

    assert all(name in shown for name in ("itsm", "issues", "Routes", "at once, each time"))
    assert "itsm did not take the test message" in refused
    assert "wait" in soon
    assert "no channel is called" in unknown
