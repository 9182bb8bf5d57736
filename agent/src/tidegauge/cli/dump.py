"""`tidegauge dump`: exactly what would leave this host, readable."""

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tidegauge.cli import text
from tidegauge.cli.arguments import Commands, add_command, add_json, add_where, chosen_roots
from tidegauge.operating.dumping import Key, Leaving, Summary, follow, key_of, leaving

_EXAMPLES = """examples:
  tidegauge dump | less                                  every frame that waits, one JSON object a line
  tidegauge dump --deployment flights-delay --follow     and those that come
  tidegauge dump --summary                               what leaves, by deployment, version and kind
  tidegauge dump | jq -r 'select(.kind == "records") | .frame.records.prediction_ids[]'

Frames go through the same code as when they are shipped; every field that is set is printed, under its name in
telemetry.proto. Beside frames each conversation carries: host name, process id, version and a random id of the shipper, the
epochs with their numbers, its clock, and the token where there is one. Nothing is changed, nothing is sent.

exit codes: 0 well, 1 something cannot be read, 2 wrong usage
"""
_HEADER = ("DEPLOYMENT", "VERSION", "KIND", "FRAMES", "BYTES", "ROWS", "IDS", "COLUMNS")
MANY = 8  # columns named in a table


def add_to(commands: Commands) -> None:
    """Declare the command."""
    dump = add_command(
        commands,
        "dump",
        help="print exactly what would leave this host",
        description="Print exactly what would leave this host: every frame that is not acknowledged, one JSON object a line.",
        epilog=_EXAMPLES,
        run=run,
    )
    add_where(dump)
    dump.add_argument("--deployment", metavar="D", help="only frames of this deployment (gaps have none)")
    how = dump.add_mutually_exclusive_group()
    how.add_argument("--follow", action="store_true", help="go on with the frames that come, until interrupted")
    how.add_argument("--summary", action="store_true", help="totals instead of frames")
    add_json(dump, "with --summary: JSON instead of a table (frames are JSON always)")


def run(options: argparse.Namespace) -> int:
    """Print and return the exit code."""
    roots = chosen_roots(options)
    frames = follow(lambda: chosen_roots(options)) if options.follow else _all(roots)
    chosen = (one for one in frames if options.deployment is None or key_of(one)[0] == options.deployment)
    if options.summary:
        _print_summary(chosen, as_json=options.json)
        return 0
    for one in chosen:
        sys.stdout.write(json.dumps(one.as_values(), ensure_ascii=True, allow_nan=False) + "\n")
        if options.follow:
            sys.stdout.flush()
    sys.stdout.flush()
    return 0


def _all(roots: list[Path]) -> Iterator[Leaving]:
    for root in roots:
        yield from leaving(root)


def _print_summary(frames: Iterator[Leaving], *, as_json: bool) -> None:
    totals: defaultdict[Key, Summary] = defaultdict(Summary)
    for one in frames:
        totals[key_of(one)].take(one)
    if as_json:
        text.print_json({"items": [_as_json(key, total) for key, total in sorted(totals.items())]})
    elif totals:
        print(text.table(_HEADER, [_row(key, total) for key, total in sorted(totals.items())]))
    else:
        print("nothing waits to leave")


def _row(key: Key, total: Summary) -> tuple[str, ...]:
    names = sorted(total.columns)
    columns = ", ".join(names[:MANY]) + (f", and {len(names) - MANY} more" if len(names) > MANY else "")
    return (*key, f"{total.frames:,}", text.size(total.size_bytes), f"{total.rows:,}", f"{total.ids:,}", columns)


def _as_json(key: Key, total: Summary) -> dict[str, object]:
    deployment, version, kind = key
    return {
        "deployment": deployment,
        "version": version,
        "kind": kind,
        "frames": total.frames,
        "size_bytes": total.size_bytes,
        "rows": total.rows,
        "ids": total.ids,
        "columns": sorted(total.columns),
    }
