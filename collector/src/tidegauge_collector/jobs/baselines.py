"""Hands a baseline's part from the wire to the control store, if it can be measured against."""

from __future__ import annotations

from tidegauge.errors import WireError
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.rows import decode_baseline
from tidegauge_collector.control import ControlStore


def keep_part(control: ControlStore, deployment: str, version: str, part: pb.BaselinePart, *, now_us: int) -> str:
    """Keep one part; the baseline's status afterwards. Raises ValueError where the part contradicts itself or others."""
    _check(part)
    return control.add_baseline_part(
        deployment,
        version,
        digest=part.digest,
        part=part.part,
        parts=part.parts,
        payload=part.SerializeToString(),
        origin=part.origin,
        rows=part.rows,
        bins_id=part.bins.bins_id,
        now_us=now_us,
    )


def _check(part: pb.BaselinePart) -> None:
    """ValueError where a part by itself makes no sense: stored, it would spoil every measurement of its version."""
    alone = pb.BaselinePart()
    alone.CopyFrom(part)
    alone.part, alone.parts = 0, 1
    try:
        baseline = decode_baseline([alone])
    except WireError as problem:
        raise ValueError(f"baseline {part.digest.hex()}, part {part.part}: {problem}") from problem
    for name, bins in baseline.bins.columns.items():
        profile = baseline.profiles.get(name)
        counted = 0 if profile is None or profile.bin_counts is None else len(profile.bin_counts)
        if counted != len(bins.labels):
            raise ValueError(
                f"baseline {part.digest.hex()}, part {part.part}: column {name!r:.140} has {len(bins.labels)} bins "
                f"and counts of {counted}: send the counts of every bin"
            )
