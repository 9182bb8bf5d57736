"""`tidegauge-collector routes`: which routes there are, and which of them would take an alert."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tidegauge_collector.cli.pairs import read_pairs
from tidegauge_collector.cli.tables import print_table
from tidegauge_collector.core.matching import FIELDS, is_field
from tidegauge_collector.core.routing import RANKS
from tidegauge_collector.errors import ConfigError
from tidegauge_collector.settings import load_settings


def add_to(commands: Any) -> None:
    """Hang the command into the parser's subparsers."""
    routes = commands.add_parser("routes", help="show the routes of alerts, or ask which would take one")
    actions = routes.add_subparsers(required=True, metavar="ACTION")
    shown = actions.add_parser("show", help="the routes, in their order, with what holds for each channel")
    shown.set_defaults(run=_show)
    test = actions.add_parser("test", help="which routes and channels would take an alert, and why")
    test.add_argument("labels", nargs="+", metavar="FIELD=VALUE", help="e.g. deployment=shop severity=failing owner=ml")
    test.set_defaults(run=_test)
    for action in (shown, test):
        action.add_argument("--config", type=Path, metavar="FILE", required=True, help="settings in TOML")


def _show(parsed: argparse.Namespace) -> int:
    routing = load_settings(parsed.config).routing
    rows = [("ROUTE", "MATCHES", "CHANNEL", "GROUPED BY", "HOW")]
    for route in routing.in_order:
        match = " ".join(f"{name}={'|'.join(patterns)}" for name, patterns in route.match.items())
        rows += [
            (route.name, match or "everything", name, ", ".join(route.grouping(kind)), str(route.policy(kind)))
            for name, kind in routing.kinds.items()
            if not route.channels or name in route.channels
        ]
    print_table(rows if len(rows) > 1 else [("no channels: nobody is told",)])
    return 0


def _test(parsed: argparse.Namespace) -> int:
    routing = load_settings(parsed.config).routing
    labels = {name: values[-1] for name, values in read_pairs(parsed.labels).items()}
    strange = [name for name in labels if not is_field(name)]
    if strange:
        raise ConfigError(f"{strange[0]}: unknown field; known are {', '.join(FIELDS)} and label.NAME")
    labels.setdefault("severity", "failing")
    if labels["severity"] not in RANKS:
        raise ConfigError(f"severity={labels['severity']}: write one of {', '.join(RANKS)}")
    print_table([(step.route, str(step.reason), ", ".join(step.channels)) for step in routing.steps(labels)])
    places = routing.places("", labels)
    for place in places:
        group = ", ".join(f"{name}={value}" for name, value in place.labels.items()) or "each alert by itself"
        print(f"{place.channel}: told by route {place.route!r}, grouped by {group}; {place.policy}")
    if not places:
        print("nobody is told")
    return 0
