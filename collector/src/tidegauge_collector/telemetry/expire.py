"""Retention: what is older than its kind is kept goes, a bounded number of rows a call.

Age is counted from the later of a row's own time and its arrival, so that a back-fill does not expire on arrival. Minutes do not go,
they become hours; hours go when their days stay. What the fold wrote last is never touched: it is settled first.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from tidegauge.core.windows import DAY_US, HOUR_US
from tidegauge_collector.telemetry.rolling import keys_of, merge_crowded, read_merged, remove, roll_up, write
from tidegauge_collector.telemetry.store import Table, TelemetryStore

STEP_CELLS = 20_000
STEP_ROWS = 500_000
_HOUR_S = 3_600
_ANY_S = 1 << 30


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


def expire(store: TelemetryStore, retention: Retention, *, now_us: int) -> Counter[str]:
    """One bounded run; what it removed by kind: nothing once all is done."""
    removed: Counter[str] = Counter()
    removed["minutes"] = _shorten(store, now_us - retention.minutes_us)
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


def _shorten(store: TelemetryStore, before_us: int) -> int:
    """Turn minutes into hours."""
    keys = _expired(store, "settled", before_us, least_s=0, below_s=_HOUR_S)
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


def _expired(store: TelemetryStore, level: str, before_us: int, *, least_s: int, below_s: int) -> Table:
    limits = {"before_us": before_us, "least_s": least_s, "below_s": below_s, "most": STEP_CELLS}
    found: Table = store.arrays(f"expired_cells@{level}", limits)
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
