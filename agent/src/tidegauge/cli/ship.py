"""`tidegauge ship`: ship spools in the foreground, as a sidecar or once."""

import argparse
import sys
from pathlib import Path

from tidegauge.cli.arguments import Commands, add_command, add_credentials, destination_of
from tidegauge.errors import TidegaugeError

EXIT_NOT_SHIPPED = 1
EXIT_CONFIG = 78
_EXAMPLES = """examples:
  tidegauge ship --spool /var/lib/tidegauge            as a sidecar: serve all agents that write there
  tidegauge ship --root /var/lib/tidegauge/0-1a2b3c    one user's spool for one collector
  tidegauge ship --spool /var/lib/tidegauge --drain    ship what is there, then exit 0 (1: not everything could be shipped)

Set shipper="none" in the agents that a sidecar serves. A token is taken from the root's token_file, else from TIDEGAUGE_TOKEN.
"""


def add_to(commands: Commands) -> None:
    """Declare the command."""
    ship = add_command(
        commands,
        "ship",
        help="ship spools to the collector",
        description="Ship what agents have sealed in their spools to the collector, until told to stop (SIGTERM drains for 10 s).",
        epilog=_EXAMPLES,
        run=run,
    )
    where = ship.add_mutually_exclusive_group(required=True)
    where.add_argument("--root", type=Path, metavar="R", help="one spool root (it holds collector.json)")
    where.add_argument("--spool", type=Path, metavar="DIR", help="the agents' spool directory: all roots in it")
    add_credentials(ship, "with --root: ship there (grpcs://HOST:PORT) instead of what collector.json says")
    ship.add_argument("--drain", action="store_true", help="exit 0 once everything in the spool is acknowledged")
    ship.add_argument(
        "--linger-s",
        type=float,
        metavar="S",
        help="with --root: exit this long after the last writer has gone and all is shipped",
    )


def run(options: argparse.Namespace) -> int:
    """Ship and return the exit code."""
    from tidegauge.shipper.destination import write_destination  # noqa: PLC0415 - `--help` needs none of it
    from tidegauge.shipper.process import run_in_foreground  # noqa: PLC0415
    from tidegauge.shipper.spools import ship_spool  # noqa: PLC0415

    if options.spool is not None:
        code = ship_spool(options.spool, drain=options.drain)
        return code or (EXIT_NOT_SHIPPED if options.drain and _without_address(options.spool) else 0)
    if not options.root.is_dir():
        print(
            f"tidegauge ship: {options.root} is no spool root: name one, or the spool directory above it with --spool",
            file=sys.stderr,
        )
        return EXIT_CONFIG
    try:
        destination = destination_of(options)
        if destination is not None:
            write_destination(options.root, destination)
    except (TidegaugeError, OSError) as error:
        print(f"tidegauge ship: {error}", file=sys.stderr)
        return EXIT_CONFIG
    return run_in_foreground(options.root, mode="sidecar", drain=options.drain, linger_s=options.linger_s)


def _without_address(spool: Path) -> list[Path]:
    """The roots that hold epochs and name no collector, each said on stderr: their agent died before it could write one."""
    from tidegauge.operating.looking import roots_in  # noqa: PLC0415

    found = [root for root in roots_in(spool) if not (root / "collector.json").is_file()]
    for root in found:
        print(
            f"tidegauge ship: {root} names no collector, nothing of it was shipped: start its agent once, "
            f"or `tidegauge ship --root {root} --collector URL`",
            file=sys.stderr,
        )
    return found
