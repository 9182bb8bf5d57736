"""`tidegauge-collector monitors`: monitors as code. Files are checked here, everything else a running collector does, over REST."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from tidegauge_collector.cli import monitor_plans, monitor_trials
from tidegauge_collector.cli.remote import add_server, escaped, server_of
from tidegauge_collector.cli.tables import confirmed, print_table
from tidegauge_collector.errors import ConfigError

EPILOG = """examples:
  tidegauge-collector monitors list                              what is defined, and for how many deployments it stands
  tidegauge-collector monitors list --deployment shop            what stands for one, and where its series stand
  tidegauge-collector monitors export > monitors.toml            what people defined; --all with the built-in ones
  tidegauge-collector monitors plan monitors/ --exit-code        what files would change; exit code 3 where they do
  tidegauge-collector monitors backtest monitors/ --last 30d     how often they would have fired, and when
  tidegauge-collector monitors test tests/*.txt --monitors monitors/     scenarios in plain text; needs no collector
  tidegauge-collector monitors apply monitors/ --prune --yes     make it so; what is in no file any more goes

exit codes: 0 done, 1 the collector refused or a scenario fails, 3 with --exit-code: something would change or have fired,
78 a file is wrong (all problems of all files are named)
"""


def add_to(commands: Any) -> None:
    """Hang the command into the parser's subparsers."""
    monitors = commands.add_parser(
        "monitors",
        help="monitors as code: list, plan, apply, export, test, backtest",
        description="Monitors as code: docs/monitors-as-code.md.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = monitors.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="what is defined, or what stands for a deployment")
    listing.add_argument("--deployment", metavar="NAME", help="what stands for this one, and where its series stand")
    show = actions.add_parser("show", help="one monitor, with every field")
    export = actions.add_parser("export", help="definitions as TOML that `apply` takes back")
    export.add_argument("ids", nargs="*", metavar="ID", help="only these")
    export.add_argument("--all", action="store_true", help="the built-in ones too")
    export.add_argument("--out", type=Path, metavar="FILE", help="write there instead of to standard output")
    delete = actions.add_parser("delete", help="take a definition away; a built-in one comes back in its place")
    delete.add_argument("--yes", action="store_true", help="do not ask")
    for action in (show, delete):
        action.add_argument("id", metavar="ID")
    for action in (listing, show):
        action.add_argument("--json", action="store_true", help="everything, for scripts")
    for action, run in ((listing, _list), (show, _show), (export, _export), (delete, _delete)):
        add_server(action)
        action.set_defaults(run=run)
    monitor_plans.add_to(actions)
    monitor_trials.add_to(actions)
    schema = actions.add_parser("schema", help="JSON Schema of files of monitors, for editors and checks")
    schema.set_defaults(run=_schema)


def _list(parsed: argparse.Namespace) -> int:
    server = server_of(parsed)
    where = f"/deployments/{escaped(parsed.deployment)}/monitors" if parsed.deployment else "/monitors"
    found = server.read(where)
    if parsed.json:
        print(json.dumps(found, indent=2))
    elif parsed.deployment:
        _print_standing(found["items"])
    else:
        rows = [("ID", "KIND", "METRIC", "COLUMNS", "WARNING", "FAILING", "DEPLOYMENTS", "FROM", "STANDS FOR")]
        rows += [
            (
                *(one[name] for name in ("id", "kind", "metric", "columns", "warning", "failing")),
                ",".join(one["deployments"]),
                _origin(one),
                str(one["matched"]) if one["enabled"] else "disabled",
            )
            for one in found["items"]
        ]
        print_table(rows)
    return 0


def _print_standing(items: list[dict[str, Any]]) -> None:
    """What stands for a deployment: a line for each series that fires, one for the others of a monitor."""
    rows = [("ID", "FROM", "STATE", "SERIES", "JUDGED UNTIL")]
    for one in items:
        firing = [each for each in one["series"] if each["status"] == "firing"]
        calm = [each for each in one["series"] if each["status"] != "firing"]
        rows += [(one["id"], _origin(one), each["severity"], _series(each), each["judged_until"]) for each in firing]
        if calm or not firing:
            until = max((each["judged_until"] or "" for each in calm), default="")
            state, count = ("quiet", f"{len(calm)} series") if calm else ("not judged yet", "")
            rows.append((one["id"], _origin(one), state, count, until))
    print_table(rows)


def _show(parsed: argparse.Namespace) -> int:
    found = _definition(server_of(parsed).read("/monitors")["items"], parsed.id)
    if parsed.json:
        print(json.dumps(found, indent=2))
        return 0
    print_table([("FIELD", "VALUE"), *((name, json.dumps(value, ensure_ascii=False)) for name, value in found.items())])
    return 0


def _export(parsed: argparse.Namespace) -> int:
    from tidegauge_collector.core.monitor_tables import KEY, OBJECTIVES, objective_table, read_definitions  # noqa: PLC0415 - so that --help answers at once
    from tidegauge_collector.core.objectives import is_plain  # noqa: PLC0415
    from tidegauge_collector.core.plans import table_of  # noqa: PLC0415
    from tidegauge_collector.core.toml_text import tables_text  # noqa: PLC0415

    items = server_of(parsed).read("/monitors")["items"]
    chosen = [_definition(items, name) for name in parsed.ids] or [
        one for one in items if parsed.all or one["origin"] != "default"
    ]
    definitions = read_definitions(chosen)
    tables = [tables_text(KEY, [table_of(one) for one in definitions if not is_plain(one.monitor)])]
    tables.append(tables_text(OBJECTIVES, [objective_table(one) for one in definitions if is_plain(one.monitor)]))
    text = "\n".join(one for one in tables if one)
    if parsed.out is None:
        print(text, end="")
    else:
        parsed.out.write_text(text, encoding="utf-8")
    print(f"{len(chosen)} monitor(s)" + (f" written to {parsed.out}" if parsed.out else ""), file=sys.stderr)
    return 0


def _delete(parsed: argparse.Namespace) -> int:
    server = server_of(parsed)
    found = _definition(server.read("/monitors")["items"], parsed.id)
    if not parsed.yes:
        if not sys.stdin.isatty():
            raise ConfigError("nobody is asked here: say --yes to delete")
        if not confirmed(f"delete monitor {parsed.id!r}, which stands for {found['matched']} deployment(s)?"):
            print("nothing is deleted")
            return 1
    monitor_plans.print_done(server.send("DELETE", f"/monitors/{escaped(parsed.id)}"))
    return 0


def _schema(_parsed: argparse.Namespace) -> int:
    from tidegauge_collector.core.monitor_tables import file_schema  # noqa: PLC0415

    print(json.dumps(file_schema(), indent=2, ensure_ascii=False))
    return 0


def _definition(items: list[dict[str, Any]], name: str) -> dict[str, Any]:
    found = next((one for one in items if one["id"] == name), None)
    if found is None:
        raise ConfigError(f"no monitor {name!r} is defined: defined are {', '.join(one['id'] for one in items)}")
    return found


def _origin(one: dict[str, Any]) -> str:
    return f"{one['origin']} {one['source']}".strip()


def _series(one: dict[str, Any]) -> str:
    parts = [one["column"] or one["metric"], one["segment"], one["version"] and f"version {one['version']}"]
    return " ".join(part for part in parts if part)
