"""`tidegauge-collector tokens`: make, list, rotate and revoke tokens, beside a running collector, which sees it within seconds."""

from __future__ import annotations

import argparse
import contextlib
import getpass
import json
import os
import re
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tidegauge_collector.cli.datadir import add_data, own_directory
from tidegauge_collector.errors import ConfigError

if TYPE_CHECKING:
    from tidegauge_collector.control import TokenRecord, Tokens

EPILOG = """examples:
  tidegauge-collector tokens create web --scope ingest --deployment 'shop-*' --out web.token
  tidegauge-collector tokens create anna --scope read --expires 30d
  tidegauge-collector tokens list
  tidegauge-collector tokens rotate 1a2b3c4d5e --out web.token      the old one goes on for a day
  tidegauge-collector tokens revoke 1a2b3c4d5e                      nobody gets in with it 60 s later at the latest

scopes: ingest (agents: send telemetry), read (API, pages, /metrics), admin (everything).
A token is shown once; the collector keeps the SHA-256 of its secret.
"""
_DURATION = re.compile(r"([1-9][0-9]{0,5})([hd])")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_UNIT_US = {"h": 3_600_000_000, "d": 86_400_000_000}


def add_to(commands: Any) -> None:
    """Hang the command into the parser's subparsers."""
    tokens = commands.add_parser(
        "tokens",
        help="make, list, rotate and revoke tokens",
        description="Tokens for agents, programs and people.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = tokens.add_subparsers(required=True, metavar="ACTION")
    create = actions.add_parser("create", help="make a token and print it, once")
    create.add_argument("name", metavar="NAME", help="whose it is, for lists and logs")
    create.add_argument("--scope", required=True, choices=("ingest", "read", "admin"))
    create.add_argument(
        "--deployment", action="append", metavar="PATTERN", help="ingest only: for these deployments (* = anything)"
    )
    create.add_argument("--expires", metavar="TIME", default="365d", help="90d, 12h or never (default 365d)")
    rotate = actions.add_parser("rotate", help="make a successor; the old token goes on for a while")
    rotate.add_argument("id", metavar="ID")
    rotate.add_argument("--overlap", metavar="TIME", default="24h", help="how long the old one goes on (default 24h)")
    revoke = actions.add_parser("revoke", help="end a token now")
    revoke.add_argument("id", metavar="ID")
    shown = actions.add_parser("list", help="show all tokens, without their secrets")
    shown.add_argument("--json", action="store_true", help="as JSON")
    for action in (create, rotate):
        action.add_argument(
            "--out", type=Path, metavar="FILE", help="write the token there (mode 0600), do not print it"
        )
    for action, run in ((create, _create), (rotate, _rotate), (revoke, _revoke), (shown, _list)):
        add_data(action)
        action.set_defaults(run=run)


def _create(parsed: argparse.Namespace) -> int:
    from tidegauge_collector.access.tokens import EVERY_DEPLOYMENT  # noqa: PLC0415 - so that --help answers at once

    if not _NAME.fullmatch(parsed.name):
        raise ConfigError(f"name {parsed.name!r}: use letters, digits, '.', '_', '@' and '-', at most 64")
    deployments = _patterns(parsed.deployment, parsed.scope) or EVERY_DEPLOYMENT
    now_us = _now_us()
    life_us = _duration_us("--expires", parsed.expires)
    expires_at_us = None if life_us is None else now_us + life_us
    with _opened(parsed.data) as tokens, _told(parsed.out) as tell:
        text, record = _new(parsed.name, parsed.scope, deployments, now_us=now_us, expires_at_us=expires_at_us)
        _refusing(tokens.add, record)
        tell(text, record)
    return 0


def _rotate(parsed: argparse.Namespace) -> int:
    now_us = _now_us()
    overlap_us = _duration_us("--overlap", parsed.overlap)
    if overlap_us is None:
        raise ConfigError(f"--overlap {parsed.overlap}: write a time such as 24h: the old token is to end")
    with _opened(_with_tokens(parsed.data)) as tokens, _told(parsed.out) as tell:
        old = next((one for one in tokens.listed() if one.id == parsed.id), None)
        if old is None:
            raise ConfigError(f"there is no token {parsed.id}: `tidegauge-collector tokens list` shows their ids")
        life_us = None if old.expires_at_us is None else old.expires_at_us - old.created_at_us
        expires_at_us = None if life_us is None else now_us + life_us
        text, record = _new(old.name, old.scope, old.deployments, now_us=now_us, expires_at_us=expires_at_us)
        _refusing(tokens.rotate, old.id, record, old_ends_at_us=now_us + overlap_us)
        tell(text, record)
    ends_at_us = min(old.expires_at_us or now_us + overlap_us, now_us + overlap_us)
    print(f"the old one, {old.id}, goes on until {_moment(ends_at_us)}", file=sys.stderr)
    return 0


def _revoke(parsed: argparse.Namespace) -> int:
    with _opened(_with_tokens(parsed.data)) as tokens:
        record = _refusing(tokens.revoke, parsed.id, _now_us())
    print(f"token {record.name!r} ({record.id}) is revoked: a running collector refuses it 60 s from now at the latest")
    return 0


def _list(parsed: argparse.Namespace) -> int:
    with _opened(_with_tokens(parsed.data)) as tokens:
        records = tokens.listed()
    now_us = _now_us()
    items = [_shown(record, now_us) for record in records]
    if parsed.json:
        print(json.dumps({"items": items, "next": None}, indent=2))
        return 0
    rows = [("ID", "NAME", "SCOPE", "DEPLOYMENTS", "STATE", "EXPIRES", "LAST USED", "CREATED BY")]
    rows += [
        (
            one["id"],
            one["name"],
            one["scope"],
            ",".join(one["deployments"]),
            one["state"],
            _moment(record.expires_at_us, none="never"),
            _moment(record.last_used_at_us, none="never"),
            one["created_by"],
        )
        for one, record in zip(items, records, strict=True)
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    return 0


def _shown(record: TokenRecord, now_us: int) -> dict[str, Any]:
    return {
        "id": record.id,
        "name": record.name,
        "scope": record.scope,
        "deployments": list(record.deployments),
        "state": record.state(now_us),
        "created_at": _rfc3339(record.created_at_us),
        "created_by": record.created_by,
        "expires_at": _rfc3339(record.expires_at_us),
        "revoked_at": _rfc3339(record.revoked_at_us),
        "last_used_at": _rfc3339(record.last_used_at_us),
        "successor": record.successor,
    }


def _new(
    name: str, scope: str, deployments: Sequence[str], *, now_us: int, expires_at_us: int | None
) -> tuple[str, TokenRecord]:
    from tidegauge_collector.access.tokens import make_token  # noqa: PLC0415
    from tidegauge_collector.control import TokenRecord  # noqa: PLC0415

    made = make_token()
    record = TokenRecord(
        id=made.id,
        name=name,
        scope=scope,
        deployments=tuple(deployments),
        digest=made.digest,
        created_at_us=now_us,
        created_by=user(),
        expires_at_us=expires_at_us,
    )
    return made.text, record


def _with_tokens(data: Path) -> Path:
    """The directory, where tokens can be: a misspelt one must not look as if it had none."""
    if not data.is_dir() or not (own_directory(data) / "control.sqlite").exists():
        raise ConfigError(f"data directory {data}: no collector has been here and no token was made: give its --data")
    return data


@contextlib.contextmanager
def _opened(data: Path) -> Iterator[Tokens]:
    from tidegauge_collector.control import ControlStore, StoreUnavailable  # noqa: PLC0415

    path = own_directory(data) / "control.sqlite"
    try:
        store = ControlStore.open(path)
        try:
            yield store.tokens
        finally:
            store.close()
    except StoreUnavailable as problem:
        raise ConfigError(f"{path} cannot be written now ({problem.orig}): try again") from problem


@contextlib.contextmanager
def _told(out: Path | None) -> Iterator[Any]:
    """How the token is handed over. A file is opened before anything is stored, so that no token is made that nobody has."""
    if out is None:
        yield _print
        return
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    temporary = out.with_name(f".{out.name}.new")
    try:
        descriptor = os.open(temporary, flags, 0o600)
    except OSError as problem:
        raise ConfigError(f"--out {out}: {problem.strerror}: give a file that can be written") from problem
    try:
        with os.fdopen(descriptor, "w") as file:

            def tell(text: str, record: TokenRecord) -> None:
                file.write(f"{text}\n")
                _explain(record, f"written to {out}")

            yield tell
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(out)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _print(text: str, record: TokenRecord) -> None:
    _explain(record, "shown once, keep it:")
    print(text, flush=True)


def _explain(record: TokenRecord, where: str) -> None:
    """On standard error, so that standard output holds the token alone."""
    what = f"token {record.name!r} ({record.id}), scope {record.scope}"
    if record.scope == "ingest":
        what += f", deployments {', '.join(record.deployments)}"
        hint = (
            "agents: TIDEGAUGE_TOKEN_FILE=FILE with it (a changed file is taken up within seconds), or TIDEGAUGE_TOKEN"
        )
    else:
        hint = "programs: `Authorization: Bearer TOKEN`; people: the sign-in page"
    print(f"{what}, until {_moment(record.expires_at_us, none='revoked')}\n{hint}\n{where}", file=sys.stderr)


def _refusing(act: Any, *arguments: Any, **options: Any) -> Any:
    try:
        return act(*arguments, **options)
    except (LookupError, ValueError) as problem:
        raise ConfigError(str(problem)) from problem


def _patterns(given: Sequence[str] | None, scope: str) -> tuple[str, ...]:
    from tidegauge_collector.access.tokens import is_pattern  # noqa: PLC0415

    if given and scope != "ingest":
        raise ConfigError(f"--deployment is for scope ingest: who has scope {scope} sees all deployments")
    for pattern in given or ():
        if not is_pattern(pattern):
            raise ConfigError(f"--deployment {pattern!r}: write a deployment's name, with * for anything, e.g. shop-*")
    return tuple(dict.fromkeys(given or ()))


def _duration_us(flag: str, text: str) -> int | None:
    if text == "never":
        return None
    found = _DURATION.fullmatch(text)
    if found is None or int(found[1]) * _UNIT_US[found[2]] > 36_500 * _UNIT_US["d"]:
        raise ConfigError(f"{flag} {text!r}: write 90d, 12h or never")
    return int(found[1]) * _UNIT_US[found[2]]


def user() -> str:
    """Who runs the command."""
    try:
        return getpass.getuser()[:64]
    except (KeyError, OSError):  # a user id without a name, as in containers
        return f"user {os.geteuid()}"


def _now_us() -> int:
    return time.time_ns() // 1_000


def _moment(at_us: int | None, *, none: str = "") -> str:
    return none if at_us is None else f"{datetime.fromtimestamp(at_us / 1e6, UTC):%Y-%m-%d %H:%M}Z"


def _rfc3339(at_us: int | None) -> str | None:
    if at_us is None:
        return None
    return datetime.fromtimestamp(at_us // 1_000_000, UTC).isoformat().replace("+00:00", "Z")
