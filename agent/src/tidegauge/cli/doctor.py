"""`tidegauge doctor`: is all well on this host, and what to do if not."""

import argparse
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from tidegauge.cli import text
from tidegauge.cli.arguments import (
    Commands,
    add_command,
    add_credentials,
    add_json,
    add_where,
    chosen_roots,
    chosen_spool,
    destination_of,
)
from tidegauge.errors import TidegaugeError
from tidegauge.operating.census import take_root_census
from tidegauge.operating.checks_of_collector import check_collector
from tidegauge.operating.checks_of_host import check_versions
from tidegauge.operating.checks_on_disk import check_root
from tidegauge.operating.findings import FAIL, WARN, Finding
from tidegauge.settings import parse_settings
from tidegauge.shipper.credentials import credentials_of, read_credentials
from tidegauge.shipper.destination import TOKEN_VARIABLE, Destination, read_destination

_EXAMPLES = """examples:
  tidegauge doctor                                            the spool of `init`, and the collectors that it names
  tidegauge doctor --spool /var/lib/tidegauge --json
  tidegauge doctor --collector grpcs://monitor.example:8643 --ca-file ca.pem --token-file token

conservation: every number that an epoch has given is acknowledged, spooled, dropped for a reason, quarantined or carried by hand.
A token is taken from token_file, else from TIDEGAUGE_TOKEN. Nothing is changed; the collector is greeted without naming an epoch.

exit codes: 0 well (warnings too), 1 something failed, 2 wrong usage
"""
Section = tuple[str, list[Finding]]


def add_to(commands: Commands) -> None:
    """Declare the command."""
    doctor = add_command(
        commands,
        "doctor",
        help="say whether all is well here, and what to do if not",
        description="Check spool, shipper, the way to the collector, clock and versions; say what to do next.",
        epilog=_EXAMPLES,
        run=run,
    )
    add_where(doctor)
    add_credentials(doctor, "check the way to this collector instead of those that the roots name")
    add_json(doctor)


def run(options: argparse.Namespace) -> int:
    """Print and return the exit code."""
    sections = [(title, list(findings)) for title, findings in _sections(options)]
    states = [one.state for _, findings in sections for one in findings]
    if options.json:
        items = [{"about": title, **asdict(one)} for title, findings in sections for one in findings]
        text.print_json({"well": FAIL not in states, "items": items})
    else:
        print("\n\n".join(map(_text, sections)))
        print(f"\n{states.count(FAIL)} failed, {states.count(WARN)} warnings")
    return 1 if FAIL in states else 0


def _sections(options: argparse.Namespace) -> Iterator[tuple[str, list[Finding]]]:
    yield "this host", check_versions()
    named = destination_of(options)
    roots = _roots(options)
    if not roots:
        yield (
            "spool",
            [
                Finding(
                    "spool",
                    WARN,
                    f"no spool root in {chosen_spool(options)}",
                    "nothing was sealed here by this user yet; else name the spool with --spool",
                )
            ],
        )
    for root in roots:
        yield str(root), _check_root(root)
    if named is not None:
        yield named.collector, _check_collector(named, None)
    for root in _with_different_destinations(roots) if named is None else []:
        yield read_destination(root).collector, _check_collector(read_destination(root), root)


def _roots(options: argparse.Namespace) -> list[Path]:
    if options.root is None and options.spool is None and not chosen_spool(options).is_dir():
        return []  # the default, and nothing has run here yet: no wrong usage
    return chosen_roots(options)


def _check_root(root: Path) -> list[Finding]:
    try:
        return check_root(take_root_census(root), _quota_bytes())
    except (TidegaugeError, OSError) as error:
        return [Finding("spool", FAIL, str(error), "run this command as the agents' user, or mend what it says")]


def _quota_bytes() -> int:
    """The quota of agents that take it from the environment, as this command does; else the usual one."""
    environment = {name: text for name in ("TIDEGAUGE_SPOOL_QUOTA_BYTES",) if (text := os.environ.get(name))}
    return parse_settings({"deployment": "doctor"}, environment).spool_quota_bytes


def _check_collector(destination: Destination, root: Path | None) -> list[Finding]:
    token = os.environ.get(TOKEN_VARIABLE) or None
    try:
        credentials = (
            read_credentials(destination, token=token) if root is None else credentials_of(root, destination, token)
        )
    except (TidegaugeError, OSError) as error:
        return [Finding("credentials", FAIL, str(error), "put it right; the shipper takes it up within seconds")]
    return list(check_collector(destination, credentials))


def _with_different_destinations(roots: list[Path]) -> list[Path]:
    found: dict[Destination, Path] = {}
    for root in roots:
        try:
            found.setdefault(read_destination(root), root)
        except TidegaugeError:
            continue  # the checks of the root say so
    return list(found.values())


def _text(section: Section) -> str:
    title, findings = section
    lines = [text.printable(title)]
    for one in findings:
        lines.append(f"  {one.state:4}  {one.check:12}  {text.printable(one.text)}")
        if one.next_step:
            lines.append(f"        {'':12}  -> {text.printable(one.next_step)}")
    return "\n".join(lines)
