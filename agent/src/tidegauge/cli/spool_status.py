"""`tidegauge spool status`: what waits on this host, by root and epoch."""

import argparse
import time
from typing import Any

from tidegauge.cli import text
from tidegauge.cli.arguments import Commands, add_command, add_json, add_where, chosen_roots
from tidegauge.operating.census import EpochCensus, RootCensus, age_s, take_root_census

_EXAMPLES = """examples:
  tidegauge spool status                                 the spool of `init`: $TIDEGAUGE_SPOOL, else ~/.local/state/tidegauge
  tidegauge spool status --spool /var/lib/tidegauge
  tidegauge spool status --json | jq '.roots[].spooled'

writer: live = its process runs, closed = it ended well, orphan = it died; a shipper sends what all three have left.
frames: not acknowledged yet. Rows are what these frames say: a row is in a profile, and again in records where it has an id.

exit codes: 0 well, 1 something cannot be read, 2 wrong usage
"""
_HEADER = ("EPOCH", "WRITER", "FRAMES", "BYTES", "ACKED", "ATTEMPTED", "LAST", "OLDEST", "ROWS", "HOLES")


def add_to(commands: Commands) -> None:
    """Declare the command."""
    status = add_command(
        commands,
        "status",
        help="what waits on this host",
        description="What waits on this host, by spool root and epoch. Reads everything that is not acknowledged; changes nothing.",
        epilog=_EXAMPLES,
        run=run,
        full_name="spool status",
    )
    add_where(status)
    add_json(status)


def run(options: argparse.Namespace) -> int:
    """Print and return the exit code."""
    progress = text.Progress("read")
    censuses = [take_root_census(root, progress) for root in chosen_roots(options)]
    progress.end()
    if options.json:
        text.print_json({"roots": [as_json(census) for census in censuses]})
    else:
        print("\n\n".join(map(_root_text, censuses)) or "no spool root here: no agent has sealed anything yet")
    return 0


def as_json(census: RootCensus) -> dict[str, Any]:
    """A root as values for JSON."""
    status = census.status
    return {
        "root": str(census.root),
        "collector": census.destination.collector if census.destination else None,
        "shipper": {
            "pid": census.holder.pid if census.holder else None,
            "mode": census.holder.mode if census.holder else None,
            "connected": bool(census.holder and status and status.connected),
            "last_error": status.last_error if status else None,
        },
        "spooled": census.spooled,
        "size_bytes": census.size_bytes,
        "quarantine": {"files": census.quarantine_files, "size_bytes": census.quarantine_bytes},
        "epochs": [epoch_as_json(epoch) for epoch in census.epochs],
    }


def epoch_as_json(epoch: EpochCensus) -> dict[str, Any]:
    """An epoch as values for JSON."""
    contents = epoch.contents
    return {
        "epoch": epoch.epoch,
        "writer": epoch.writer,
        "segments": epoch.segments,
        "size_bytes": epoch.size_bytes,
        "last_seq": epoch.last_seq,
        "attempted_seq": epoch.attempted_seq,
        "acknowledged_seq": epoch.acknowledged_seq,
        "created": epoch.last_seq,
        "acknowledged": epoch.acknowledged,
        "carried": epoch.carried,
        "spooled": epoch.spooled,
        "dropped": dict(epoch.dropped),
        "quarantined": epoch.quarantined,
        "unaccounted": epoch.unaccounted,
        "frames": dict(contents.frames),
        "rows": dict(contents.rows),
        "undecodable": contents.undecodable,
        "holes": dict(contents.holes),
        "hole_rows": dict(contents.hole_rows),
        "oldest_age_s": age_s(contents.oldest_us),
    }


def _root_text(census: RootCensus) -> str:
    collector = census.destination.collector if census.destination else str(census.destination_problem)
    lines = [str(census.root), f"  collector   {collector}", f"  shipper     {_shipper_text(census)}"]
    if census.quarantine_files:
        lines.append(f"  quarantine  {census.quarantine_files} files, {text.size(census.quarantine_bytes)}")
    lines.append(f"  waiting     {census.spooled:,} frames, {text.size(census.size_bytes)} on disk")
    now_us = time.time_ns() // 1_000
    if census.epochs:
        rows = [_row(epoch, now_us) for epoch in census.epochs]
        lines.append("\n" + text.table(_HEADER, rows))
    return "\n".join(lines)


def _shipper_text(census: RootCensus) -> str:
    status = census.status
    error = f"; last error: {text.printable(status.last_error)}" if status and status.last_error else ""
    if census.holder is None:
        return f"none runs{error}"
    connected = "connected" if status and status.connected and status.pid == census.holder.pid else "not connected"
    return f"process {census.holder.pid} ({census.holder.mode}), {connected}{error}"


def _row(epoch: EpochCensus, now_us: int) -> tuple[str, ...]:
    contents = epoch.contents
    numbers = (epoch.acknowledged_seq, epoch.attempted_seq, epoch.last_seq)
    return (
        epoch.epoch,
        epoch.writer,
        f"{epoch.spooled:,}",
        text.size(contents.frame_bytes),
        *(f"{number:,}" for number in numbers),
        text.age(age_s(contents.oldest_us, now_us)),
        text.counts(contents.rows),
        text.counts(contents.holes),
    )
