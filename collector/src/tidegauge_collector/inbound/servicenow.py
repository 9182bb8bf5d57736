"""ServiceNow's business rules: an incident of ours was taken, resolved, closed or cancelled. docs/channels.md has the rule to copy.

Body: {"correlation_id", "state", "assigned_to", "updated_by"}, all texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tidegauge_collector.inbound.deeds import Deed, NotReadable, is_key, read_json, text_in

IN_PROGRESS, ON_HOLD = "2", "3"
OVER = frozenset({"6", "7", "8"})  # resolved, closed, cancelled


def read(body: bytes, *, own: str) -> list[Deed]:
    """The deeds of a call; `own`: the account that the channel itself acts as. Raises NotReadable."""
    incident = read_json(body)
    key = text_in(incident, "correlation_id")
    if not is_key(key):
        raise NotReadable(
            "correlation_id is no key of Tidegauge: send incidents with correlation_display tidegauge only"
        )
    actor = text_in(incident, "updated_by")
    if own and actor.casefold() == own.casefold():
        return []
    return deeds_of(incident, key, actor)


def deeds_of(incident: Mapping[str, Any], key: str, actor: str) -> list[Deed]:
    """What the state of an incident says that people did."""
    state, assignee = text_in(incident, "state"), text_in(incident, "assigned_to")
    if state in OVER:
        return [Deed("close", key, actor)]
    found = [Deed("assign", key, actor, assignee)] if assignee else []
    return [*found, Deed("acknowledge", key, actor)] if state in {IN_PROGRESS, ON_HOLD} or assignee else found
