"""`python -m flights_demo`: real flights, a delay model, and Tidegauge watching it."""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import sys
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from flights_demo.client import ApiError
from flights_demo.collector import CollectorError
from flights_demo.demo import Demo, NotSettledError, Options
from flights_demo.processes import ProcessError
from flights_demo.shift import DEFAULT_SHIFT, parse_shift

FIRST_DAY = date(2013, 4, 1)
LAST_MONTH, LAST_DAY = 9, 275
FLAWED, STOPPED = 1, 130
MARKER = "made-by-the-flights-demo"
EPILOG = f"""examples:
  python -m flights_demo                     April to December 2013, then serve until Ctrl-C
  python -m flights_demo --months 1          April only: a first look in half a minute
  python -m flights_demo --shift             a sensor in other units in September ({DEFAULT_SHIFT})
  python -m flights_demo --chaos --exit      kill -9 the collector twice and a worker once; exit after the table

exit codes: 0 everything that was promised held, 1 something did not (the table says what), 2 the command line is wrong,
130 stopped before the table
DEMO_EXIT=1 in the environment is the same as --exit.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; returns the exit code."""
    chosen = _parser().parse_args(arguments)
    console = Console(width=None if sys.stdout.isatty() else 120)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that every process is ended then, too
    folder = _fresh_folder(chosen.data)
    try:
        return _run(
            Options(folder=folder, days=_days(chosen), shift=chosen.shift or "", chaos=chosen.chaos), chosen, console
        )
    finally:
        if not chosen.keep:
            shutil.rmtree(folder, ignore_errors=True)


def _run(options: Options, chosen: argparse.Namespace, console: Console) -> int:
    code = STOPPED
    with contextlib.closing(Demo(options, console)) as demo:
        try:
            code = FLAWED if any(not one.holds for one in demo.run()) else 0
            console.print(f"\nDashboard   [bold]{demo.collector.http}/deployments/flights-delay[/]")
            if not (chosen.exit or os.environ.get("DEMO_EXIT", "") not in {"", "0"}):
                console.print("Serving until Ctrl-C.")
                demo.serve()
        except KeyboardInterrupt:
            console.print("\nStopped.")
        except (ApiError, CollectorError, ProcessError, NotSettledError) as problem:
            console.print(f"[bold red]The demo cannot go on:[/] {escape(str(problem))}", highlight=False)
            code = FLAWED
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m flights_demo",
        description="Replays the flights of 2013 from New York through a watched delay model into a collector.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    length = parser.add_mutually_exclusive_group()
    length.add_argument(
        "--months",
        type=_up_to(LAST_MONTH, "months"),
        default=LAST_MONTH,
        metavar="N",
        help="replay N months (1 to 9, default 9)",
    )
    length.add_argument("--days", type=_up_to(LAST_DAY, "days"), metavar="N", help="replay N days instead")
    parser.add_argument(
        "--shift",
        type=_shift,
        nargs="?",
        const=DEFAULT_SHIFT,
        metavar="COLUMN:FROM:TO",
        help="give a column other units from a day on, up to another",
    )
    parser.add_argument("--chaos", action="store_true", help="kill -9 the collector twice and a worker once")
    parser.add_argument("--exit", action="store_true", help="exit after the table instead of serving on")
    parser.add_argument(
        "--data", type=Path, default=Path(".demo"), metavar="DIR", help="where to keep the run (default .demo)"
    )
    parser.add_argument("--keep", action="store_true", help="leave DIR behind (ledger, logs, stores, result.json)")
    return parser


def _up_to(most: int, what: str) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isdigit() or not 1 <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number of {what} from 1 to {most}")
        return int(text)

    return parse


def _shift(text: str) -> str:
    try:
        return str(parse_shift(text))
    except ValueError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from problem


def _days(chosen: argparse.Namespace) -> int:
    if chosen.days is not None:
        return int(chosen.days)
    end = FIRST_DAY.month + chosen.months
    return (date(2013 + (end - 1) // 12, (end - 1) % 12 + 1, 1) - FIRST_DAY).days


def _fresh_folder(path: Path) -> Path:
    """An empty folder; what an earlier run left is deleted, anybody else's files are not."""
    if path.exists() and any(path.iterdir()):
        if not (path / MARKER).exists():
            sys.exit(f"{path} is not empty and not of an earlier demo: give another --data DIR")
        shutil.rmtree(path)
    path.mkdir(parents=True, exist_ok=True)
    (path / MARKER).touch()
    return path


if __name__ == "__main__":
    sys.exit(main())
