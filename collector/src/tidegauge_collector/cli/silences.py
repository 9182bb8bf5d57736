"""`tidegauge-collector silences`: tell nobody of what matches, once or every week, beside a running collector."""

from __future__ import annotations

import argparse
import time
from typing import Any

from tidegauge_collector.cli.alerts import moment, opened
from tidegauge_collector.cli.datadir import add_data
from tidegauge_collector.cli.pairs import read_pairs
from tidegauge_collector.cli.tables import print_table
from tidegauge_collector.cli.times import time_us
from tidegauge_collector.cli.tokens import user
from tidegauge_collector.core.calendar import duration_us
from tidegauge_collector.core.matching import read_matchers
from tidegauge_collector.errors import ConfigError

EPILOG = """examples:
  tidegauge-collector silences create deployment='shop-*' --for 2h --comment "new feed"
  tidegauge-collector silences create deployment=shop monitor=drift --for 365d --weekly "Sun 02:00-04:00 Europe/Berlin"
  tidegauge-collector silences list
  tidegauge-collector silences end 0193584a1c7b7a0c8f3e0d6b5a49c210
"""


def add_to(commands: Any) -> None:
    """Hang the command into the parser's subparsers."""
    silences = commands.add_parser(
        "silences",
        help="silences and maintenance windows",
        description="What matches a silence is judged and recorded, and told of when the silence ends, if it still fires.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = silences.add_subparsers(required=True, metavar="ACTION")
    create = actions.add_parser("create", help="silence what matches")
    create.add_argument("match", nargs="+", metavar="FIELD=PATTERN", help="all must match; * for anything")
    create.add_argument("--from", dest="start", metavar="TIME", help="default now")
    create.add_argument("--until", dest="end", metavar="TIME")
    create.add_argument("--for", dest="duration", metavar="TIME", help="30m, 2h, 7d, instead of --until")
    create.add_argument("--weekly", metavar="HOURS", help='only then, e.g. "Sun 02:00-04:00 Europe/Berlin"')
    create.add_argument("--comment", default="", metavar="TEXT")
    listing = actions.add_parser("list", help="those that have not ended, newest first")
    listing.add_argument("--all", action="store_true", help="also those that have")
    end = actions.add_parser("end", help="end one now; what still fires is told")
    end.add_argument("id", metavar="ID")
    for action, run in ((create, _create), (listing, _list), (end, _end)):
        add_data(action)
        action.set_defaults(run=run)


def _create(parsed: argparse.Namespace) -> int:
    problems: list[str] = []
    matchers = read_matchers(read_pairs(parsed.match), problems)
    if problems:
        raise ConfigError("\n".join(problems))
    now_us = _now_us()
    start_us = time_us(parsed.start, "--from") or now_us
    end_us = time_us(parsed.end, "--until")
    if (end_us is None) == (parsed.duration is None):
        raise ConfigError("give one of --until and --for")
    with opened(parsed.data) as store:
        made = store.silences.create(
            matchers,
            starts_at_us=start_us,
            ends_at_us=start_us + duration_us(parsed.duration) if end_us is None else end_us,
            weekly=parsed.weekly,
            comment=parsed.comment,
            by=f"command {user()}",
            now_us=now_us,
        )
    print(made.id)
    return 0


def _list(parsed: argparse.Namespace) -> int:
    now_us = _now_us()
    with opened(parsed.data) as store:
        found = store.silences.listed(ending_after_us=None if parsed.all else now_us)
    rows = [("ID", "STATE", "MATCHES", "UNTIL", "WEEKLY", "BY", "COMMENT")]
    rows += [
        (
            one.id,
            one.state(now_us),
            " ".join(f"{name}={'|'.join(patterns)}" for name, patterns in one.matchers.items()),
            moment(one.ends_at_us),
            "" if one.weekly is None else str(one.weekly),
            one.created_by,
            one.comment,
        )
        for one in found
    ]
    print_table(rows if found else [("no silences",)])
    return 0


def _end(parsed: argparse.Namespace) -> int:
    with opened(parsed.data) as store:
        ended = store.silences.end(parsed.id, by=f"command {user()}", now_us=_now_us())
    print(f"silence {ended.id} has ended; what still fires is told")
    return 0


def _now_us() -> int:
    return time.time_ns() // 1_000
