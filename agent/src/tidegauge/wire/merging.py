"""Pure: makes encoded profile frames fewer and coarser without losing a row: windows to the hour, equal ones added up.

Frames add up when they speak of the same deployment, version, role, segment, batch, bins, schema, time basis and columns in one
hour. The result takes the place of the last of them. A low watermark promises that everything before it was sent earlier; where
rows have moved behind it, it moves behind them.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import Protocol

import numpy as np

from tidegauge.core.profile import limit_names, merge_profiles
from tidegauge.core.windows import HOUR_US, SECOND_US, window_start
from tidegauge.errors import WireError
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.codec import MAX_FRAME_BYTES, array, decode_frame, decode_profile, encode_profile, raw
from tidegauge.wire.kinds import FrameKind

MAX_NAMES = 1_000  # unknown categories of one column that are kept by name


class StoredFrame(Protocol):
    """An encoded frame and its kind, as a spool's record has them."""

    @property
    def kind(self) -> int:
        """Its FrameKind."""

    @property
    def payload(self) -> bytes:
        """Its bytes."""


def merge_frames(frames: Sequence[StoredFrame]) -> list[bytes | None]:
    """For each frame, in order, the payload that takes its place; None: its rows are in a later one's.

    What is no profile, or cannot be read, stays as it is, but for the watermark of a frame that rows have moved behind.
    """
    payloads: list[bytes | None] = [frame.payload for frame in frames]
    moved_to: dict[str, int] = {}  # the last place of merged rows, by deployment
    for deployment, places in _groups(frames):
        for part in _merged(places, payloads):
            moved_to[deployment] = max(moved_to.get(deployment, 0), part)
    if moved_to:
        _move_watermarks(frames, payloads, moved_to)
    return payloads


def _groups(frames: Sequence[StoredFrame]) -> list[tuple[str, list[int]]]:
    """The places of frames that add up, two or more, with their deployment."""
    groups: dict[Hashable, list[int]] = {}
    deployments: dict[Hashable, str] = {}
    for place, stored in enumerate(frames):
        if stored.kind != FrameKind.PROFILE:
            continue
        try:
            frame = decode_frame(stored.payload)
            key = _key(frame)
        except WireError:
            continue  # the collector quarantines it under its own number
        groups.setdefault(key, []).append(place)
        deployments[key] = frame.deployment
    return [(deployments[key], places) for key, places in groups.items() if len(places) > 1]


def _key(frame: pb.Frame) -> Hashable:
    """Frames with equal keys add up. WireError where the frame is no profile of whole columns within one hour."""
    body = frame.profile
    end_us = body.window_start_us + body.window_length_s * SECOND_US
    hour_us = window_start(body.window_start_us, HOUR_US)
    if not frame.HasField("profile") or end_us > hour_us + HOUR_US:
        raise WireError("no profile of a window within one hour")
    columns = tuple(sorted((one.name, one.kind, one.pivot, len(one.bin_counts)) for one in body.columns))
    if len({name for name, *_ in columns}) < len(columns):
        raise WireError("a column comes twice")
    return (
        (frame.deployment, frame.version, frame.role, frame.schema_id),
        (body.time_basis, body.segment, body.batch, body.bins_id, hour_us),
        columns,
        tuple(body.second_moments.columns),
    )


def _merged(places: list[int], payloads: list[bytes | None]) -> list[int]:
    """Add up the frames at some places, as many into one as it has room for; return where the results lie."""
    parts = [payload for place in places if (payload := payloads[place]) is not None]
    try:
        total = _sum([decode_frame(part) for part in parts]).SerializeToString(deterministic=True)
    except (WireError, ValueError):
        return []  # arrays that do not fit together: they stay as they are
    if len(total) > MAX_FRAME_BYTES:
        middle = len(places) // 2
        halves = (places[:middle], places[middle:])
        return [last for half in halves if len(half) > 1 for last in _merged(half, payloads)]
    for place in places[:-1]:
        payloads[place] = None
    payloads[places[-1]] = total
    return places[-1:]


def _sum(frames: list[pb.Frame]) -> pb.Frame:
    """One frame of all rows of frames with equal keys."""
    total, bodies = pb.Frame(), [frame.profile for frame in frames]
    total.CopyFrom(frames[-1])
    body = total.profile
    body.window_start_us = window_start(body.window_start_us, HOUR_US)
    body.window_length_s = HOUR_US // SECOND_US
    body.window_closed = any(one.window_closed for one in bodies)
    body.clamped_rows = sum(one.clamped_rows for one in bodies)
    total.sealed_at_us = max(frame.sealed_at_us for frame in frames)
    total.low_watermark_us = max(frame.low_watermark_us for frame in frames)
    del body.columns[:]
    columns: dict[str, list[pb.ColumnProfile]] = {}
    for one in bodies:
        for column in one.columns:
            columns.setdefault(column.name, []).append(column)
    body.columns.extend(_sum_columns(same) for same in columns.values())
    if body.HasField("second_moments"):
        body.second_moments.CopyFrom(_sum_moments([one.second_moments for one in bodies]))
    return total


def _sum_columns(columns: list[pb.ColumnProfile]) -> pb.ColumnProfile:
    return encode_profile(limit_names(merge_profiles([decode_profile(column) for column in columns]), MAX_NAMES))


def _sum_moments(moments: list[pb.SecondMoments]) -> pb.SecondMoments:
    names = moments[0].columns
    d = len(names)
    return pb.SecondMoments(
        columns=names,
        rows=sum(one.rows for one in moments),
        sums=raw(np.sum([array(one.sums, "<f8", d) for one in moments], axis=0), "<f8"),
        products=raw(np.sum([array(one.products, "<f8", math.comb(d + 1, 2)) for one in moments], axis=0), "<f8"),
    )


def _move_watermarks(frames: Sequence[StoredFrame], payloads: list[bytes | None], moved_to: dict[str, int]) -> None:
    """Take the watermarks away that lie before moved rows, and give the highest to the frame that holds the last of them."""
    highest: dict[str, int] = {}
    for place, stored in enumerate(frames):
        try:
            before = decode_frame(stored.payload)
        except WireError:
            continue  # says nothing
        last = moved_to.get(before.deployment, -1)
        if place > last:
            continue
        highest_us = max(highest.get(before.deployment, 0), before.low_watermark_us)
        highest[before.deployment] = highest_us
        payloads[place] = _with_watermark(payloads[place], highest_us if place == last else 0)


def _with_watermark(payload: bytes | None, low_watermark_us: int) -> bytes | None:
    if payload is None:
        return None
    frame = decode_frame(payload)
    if frame.low_watermark_us == low_watermark_us:
        return payload
    frame.low_watermark_us = low_watermark_us
    return frame.SerializeToString(deterministic=True)
