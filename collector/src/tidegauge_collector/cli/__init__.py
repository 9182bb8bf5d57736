"""`tidegauge-collector`: what an operator runs. One file a command; none loads stores or gRPC unless it must."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from tidegauge_collector import __version__
from tidegauge_collector.cli import (
    agents,
    alerts,
    backup,
    certs,
    channels,
    check,
    delete,
    deployments,
    doctor,
    export,
    measure,
    monitors,
    power,
    quarantine,
    report,
    routes,
    serve,
    shrink,
    silences,
    tokens,
)
from tidegauge_collector.errors import CollectorError

EPILOG = """examples:
  tidegauge-collector serve                              all defaults: data in ./tidegauge-data, this machine only
  tidegauge-collector serve --config collector.toml      settings from a file (docs/configuration.md)
  tidegauge-collector check collector.toml               all problems of a configuration file at once
  tidegauge-collector certs init --host monitor.example  TLS for a first trial (docs/security.md)
  tidegauge-collector tokens create web --scope ingest   a token for agents
  tidegauge-collector monitors plan monitors/            what files of monitors would change (docs/monitors-as-code.md)
  tidegauge-collector measure --deployment NAME          metrics of a range, from what is stored (docs/metrics.md)
  tidegauge-collector channels test --config FILE        a test message through every channel

exit codes: 0 ended as asked, 1 an address is in use, 70 a store cannot go on (start again), 75 the data directory is in use,
78 the configuration is wrong or the data is of a newer version
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    parsed = _parser().parse_args(arguments)
    try:
        return int(parsed.run(parsed))
    except CollectorError as problem:
        print(f"tidegauge-collector: {problem}", file=sys.stderr)
        return problem.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tidegauge-collector",
        description="Central collector for Tidegauge agents.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (
        serve,
        check,
        backup,
        doctor,
        shrink,
        certs,
        tokens,
        agents,
        quarantine,
        delete,
        export,
        channels,
        routes,
        alerts,
        silences,
        measure,
        power,
        monitors,
        deployments,
        report,
    ):
        command.add_to(commands)
    return parser
