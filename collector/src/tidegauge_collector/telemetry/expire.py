"""Retention: what is older than its kind is kept goes, a bounded number of rows a call.

Age is counted from the later of a row's own time and its arrival, so that a back-fill does not expire on arrival. Minutes do not go,
they become hours (later where an objective counts them); hours go when their days stay. What the fold wrote last is never touched: it
is settled first.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tidegauge.core.windows import DAY_US, HOUR_US
from tidegauge_collector.telemetry.rolling import keys_of, merge_crowded, read_merged, remove, roll_up, write
from tidegauge_collector.telemetry.selecting import select
from tidegauge_collector.telemetry.store import Table, TelemetryStore

STEP_CELLS = 20_000
STEP_ROWS = 500_000
_HOUR_S = 3_600
_ANY_S = 1 << 30
_NOTHING: Table = {"series_id": np.zeros(0, dtype=np.int32), "before_us": np.zeros(0, dtype=np.int64)}


@dataclass(frozen=True, slots=True)
class Retention:
    """For how long each kind is kept, in microseconds. `sketches_us` counts for second moments too, `marks_us` for events and
    gaps, `days_us` for judgements."""

    minutes_us: int = 7 * DAY_US
    sketches_us: int = 7 * DAY_US
    hours_us: int = 90 * DAY_US
    days_us: int = 1_095 * DAY_US
    records_us: int = 90 * DAY_US
    marks_us: int = 400 * DAY_US


@dataclass(frozen=True, slots=True)
class KeptMinutes:
    """A column whose minutes are needed for longer than others: an objective counts them."""

    deployment: str
    column: str
    for_us: int


def expire(
    store: TelemetryStore, retention: Retention, *, now_us: int, longer: Sequence[KeptMinutes] = ()
) -> Counter[str]:
    """One bounded run; what it removed by kind: nothing once all is done. `longer`: minutes kept beyond `retention.minutes_us`."""
    removed: Counter[str] = Counter()
    removed["minutes"] = _shorten(store, now_us - retention.minutes_us, _kept(store, longer, now_us))
    for name in ("sketches", "second_moments"):
        removed[name] = _delete(store, f"settled_{name}", now_us - retention.sketches_us)
    removed["hours"] = _remove_cells(store, "settled", now_us - retention.hours_us, least_s=_HOUR_S)
    removed["days"] = _remove_cells(store, "day", now_us - retention.days_us, least_s=0)
    for name in ("predictions", "actuals"):
        removed[name] = _delete(store, name, now_us - retention.records_us)
    removed["judgements"] = _delete(store, "judgements", now_us - retention.days_us)
    for name in ("events", "gaps"):
        removed[name] = _delete(store, name, now_us - retention.marks_us)
    removed["marks"] = _forget_epochs(store, now_us - retention.marks_us)
    removed = +removed
    if removed:
        store.index.spans.load(store.rows)
    return removed


def _kept(store: TelemetryStore, longer: Sequence[KeptMinutes], now_us: int) -> Table:
    """Series by number, each with the time before which its minutes may go."""
    before: dict[int, int] = {}
    for one in longer:
        for series in select(store.index, one.deployment, version=None, segment=None, columns={one.column}):
            before[series.series_id] = min(now_us - one.for_us, before.get(series.series_id, now_us))
    return {
        "series_id": np.array(list(before), dtype=np.int32),
        "before_us": np.array(list(before.values()), dtype=np.int64),
    }


def _shorten(store: TelemetryStore, before_us: int, kept_longer: Table) -> int:
    """Turn minutes into hours."""
    keys = _expired(store, "settled", before_us, least_s=0, below_s=_HOUR_S, kept_longer=kept_longer)
    if not len(keys["series_id"]):
        return 0
    starts = np.unique(keys["window_start_us"])
    hours = {
        "window_start_us": starts,
        "to_start_us": starts - starts % HOUR_US,
        "to_length_s": np.full(len(starts), _HOUR_S, dtype=np.int32),
    }
    with store.write():
        rolled = roll_up(store, read_merged(store, "settled", keys), hours)
        remove(store, "settled", keys)
        write(store, "settled", rolled)
        merge_crowded(store, "settled", keys_of(rolled["cells"]))
    return len(keys["series_id"])


def _remove_cells(store: TelemetryStore, level: str, before_us: int, *, least_s: int) -> int:
    keys = _expired(store, level, before_us, least_s=least_s, below_s=_ANY_S)
    if not len(keys["series_id"]):
        return 0
    with store.write():
        remove(store, level, keys)
    return len(keys["series_id"])


def _expired(
    store: TelemetryStore, level: str, before_us: int, *, least_s: int, below_s: int, kept_longer: Table = _NOTHING
) -> Table:
    limits = {"before_us": before_us, "least_s": least_s, "below_s": below_s, "most": STEP_CELLS}
    found: Table = store.arrays(f"expired_cells@{level}", limits, tables={"kept_longer": kept_longer})
    return found


def _delete(store: TelemetryStore, table: str, before_us: int) -> int:
    with store.write():
        ((count,),) = store.rows(f"expire_{table}", {"before_us": before_us, "most": STEP_ROWS})
    return int(count)


def _forget_epochs(store: TelemetryStore, before_us: int) -> int:
    old = [epoch for epoch, one in store.index.marks.items() if one.closed and one.received_us < before_us]
    if not old:
        return 0
    with store.write():
        store.execute("expire_marks", {"before_us": before_us, "most": len(old)})
        store.execute("expire_watermarks")
    for epoch in old:
        del store.index.marks[epoch]
    for by_epoch in store.index.watermarks.values():
        for epoch in by_epoch.keys() & set(old):
            del by_epoch[epoch]
    return len(old)
