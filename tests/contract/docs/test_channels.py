"""docs/channels.md: what it gives to copy into Jira and ServiceNow is what the collector reads."""

import json
import re

import pytest

from tidegauge_collector.inbound import jira, servicenow
from tidegauge_collector.inbound.deeds import Deed

from .pages import blocks, section

PAGE, HEADING = "docs/channels.md", "## What people do there comes back"
KEY = "4f" * 16


@pytest.mark.parametrize(
    ("category", "assignee", "deeds"),
    [
        ("done", "", [Deed("close", KEY, "Anna")]),
        ("indeterminate", "Ben", [Deed("assign", KEY, "Anna", "Ben"), Deed("acknowledge", KEY, "Anna")]),
        ("new", "", []),
    ],
)
def test_the_body_of_the_automation_rule_is_read(category, assignee, deeds):
    values = {
        "initiator.accountId": "5b10",
        "initiator.displayName": "Anna",
        "issue.key": "ML-1",
        "issue.labels.asJsonStringArray": json.dumps(["tidegauge", f"tidegauge-{KEY}"]),
        "issue.assignee.displayName": assignee,
        "issue.status.statusCategory.key": category,
    }
    (template,) = blocks(section(PAGE, HEADING), "json")

    body = re.sub(r"\{\{([\w.]+)\}\}", lambda found: values[found[1]], template)

    assert jira.read(body.encode(), own="") == deeds
    assert jira.read(body.encode(), own="5b10") == []


def test_the_script_of_the_business_rule_sends_what_is_read():
    (script,) = blocks(section(PAGE, HEADING), "javascript")
    sent = dict(re.findall(r'^    "(\w+)": (.+?),?$', script, re.MULTILINE))
    values = {"correlation_id": KEY, "state": "2", "assigned_to": "Ben", "updated_by": "anna"}

    assert sent.keys() == values.keys()
    deeds = servicenow.read(json.dumps(values).encode(), own="tidegauge")
    assert deeds == [Deed("assign", KEY, "anna", "Ben"), Deed("acknowledge", KEY, "anna")]
