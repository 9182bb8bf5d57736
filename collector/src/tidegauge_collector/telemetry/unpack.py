"""From a frame to values that the tables can hold; WireError for what they cannot, before anything of the frame is counted.

Arrays that do not fit together are refused by the codec. Refused here: counts, times and indexes beyond any that reading could add
up or show, and bin counts without the bins that they follow.
"""

import math
from collections.abc import Collection, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from tidegauge.core.moments import MAX_COLUMNS, SecondMoments
from tidegauge.core.profile import ColumnProfile
from tidegauge.errors import WireError
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.codec import KIND_FROM_WIRE, decode_moments, decode_profiles
from tidegauge.wire.rows import ActualRows, RecordRows, decode_actuals, decode_records
from tidegauge_collector.telemetry.index import MOMENTS_KIND, SeriesKey
from tidegauge_collector.telemetry.moment_rows import column_of

MAX_COUNT = 1 << 40
"""Rows that one frame may report of one window: sums of millions of such frames still fit 64 bits."""
MAX_BUCKET = 1 << 31
MAX_WINDOW_S = 86_400
FIRST_US, END_US = -62_135_596_800_000_000, 253_402_300_800_000_000
"""Years 1 to 9999, the instants that a calendar can show."""
EVENT_TIME, ARRIVAL_TIME = 1, 2
_ROLES = frozenset(pb.Role.values())


def unpack_profile(frame: pb.Frame) -> list[tuple[SeriesKey, ColumnProfile]]:
    """The columns of a profile frame, each with the series that it belongs to."""
    profile = frame.profile
    check_times(profile.window_start_us)
    if not 0 < profile.window_length_s <= MAX_WINDOW_S:
        raise WireError(f"window of {profile.window_length_s} s: windows are 1 to {MAX_WINDOW_S} s long")
    if profile.time_basis not in (0, EVENT_TIME, ARRIVAL_TIME):
        raise WireError(f"unknown time basis {profile.time_basis}")
    columns = list(_columns(frame))
    _check_bins([column for _, column in columns])
    return columns


def _columns(frame: pb.Frame) -> Iterator[tuple[SeriesKey, ColumnProfile]]:
    profile = frame.profile
    whose = (frame.deployment, frame.version, frame.role, profile.segment, profile.batch)
    bins_id, time_basis = profile.bins_id, profile.time_basis or EVENT_TIME
    for message, column in zip(profile.columns, decode_profiles(profile.columns), strict=True):
        _check_column(column)
        is_binned = column.bin_counts is not None
        if is_binned and not bins_id:
            raise WireError(f"column {column.name!r} has bin counts, but the frame names no bins")
        pivot = column.pivot if math.isfinite(column.pivot) else 0.0
        kind = _KINDS[message.kind]
        yield SeriesKey(*whose, column.name, kind, bins_id if is_binned else b"", pivot, time_basis), column


_KINDS = {wire: kind.value for wire, kind in KIND_FROM_WIRE.items()}


def unpack_moments(frame: pb.Frame) -> tuple[SeriesKey, SecondMoments] | None:
    """The second moments of a profile frame with their series, None where they are of no rows or no features."""
    profile = frame.profile
    moments = decode_moments(profile.second_moments)
    if not moments.rows or not moments.columns:
        return None
    if not profile.bins_id:
        raise WireError(f"second moments of {len(moments.columns)} features, but the frame names no bins")
    if moments.rows >= MAX_COUNT or len(moments.columns) > MAX_COLUMNS:
        raise WireError(
            f"second moments of {moments.rows} rows and {len(moments.columns)} features: most are {MAX_COUNT - 1} and {MAX_COLUMNS}"
        )
    whose = (frame.deployment, frame.version, frame.role, profile.segment, profile.batch)
    basis = profile.time_basis or EVENT_TIME
    return SeriesKey(*whose, column_of(moments.columns), MOMENTS_KIND, profile.bins_id, 0.0, basis), moments


def unpack_records(frame: pb.Frame) -> RecordRows:
    """The rows of a records frame."""
    rows = decode_records(frame.records)
    check_times(rows.event_times_us, rows.arrival_times_us)
    return rows


def unpack_actuals(frame: pb.Frame) -> ActualRows:
    """The rows of an actuals frame."""
    rows = decode_actuals(frame.actuals)
    check_times(rows.times_us)
    return rows


def check_times(*times: npt.NDArray[np.int64] | int) -> None:
    """WireError where a time lies outside the years 1 to 9999."""
    for some in times:
        if isinstance(some, int):
            first = last = some
        elif some.size:
            first, last = int(some.min()), int(some.max())
        else:
            continue
        if not FIRST_US <= first <= last < END_US:
            raise WireError(f"time {first} to {last} us lies outside the years 1 to 9999")


def check_frame(frame: pb.Frame) -> None:
    """WireError where what all kinds of frame carry cannot be stored."""
    if frame.role not in _ROLES:
        raise WireError(f"unknown role {frame.role}")
    check_times(frame.low_watermark_us)


def _check_column(column: ColumnProfile) -> None:
    counts = (column.rows, column.missing, column.non_finite, column.invalid, column.overflow, column.sketch.count)
    _check_counts(column.name, counts)
    if column.names:
        _check_counts(column.name, column.names.values())
    if column.buckets:
        _check_counts(column.name, column.buckets.values())
        if max(column.buckets) >= MAX_BUCKET:
            raise WireError(f"column {column.name!r} has bucket {max(column.buckets)}, beyond {MAX_BUCKET}")


def _check_bins(columns: Sequence[ColumnProfile]) -> None:
    """All columns at once, for it is nearly always well; the codec lets no count below 0 pass."""
    binned = [one.bin_counts for one in columns if one.bin_counts is not None and one.bin_counts.size]
    if not binned or np.concatenate(binned).max() < MAX_COUNT:
        return
    for one in columns:
        if one.bin_counts is not None and one.bin_counts.size:
            _check_counts(one.name, (int(one.bin_counts.max()),))


def _check_counts(name: str, counts: Collection[int]) -> None:
    if max(counts) < MAX_COUNT and min(counts) >= 0:
        return
    wrong = next(count for count in counts if not 0 <= count < MAX_COUNT)
    raise WireError(f"column {name!r} counts {wrong}: counts are 0 to {MAX_COUNT - 1}")
