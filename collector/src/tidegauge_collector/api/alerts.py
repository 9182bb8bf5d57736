"""`/alerts`: what is open and was, why, who was told, and what people do about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiohttp import web

from tidegauge_collector.api.bodies import (
    Alerting,
    Body,
    actor_named,
    answered,
    check_fields,
    length_of,
    read_object,
    text_of,
    time_of,
)
from tidegauge_collector.api.deletions import requester_of
from tidegauge_collector.api.query import BadRequest, NotFound, check_known, read_choice, read_int, read_time
from tidegauge_collector.api.scope import Json, Query, Sources
from tidegauge_collector.api.silences import silence_json
from tidegauge_collector.control import AlertEvent, AlertRow, ControlStore, OutboxRow
from tidegauge_collector.control.telling import FOREVER_US
from tidegauge_collector.core.matching import matches
from tidegauge_collector.measuring.measurement import finite, rfc3339

FILTERS = ("deployment", "status", "severity", "monitor", "owner", "acknowledged", "since", "search")
MAX_SEARCH = 200
FIELDS: Mapping[str, tuple[str, ...]] = {
    "acknowledge": (),
    "unacknowledge": (),
    "assign": ("assignee",),
    "comment": ("text",),
    "mute": ("until", "duration"),
    "unmute": (),
    "resolve": (),
}


def list_alerts(sources: Sources, query: Query) -> Json:
    """Alerts, newest first, with their history and deliveries."""
    check_known(query, *FILTERS, "limit", "before")
    limit = read_int(query, "limit", 100, most=1_000)
    acknowledged = read_choice(query, "acknowledged", ("yes", "no"), None)
    rows = sources.control.alerts(
        query.get("deployment") or None,
        read_choice(query, "status", ("firing", "resolved"), None),
        severity=read_choice(query, "severity", ("warning", "failing"), None),
        monitor=query.get("monitor") or None,
        owner=query.get("owner") or None,
        acknowledged=None if acknowledged is None else acknowledged == "yes",
        since_us=read_time(query, "since"),
        words=_words(query),
        limit=limit,
        before=read_int(query, "before", 0, least=0, most=2**62) or None,
    )
    following = str(rows[-1].id) if len(rows) == limit else None
    now_us = sources.now_us()
    items = _alerts(sources.control, rows, now_us)
    return {"items": items, "open": _open(sources.control), "next": following}


def _words(query: Query) -> tuple[str, ...]:
    text = query.get("search", "")
    if len(text) > MAX_SEARCH:
        raise BadRequest(f"search is {len(text)} characters long: write at most {MAX_SEARCH}")
    return tuple(text.split())


def show_alert(sources: Sources, number: str, query: Query) -> Json:
    """One alert with all that is known of it: also what explains it, its threads, and the silences that match it."""
    check_known(query)
    row = alert_number(sources.control, number)
    now_us = sources.now_us()
    labels = sources.control.labels_of_alert(row.id)
    silences = sources.control.silences.listed(ending_after_us=now_us)
    return {
        **_alerts(sources.control, [row], now_us)[0],
        "labels": labels,
        "explanation": {
            **sources.explaining.of(row.deployment, row.version).as_json(),
            "since": rfc3339(row.opened_window_start_us),
        },
        "threads": [
            {
                "key": one.key,
                "channel": one.channel,
                "labels": dict(one.labels),
                "status": "open" if one.is_open else "closed",
                "opened_at": rfc3339(one.opened_at_us),
                "closed_at": rfc3339(one.closed_at_us),
            }
            for one in sources.control.threads_of(row.id)
        ],
        "silences": [silence_json(one, now_us) for one in silences if matches(one.matchers, labels)],
    }


def alert_number(control: ControlStore, number: str) -> AlertRow:
    """The alert that a path or a query names; raises NotFound."""
    row = control.alert(int(number)) if number.isdecimal() and len(number) < 19 else None
    if row is None:
        raise NotFound(f"alert {number!r:.80} does not exist: /api/v1/alerts lists them")
    return row


def _open(control: ControlStore) -> Json:
    """How many alerts are open now, in all, failing, and taken by nobody."""
    counts = control.alert_figures().open
    return {
        "total": sum(counts.values()),
        "failing": sum(n for (severity, _), n in counts.items() if severity == "failing"),
        "unacknowledged": sum(n for (_, is_acknowledged), n in counts.items() if not is_acknowledged),
    }


class AlertActions:
    """Answers POST of `/alerts/{id}/{action}`."""

    def __init__(self, alerting: Alerting) -> None:
        self._with = alerting

    async def answer(self, request: web.Request) -> web.Response:
        """The alert as it is afterwards."""
        return await answered(self._asked(request))

    async def _asked(self, request: web.Request) -> Json:
        body = await read_object(request, anything=True)
        return await self.act(request.match_info["id"], request.match_info["action"], body, requester_of(request))

    async def act(self, number: str, action: str, body: Body, asking: str) -> Json:
        """Does one of FIELDS with an alert in the name of `asking`. Raises NotFound, BadRequest, LookupError and ValueError."""
        if action not in FIELDS:
            raise NotFound(f"{action!r:.80} is nothing to do with an alert: {', '.join(FIELDS)}")
        if not number.isdecimal() or len(number) > 18:
            raise NotFound(f"alert {number!r:.80} does not exist: /api/v1/alerts lists them")
        check_fields(body, *FIELDS[action], "actor")
        options: dict[str, Any] = {"actor": actor_named(asking, body), "at_us": self._with.now_us()}
        people, alert = self._with.control.people, int(number)
        change: Callable[..., Any]
        match action:
            case "acknowledge":
                change = people.acknowledge
            case "unacknowledge":
                change = people.unacknowledge
            case "assign":
                options["assignee"], change = text_of(body, "assignee", most=200), people.assign
            case "comment":
                options["text"], change = text_of(body, "text", required=True), people.comment
            case "mute":
                options["until_us"], change = _until(body, options["at_us"]), people.mute
            case "unmute":
                change = people.unmute
            case _:
                change = people.close_by_person
        await self._with.in_thread(lambda: change(alert, **options))
        self._with.on_change()
        return dict(await self._with.in_thread(lambda: self._shown(alert)))

    def _shown(self, alert: int) -> Json:
        row = alert_number(self._with.control, str(alert))
        return _alerts(self._with.control, [row], self._with.now_us())[0]


def _until(body: Mapping[str, Any], now_us: int) -> int | None:
    until_us = time_of(body, "until")
    if body.get("duration") is not None:
        if until_us is not None:
            raise BadRequest('give one of until (a time) and duration (such as "2h"), or none (until it recovers)')
        return now_us + length_of(body)
    if until_us is not None and until_us <= now_us:
        raise BadRequest(f"until = {body['until']!r:.80} is over: write a later time, or none (until it recovers)")
    return until_us


def _alerts(control: ControlStore, rows: Sequence[AlertRow], now_us: int) -> list[Json]:
    """Each with its history and deliveries, which are read for all of them at once."""
    ids = [row.id for row in rows]
    histories, deliveries = control.alert_histories(ids), control.deliveries_of(ids)
    return [_alert(row, histories.get(row.id, []), deliveries.get(row.id, []), now_us) for row in rows]


def _alert(row: AlertRow, history: Sequence[AlertEvent], deliveries: Sequence[OutboxRow], now_us: int) -> Json:
    start = row.details.get("window_start_us", row.opened_window_start_us)
    end = row.details.get("window_end_us", row.opened_window_end_us)
    muted_us = row.muted_until_us if row.is_muted(now_us) else None
    return {
        "id": row.id,
        "key": row.key,
        "deployment": row.deployment,
        "monitor": row.monitor,
        "metric": row.metric,
        "column": row.column,
        "segment": row.segment,
        "version": row.version,
        "severity": row.severity,
        "status": row.status,
        "value": finite(row.value),
        "threshold": finite(row.threshold),
        "window": {"start": rfc3339(start), "end": rfc3339(end)},
        "opened_window": {"start": rfc3339(row.opened_window_start_us), "end": rfc3339(row.opened_window_end_us)},
        "opened_at": rfc3339(row.opened_at_us),
        "resolved_at": rfc3339(row.resolved_at_us),
        "acknowledged_at": rfc3339(row.acknowledged_at_us),
        "acknowledged_by": row.acknowledged_by,
        "assignee": row.assignee,
        "muted": muted_us is not None,
        "muted_until": None if muted_us in {None, FOREVER_US} else rfc3339(muted_us),
        "escalated_at": rfc3339(row.escalated_at_us),
        "events": [
            {"kind": one.kind, "at": rfc3339(one.at_us), "actor": one.actor, **_plain_times(one.details)}
            for one in history
        ],
        "deliveries": [
            {
                "id": one.delivery_id,
                "channel": one.channel,
                "event_type": one.event_type,
                "status": one.status,
                "attempts": one.attempts,
                "delivered_at": rfc3339(one.delivered_at_us),
                "last_error": one.last_error,
            }
            for one in deliveries
        ],
    }


def _plain_times(details: Mapping[str, Any]) -> Json:
    """Details with times as text."""
    return {
        name.removesuffix("_us"): rfc3339(value) if name.endswith("_us") and isinstance(value, int) else value
        for name, value in details.items()
    }
