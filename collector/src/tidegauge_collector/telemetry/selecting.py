"""Which series a question is about, and the windows that it asks for, as tables that queries join.

A cell counts in every asked window that holds its start: the grid's windows are never split.
"""

from collections.abc import Collection, Sequence

import numpy as np

from tidegauge.core.windows import Window
from tidegauge_collector.telemetry.index import Index, Series
from tidegauge_collector.telemetry.store import Table

NO_TIME = Window(0, 0)


def select(
    index: Index,
    deployment: str,
    *,
    version: str | None,
    segment: str | None,
    batch: str | None = None,
    columns: Collection[str] | None = None,
    time_basis: int | None = None,
) -> list[Series]:
    """The series of a deployment that fit; None stands for all."""
    return [
        one
        for one in index.series_of(deployment)
        if (columns is None or one.key.column in columns)
        and (version is None or one.key.version == version)
        and (segment is None or one.key.segment == segment)
        and (batch is None or one.key.batch == batch)
        and (time_basis is None or one.key.time_basis == time_basis)
    ]


def wanted_table(series: Sequence[Series], places: Sequence[int]) -> Table:
    """Series by number, each with the place in the answer that it counts for."""
    numbers = np.array([one.series_id for one in series], dtype=np.int32)
    return {"series_id": numbers, "place": np.array(places, dtype=np.int64)}


def windows_table(windows: Sequence[Window]) -> Table:
    """Windows by their position (`slot`)."""
    return {
        "slot": np.arange(len(windows)),
        "start_us": np.array([one.start_us for one in windows], dtype=np.int64),
        "end_us": np.array([one.end_us for one in windows], dtype=np.int64),
    }


def span(windows: Sequence[Window]) -> Window:
    """The range from the first start to the last end."""
    if not windows:
        return NO_TIME
    return Window(min(one.start_us for one in windows), max(one.end_us for one in windows))
