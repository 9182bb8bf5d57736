"""When requests came: how many in each minute, as far as minutes are still kept, and when something was last answered."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tidegauge.core.columns import LATENCY, ROWS
from tidegauge.core.windows import MINUTE_US, SECOND_US, Window
from tidegauge_collector.telemetry.index import Series
from tidegauge_collector.telemetry.selecting import wanted_table
from tidegauge_collector.telemetry.service import answering
from tidegauge_collector.telemetry.store import TelemetryStore

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Loads:
    """The windows in which anything came, by their start: whole minutes, or the hours that these became.

    `requests` and `predictions` (answered rows) of each. `earlier`: the newest window before the range that answered anything.
    """

    start_us: Integers
    length_s: Integers
    requests: Integers
    predictions: Integers
    earlier: Window | None = None

    def between(self, window: Window) -> Loads:
        """Those that begin within a window."""
        first, end = (int(np.searchsorted(self.start_us, at)) for at in (window.start_us, window.end_us))
        some = (self.start_us, self.length_s, self.requests, self.predictions)
        start_us, length_s, requests, predictions = (values[first:end] for values in some)
        return Loads(start_us, length_s, requests, predictions)

    def last_answer(self, before_us: int) -> Window | None:
        """The newest window that begins before an instant and answered anything."""
        answered = np.flatnonzero(self.predictions[: int(np.searchsorted(self.start_us, before_us))])
        if not len(answered):
            return self.earlier if self.earlier is not None and self.earlier.start_us < before_us else None
        at = int(answered[-1])
        start = int(self.start_us[at])
        return Window(start, start + int(self.length_s[at]) * SECOND_US)


_NONE = np.empty(0, dtype=np.int64)
NO_LOADS = Loads(_NONE, _NONE, _NONE, _NONE)


def service_loads(
    store: TelemetryStore,
    deployment: str,
    span: Window,
    *,
    version: str | None = None,
    segment: str = "",
    columns: Collection[str] = (LATENCY, ROWS),
) -> Loads:
    """What came within a range of arrival time; over all versions that answer callers where `version` is None. Without LATENCY among the
    `columns` no requests are read, without ROWS no predictions.
    """
    chosen = answering(store, deployment, version=version, segment=segment, columns=columns)
    with store.snapshot():
        return _loads(store, chosen, span)


def _loads(store: TelemetryStore, series: Sequence[Series], span: Window) -> Loads:
    tables = {"wanted": wanted_table(series, range(len(series)))}
    found = store.arrays("window_loads", {"from_us": span.start_us, "until_us": span.end_us}, tables=tables)
    is_latency = np.array([one.key.column == LATENCY for one in series] + [False])
    pivots = np.array([one.key.pivot for one in series] + [0.0])
    place, usable = found["place"], found["usable"]
    answered = np.nan_to_num(found["total"] + usable * pivots[place], posinf=0.0, neginf=0.0)
    keys, where = np.unique(
        found["window_start_us"] + found["window_length_s"], return_inverse=True
    )  # starts are whole minutes
    requests = np.bincount(where, np.where(is_latency[place], found["rows"], 0), len(keys))
    predictions = np.bincount(where, np.where(is_latency[place], 0.0, answered), len(keys))
    earlier = _newest_answer(store, series, span.start_us)
    lengths = keys % MINUTE_US
    return Loads(
        keys - lengths, lengths, np.rint(requests).astype(np.int64), np.rint(predictions).astype(np.int64), earlier
    )


def _newest_answer(store: TelemetryStore, series: Sequence[Series], before_us: int) -> Window | None:
    rows = [one for one in series if one.key.column == ROWS]
    tables = {"wanted": wanted_table(rows, range(len(rows)))}
    for start_us, length_s in store.rows("newest_answer", {"before_us": before_us}, tables=tables):
        return Window(start_us, start_us + length_s * SECOND_US)
    return None
