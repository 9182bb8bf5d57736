"""From rows with their columns to what is added to the open windows: profiles of each event hour, in all traffic and in each segment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tidegauge.core.bins import ReferenceBins
from tidegauge.core.columns import ColumnKind
from tidegauge.core.moments import SecondMoments, Standard, second_moments
from tidegauge.core.numbers import NumericBlock
from tidegauge.core.profile import ColumnProfile
from tidegauge.core.windows import HOUR_US
from tidegauge.worker.blocks import Layouts, NumericTable, numeric_columns
from tidegauge.worker.cells import WindowKey, profile_columns
from tidegauge.worker.facts import Times
from tidegauge.worker.pacing import Breathe
from tidegauge.worker.rows import Rows
from tidegauge.worker.tabulate import Column


@dataclass(frozen=True)
class Addition:
    """Profiles of some rows (`blocks`: of the columns that went as a matrix), and their second moments where they are of all traffic,
    on their way to an open window."""

    key: WindowKey
    profiles: list[ColumnProfile]
    blocks: list[NumericBlock]
    event_us: Times
    arrived_us: int
    clamped_rows: int
    moments: SecondMoments | None


@dataclass(frozen=True)
class Knowledge:
    """What is known of a deployment's columns: their kinds, the reference bins, and the standard of second moments made of them."""

    kinds: Mapping[str, ColumnKind]
    bins: ReferenceBins | None
    standard: Standard | None
    layouts: Layouts


def profile_rows(
    rows: Rows, columns: Mapping[str, Column | None], known: Knowledge, breathe: Breathe
) -> Iterator[Addition]:
    """What some rows add to each window and segment that they are in. Of a column that is None all values are missing."""
    numeric = numeric_columns(columns, known.kinds)
    table = NumericTable.of(known.layouts.of(tuple(numeric)), numeric, rows.count, breathe)
    others = {name: values for name, values in columns.items() if name not in numeric}
    members = list(_members(rows))
    arrived_us = int(rows.arrival_us.max())
    for start, segment, chosen in members:
        event = rows.event_us if chosen is None else rows.event_us[chosen]
        profiles = profile_columns(_chosen(others, chosen), len(event), known.kinds, known.bins, breathe)
        standard = None if segment else known.standard
        blocks, moments = table.profile(
            chosen, keeps_sketches=not segment, standard=standard, breathe=breathe, is_last=len(members) == 1
        )
        if moments is None and standard is not None and standard.columns:
            moments = _moments(_chosen(columns, chosen), len(event), standard, known.kinds)
        clamped = 0 if segment else _clamped(rows, chosen)
        yield Addition(WindowKey(start, segment, rows.batch), profiles, blocks, event, arrived_us, clamped, moments)


def _moments(
    columns: Mapping[str, Column | None], rows: int, standard: Standard, kinds: Mapping[str, ColumnKind]
) -> SecondMoments:
    numeric = {name: columns.get(name) for name in standard.columns}
    return second_moments(
        {name: one for name, one in numeric.items() if kinds.get(name) is ColumnKind.NUMERIC}, rows, standard
    )


def _members(rows: Rows) -> Iterator[tuple[int, str, npt.NDArray[np.intp] | None]]:
    """All traffic and each segment by event hour: the hour's start, the segment, and the rows in it (None: all)."""
    hours = rows.event_us - rows.event_us % HOUR_US
    starts = [int(hours[0])] if hours.min() == hours.max() else np.unique(hours).tolist()
    segments = dict.fromkeys(name for one in rows.segment_sets for name in one)
    members = {segment: np.array([segment in one for one in rows.segment_sets], dtype=bool) for segment in segments}
    for start in starts:
        inside = None if len(starts) == 1 else np.flatnonzero(hours == start)
        yield start, "", inside
        codes = rows.segment_codes if inside is None else rows.segment_codes[inside]
        for segment, member in members.items():
            chosen = np.flatnonzero(member[codes])
            if len(chosen):
                yield start, segment, (chosen if inside is None else inside[chosen])


def _chosen(columns: Mapping[str, Column | None], rows: npt.NDArray[np.intp] | None) -> Mapping[str, Column | None]:
    if rows is None:
        return columns
    return {name: None if values is None else values[rows] for name, values in columns.items()}


def _clamped(rows: Rows, chosen: npt.NDArray[np.intp] | None) -> int:
    if rows.clamped is None:
        return 0
    return int(np.count_nonzero(rows.clamped if chosen is None else rows.clamped[chosen]))
