"""Hands a baseline's part from the wire to the control store."""

from __future__ import annotations

from tidegauge.wire import telemetry_pb2 as pb
from tidegauge_collector.control import ControlStore


def keep_part(control: ControlStore, deployment: str, version: str, part: pb.BaselinePart, *, now_us: int) -> str:
    """Keep one part; the baseline's status afterwards. Raises ValueError where the part contradicts itself or others."""
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
