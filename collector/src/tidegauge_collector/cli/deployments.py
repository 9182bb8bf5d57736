"""`tidegauge-collector deployments`: which there are, and what people say of them: owner, importance, labels, runbook. Over REST."""

from __future__ import annotations

import argparse
import json
from typing import Any

from tidegauge_collector.cli.remote import add_server, escaped, server_of
from tidegauge_collector.cli.tables import print_table
from tidegauge_collector.errors import ConfigError

IMPORTANCES = ("low", "normal", "high", "critical")
EPILOG = """examples:
  tidegauge-collector deployments list
  tidegauge-collector deployments set shop --owner payments --importance high --runbook https://wiki.example/shop
  tidegauge-collector deployments set shop --label team=checkout --label tier=1 --remove-label draft
"""


def add_to(commands: Any) -> None:
    """Hang the command into the parser's subparsers."""
    deployments = commands.add_parser(
        "deployments",
        help="list deployments; set owner, importance, labels, runbook",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = deployments.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="all deployments: how they are, whose they are")
    listing.add_argument("--json", action="store_true", help="everything, for scripts")
    listing.set_defaults(run=_list)
    change = actions.add_parser("set", help="set what people say of a deployment")
    change.add_argument("name", metavar="NAME")
    change.add_argument("--owner", metavar="WHO", help="who looks after it")
    change.add_argument("--importance", choices=IMPORTANCES, help="how much hangs on it")
    change.add_argument("--runbook", metavar="URL", help="where it says what to do")
    change.add_argument("--alerts", choices=("live", "all"), help="live: of new windows only; all: of back-fills too")
    change.add_argument("--starred", metavar="NAMES", help="features that people look at first, separated by commas")
    change.add_argument(
        "--excluded", metavar="PATTERNS", help="columns watched only where they are named, separated by commas"
    )
    change.add_argument(
        "--weights", metavar="NAME=WEIGHT,…", help="the importance of features, in the place of the baseline's"
    )
    change.add_argument(
        "--exclude-ranges", metavar="START/END,…", help="times that are no part of trailing windows (a sale, an outage)"
    )
    change.add_argument(
        "--label", action="append", metavar="NAME=VALUE", default=[], help="set a label; the others stay"
    )
    change.add_argument("--remove-label", action="append", metavar="NAME", default=[], help="take a label away")
    change.set_defaults(run=_set)
    for action in (listing, change):
        add_server(action)


def _list(parsed: argparse.Namespace) -> int:
    items = server_of(parsed).read("/deployments")["items"]
    if parsed.json:
        print(json.dumps({"items": items, "next": None}, indent=2))
        return 0
    rows = [("NAME", "VERDICT", "ALERTS", "IMPORTANCE", "OWNER", "LABELS", "LAST PREDICTION", "RUNBOOK")]
    rows += [
        (
            one["name"],
            one["verdict"],
            str(one["open_alerts"]),
            *(one["importance"], one["owner"]),
            ",".join(f"{name}={value}" for name, value in one["labels"].items()),
            *(one["last_prediction"], one["runbook"]),
        )
        for one in items
    ]
    print_table(rows)
    return 0


def _set(parsed: argparse.Namespace) -> int:
    server, path = server_of(parsed), f"/deployments/{escaped(parsed.name)}"
    changes: dict[str, Any] = {
        name: value
        for name in ("owner", "importance", "runbook", "alerts")
        if (value := getattr(parsed, name)) is not None
    }
    for name in ("starred", "excluded", "exclude_ranges"):
        if (text := getattr(parsed, name)) is not None:
            changes[name] = [one.strip() for one in text.split(",") if one.strip()]
    if parsed.weights is not None:
        changes["importances"] = _weights(parsed.weights)
    if parsed.label or parsed.remove_label:
        changes["labels"] = _labels(server.read(path)["labels"], parsed.label, parsed.remove_label)
    if not changes:
        raise ConfigError(
            "nothing is to be set: give --owner, --importance, --runbook, --alerts, --starred, --excluded, --weights, "
            "--exclude-ranges, --label or --remove-label"
        )
    done = server.send("PATCH", path, changes)
    print(f"{parsed.name}: {', '.join(changes)} set" + _withdrawn(done["withdrawn"]))
    return 0


def _labels(labels: dict[str, str], said: list[str], removed: list[str]) -> dict[str, str]:
    for one in said:
        name, equals, value = one.partition("=")
        if not equals or not name:
            raise ConfigError(f"--label {one!r:.140}: write NAME=VALUE")
        labels[name] = value
    return {name: value for name, value in labels.items() if name not in removed}


def _weights(text: str) -> dict[str, float]:
    found = {}
    for one in filter(None, text.split(",")):
        name, _, weight = one.partition("=")
        try:
            found[name.strip()] = float(weight)
        except ValueError as problem:
            raise ConfigError(f"--weights {one!r:.140}: write NAME=WEIGHT, such as amount=0.4") from problem
    return found


def _withdrawn(count: int) -> str:
    return f"; {count} alert(s) withdrawn, as their monitors do not match any more" if count else ""
