"""`tidegauge spool import`: unpack a parcel where there is a link."""

import argparse
from pathlib import Path

from tidegauge.cli import text
from tidegauge.cli.arguments import Commands, add_command, add_json, add_where, chosen_spool
from tidegauge.errors import UsageError
from tidegauge.operating.importing import Imported, import_parcel
from tidegauge.operating.looking import roots_in
from tidegauge.shipper.destination import DESTINATION_NAME

_EXAMPLES = """examples:
  tidegauge spool import week-47.tgspool --root /var/lib/tidegauge/carried
  tidegauge ship --root /var/lib/tidegauge/carried --collector grpcs://monitor.example:8643 --drain

Importing twice changes nothing. Everything in the parcel is checked before anything is written. --root is made where it is
missing; a root of its own for what is carried keeps it apart from the quota of agents on this host.

exit codes: 0 well, 1 the parcel is damaged, newer than this version, or comes before an earlier one, 2 wrong usage
"""


def add_to(commands: Commands) -> None:
    """Declare the command."""
    parser = add_command(
        commands,
        "import",
        help="unpack a parcel where there is a link",
        description="Check a parcel and unpack it into a spool root, where an ordinary shipper takes it up.",
        epilog=_EXAMPLES,
        run=run,
        full_name="spool import",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="what `tidegauge spool export` has made")
    add_where(parser)
    parser.add_argument(
        "--without-earlier",
        action="store_true",
        help="an earlier parcel of the same epochs is lost: report what was in it as missing",
    )
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Unpack and return the exit code."""
    root = options.root or _only_root(options)
    imported = import_parcel(options.file, root, without_earlier=options.without_earlier)
    if options.json:
        text.print_json(_as_json(root, imported))
    else:
        _print(root, imported)
    return 0


def _only_root(options: argparse.Namespace) -> Path:
    spool = chosen_spool(options)
    roots = roots_in(spool)
    if len(roots) != 1:
        raise UsageError(f"{spool} holds {len(roots)} spool roots: say with --root where the frames are to go")
    return roots[0]


def _print(root: Path, imported: Imported) -> None:
    manifest = imported.manifest
    print(f"{root}: {imported.new_frames:,} new frames of {manifest.frames:,}, {len(manifest.epochs)} epochs")
    print(
        f"packed on {text.printable(manifest.host)} at {text.printable(manifest.created_at)}, parcel {manifest.parcel}"
    )
    if not (root / DESTINATION_NAME).exists():
        print(f"next: tidegauge ship --root {root} --collector grpcs://HOST:PORT")


def _as_json(root: Path, imported: Imported) -> dict[str, object]:
    manifest = imported.manifest
    return {
        "root": str(root),
        "parcel": manifest.parcel,
        "host": manifest.host,
        "created_at": manifest.created_at,
        "frames": manifest.frames,
        "new_frames": imported.new_frames,
        "epochs": len(manifest.epochs),
        "known_epochs": imported.known_epochs,
    }
