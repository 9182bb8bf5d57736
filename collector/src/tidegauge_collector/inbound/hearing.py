"""From a call at the door, or a ticket that was looked at, to deeds: the one place that knows which tool speaks how."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tidegauge_collector.inbound import jira, servicenow, slack
from tidegauge_collector.inbound.deeds import Deed, NotGenuine, check_bearer_or_hmac
from tidegauge_collector.notify.hearing import Hearing

_STATES: Mapping[str, Callable[[Mapping[str, Any], str, str], list[Deed]]] = {
    "jira": jira.deeds_of,
    "servicenow": servicenow.deeds_of,
}


def hear(hearing: Hearing, headers: Mapping[str, str], body: bytes, *, now_s: float) -> list[Deed]:
    """What a call tells. Raises NotGenuine, or NotReadable where it is genuine and no such call."""
    if not hearing.secret:
        raise NotGenuine("the channel has no inbound_secret, so that no call can show it")
    if hearing.tool == "slack":
        slack.check(hearing.secret, headers, body, now_s=now_s)
        return slack.read(body)
    check_bearer_or_hmac(hearing.secret, headers, body)
    read = jira.read if hearing.tool == "jira" else servicenow.read
    return read(body, own=hearing.own)


def seen(
    hearing: Hearing,
    key: str,
    ticket: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    *,
    is_reopened: bool = False,
) -> list[Deed]:
    """What people did to a ticket since it was last looked at (`before`). At the first look only its end and whose it is are news:
    that it is in progress may be our own doing. One that was opened again was somebody's before: only its end is."""
    read = _STATES[hearing.tool]
    now = read(ticket, key, "")
    if before is not None:
        then = read(before, key, "")
        return [one for one in now if one not in then]
    is_somebodys = not is_reopened and any(one.kind == "assign" for one in now)
    return [one for one in now if one.kind == "close" or is_somebodys]
