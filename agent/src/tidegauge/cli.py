"""The command `tidegauge`: what an operator runs beside an agent."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tidegauge.errors import TidegaugeError
from tidegauge.shipper.destination import Destination, write_destination
from tidegauge.version import __version__

EXIT_CONFIG = 78
_EXAMPLES = """examples:
  tidegauge ship --spool /var/lib/tidegauge            as a sidecar: serve all agents that write there
  tidegauge ship --root /var/lib/tidegauge/0-1a2b3c    one user's spool for one collector
  tidegauge ship --spool /var/lib/tidegauge --drain    ship what is there, then exit 0 (1: not everything could be shipped)

Set shipper="none" in the agents that a sidecar serves.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0 well, 1 not everything was shipped, 2 wrong usage, 78 wrong configuration."""
    parser = _parser()
    options = parser.parse_args(argv)
    if options.command != "ship":
        parser.print_help()
        return 0
    return _ship(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tidegauge",
        description="Tidegauge agent tools: monitoring of machine-learning models in production.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"tidegauge {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    ship = commands.add_parser(
        "ship",
        help="ship spools to the collector",
        description="Ship what agents have sealed in their spools to the collector, until told to stop (SIGTERM drains for 10 s).",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    where = ship.add_mutually_exclusive_group(required=True)
    where.add_argument("--root", type=Path, metavar="R", help="one spool root (it holds collector.json)")
    where.add_argument("--spool", type=Path, metavar="DIR", help="the agents' spool directory: all roots in it")
    ship.add_argument(
        "--collector",
        metavar="URL",
        help="with --root: ship there (grpcs://HOST:PORT) instead of what collector.json says",
    )
    ship.add_argument("--ca-file", metavar="PEM", help="with --collector: certificate authorities to trust")
    ship.add_argument("--drain", action="store_true", help="exit 0 once everything in the spool is acknowledged")
    ship.add_argument(
        "--linger-s",
        type=float,
        metavar="S",
        help="with --root: exit this long after the last writer has gone and all is shipped",
    )
    return parser


def _ship(options: argparse.Namespace) -> int:
    from tidegauge.shipper.process import run_in_foreground  # noqa: PLC0415 - `--help` needs none of it
    from tidegauge.shipper.spools import ship_spool  # noqa: PLC0415

    if options.spool is not None:
        return ship_spool(options.spool, drain=options.drain)
    try:
        if options.collector:
            write_destination(options.root, Destination(options.collector, options.ca_file))
    except (TidegaugeError, OSError) as error:
        print(f"tidegauge ship: {error}", file=sys.stderr)
        return EXIT_CONFIG
    return run_in_foreground(options.root, mode="sidecar", drain=options.drain, linger_s=options.linger_s)


if __name__ == "__main__":
    sys.exit(main())
