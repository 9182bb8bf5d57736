"""`tidegauge-collector agents`: who ships here, from the control store, beside a running collector; at most 30 s old."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from tidegauge_collector.cli.places import add_place, existing, settings_of
from tidegauge_collector.cli.terminal import plain
from tidegauge_collector.place import is_in_use

if TYPE_CHECKING:
    from tidegauge_collector.control.agents import AgentRecord

HEAD = ("state", "host", "pid", "version", "last contact", "lag", "skew", "dropped rows", "deployments")
MAX_CELL = 120


def add_to(commands: Any) -> None:
    """Hang the command into the parser's subparsers."""
    agents = commands.add_parser("agents", help="who ships here, how far behind, what was lost")
    agents.add_argument("--deployment", metavar="NAME", help="only agents that shipped for it")
    agents.add_argument("--state", choices=("live", "silent", "closed", "gone"), help="only agents in this state")
    agents.add_argument("--json", action="store_true", help="everything, for scripts")
    add_place(agents)
    agents.set_defaults(run=_agents)


def _agents(parsed: argparse.Namespace) -> int:
    from tidegauge_collector.api.agents import agent_json  # noqa: PLC0415 - so that --help answers at once
    from tidegauge_collector.control.agents import agents_in  # noqa: PLC0415
    from tidegauge_collector.ingest.keeping import agent_of  # noqa: PLC0415
    from tidegauge_collector.ingest.presence import AgentState  # noqa: PLC0415

    data = existing(settings_of(parsed).data)
    found = [one for one in agents_in(data / "control.sqlite") if _is_wanted(one, parsed)]
    told = [agent_json(agent_of(one), AgentState(one.state)) for one in found]
    if parsed.json:
        print(json.dumps({"items": told}, indent=2))
        return 0
    _print_table([HEAD, *(_cells(one) for one in told)])
    print(f"{len(told)} agent(s)")
    if not is_in_use(data):
        print("no collector runs here: this is how it was when it ended", file=sys.stderr)
    return 0


def _is_wanted(one: AgentRecord, parsed: argparse.Namespace) -> bool:
    served = parsed.deployment is None or parsed.deployment in one.details["deployments"]
    return served and parsed.state in (None, one.state)


def _cells(one: dict[str, Any]) -> tuple[str, ...]:
    skew = "-" if one["skew_s"] is None else f"{one['skew_s']:+.1f} s" + (" !" if one["skewed"] else "")
    dropped = ", ".join(f"{reason} {lost['rows']}" for reason, lost in sorted(one["dropped"].items())) or "-"
    names = ", ".join(one["deployments"][:5]) + (" …" if len(one["deployments"]) > 5 else "")
    cells = (one["state"], one["host"], one["pid"], one["version"], one["last_contact"][:19], one["lag_frames"])
    return tuple(plain(str(cell))[:MAX_CELL] for cell in (*cells, skew, dropped, names or "-"))


def _print_table(rows: list[tuple[str, ...]]) -> None:
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEAD))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
