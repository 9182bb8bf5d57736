"""`monitors test` and `monitors backtest`: what files of monitors would say of scenarios, and of what is stored."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tidegauge_collector.cli.monitor_plans import CHANGED
from tidegauge_collector.cli.progress import Progress
from tidegauge_collector.cli.remote import Server, add_server, escaped, server_of
from tidegauge_collector.cli.tables import coloured, plain_text, print_table
from tidegauge_collector.cli.times import rfc3339, time_us
from tidegauge_collector.errors import ConfigError

if TYPE_CHECKING:
    from tidegauge_collector.core.definitions import Definition
    from tidegauge_collector.core.monitors import Monitor

Json = Mapping[str, Any]
VERDICTS = ("ok", "warning", "failing", "not_enough_data", "not_applicable", "error")


def add_to(actions: Any) -> None:
    """Hang both into the subparsers of `monitors`."""
    test = actions.add_parser("test", help="run scenarios in plain text; needs no collector")
    test.add_argument("scenarios", nargs="+", type=Path, metavar="SCENARIO", help="files of cases, or folders of *.txt")
    test.add_argument(
        *("--monitors", "-m"),
        action="append",
        type=Path,
        metavar="PATH",
        default=[],
        help="files or folders of monitors that cases name; else the built-in ones",
    )
    test.set_defaults(run=_test)
    backtest = actions.add_parser("backtest", help="how often monitors would have fired on what is stored, and when")
    backtest.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="files, or folders of monitors")
    backtest.add_argument(
        "--deployment", action="append", metavar="PATTERN", help="only these of those that a monitor matches"
    )
    backtest.add_argument("--monitor", action="append", metavar="ID", help="only these of the files")
    backtest.add_argument("--from", dest="start", metavar="TIME", help="only windows that end from this time on")
    backtest.add_argument("--to", dest="end", metavar="TIME", help="only windows that end before or at this time")
    backtest.add_argument(
        "--last", metavar="TIME", help="only the newest 30d, 12h, … of what is stored of a deployment"
    )
    backtest.add_argument("--json", action="store_true", help="everything, for scripts")
    backtest.add_argument(
        "--exit-code", action="store_true", help=f"exit code {CHANGED} where something would have fired"
    )
    add_server(backtest)
    backtest.set_defaults(run=_backtest)


# ---------------------------------------------------------------------- scenarios


def _test(parsed: argparse.Namespace) -> int:
    from tidegauge_collector.core.scenario import ScenarioError, parse, run  # noqa: PLC0415 - so that --help answers at once

    monitors = _known(parsed.monitors)
    wrong, failed, cases = [], 0, 0
    for path in _scenario_files(parsed.scenarios):
        try:
            scenario = parse(_text(path))
            failures = run(scenario, monitors)
        except ScenarioError as problem:
            wrong.append(f"{path}: {problem}")
            continue
        cases += len(scenario.cases)
        failed += len({one.case for one in failures})
        for one in failures:
            print(coloured(f"{path}: {one}", "-"))
    if wrong:
        raise ConfigError(f"{len(wrong)} scenario file(s) cannot be run:\n" + "\n".join(f"  - {one}" for one in wrong))
    print(f"{cases - failed} of {cases} case(s) hold")
    return 1 if failed else 0


def _known(paths: Sequence[Path]) -> dict[str, Monitor]:
    """The monitors that cases may name: the built-in ones, and those of files in their place."""
    from tidegauge_collector.cli.monitor_files import read_files  # noqa: PLC0415
    from tidegauge_collector.core.definitions import resolved  # noqa: PLC0415

    definitions = read_files(paths)[0] if paths else ()
    return {one.id: one.monitor for one in resolved(definitions).values()}


def _scenario_files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(path.rglob("*.txt"))
        else:
            yield path


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise ConfigError(f"{path} cannot be read ({problem}): give a file of cases") from problem


# ---------------------------------------------------------------------- what is stored


def _backtest(parsed: argparse.Namespace) -> int:
    from tidegauge_collector.cli.monitor_files import read_files  # noqa: PLC0415
    from tidegauge_collector.core.definitions import judged_rules  # noqa: PLC0415

    definitions, _ = read_files(parsed.paths)
    unknown = set(parsed.monitor or ()) - {one.id for one in definitions}
    if unknown:
        raise ConfigError(
            f"--monitor {', '.join(sorted(unknown))}: the files have {', '.join(d.id for d in definitions)}"
        )
    named = [one for one in definitions if parsed.monitor is None or one.id in parsed.monitor]
    chosen = [rule for one in named for rule in judged_rules(one)]
    server, progress, found = server_of(parsed), Progress(), []
    try:
        for definition, deployment in _pairs(server, chosen, parsed.deployment):
            asked = _range(server, parsed, deployment)
            found.append(_walk(server, definition, deployment, asked, progress))
    finally:
        progress.end()
    if parsed.json:
        print(json.dumps({"items": found}, indent=2))
    else:
        _print_found(found)
    return CHANGED if parsed.exit_code and any(one["episodes"] for one in found) else 0


def _pairs(
    server: Server, definitions: Sequence[Definition], patterns: Sequence[str] | None
) -> list[tuple[Definition, str]]:
    """Every monitor with every deployment that it would stand for."""
    from tidegauge_collector.core.definitions import Target  # noqa: PLC0415

    targets = [Target(one["name"], one["labels"]) for one in server.read("/deployments")["items"]]
    wanted = [one for one in targets if patterns is None or any(fnmatchcase(one.name, each) for each in patterns)]
    if not wanted:
        names = ", ".join(one.name for one in targets) or "none"
        raise ConfigError(f"no deployment is called {' or '.join(patterns or ['*'])}: there are {names}")
    return [(each, one.name) for one in wanted for each in definitions if each.matches(one)]


def _range(server: Server, parsed: argparse.Namespace, deployment: str) -> dict[str, str]:
    """The times asked for; `--last` counts back from the end of the deployment's data."""
    times = {"start": time_us(parsed.start, "--from"), "end": time_us(parsed.end, "--to")}
    asked = {name: rfc3339(at_us) for name, at_us in times.items() if at_us is not None}
    if parsed.last is None:
        return asked
    if "start" in asked:
        raise ConfigError("--last and --from say two things: give one of them")
    status = server.read(f"/deployments/{escaped(deployment)}/status")
    newest = asked.get("end") or status["data_end"] or status["service_end"]
    if newest is None:
        return asked
    return asked | {"start": (datetime.fromisoformat(newest) - _span(parsed.last)).isoformat()}


