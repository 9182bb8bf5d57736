"""`tidegauge-collector quarantine`: look at frames that could not be used, have them counted after an upgrade, or give them up.

Reading needs nothing but the files. Retrying and discarding is done by the running collector, which finds the request within a second;
without one the next that starts does it. Each frame is counted once, however often it is asked for.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tidegauge_collector.cli.places import add_place, existing, settings_of
from tidegauge_collector.cli.terminal import plain
from tidegauge_collector.errors import ConfigError
from tidegauge_collector.place import is_in_use

if TYPE_CHECKING:
    from tidegauge_collector.ingest.quarantined import Quarantined

WAIT_S = 20.0
SHOWN_LINES = 200
SHOWN_BYTES = 256
EPILOG = """examples:
  tidegauge-collector quarantine list --data /var/lib/tidegauge
  tidegauge-collector quarantine show 0190a1b2c3d47e5f8a1b2c3d4e5f6071-7
  tidegauge-collector quarantine retry all          after an upgrade of the collector
  tidegauge-collector quarantine discard all        their rows are counted as dropped (discarded)

exit codes: 0 done, 1 a frame could not be used again or nobody took the request, 78 no such frame
"""


def add_to(commands: Any) -> None:
    """Hang the command into the parser's subparsers."""
    quarantine = commands.add_parser(
        "quarantine",
        help="list, show, retry and discard frames that could not be used",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = quarantine.add_subparsers(required=True, metavar="ACTION")
    for name, text, run in (
        ("list", "what is there and why", _list),
        ("show", "one frame: its record, what it says, its first bytes", _show),
        ("retry", "have frames counted by this version", _request),
        ("discard", "give frames up; their rows are counted as dropped", _request),
    ):
        action = actions.add_parser(name, help=text)
        if name != "list":
            action.add_argument("id", metavar="ID", help="as `list` shows it" + ("" if name == "show" else ", or all"))
        action.add_argument("--json", action="store_true", help="for scripts")
        add_place(action)
        action.set_defaults(run=run, action=name)


def _list(parsed: argparse.Namespace) -> int:
    from tidegauge_collector.api.agents import quarantined_json  # noqa: PLC0415 - so that --help answers at once
    from tidegauge_collector.ingest.quarantine import read_overflow  # noqa: PLC0415

    directory = _directory(parsed)
    records = [one for one in _records(directory) if one.is_held]
    overflow = read_overflow(directory)
    if parsed.json:
        print(json.dumps({"items": [quarantined_json(one) for one in records], "overflow": overflow}, indent=2))
        return 0
    for one in records:
        told = quarantined_json(one)
        where = f"{one.deployment or '-'} from {one.host or '-'}"
        print(f"{one.id}  {told['received'][:19]}  {one.size_bytes:>7} B  {one.flaw:<12} {plain(where)}")
        print(f"    {plain(one.reason)}" + (f"\n    last retry: {plain(one.said)}" if one.said else ""))
    print(f"{len(records)} frame(s), {sum(one.size_bytes for one in records)} bytes")
    if overflow["frames"]:
        print(f"did not fit and is lost: {overflow['frames']} frame(s), {overflow['bytes']} bytes")
    return 0


def _show(parsed: argparse.Namespace) -> int:
    from tidegauge_collector.api.agents import quarantined_json  # noqa: PLC0415
    from tidegauge_collector.ingest.quarantined import read_frame  # noqa: PLC0415

    directory = _directory(parsed)
    (record,) = _chosen(directory, parsed.id, only_held=False)
    payload = read_frame(directory, record.id) if record.is_held else b""
    told = quarantined_json(record) | {"says": _says(payload), "first_bytes": payload[:SHOWN_BYTES].hex(" ", 4)}
    if parsed.json:
        print(json.dumps(told, indent=2))
        return 0
    for name, value in told.items():
        text = str(value)
        print(f"{name:<12} " + text.replace("\n", f"\n{'':<13}") if name == "says" else f"{name:<12} {plain(text)}")
    return 0


def _request(parsed: argparse.Namespace) -> int:
    from tidegauge_collector.ingest.quarantined import make_request  # noqa: PLC0415

    directory = _directory(parsed)
    chosen = _chosen(directory, parsed.id, only_held=True)
    paths = [make_request(directory, one.id, parsed.action) for one in chosen]
    if not is_in_use(directory.parent):
        print(f"{len(paths)} request(s) written: the collector deals with them when it starts next")
        return 0
    deadline = time.monotonic() + WAIT_S
    while any(path.exists() for path in paths) and time.monotonic() < deadline:
        time.sleep(0.1)
    return _report(parsed, directory, chosen, sum(path.exists() for path in paths))


def _report(parsed: argparse.Namespace, directory: Path, chosen: Sequence[Quarantined], waiting: int) -> int:
    """What came of the requests."""
    from tidegauge_collector.api.agents import quarantined_json  # noqa: PLC0415
    from tidegauge_collector.ingest.quarantined import read_record  # noqa: PLC0415

    after = [read_record(directory, one.id) or one for one in chosen]
    failed = [one for one in after if one.is_held]
    if parsed.json:
        print(json.dumps({"items": [quarantined_json(one) for one in after], "waiting": waiting}, indent=2))
    else:
        for one in failed[:20]:
            print(f"{one.id}: {plain(one.said or 'not dealt with yet')}", file=sys.stderr)
        done = "counted" if parsed.action == "retry" else "discarded"
        print(f"{len(after) - len(failed)} of {len(after)} frame(s) {done}" + (f"; {waiting} wait" if waiting else ""))
    return 1 if failed else 0


def _directory(parsed: argparse.Namespace) -> Path:
    return existing(settings_of(parsed).data) / "quarantine"


def _records(directory: Path) -> list[Quarantined]:
    from tidegauge_collector.ingest.quarantined import read_records  # noqa: PLC0415

    return sorted(read_records(directory), key=lambda one: (one.received_us, one.id))


def _chosen(directory: Path, name: str, *, only_held: bool) -> list[Quarantined]:
    """The frames that a person means; ConfigError where there is none of that id."""
    from tidegauge_collector.ingest.quarantined import is_id, read_record  # noqa: PLC0415

    if name == "all" and only_held:
        return [one for one in _records(directory) if one.is_held]
    record = read_record(directory, name) if is_id(name) else None
    if record is None or (only_held and not record.is_held):
        state = f" (it is {record.state.value})" if record else ""
        raise ConfigError(
            f"quarantine {directory}: no frame {name[:80]!r}{state}: `quarantine list` shows what is there"
        )
    return [record]


def _says(payload: bytes) -> str:
    """A frame as text, as far as it decodes."""
    from google.protobuf import text_format  # noqa: PLC0415
    from google.protobuf.message import DecodeError  # noqa: PLC0415

    from tidegauge.wire import telemetry_pb2 as pb  # noqa: PLC0415

    frame = pb.Frame()
    try:
        frame.ParseFromString(payload)
    except DecodeError as problem:
        return f"does not decode: {problem}"
    lines = text_format.MessageToString(frame, print_unknown_fields=True).splitlines()
    return "\n".join(lines[:SHOWN_LINES] + (["…"] if len(lines) > SHOWN_LINES else []))
