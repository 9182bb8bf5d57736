"""What people read: one line that says how bad it is and where, in both languages, and the operator's own words."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from notify_bodies import body, event, plain_event, test_event

from tidegauge_collector.errors import ConfigError
from tidegauge_collector.notify.events import read_event
from tidegauge_collector.notify.voice import FIELDS, Voice
from tidegauge_collector.notify.words import WORDS


def read(found):
    return read_event(body(found))


def test_a_line_says_state_deployment_metric_value_and_limit_in_both_languages():
    found = read(event())

    assert Voice().headline(found) == "[FAILING] flights-delay: psi of dep_delay is 0.31, limit 0.25"
    assert Voice("ja").headline(found) == "[異常] flights-delay: dep_delay の psi が 0.31(しきい値 0.25)"
    assert Voice().headline(read(plain_event())) == Voice().headline(found)
    assert Voice().headline(read(event("resolved"))) == "[RESOLVED] flights-delay: psi of dep_delay is 0.02 again"


def test_what_a_person_closed_is_not_said_to_be_well_again():
    recovered, closed = read(event("resolved")), read(event("resolved", closed_by="anna (itsm)"))

    assert (
        Voice()
        .closing(recovered)
        .startswith("Resolved by itself: [RESOLVED] flights-delay: psi of dep_delay is 0.02 again")
    )
    assert Voice().closing(closed) == (
        "Closed by anna (itsm): [RESOLVED] flights-delay: psi of dep_delay was closed at 0.02"
    )
    assert "anna (itsm)" in Voice("ja").closing(closed)


def test_a_line_of_more_than_one_alert_says_how_many_and_names_the_first():
    many = read(event(columns=("dep_delay", "carrier", "origin", "hour")))

    assert Voice().headline(many) == "[FAILING] 4 columns of flights-delay drift: dep_delay, carrier, origin, …"
    assert Voice("ja").headline(many) == "[異常] flights-delay の 4 列がドリフト: dep_delay, carrier, origin, …"
    assert Voice().headline(read(event("resolved", columns=("a", "b")))) == (
        "[RESOLVED] all 2 alerts of flights-delay are over"
    )


def test_alerts_of_more_than_one_monitor_and_deployment_are_named_by_what_they_measure():
    found = event(columns=("a", "b"), severity="warning")
    found["data"]["alerts"][1] |= {"deployment": "churn", "monitor": "latency", "metric": "latency_p95", "column": ""}

    assert Voice().headline(read(found)) == "[WARNING] 2 alerts of 2 deployments: psi of a, latency_p95"


def test_when_all_but_one_are_over_the_line_is_of_that_one():
    found = event(columns=("a", "b", "c"))
    for one in found["data"]["alerts"][1:]:
        one["status"] = "resolved"
    found["data"]["group"] |= {"firing": 1, "resolved": 2}

    assert Voice().headline(read(found)) == "[FAILING] flights-delay: psi of a is 0.31, limit 0.25; 2 others are over"


def test_a_group_is_listed_alert_by_alert_up_to_ten_and_the_rest_is_counted():
    found = read(event(columns=tuple(f"c{n}" for n in range(20)), more=5))

    lines = Voice().remarks(found)

    assert "[FAILING] flights-delay 2026-11: psi of c0 0.31 / 0.25" in lines
    assert "… and 15 more" in lines
    assert not any("c10" in line for line in lines)


@pytest.mark.parametrize(
    ("data", "line"),
    [
        ({"changes": ["worse"]}, "It has become worse."),
        ({"changes": ["acknowledged"], "acknowledged_by": "anna"}, "anna has acknowledged it."),
        ({"changes": ["assigned"], "assignee": "ben"}, "It is assigned to ben."),
        ({"changes": ["commented"], "comment": "upstream is late"}, "upstream is late"),
        ({"changes": ["escalated"]}, "Nobody has acknowledged it in time: it is escalated."),
    ],
)
def test_what_changed_is_said_in_a_sentence(data, line):
    assert line in Voice().remarks(read(event("updated", **data)))


def test_what_moved_most_is_said_with_its_importance():
    assert "Moved most: dep_delay 0.31 (importance 0.4)" in Voice().remarks(read(event()))


def test_both_languages_have_the_same_words_with_the_same_fields():
    import string

    def fields(text):
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    assert WORDS["en"].keys() == WORDS["ja"].keys()
    assert [name for name in WORDS["en"] if fields(WORDS["en"][name]) != fields(WORDS["ja"][name])] == []


def test_an_operators_title_and_text_take_the_place_of_the_usual_words():
    voice = Voice(title="{deployment}/{column}: {value} {{sic}}", text="call {owner}\n\n{alerts}")
    found = read(event(owner="ml-team"))

    assert voice.headline(found) == "flights-delay/dep_delay: 0.31 {sic}"
    assert voice.remarks(found)[0] == "call ml-team"


def test_a_title_that_comes_out_empty_gives_way_to_the_usual_one():
    assert Voice(title="{runbook}").headline(read(event())).startswith("[FAILING]")


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{nope}", "which is no field: known are headline"),
        ("{deployment.__class__}", "which is no field"),
        ("{deployment[0]}", "which is no field"),
        ("{0}", "which is no field"),
        ("{}", "which is no field"),
        ("{value:>1000000000}", "without a format"),
        ("{value!r}", "without a format"),
        ("{value", "cannot be read"),
        ("}", "cannot be read"),
        ("x" * 2_001, "2000 are allowed"),
    ],
)
def test_a_template_that_asks_for_more_than_plain_fields_is_refused(template, said):
    with pytest.raises(ConfigError, match=said):
        Voice(title=template)


@given(st.text(max_size=50))
@settings(deadline=None)
def test_nothing_in_a_value_is_read_as_a_template(comment):
    found = read(event("updated", comment=comment + "{deployment}", changes=["commented"]))

    assert (comment + "{deployment}").splitlines()[0].strip() in "\n".join(Voice(text="{comment}").remarks(found)) or (
        not (comment + "{deployment}").splitlines()[0].strip()
    )


def test_every_field_says_something_of_some_event():
    found = read(
        event(columns=("a", "b"), runbook="r", owner="o", assignee="s", acknowledged_by="k", comment="c")
        | {"type": "alert.updated"}
    )

    silent = [name for name, of in FIELDS.items() if not of(found, "en") and name != "segment"]

    assert silent == []


def test_a_test_message_says_that_it_is_one():
    assert Voice().headline(read(test_event())) == "Test message of Tidegauge: this channel works"
