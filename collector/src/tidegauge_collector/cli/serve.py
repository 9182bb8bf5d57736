"""`tidegauge-collector serve`: take in telemetry, measure, judge, alert and serve the pages."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path
from typing import Any

from tidegauge_collector.cli.logs import configure_logs
from tidegauge_collector.settings import load_settings


def add_to(commands: Any) -> None:
    """Hang the command into the parser's subparsers."""
    serve = commands.add_parser("serve", help="take in telemetry, measure, judge, alert and serve the pages")
    serve.add_argument("--config", type=Path, metavar="FILE", help="settings in TOML")
    serve.add_argument("--data", type=Path, metavar="DIR", help="where everything is kept (default ./tidegauge-data)")
    serve.add_argument(
        "--http", metavar="HOST:PORT", help="API and pages (default 127.0.0.1:8642; port 0 = any free one)"
    )
    serve.add_argument("--grpc", metavar="HOST:PORT", help="agents (default 127.0.0.1:8643; port 0 = any free one)")
    serve.add_argument(
        "--tls-cert", type=Path, metavar="FILE", help="certificate (with its chain) in PEM, for both ports"
    )
    serve.add_argument("--tls-key", type=Path, metavar="FILE", help="its key")
    serve.set_defaults(run=_serve)


def _serve(parsed: argparse.Namespace) -> int:
    flags = {"data": parsed.data, "http": parsed.http, "grpc": parsed.grpc}
    flags |= {"tls_cert": parsed.tls_cert, "tls_key": parsed.tls_key}
    settings = load_settings(parsed.config, flags=flags)
    configure_logs(settings.log_format)
    from tidegauge_collector.app import Collector, serve  # noqa: PLC0415 - so that --help and check answer at once

    def started(collector: Collector) -> None:
        print(f"pages and API   {collector.http_url}", flush=True)
        print(f"agents          {collector.grpc_url}", flush=True)
        print(f"data            {settings.data.resolve()}", flush=True)

    asyncio.run(serve(settings, started))
    return 0
