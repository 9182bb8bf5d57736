"""What several commands take: where the spool is, and how a collector is reached."""

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tidegauge.errors import UsageError
from tidegauge.settings import default_spool

if TYPE_CHECKING:
    from tidegauge.shipper.destination import Destination

Commands = Any  # argparse does not name the type of what add_subparsers returns


def add_command(
    commands: Commands,
    name: str,
    *,
    help: str,  # noqa: A002 - argparse calls it so
    description: str,
    epilog: str,
    run: Callable[[argparse.Namespace], int] | None,
    full_name: str | None = None,
) -> argparse.ArgumentParser:
    """A command with its examples; without `run` it only holds others."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=help, description=description, epilog=epilog, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.set_defaults(run=run, help=parser.print_help, name=full_name or name)
    return parser


def add_where(parser: argparse.ArgumentParser) -> None:
    """--root or --spool; without either the spool of `init`."""
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--root", type=Path, metavar="R", help="one spool root: the directory that holds collector.json")
    where.add_argument("--spool", type=Path, metavar="DIR", help="the agents' spool directory: all roots in it")


def add_json(parser: argparse.ArgumentParser, text: str = "print JSON, for machines") -> None:
    """--json."""
    parser.add_argument("--json", action="store_true", help=text)


def add_credentials(parser: argparse.ArgumentParser, collector_help: str) -> None:
    """--collector and what it takes to reach it."""
    parser.add_argument("--collector", metavar="URL", help=collector_help)
    parser.add_argument("--ca-file", metavar="PEM", help="with --collector: certificate authorities to trust")
    parser.add_argument("--cert-file", metavar="PEM", help="with --collector: the client's certificate")
    parser.add_argument("--key-file", metavar="PEM", help="with --collector: its key")
    parser.add_argument("--token-file", metavar="FILE", help="with --collector: a file that holds a token")
    parser.add_argument(
        "--insecure", action="store_true", help="with --collector: a token may leave this machine over grpc://"
    )


def destination_of(options: argparse.Namespace) -> "Destination | None":
    """The collector that was named, None where none was. Raises UsageError."""
    from tidegauge.shipper.destination import Destination  # noqa: PLC0415 - `--help` needs none of it

    files = {name: getattr(options, name) for name in ("ca_file", "cert_file", "key_file", "token_file")}
    if options.collector is None:
        given = [f"--{name.replace('_', '-')}" for name, path in files.items() if path]
        if given:
            raise UsageError(f"{', '.join(given)}: name the collector too, with --collector")
        return None
    absolute = {name: str(Path(path).absolute()) if path else None for name, path in files.items()}
    return Destination(options.collector, **absolute, insecure=options.insecure)


def chosen_roots(options: argparse.Namespace) -> list[Path]:
    """The spool roots that were named; raises UsageError where there is nothing of the kind."""
    from tidegauge.operating.looking import is_root, roots_in  # noqa: PLC0415

    if options.root is not None:
        if not options.root.is_dir() or not is_root(options.root):
            raise UsageError(f"{options.root} is no spool root: name one, or the spool directory above it with --spool")
        return [options.root]
    spool = chosen_spool(options)
    if not spool.is_dir():
        raise UsageError(f"{spool} is not a directory: name the agents' spool with --spool")
    if not roots_in(spool) and is_root(spool):
        raise UsageError(f"{spool} is a spool root itself: name it with --root")
    return roots_in(spool)


def chosen_spool(options: argparse.Namespace) -> Path:
    """The spool directory that was named, else that of `init`."""
    return options.spool or Path(os.environ.get("TIDEGAUGE_SPOOL") or default_spool()).expanduser()
