"""Kinds that keep a ticket for each thread, answered by hand: what they do with it, and what where that is refused."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from notify_bodies import KEY, event
from notify_strict import check
from notify_talking import HOUR_US, NOW_US, Held, hold, said, thread

from tidegauge_collector.notify.channel import Answer, Request
from tidegauge_collector.notify.kinds.jira import jira_cloud, jira_data_center
from tidegauge_collector.notify.kinds.servicenow import ServiceNowChannel
from tidegauge_collector.notify.kinds.slack_api import SlackApiChannel
from tidegauge_collector.notify.outcomes import Done, NotYet, PauseChannel, Retry

MINUTE_US = 60_000_000
TO_DO, DONE = ({"statusCategory": {"key": key}} for key in ("new", "done"))
TICKET = {"key": "ML-1", "id": "10001", "severity": "failing", "said": 1, "commented_us": NOW_US}
INCIDENT = {**TICKET, "key": "INC0000001", "id": "1" * 32}
POSTED = {"channel": "C0ML", "ts": "1.000001", "said": 1}


def jira(**options: Any) -> Any:
    given = {"url": "https://x.atlassian.net", "project": "ML", "email": "bot@example.com", "token": "t"}
    return jira_cloud("ops", **(given | options))


def snow(**options: Any) -> ServiceNowChannel:
    return ServiceNowChannel("ops", "https://x.service-now.com", "bot", "secret", **options)


def slack(**options: Any) -> SlackApiChannel:
    return SlackApiChannel("ops", "xoxb-t", "#ml", **options)


def answer(found: Any, status: int = 200) -> Answer:
    return said(status, json.dumps(found).encode())


def issue(status: Any) -> Answer:
    return answer({"key": "ML-1", "fields": {"status": status}})


def transitions(*listed: tuple[str, str, Any]) -> Answer:
    return answer({"transitions": [{"id": number, "name": name, "to": to} for number, name, to in listed]})


def asked(held: Held) -> list[str]:
    """Method and the end of the path of each request."""
    return [
        f"{one.method} {urlsplit(one.url).path.rpartition('/')[2]}" for one in held.requests if isinstance(one, Request)
    ]


def sent(held: Held, number: int = -1) -> dict[str, Any]:
    one = held.requests[number]
    assert isinstance(one, Request)
    return dict(json.loads(one.body))


def ended_ago(hours: float, ticket: dict[str, Any]) -> Any:
    """The new thread of a group whose last one ended so long ago."""
    before = thread({"ticket": ticket}, is_open=False, closed_at_us=NOW_US - round(hours * HOUR_US))
    return thread(before=before)


MADE = answer({"id": "10002", "key": "ML-2"}, 201)


# ---------------------------------------------------------------------- Jira


def test_an_issue_is_made_without_the_optional_fields_that_jira_refuses() -> None:
    channel = jira(assignee="5b10", components=("serving",), fields={"customfield_1": "x"})
    refusal = answer(
        {"errorMessages": [], "errors": {"priority": "not on the screen", "customfield_1": "unknown"}}, 400
    )

    held = hold(channel, event(), [refusal, MADE])

    whole, less = (check("jira_cloud", one.body)["fields"] for one in held.requests)
    assert whole.keys() - less.keys() == {"priority", "customfield_1"}
    assert less["assignee"] == {"accountId": "5b10"}
    assert held.outcome == Done("made without customfield_1, priority: Jira does not take them")
    assert held.notes[-1]["ticket"]["key"] == "ML-2"


def test_an_issue_whose_text_is_too_much_is_made_with_a_title_and_a_link() -> None:
    refusal = answer({"errors": {"description": "too long"}}, 400)

    held = hold(jira(assignee="5b10"), event(), [refusal, MADE])

    assert "assignee" not in sent(held)["fields"]
    assert "https://m.example/deployments/flights-delay" in json.dumps(sent(held))
    assert isinstance(held.outcome, Done)


def test_an_issue_whose_end_wants_a_field_is_commented_and_left_open() -> None:
    answers = [
        said(201),
        issue(TO_DO),
        transitions(("31", "Done", DONE)),
        answer({"errors": {"customfield_1": "Root cause is required."}}, 400),
    ]

    held = hold(jira(), event("resolved", seq=2), answers, of=thread({"ticket": TICKET}))

    assert asked(held) == ["POST comment", "GET ML-1", "GET transitions", "POST transitions"]
    assert isinstance(held.outcome, Done)
    assert "Root cause is required." in held.outcome.reason
    assert "[RESOLVED]" in json.dumps(sent(held, 0))


def test_the_usual_transition_to_done_is_taken_and_a_named_one_before_it() -> None:
    listed = transitions(("21", "Won't do", DONE), ("31", "Resolve", DONE), ("11", "Start", TO_DO))
    answers = [said(201), issue(TO_DO), listed, said(204)]

    usual, named = (
        hold(one, event("resolved", seq=2), answers, of=thread({"ticket": TICKET}))
        for one in (jira(resolution="Fixed"), jira(resolve_transition="won't DO"))
    )

    assert sent(usual) == {"transition": {"id": "31"}, "fields": {"resolution": {"name": "Fixed"}}}
    assert sent(named) == {"transition": {"id": "21"}}


def test_a_workflow_without_such_a_transition_is_said_with_those_that_there_are() -> None:
    answers = [said(201), issue(TO_DO), transitions(("11", "Start", TO_DO))]

    held = hold(jira(), event("resolved", seq=2), answers, of=thread({"ticket": TICKET}))

    assert held.outcome == Done("no transition to take: there are Start; give one as resolve_transition")


def test_an_issue_that_a_person_has_closed_is_commented_and_not_moved() -> None:
    held = hold(jira(), event("resolved", seq=2), [said(201), issue(DONE)], of=thread({"ticket": TICKET}))

    assert asked(held) == ["POST comment", "GET ML-1"]
    assert held.outcome == Done()


def test_within_its_hours_the_earlier_issue_is_opened_again() -> None:
    answers = [issue(DONE), transitions(("41", "Reopen", TO_DO)), said(204), said(201)]

    held = hold(jira(reopen_within_hours=24), event(), answers, of=ended_ago(23.9, TICKET))

    assert asked(held) == ["GET ML-1", "GET transitions", "POST transitions", "POST comment"]
    assert held.notes[-1]["ticket"] == {**TICKET, "said": 1, "commented_us": NOW_US}
    assert isinstance(held.outcome, Done)


def test_after_its_hours_and_where_it_cannot_be_opened_again_there_is_a_new_issue() -> None:
    late = hold(jira(reopen_within_hours=24), event(), [MADE], of=ended_ago(24.1, TICKET))
    gone = hold(jira(), event(), [said(404), MADE], of=ended_ago(1, TICKET))
    final = hold(jira(), event(), [issue(DONE), transitions(), MADE], of=ended_ago(1, TICKET))
    refused = hold(
        jira(), event(), [issue(DONE), transitions(("41", "Reopen", TO_DO)), said(400), MADE], of=ended_ago(1, TICKET)
    )

    for held in (late, gone, final, refused):
        assert asked(held)[-1] == "POST issue"
        assert held.notes[-1]["ticket"]["key"] == "ML-2"


def test_an_issue_that_was_deleted_while_it_matters_is_made_anew() -> None:
    held = hold(jira(), event("updated", seq=2, changes=["reopened"]), [said(404), MADE], of=thread({"ticket": TICKET}))

    assert asked(held) == ["POST comment", "POST issue"]
    assert held.notes[-1]["ticket"]["key"] == "ML-2"


def test_after_a_create_of_unknown_end_a_minute_is_waited_and_what_is_found_is_adopted() -> None:
    begun_us = NOW_US - 45 * 1_000_000

    early = hold(jira(), event(), of=thread(), may_have_arrived=begun_us)
    found = answer({"issues": [{"id": "10001", "key": "ML-1", "fields": {"status": TO_DO}}]})
    later = hold(jira(), event(), [found], of=thread(), now_us=begun_us + MINUTE_US, may_have_arrived=begun_us)

    assert early.outcome == NotYet(15.0, "an issue may have been made: looked for in a minute")
    assert early.requests == []
    assert (
        f'labels = "tidegauge-{KEY}" AND statusCategory != Done'
        in check("jira_cloud_search", later.request.body)["jql"]
    )
    assert later.notes[0]["ticket"]["key"] == "ML-1"
    assert later.outcome == Done()


def test_after_a_create_of_unknown_end_that_was_not_done_it_is_done() -> None:
    begun_us = NOW_US - MINUTE_US

    held = hold(jira(), event(), [answer({"issues": []}), MADE], of=thread(), may_have_arrived=begun_us)
    unsaid = hold(jira(), event(), [answer({})], of=thread(), may_have_arrived=begun_us)

    assert asked(held) == ["POST jql", "POST issue"]
    assert isinstance(unsaid.outcome, Retry)


def test_a_create_that_does_not_say_which_issue_it_made_may_have_arrived() -> None:
    held = hold(jira(), event(), [said(201, b"<html>")])

    assert held.outcome == Retry(0.0, "Jira did not say which issue it made", may_have_arrived=True)
    assert held.notes == []


def test_a_data_center_is_told_in_wiki_text_with_a_bearer() -> None:
    channel = jira_data_center("ops", url="https://jira.example", project="ML", token="pat")

    request = hold(channel, event()).request

    assert check("jira_dc", request.body)["fields"]["description"].startswith("\\[FAILING\\]")
    assert request.headers["Authorization"] == "Bearer pat"


# ---------------------------------------------------------------------- comments


@pytest.mark.parametrize(
    ("channel", "remembered"),
    [(jira(), {"ticket": TICKET}), (snow(), {"ticket": INCIDENT})],
    ids=["jira", "servicenow"],
)
@pytest.mark.parametrize(
    ("found", "minutes", "is_said"),
    [
        (event("updated", seq=2, changes=["joined"]), 59, False),
        (event("updated", seq=2, changes=["joined"]), 60, True),
        (event("updated", seq=2, changes=["worse"], severity="warning"), 1, True),
        (event("updated", seq=2, changes=["commented"], comment="hm"), 1, True),
        (event("updated", seq=2, changes=["acknowledged"], acknowledged_by="anna"), 1, True),
        (event("updated", seq=1, changes=["commented"], comment="hm"), 90, False),
        (event("firing", seq=1), 90, False),
    ],
    ids=["within the hour", "after an hour", "severity", "remark", "taken", "said before", "opened before"],
)
def test_a_ticket_is_commented_once_an_hour_but_for_a_severity_and_what_people_did(
    channel: Any, remembered: dict[str, Any], found: dict[str, Any], minutes: int, *, is_said: bool
) -> None:
    held = hold(channel, found, of=thread(remembered), now_us=NOW_US + minutes * MINUTE_US)

    assert len(held.requests) == is_said
    assert held.outcome == (None if is_said else Done())


def test_another_severity_changes_the_title_and_a_title_that_cannot_be_changed_is_said() -> None:
    worse = event("updated", seq=2, severity="warning")

    held = hold(jira(), worse, [said(201), said(400)], of=thread({"ticket": TICKET}))
    noted = hold(snow(), worse, [answer({"result": {}})], of=thread({"ticket": INCIDENT}))

    assert sent(held)["fields"]["priority"] == {"name": "Medium"}
    assert held.outcome == Done("Jira does not let the title be changed")
    assert held.notes[-1]["ticket"]["severity"] == "warning"
    assert {"short_description", "impact", "urgency", "work_notes"} == sent(noted).keys()


# ---------------------------------------------------------------------- ServiceNow


def made(**changes: str) -> Answer:
    """The answer to a create, as hand-fed to `snow`."""
    body = json.loads(hold(snow(), event()).request.body)
    return answer({"result": {"sys_id": "2" * 32, "number": "INC0000002", "state": "1", **body, **changes}}, 201)


def test_a_field_that_servicenow_ignores_or_changes_is_said() -> None:
    channel = snow(fields={"category": "software", "u_team": "ml"})

    held = hold(channel, event(), [made(category="software", impact="3")])
    kept = hold(snow(), event(), [made()])

    assert held.outcome == Done("ServiceNow ignores impact, u_team: it has no such field, or a rule changes it")
    assert kept.outcome == Done()
    assert kept.notes[-1]["ticket"]["id"] == "2" * 32


def test_within_its_hours_a_resolved_incident_is_opened_again() -> None:
    answers = [answer({"result": {"sys_id": "1" * 32, "state": "6"}}), answer({"result": {}})]

    held = hold(snow(), event(), answers, of=ended_ago(1, INCIDENT))

    assert [one.method for one in held.requests] == ["GET", "PATCH"]  # type: ignore[union-attr]
    assert check("servicenow_change", held.requests[1].body)["state"] == "2"  # type: ignore[union-attr]
    assert held.notes[-1]["ticket"]["id"] == "1" * 32


@pytest.mark.parametrize(
    ("hours", "answers"),
    [
        (25, []),
        (1, [answer({"result": {"sys_id": "1" * 32, "state": "7"}})]),
        (1, [answer({"result": {"sys_id": "1" * 32, "state": "6"}}), said(403)]),
        (1, [said(404)]),
    ],
    ids=["too late", "closed", "a rule forbids it", "deleted"],
)
def test_where_it_cannot_be_opened_again_another_incident_points_to_it(hours: float, answers: list[Answer]) -> None:
    held = hold(snow(), event(), [*answers, made(parent_incident="1" * 32)], of=ended_ago(hours, INCIDENT))

    assert sent(held)["parent_incident"] == "1" * 32
    assert held.outcome == Done()


def test_an_incident_is_resolved_with_a_code_and_notes_or_noted_where_a_rule_forbids_it() -> None:
    state = answer({"result": {"sys_id": "1" * 32, "state": "2"}})
    of = thread({"ticket": INCIDENT})

    held = hold(snow(close_code="Fixed"), event("resolved", seq=2), [state, said(200)], of=of)
    refusal = answer({"error": {"message": "no", "detail": "Assigned to is mandatory"}}, 403)
    noted = hold(snow(), event("resolved", seq=2), [state, refusal, said(200)], of=of)

    assert (sent(held)["state"], sent(held)["close_code"]) == ("6", "Fixed")
    assert sent(noted).keys() == {"work_notes"}
    assert isinstance(noted.outcome, Done)
    assert "Assigned to is mandatory" in noted.outcome.reason


@pytest.mark.parametrize("state", ["6", "7", "8"])
def test_an_incident_that_a_person_has_ended_is_left_as_it_is(state: str) -> None:
    answers = [answer({"result": {"sys_id": "1" * 32, "state": state}})]

    held = hold(snow(), event("resolved", seq=2), answers, of=thread({"ticket": INCIDENT}))

    assert [one.method for one in held.requests] == ["GET"]  # type: ignore[union-attr]
    assert held.outcome == Done()


def test_after_a_create_of_unknown_end_the_open_incident_of_the_key_is_adopted() -> None:
    found = answer({"result": [{"sys_id": "1" * 32, "number": "INC0000001", "state": "1"}]})

    held = hold(snow(), event(), [found], of=thread(), may_have_arrived=NOW_US)
    none = hold(snow(), event(), [answer({"result": []}), made()], of=thread(), may_have_arrived=NOW_US)

    query = parse_qs(urlsplit(held.request.url).query)["sysparm_query"]
    assert query == [f"correlation_id={KEY}^stateNOT IN6,7,8^ORDERBYDESCsys_created_on"]
    assert held.notes[0]["ticket"]["id"] == "1" * 32
    assert held.outcome == Done()
    assert none.notes[0]["ticket"]["id"] == "2" * 32


def test_visible_to_customers_means_comments_instead_of_work_notes() -> None:
    of = thread({"ticket": INCIDENT})

    held = hold(snow(customer_visible=True), event("updated", seq=2, changes=["escalated"]), of=of)

    assert sent(held).keys() == {"comments"}


# ---------------------------------------------------------------------- Slack


def ok(**found: Any) -> Answer:
    return answer({"ok": True, **found})


def no(error: str) -> Answer:
    return answer({"ok": False, "error": error})


def test_a_message_is_posted_once_then_kept_up_to_date_and_replied_to() -> None:
    first = hold(slack(), event(), [ok(channel="C0ML", ts="1.000001")])
    second = hold(slack(), event("updated", seq=2), [ok(), ok()], of=thread(first.notes[-1]))

    assert first.notes == [POSTED]
    assert asked(second) == ["POST chat.update", "POST chat.postMessage"]
    assert sent(second)["thread_ts"] == "1.000001"
    assert second.notes == [{**POSTED, "said": 2}]


def test_what_was_replied_is_not_replied_again() -> None:
    held = hold(slack(), event("updated", seq=1), [ok()], of=thread(POSTED))

    assert asked(held) == ["POST chat.update"]
    assert held.outcome == Done()


@pytest.mark.parametrize("error", ["message_not_found", "edit_window_closed", "cant_update_message"])
def test_a_message_that_is_lost_is_posted_anew(error: str) -> None:
    held = hold(slack(), event("updated", seq=2), [no(error), ok(channel="C0ML", ts="2.000001")], of=thread(POSTED))

    assert asked(held) == ["POST chat.update", "POST chat.postMessage"]
    assert "thread_ts" not in sent(held)
    assert held.notes == [{"channel": "C0ML", "ts": "2.000001", "said": 2}]


def test_a_reply_under_a_message_that_has_just_gone_is_no_failure() -> None:
    held = hold(slack(), event("updated", seq=2), [ok(), no("thread_not_found")], of=thread(POSTED))

    assert held.outcome == Done()


@pytest.mark.parametrize(
    ("found", "outcome"),
    [
        (no("ratelimited"), Retry(0.0, "Slack says ratelimited")),
        (no("not_in_channel"), PauseChannel("Slack says not_in_channel")),
        (said(200, b"ok"), Retry(0.0, "a 200 that is not Slack's", may_have_arrived=True)),
        (ok(), Retry(0.0, "Slack took the message and did not say where it is", may_have_arrived=True)),
    ],
)
def test_an_error_of_slack_that_comes_with_a_200_has_its_consequence(found: Answer, outcome: Any) -> None:
    assert hold(slack(), event(), [found]).outcome == outcome


def test_buttons_that_act_are_there_with_a_secret_and_go_once_they_are_done() -> None:
    def buttons(channel: SlackApiChannel, found: dict[str, Any]) -> list[str]:
        blocks = check("slack_post", hold(channel, found).request.body)["blocks"]
        listed = [one for block in blocks if block["type"] == "actions" for one in block["elements"]]
        assert all(one["value"] == KEY for one in listed if "action_id" in one)
        return [one["action_id"] for one in listed if "action_id" in one]

    hearing = slack(inbound_secret="signing")

    assert buttons(slack(), event()) == []
    assert buttons(hearing, event()) == ["tidegauge.acknowledge", "tidegauge.silence"]
    assert buttons(hearing, event(acknowledged_by="anna")) == ["tidegauge.silence"]
    assert buttons(hearing, event("resolved")) == []


@pytest.mark.parametrize("found", [[{"number": "INC0000001"}], ["INC0000001"], [None]])
def test_an_incident_that_is_found_without_its_id_is_looked_for_again(found: list[Any]) -> None:
    held = hold(snow(), event(), [answer({"result": found})], of=thread(), may_have_arrived=NOW_US)

    assert held.outcome == Retry(0.0, "ServiceNow's search did not answer with incidents")


@pytest.mark.parametrize("wanted", ["", "Resolve"])
def test_transitions_that_are_none_are_passed_over(wanted: str) -> None:
    odd = [None, "x", {"id": "1"}, {"name": "Start"}, {"id": "31", "name": "Resolve", "to": DONE}]
    answers = [said(201), issue(TO_DO), answer({"transitions": odd}), said(204)]

    held = hold(jira(resolve_transition=wanted), event("resolved", seq=2), answers, of=thread({"ticket": TICKET}))

    assert sent(held)["transition"] == {"id": "31"}
