"""`tidegauge spool verify`: reads every byte and says what is damaged."""

import argparse
from collections import Counter
from pathlib import Path
from typing import Any

from tidegauge.cli import text
from tidegauge.cli.arguments import Commands, add_command, add_json, add_where, chosen_roots
from tidegauge.operating.verifying import Damage, Verified, verify_root

_EXAMPLES = """examples:
  tidegauge spool verify
  tidegauge spool verify --root /var/lib/tidegauge/0-1a2b3c --json

Nothing has to be done about damage: a shipper steps over it, keeps a copy of the bytes in quarantine/ and reports the
numbers that are gone, so that the collector knows what it does not have. A torn end was never durable and is no damage.

exit codes: 0 everything is as it was written, 1 something is damaged, 2 wrong usage
"""


def add_to(commands: Commands) -> None:
    """Declare the command."""
    verify = add_command(
        commands,
        "verify",
        help="read every byte and say what is damaged",
        description="Read every byte, check checksums, order and that every frame decodes; say what is damaged and what it costs. "
        "Changes nothing.",
        epilog=_EXAMPLES,
        run=run,
        full_name="spool verify",
    )
    add_where(verify)
    add_json(verify)


def run(options: argparse.Namespace) -> int:
    """Print and return the exit code."""
    progress = text.Progress("verified")
    verified = {root: verify_root(root, progress) for root in chosen_roots(options)}
    progress.end()
    is_clean = all(one.is_clean for one in verified.values())
    if options.json:
        text.print_json({"clean": is_clean, "roots": [_as_json(root, one) for root, one in verified.items()]})
    else:
        print(
            "\n\n".join(_text(root, one) for root, one in verified.items()) or "no spool root here: nothing to verify"
        )
    return 0 if is_clean else 1


def _text(root: Path, one: Verified) -> str:
    lines = [
        f"{root}",
        f"  read     {one.epochs} epochs, {one.segments} segments, {text.size(one.size_bytes)}, {one.frames:,} frames",
    ]
    if one.cut_bytes:
        lines.append(f"  torn     {one.cut_bytes:,} bytes at ends: never durable, so nothing is lost")
    if one.losses:
        lines.append(f"  given up {text.counts(one.losses)} (numbers; decided, and reported to the collector)")
    for damage in one.damages:
        place = f" at {damage.offset:,}, {damage.size_bytes:,} bytes" if damage.offset is not None else ""
        lines.append(f"  DAMAGED  {damage.path.relative_to(root)}{place}: {text.printable(damage.problem)}")
        lines.append(f"           costs {damage.cost}")
    lines += [f"  NEWER    {problem}" for problem in one.newer]
    lines.append("  clean" if one.is_clean else f"  {len(one.damages) + len(one.newer)} problems")
    return "\n".join(lines)


def _as_json(root: Path, one: Verified) -> dict[str, Any]:
    return {
        "root": str(root),
        "clean": one.is_clean,
        "epochs": one.epochs,
        "segments": one.segments,
        "size_bytes": one.size_bytes,
        "frames": one.frames,
        "cut_bytes": one.cut_bytes,
        "given_up": dict(Counter(one.losses)),
        "damages": [_damage_as_json(damage) for damage in one.damages],
        "newer": one.newer,
    }


def _damage_as_json(damage: Damage) -> dict[str, Any]:
    return {
        "path": str(damage.path),
        "offset": damage.offset,
        "size_bytes": damage.size_bytes,
        "problem": damage.problem,
        "cost": damage.cost,
    }
