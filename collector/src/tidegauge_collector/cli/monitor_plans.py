"""`monitors plan` and `monitors apply`: what files would change, shown by monitor and by deployment, and the change itself."""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tidegauge_collector.cli.remote import Server, add_server, server_of
from tidegauge_collector.cli.tables import coloured, confirmed, plain_text
from tidegauge_collector.errors import ConfigError

CHANGED = 3  # 2 is a wrong command line, which no script should take for a change
SIGNS = {"create": "+", "change": "~", "remove": "-"}
NAMED = 5  # deployments by name; of more their number
Json = Mapping[str, Any]


def add_to(actions: Any) -> None:
    """Hang both into the subparsers of `monitors`."""
    plan = actions.add_parser("plan", help="what files would change; changes nothing")
    plan.add_argument("--exit-code", action="store_true", help=f"exit code {CHANGED} where something would change")
    plan.add_argument("--json", action="store_true", help="the plan, for scripts")
    apply = actions.add_parser("apply", help="define what files say, in one transaction")
    apply.add_argument("--yes", action="store_true", help="do not ask")
    for action, run in ((plan, _plan), (apply, _apply)):
        action.add_argument(
            "paths", nargs="+", type=Path, metavar="PATH", help="files, or folders of them (.toml, .json, .yaml)"
        )
        action.add_argument("--prune", action="store_true", help="definitions from files that are in none of these go")
        add_server(action)
        action.set_defaults(run=run)


def _plan(parsed: argparse.Namespace) -> int:
    body = _body(parsed)
    found = server_of(parsed).send("POST", "/monitors/plan", body)
    if parsed.json:
        print(json.dumps(found, indent=2))
    else:
        _print_plan(found)
    return CHANGED if parsed.exit_code and not found["empty"] else 0


def _apply(parsed: argparse.Namespace) -> int:
    body, server = _body(parsed), server_of(parsed)
    planned = server.send("POST", "/monitors/plan", body)
    _print_plan(planned)
    if planned["empty"] and not planned["taken_over"]:
        return 0
    if not (planned["empty"] or parsed.yes or _agreed()):
        print("nothing is changed")
        return 1
    _make_it_so(server, body, planned)
    return 0


def _make_it_so(server: Server, body: dict[str, Any], planned: Json) -> None:
    """What was shown, or nothing: the collector refuses where the definitions are others by now."""
    print_done(server.send("POST", "/monitors/apply", {**body, "expected": planned["fingerprint"]}))


def _agreed() -> bool:
    if not sys.stdin.isatty():
        raise ConfigError("nobody is asked here: say --yes to apply, or look with `monitors plan`")
    return confirmed("apply this?")


def _body(parsed: argparse.Namespace) -> dict[str, Any]:
    from tidegauge_collector.cli.monitor_files import read_files  # noqa: PLC0415 - so that --help answers at once

    _, documents = read_files(parsed.paths)
    return {"files": [{**one.content, "name": one.name} for one in documents], "prune": parsed.prune}


def print_done(done: Json) -> None:
    """What was changed, in a line."""
    counts = _counts(done["changes"])
    print(
        f"done: {counts['create']} created, {counts['change']} changed, {counts['remove']} removed, "
        f"in {len(done['deployments'])} deployment(s); {done['withdrawn']} alert(s) withdrawn"
    )


def _print_plan(found: Json) -> None:
    for one in found["changes"]:
        origin = " -> ".join(dict.fromkeys(o for o in (one["before_origin"], one["after_origin"]) if o))
        print(_signed(one["kind"], f"{plain_text(one['id'])}  ({origin})"))
        _print_fields(one)
    for names, changes in _grouped(found["deployments"]):
        print(f"\n{coloured(_named(names), 'bold')}")
        for change in changes:
            print("  " + _signed(change["kind"], _in_a_line(change)))
    _print_sum(found)


def _print_fields(change: Json) -> None:
    width = max((len(one["name"]) for one in change["fields"]), default=0)
    for one in change["fields"]:
        values = f"{_value(one['before'])} -> {_value(one['after'])}"
        if change["kind"] != "change":
            values = _value(one["after"] if change["kind"] == "create" else one["before"])
        print(f"    {one['name']:<{width}}  {values}")


def _in_a_line(change: Json) -> str:
    text = plain_text(change["monitor"])
    if change["kind"] == "change":
        text += ": " + ", ".join(f"{f['name']} {_value(f['before'])} -> {_value(f['after'])}" for f in change["fields"])
    return text + (f"  ({change['firing']} alert(s) that fire are withdrawn)" if change["firing"] else "")


def _print_sum(found: Json) -> None:
    counts = _counts(found["changes"])
    if found["empty"]:
        print(f"no changes: {found['unchanged']} monitor(s) are as the files say, or in none of them")
    else:
        print(
            f"\nplan: {counts['create']} to create, {counts['change']} to change, {counts['remove']} to remove, "
            f"{found['unchanged']} unchanged; {len(found['deployments'])} deployment(s) are concerned"
        )
    if found["taken_over"]:
        print(f"now from files, saying the same: {', '.join(map(plain_text, found['taken_over']))}")
    if found["left"]:
        print(
            f"from other files, left as they are (--prune takes them away): {', '.join(map(plain_text, found['left']))}"
        )


def _grouped(deployments: Mapping[str, Sequence[Json]]) -> list[tuple[list[str], Sequence[Json]]]:
    """Deployments to which the same happens, together."""
    groups: dict[str, list[str]] = defaultdict(list)
    for name, changes in deployments.items():
        groups[json.dumps(changes, sort_keys=True)].append(name)
    return [(names, deployments[names[0]]) for names in groups.values()]


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(map(plain_text, names[:NAMED])) + more


def _signed(kind: str, text: str) -> str:
    sign = SIGNS[kind]
    return coloured(f"{sign} {text}", sign)


def _value(value: Any) -> str:
    return (
        plain_text(json.dumps(value, ensure_ascii=False)) if isinstance(value, (str, list, dict)) else plain_text(value)
    )


def _counts(changes: Sequence[Json]) -> dict[str, int]:
    return {kind: sum(one["kind"] == kind for one in changes) for kind in SIGNS}
