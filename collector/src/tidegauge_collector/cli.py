"""`tidegauge-collector`: serve, check."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import structlog

from tidegauge_collector import __version__
from tidegauge_collector.errors import CollectorError
from tidegauge_collector.settings import CollectorSettings, load_settings

EPILOG = """examples:
  tidegauge-collector serve                              all defaults: data in ./tidegauge-data, this machine only
  tidegauge-collector serve --config collector.toml      settings from a file (docs/configuration.md)
  tidegauge-collector check collector.toml               all problems of a configuration file at once

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
    serve = commands.add_parser("serve", help="take in telemetry, measure, judge, alert and serve the pages")
    serve.add_argument("--config", type=Path, metavar="FILE", help="settings in TOML")
    serve.add_argument("--data", type=Path, metavar="DIR", help="where everything is kept (default ./tidegauge-data)")
    serve.add_argument(
        "--http", metavar="HOST:PORT", help="API and pages (default 127.0.0.1:8642; port 0 = any free one)"
    )
    serve.add_argument("--grpc", metavar="HOST:PORT", help="agents (default 127.0.0.1:8643; port 0 = any free one)")
    serve.set_defaults(run=_serve)
    check = commands.add_parser("check", help="check a configuration file and say everything that is wrong with it")
    check.add_argument("file", type=Path, metavar="FILE")
    check.set_defaults(run=_check)
    return parser


def _serve(parsed: argparse.Namespace) -> int:
    flags = {"data": parsed.data, "http": parsed.http, "grpc": parsed.grpc}
    settings = load_settings(parsed.config, flags=flags)
    _configure_logs(settings)
    from tidegauge_collector.app import Collector, serve  # noqa: PLC0415 - so that --help and check answer at once

    def started(collector: Collector) -> None:
        print(f"pages and API   {collector.http_url}", flush=True)
        print(f"agents          {collector.grpc_url}", flush=True)
        print(f"data            {settings.data.resolve()}", flush=True)

    asyncio.run(serve(settings, started))
    return 0


def _check(parsed: argparse.Namespace) -> int:
    settings = load_settings(parsed.file)
    print(f"{parsed.file}: no problems; {len(settings.channels)} channel(s)")
    return 0


def _configure_logs(settings: CollectorSettings) -> None:
    """One line an event on standard error; foreign loggers through the same."""
    renderer = (
        structlog.processors.JSONRenderer()
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # a job that is still running is no news


if __name__ == "__main__":
    sys.exit(main())
