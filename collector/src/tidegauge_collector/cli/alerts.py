"""`tidegauge-collector alerts`: see alerts and do something about them, beside a running collector, which tells of it within seconds."""

from __future__ import annotations

import argparse
import contextlib
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tidegauge_collector.cli.datadir import add_data, own_directory
from tidegauge_collector.cli.tables import print_table
from tidegauge_collector.cli.times import time_us
from tidegauge_collector.cli.tokens import user
from tidegauge_collector.core.calendar import duration_us
from tidegauge_collector.errors import ConfigError

if TYPE_CHECKING:
    from tidegauge_collector.control import AlertRow, ControlStore

EPILOG = """examples:
  tidegauge-collector alerts list                        what is open
  tidegauge-collector alerts show 7                      its history, and who was told
  tidegauge-collector alerts ack 7                       I look after it: no reminders, no escalation
  tidegauge-collector alerts comment 7 "the feed is late"
  tidegauge-collector alerts mute 7 --for 2h             without --for until it recovers
  tidegauge-collector alerts resolve 7                   it opens again only after it was well once
"""


def add_to(commands: Any) -> None:
    """Hang the command into the parser's subparsers."""
    alerts = commands.add_parser(
        "alerts",
        help="see alerts; acknowledge, assign, comment, mute, resolve",
        description="Alerts, and what people do about them.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = alerts.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="open alerts, newest first")
    listing.add_argument("--all", action="store_true", help="also those that are resolved")
    listing.add_argument("--deployment", metavar="NAME")
    listing.add_argument("--severity", choices=("warning", "failing"))
    listing.add_argument("--monitor", metavar="ID")
    listing.add_argument("--owner", metavar="NAME")
    listing.add_argument("--since", metavar="TIME", help="only what opened from then on")
    listing.add_argument("--unacknowledged", action="store_true", help="only what nobody looks after")
    listing.add_argument("--limit", type=int, default=100, metavar="N")
    add_data(listing)
    listing.set_defaults(run=_list)
    texts = {
        "show": "all that is known of one",
        "ack": "you look after it",
        "unack": "nobody looks after it any more",
        "assign": "make it somebody's",
        "comment": "write a remark, that its channels tell too",
        "mute": "tell nobody of it for a while",
        "unmute": "tell of it again",
        "resolve": "it is over",
    }
    for name, text in texts.items():
        one = actions.add_parser(name, help=text)
        one.add_argument("id", type=int, metavar="ID")
        if name == "assign":
            one.add_argument("assignee", metavar="WHO", help='"" = nobody')
        if name == "comment":
            one.add_argument("text", metavar="TEXT")
        if name == "mute":
            one.add_argument("--for", dest="duration", metavar="TIME", help="30m, 2h, 1d; default: until it recovers")
        add_data(one)
        one.set_defaults(run=_show if name == "show" else _act, action=name)


@contextlib.contextmanager
def opened(data: Path) -> Iterator[ControlStore]:
    """The control store of a data directory; what is wrong or missing is a ConfigError."""
    from tidegauge_collector.control import ControlStore, StoreUnavailable  # noqa: PLC0415 - so that --help answers at once

    path = own_directory(data) / "control.sqlite"
    try:
        store = ControlStore.open(path)
        try:
            yield store
        finally:
            store.close()
    except (LookupError, ValueError) as problem:
        raise ConfigError(str(problem)) from problem
    except StoreUnavailable as problem:
        raise ConfigError(f"{path} cannot be written now ({problem.orig}): try again") from problem


def _list(parsed: argparse.Namespace) -> int:
    with opened(parsed.data) as store:
        found = store.alerts(
            parsed.deployment,
            None if parsed.all else "firing",
            severity=parsed.severity,
            monitor=parsed.monitor,
            owner=parsed.owner,
            since_us=time_us(parsed.since, "--since"),
            acknowledged=False if parsed.unacknowledged else None,
            limit=parsed.limit,
        )
    rows = [("ID", "STATE", "DEPLOYMENT", "MONITOR", "COLUMN", "SEGMENT", "VALUE", "LIMIT", "OPENED", "WHOSE")]
    rows += [
        (
            str(one.id),
            state_of(one),
            one.deployment,
            one.monitor,
            one.column,
            one.segment,
            _number(one.value),
            _number(one.threshold),
            moment(one.opened_at_us),
            one.assignee or one.acknowledged_by,
        )
        for one in found
    ]
    print_table(rows if found else [("no alerts",)])
    return 0


def _show(parsed: argparse.Namespace) -> int:
    with opened(parsed.data) as store:
        one = store.alert(parsed.id)
        if one is None:
            raise ConfigError(f"alert {parsed.id} does not exist: `tidegauge-collector alerts list --all` shows them")
        print(f"{state_of(one)}  {one.deployment}  {one.monitor} {one.metric} {one.column} {one.segment}".rstrip())
        print(f"value {_number(one.value)}, limit {_number(one.threshold)}, version {one.version}, key {one.key}")
        rows = [
            (moment(event.at_us), event.kind, event.actor, _told(event.details)) for event in store.alert_events(one.id)
        ]
        print_table(rows)
        print_table(
            [
                (moment(each.created_at_us), each.event_type, each.channel, each.status, each.last_error or "")
                for each in store.deliveries(one.id)
            ]
        )
    return 0


def _act(parsed: argparse.Namespace) -> int:
    now_us = time.time_ns() // 1_000
    options: dict[str, Any] = {"actor": f"command {user()}", "at_us": now_us}
    with opened(parsed.data) as store:
        people = store.people
        changes: dict[str, Callable[..., list[AlertRow]]] = {
            "ack": people.acknowledge,
            "unack": people.unacknowledge,
            "assign": people.assign,
            "comment": people.comment,
            "mute": people.mute,
            "unmute": people.unmute,
            "resolve": people.close_by_person,
        }
        if parsed.action == "assign":
            options["assignee"] = parsed.assignee
        if parsed.action == "comment":
            options["text"] = parsed.text
        if parsed.action == "mute":
            options["until_us"] = None if parsed.duration is None else now_us + duration_us(parsed.duration)
        changed = changes[parsed.action](parsed.id, **options)
    for one in changed:
        print(f"alert {one.id}: {state_of(one)}")
    if not changed:
        print(f"alert {parsed.id}: nothing to change")
    return 0


def state_of(alert: AlertRow) -> str:
    """One word or two: how bad it is, and what somebody did about it."""
    if alert.status != "firing":
        return "resolved"
    if alert.is_muted(time.time_ns() // 1_000):
        return f"{alert.severity}, muted"
    return f"{alert.severity}, acknowledged" if alert.acknowledged_by else alert.severity


def moment(at_us: int) -> str:
    """A time, in UTC."""
    return f"{datetime.fromtimestamp(at_us / 1e6, UTC):%Y-%m-%d %H:%M:%S}Z"


def _told(details: Any) -> str:
    shown = {name: value for name, value in details.items() if value is not None and not name.endswith("_us")}
    return str(shown.get("text") or json.dumps(shown, ensure_ascii=False)) if shown else ""


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
