"""Jira's webhooks: somebody moved, closed or took the issue of a thread. The issue's label says which thread.

https://developer.atlassian.com/cloud/jira/platform/webhooks/: signed with the webhook's secret; a rule of Jira's automation can send the
same body and show the secret as a header.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tidegauge_collector.inbound.deeds import Deed, inner, is_key, read_json, text_in

PREFIX = "tidegauge-"


def read(body: bytes, *, own: str) -> list[Deed]:
    """The deeds of a call; `own`: the account (e-mail or name) that the channel itself acts as. Raises NotReadable.

    An issue that is closed or deleted closes, one that is in progress or is somebody's acknowledges.
    """
    event = read_json(body)
    issue, person = inner(event, "issue"), inner(event, "user")
    if own and own.casefold() in {text_in(person, name).casefold() for name in ("emailAddress", "name", "accountId")}:
        return []
    actor = text_in(person, "displayName", "name", "accountId")
    changed = _changed(event)
    found: list[Deed] = []
    for key in keys_of(issue):
        if event.get("webhookEvent") == "jira:issue_deleted":
            found.append(Deed("close", key, actor))
        else:
            found += [one for one in deeds_of(issue, key, actor) if _is_of(one, changed)]
    return found


def deeds_of(issue: Mapping[str, Any], key: str, actor: str) -> list[Deed]:
    """What the state of an issue says that people did."""
    fields = inner(issue, "fields")
    category = text_in(inner(fields, "status", "statusCategory"), "key")
    assignee = text_in(inner(fields, "assignee"), "displayName", "name")
    if category == "done":
        return [Deed("close", key, actor)]
    found = [Deed("assign", key, actor, assignee)] if assignee else []
    return [*found, Deed("acknowledge", key, actor)] if category == "indeterminate" or assignee else found


def keys_of(issue: Mapping[str, Any]) -> list[str]:
    """The keys of the threads that an issue is labelled with."""
    labels = inner(issue, "fields").get("labels")
    texts = [one for one in labels if isinstance(one, str)] if isinstance(labels, list) else []
    return [one.removeprefix(PREFIX) for one in texts if one.startswith(PREFIX) and is_key(one.removeprefix(PREFIX))]


def _changed(event: Mapping[str, Any]) -> set[str]:
    items = inner(event, "changelog").get("items")
    return {str(one.get("field")) for one in items if isinstance(one, Mapping)} if isinstance(items, list) else set()


def _is_of(deed: Deed, changed: set[str]) -> bool:
    """Whether a deed is what this call tells of, and not how the issue has been all along."""
    if deed.kind == "close":
        return bool(changed & {"status", "resolution"})
    return "assignee" in changed if deed.kind == "assign" else bool(changed & {"status", "assignee"})
