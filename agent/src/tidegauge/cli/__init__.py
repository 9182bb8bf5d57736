"""The command `tidegauge`: what an operator runs beside an agent. One file a command; none loads gRPC unless it must."""

import argparse
import os
import sys
from collections.abc import Sequence

from tidegauge.cli import doctor, dump, ship, spool
from tidegauge.errors import TidegaugeError, UsageError
from tidegauge.version import __version__

EXIT_WELL, EXIT_NOT_WELL, EXIT_USAGE = 0, 1, 2
_EXAMPLES = """examples:
  tidegauge doctor                                     is all well here, and what to do if not
  tidegauge dump | less                                exactly what would leave this host
  tidegauge ship --spool /var/lib/tidegauge            as a sidecar: serve all agents that write there
  tidegauge spool status                               what waits on this host
  tidegauge spool export --to week-47.tgspool          carry it by hand from a site without a link

Without --spool or --root the spool is the one of `init`: $TIDEGAUGE_SPOOL, else ~/.local/state/tidegauge.
Exit codes: 0 well; 1 something is not (the output says what); 2 wrong usage; 78 wrong configuration (`ship`).
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0 well, 1 something is not, 2 wrong usage, 78 wrong configuration."""
    options = _parser().parse_args(argv)
    if options.run is None:
        options.help()
        return EXIT_WELL
    try:
        return int(options.run(options))
    except UsageError as error:
        return _complain(options, error, EXIT_USAGE)
    except (TidegaugeError, OSError) as error:
        if isinstance(error, BrokenPipeError):
            return _reader_has_gone()
        return _complain(options, error, EXIT_NOT_WELL)
    except KeyboardInterrupt:
        return EXIT_WELL


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tidegauge",
        description="Tidegauge agent tools: monitoring of machine-learning models in production.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"tidegauge {__version__}")
    parser.set_defaults(run=None, help=parser.print_help)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for command in (ship, spool, doctor, dump):
        command.add_to(commands)
    return parser


def _complain(options: argparse.Namespace, error: Exception, code: int) -> int:
    print(f"tidegauge {options.name}: {error}", file=sys.stderr)
    return code


def _reader_has_gone() -> int:
    """`tidegauge dump | head` is no fault."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else the interpreter complains while it ends
    return EXIT_WELL
