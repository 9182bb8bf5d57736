"""`tidegauge-collector certs`: a private authority and certificates for a first trial with TLS."""

from __future__ import annotations

import argparse
import socket
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tidegauge_collector.cli.datadir import add_data, own_directory

if TYPE_CHECKING:
    from tidegauge_collector.access.authority import Pair

EPILOG = """examples:
  tidegauge-collector certs init --host monitor.example             an authority, and a certificate for this collector
  tidegauge-collector certs client web-1 --deployment 'shop-*'      a certificate for an agent (mutual TLS)
  tidegauge-collector certs renew                                   another 90 days, under the same names
  tidegauge-collector certs show

Everything lies in DIR/tls, keys with mode 0600. A running collector takes up changed files within seconds.
"""
LOCAL = ("localhost", "127.0.0.1", "::1")
GRPC_PORT = 8643


def add_to(commands: Any) -> None:
    """Hang the command into the parser's subparsers."""
    certs = commands.add_parser(
        "certs",
        help="certificates for a first trial with TLS",
        description="A private authority for a first trial; a company's own takes its place at any time.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = certs.add_subparsers(required=True, metavar="ACTION")
    init = actions.add_parser("init", help="make an authority (a year) and the collector's certificate (90 days)")
    renew = actions.add_parser("renew", help="make a new certificate for the collector, of the same authority")
    for action in (init, renew):
        action.add_argument(
            "--host", action="append", metavar="NAME", help="host name or address by which agents call it; repeatable"
        )
    client = actions.add_parser("client", help="make a certificate for an agent (90 days)")
    client.add_argument("name", metavar="NAME")
    client.add_argument("--deployment", action="append", metavar="PATTERN", help="for these deployments (default *)")
    client.add_argument("--replace", action="store_true", help="in the place of the one that NAME has")
    shown = actions.add_parser("show", help="show who has a certificate, and until when")
    for action, run in ((init, _init), (renew, _renew), (client, _client), (shown, _show)):
        add_data(action)
        action.set_defaults(run=run)


def _init(parsed: argparse.Namespace) -> int:
    from tidegauge_collector.access.authority import Authority, check_host  # noqa: PLC0415 - so that --help answers at once

    hosts = parsed.host or [socket.gethostname()]
    for host in hosts:
        check_host(host)
    now = datetime.now(UTC)
    authority = Authority.create(own_directory(parsed.data).resolve() / "tls", now)
    pair = authority.issue_server([*hosts, *LOCAL], now)
    print(f"authority     {authority.directory / 'ca.pem'}   until {_day(authority.certificate.not_valid_after_utc)}")
    _print_server(pair, hosts)
    _print_what_agents_need(authority.directory, hosts[0])
    print(f"\nwho has {authority.directory / 'ca.key'} can make himself the collector: move it away from this host")
    return 0


def _renew(parsed: argparse.Namespace) -> int:
    from tidegauge_collector.access.authority import Authority, hosts_served  # noqa: PLC0415

    authority = Authority.open(own_directory(parsed.data).resolve() / "tls")
    hosts = parsed.host or [one for one in hosts_served(authority.directory) if one not in LOCAL]
    pair = authority.issue_server([*(hosts or [socket.gethostname()]), *LOCAL], datetime.now(UTC))
    _print_server(pair, hosts)
    print("a running collector takes it up within seconds; agents need nothing new")
    return 0


def _client(parsed: argparse.Namespace) -> int:
    from tidegauge_collector.access.authority import Authority  # noqa: PLC0415

    authority = Authority.open(own_directory(parsed.data).resolve() / "tls")
    pair = authority.issue_client(parsed.name, parsed.deployment or ["*"], datetime.now(UTC), replaces=parsed.replace)
    print(f"certificate   {pair.certificate}   until {_day(pair.not_after)}")
    print(f"key           {pair.key}")
    print("\nthe collector, so that it asks agents for certificates (all of them then need one):")
    print(f"  TIDEGAUGE_TLS_CLIENT_CA={authority.directory / 'ca.pem'}")
    print("\nthe agent (copy the files to its host; the key for its user alone):")
    print("  TIDEGAUGE_CA_FILE=/etc/tidegauge/ca.pem")
    print(f"  TIDEGAUGE_CERT_FILE=/etc/tidegauge/{pair.certificate.name}")
    print(f"  TIDEGAUGE_KEY_FILE=/etc/tidegauge/{pair.key.name}")
    return 0


def _show(parsed: argparse.Namespace) -> int:
    directory = own_directory(parsed.data).resolve() / "tls"
    files = [directory / "ca.pem", directory / "server.pem", *sorted((directory / "clients").glob("*.pem"))]
    lines = [_line(path, directory) for path in files if path.exists()]
    print("\n".join(lines) if lines else f"none in {directory}: `tidegauge-collector certs init` makes them")
    return 0


def _line(path: Path, directory: Path) -> str:
    from cryptography import x509  # noqa: PLC0415

    from tidegauge_collector.access.certificates import days_left, hosts_of, uris_of  # noqa: PLC0415

    name = str(path.relative_to(directory))
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as problem:
        return f"{name:24}  cannot be read: {problem}"
    days = days_left(certificate, datetime.now(UTC))
    until = f"until {_day(certificate.not_valid_after_utc)} ({days:.0f} days)" if days > 0 else "EXPIRED"
    whose = ", ".join([*hosts_of(certificate), *uris_of(certificate)]) or certificate.subject.rfc4514_string()
    return f"{name:24}  {until:32}  {whose}"


def _print_server(pair: Pair, hosts: Sequence[str]) -> None:
    print(f"certificate   {pair.certificate}   until {_day(pair.not_after)}, for {', '.join([*hosts, *LOCAL])}")
    print(f"key           {pair.key}")


def _print_what_agents_need(directory: Path, host: str) -> None:
    shown = f"[{host}]" if ":" in host else host
    print("\nthe collector:")
    print(f"  TIDEGAUGE_TLS_CERT={directory / 'server.pem'}")
    print(f"  TIDEGAUGE_TLS_KEY={directory / 'server.key'}")
    print("\nagents (copy ca.pem to their hosts; anybody may read it):")
    print(f"  TIDEGAUGE_COLLECTOR=grpcs://{shown}:{GRPC_PORT}")
    print("  TIDEGAUGE_CA_FILE=/etc/tidegauge/ca.pem")
    print("  TIDEGAUGE_TOKEN_FILE=/etc/tidegauge/token     (tidegauge-collector tokens create NAME --scope ingest)")


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"
