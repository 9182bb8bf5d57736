"""Records of many calls, put together so that small calls share frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from tidegauge.wire.rows import RecordRows, join_labels


def join_records(parts: list[RecordRows]) -> Iterator[RecordRows]:
    """Put records together that have the same scores and batch, in their order."""
    groups: dict[object, list[RecordRows]] = {}
    for part in parts:
        groups.setdefault((tuple(part.outputs), part.batch), []).append(part)
    for group in groups.values():
        yield group[0] if len(group) == 1 else _join(group)


def _join(group: list[RecordRows]) -> RecordRows:
    sets: dict[tuple[str, ...], int] = {}
    codes = []
    for part in group:
        recode = np.array([sets.setdefault(one, len(sets)) for one in part.segment_sets], dtype=np.uint32)
        codes.append(recode[part.segment_codes])
    return replace(
        group[0],
        ids=b"".join(part.ids for part in group),
        event_times_us=np.concatenate([part.event_times_us for part in group]),
        arrival_times_us=np.concatenate([part.arrival_times_us for part in group]),
        outputs={name: np.concatenate([part.outputs[name] for part in group]) for name in group[0].outputs},
        labels=join_labels([part.labels for part in group]),
        segment_sets=tuple(sets),
        segment_codes=np.concatenate(codes),
    )