def _span(text: str) -> timedelta:
    from tidegauge_collector.core.shapes import seconds_of  # noqa: PLC0415

    try:
        return timedelta(seconds=seconds_of(text))
    except (ValueError, OverflowError) as problem:
        raise ConfigError(f"--last {text!r:.80}: write a time such as 30d or 12h") from problem


def _walk(
    server: Server, definition: Definition, deployment: str, asked: Mapping[str, str], progress: Progress
) -> dict[str, Any]:
    """Piece after piece, until there is no more."""
    from tidegauge_collector.core.plans import table_of  # noqa: PLC0415

    body: dict[str, Any] = {"deployment": deployment, "monitor": table_of(definition, every=True), **asked}
    episodes: list[Json] = []
    verdicts: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    while True:
        piece = server.send("POST", "/monitors/backtest", body)
        episodes += piece["episodes"]
        verdicts.update(piece["verdicts"])
        reasons.update(piece["reasons"])
        progress(f"{deployment} {definition.id}", piece["done"], piece["total"])
        if piece["resume"] is None:
            break
        body["resume"] = piece["resume"]
    return {
        "deployment": deployment,
        "monitor": definition.id,
        **asked,
        "windows": piece["done"],
        "verdicts": dict(verdicts),
        "reasons": dict(reasons),
        "skipped": piece["skipped"],
        "episodes": sorted(episodes, key=lambda one: str(one["opened"])),
    }


def _print_found(found: Sequence[Json]) -> None:
    if not found:
        print("no monitor of these files matches a deployment")
    for one in found:
        times = len(one["episodes"])
        fired = f"would have fired {times} time{'' if times == 1 else 's'}" if times else "would not have fired"
        print(f"{coloured(plain_text(one['deployment']), 'bold')}  {plain_text(one['monitor'])}: {fired}")
        said = ", ".join(f"{one['verdicts'][name]} {name}" for name in VERDICTS if one["verdicts"].get(name))
        why = ", ".join(f"{reason} {count}" for reason, count in sorted(one["reasons"].items()))
        print(f"  {one['windows']} window(s): {said or 'nothing to judge'}" + (f" ({why})" if why else ""))
        for version, reason in one["skipped"].items():
            print(f"  version {plain_text(version)} cannot be judged: {reason}")
        if times:
            print_table([HEAD, *map(_cells, one["episodes"])], indent="  ")


HEAD = (
    "OPENED",
    "RESOLVED",
    "SEVERITY",
    "COLUMN",
    "SEGMENT",
    "VERSION",
    "WORST VALUE",
    "IN THE WINDOW TO",
    "BAD WINDOWS",
)


def _cells(one: Json) -> tuple[object, ...]:
    worst = None if one["worst_value"] is None else f"{one['worst_value']:.4g}"
    return (
        _minute(one["opened"]),
        _minute(one["resolved"]) or "still fires",
        *(one[name] for name in ("severity", "column", "segment", "version")),
        worst,
        _minute(one["worst_window_end"]),
        one["bad_windows"],
    )


def _minute(text: str | None) -> str:
    return "" if text is None else f"{text[:10]} {text[11:16]}Z"
