"""`tidegauge spool export`: pack what is not shipped, to be carried by hand."""

import argparse
from pathlib import Path

from tidegauge.cli import text
from tidegauge.cli.arguments import Commands, add_command, add_json, add_where, chosen_roots
from tidegauge.errors import UsageError
from tidegauge.operating.exporting import Exported, export_parcel

_EXAMPLES = """examples:
  tidegauge spool export --to /media/stick/week-47.tgspool
  tidegauge spool export --root /var/lib/tidegauge/0-1a2b3c --to week-47.tgspool --acknowledge

At a site with a link: `tidegauge spool import week-47.tgspool --root DIR`, then `tidegauge ship --root DIR --collector URL`.
Frames keep their epochs and numbers, so that the collector counts nothing twice, also where this host ships later itself.

--acknowledge gives up here what is in the parcel, so that its space is free. Keep the parcel until it is imported: nobody else
has its frames then. Set shipper="none" in the agents: a shipper must not be at work meanwhile.

exit codes: 0 well, also where nothing waits (no file is made then), 1 it could not be written, 2 wrong usage
"""


def add_to(commands: Commands) -> None:
    """Declare the command."""
    export = add_command(
        commands,
        "export",
        help="pack what is not shipped, to be carried by hand",
        description="Pack everything that is sealed and not acknowledged into one file with checksums, to be carried by hand.",
        epilog=_EXAMPLES,
        run=run,
        full_name="spool export",
    )
    add_where(export)
    export.add_argument("--to", type=Path, metavar="FILE", required=True, help="the new file, FILE.tgspool by custom")
    export.add_argument(
        "--acknowledge", action="store_true", help="give up here what is in the parcel, to free its space"
    )
    add_json(export)


def run(options: argparse.Namespace) -> int:
    """Pack and return the exit code."""
    exported = export_parcel(_one_root(options), options.to, acknowledge=options.acknowledge)
    if options.json:
        text.print_json(_as_json(options.to, exported))
    elif exported is None:
        print("nothing waits here: no file was made")
    else:
        _print(options, exported)
    return 0


def _one_root(options: argparse.Namespace) -> Path:
    roots = chosen_roots(options)
    if len(roots) != 1:
        names = ", ".join(str(root) for root in roots) or "none"
        raise UsageError(f"a parcel holds one spool root, here are {len(roots)} ({names}): name one with --root")
    return roots[0]


def _print(options: argparse.Namespace, exported: Exported) -> None:
    manifest = exported.manifest
    print(
        f"{options.to}: {manifest.frames:,} frames of {len(manifest.epochs)} epochs, {text.size(exported.size_bytes)}"
    )
    rows = [(one.epoch, f"{one.frames:,}", f"{one.first_seq:,}", f"{one.last_seq:,}") for one in manifest.epochs]
    print(text.table(("EPOCH", "FRAMES", "FIRST", "LAST"), rows))
    if options.acknowledge:
        print(f"given up here: {text.size(exported.freed_bytes)} are free. Keep the parcel until it is imported.")


def _as_json(path: Path, exported: Exported | None) -> dict[str, object]:
    if exported is None:
        return {"path": None, "frames": 0, "epochs": []}
    manifest = exported.manifest
    return {
        "path": str(path),
        "parcel": manifest.parcel,
        "size_bytes": exported.size_bytes,
        "freed_bytes": exported.freed_bytes,
        "frames": manifest.frames,
        "epochs": [
            {"epoch": one.epoch, "first_seq": one.first_seq, "last_seq": one.last_seq, "frames": one.frames}
            for one in manifest.epochs
        ],
    }
