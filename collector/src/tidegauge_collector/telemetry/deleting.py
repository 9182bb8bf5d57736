"""Deletion on demand: everything of a deployment, a version, a range, or one prediction id, in one transaction.

Counts in profiles cannot be told apart by id: a prediction's row and its actuals go, what it added to counts and sums stays. Of a
range that cuts a day, the rest of that day is made again from its hours; where they have expired, the whole day goes.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from tidegauge.core.windows import SECOND_US, Window
from tidegauge_collector.crash_points import crash_here
from tidegauge_collector.telemetry.queries import COUNT_OF
from tidegauge_collector.telemetry.rolling import keys_of, read_merged, roll_up, tables_of, write
from tidegauge_collector.telemetry.rowwise import split_ids
from tidegauge_collector.telemetry.store import Parameters, Table, TelemetryStore
from tidegauge_collector.telemetry.tombstones import Tombstone

ALWAYS = Window(-(1 << 62), 1 << 62)


def would_delete(store: TelemetryStore, one: Tombstone) -> Counter[str]:
    """What a deletion would remove, by kind; nothing is removed, and nobody who writes is held up."""
    with store.snapshot():
        found = _count_rows(store, one, COUNT_OF)
        return +(found if one.prediction is not None else found + _Profiles(store, one, COUNT_OF).count())


def delete(store: TelemetryStore, one: Tombstone) -> Counter[str]:
    """Remove what a deletion names, and bar it from coming back; what was removed, by kind. Done once, it finds nothing again."""
    with store.write():
        removed = _delete(store, one)
        store.execute("write_deletion_applied", [one.deletion_id, one.deleted_at_us])
        crash_here("delete.removed")
    crash_here("delete.committed")
    store.index.spans.load(store.rows)
    return removed


def delete_barred_actuals(store: TelemetryStore) -> None:
    """Remove the actuals that came in again after a deletion of their predictions' version or range.

    To be called when the frame log is folded to its end: in it an actual may lie before or after its prediction.
    """
    if not store.index.has_barred_ids:
        return
    with store.write():
        store.execute("delete_barred_actuals")
        store.execute("forget_barred_ids")
    store.index.has_barred_ids = False


def deletions_applied(store: TelemetryStore) -> set[str]:
    """The ids of deletions that this store has gone through."""
    return {deletion_id for (deletion_id,) in store.rows("deletions_applied")}


def _delete(store: TelemetryStore, one: Tombstone) -> Counter[str]:
    removed = _count_rows(store, one)
    if one.prediction is None:
        removed += _Profiles(store, one).delete()
    return +removed


def _count_rows(store: TelemetryStore, one: Tombstone, doing: str = "") -> Counter[str]:
    """How many rows of single predictions, actuals, verdicts and events a deletion removes, or would where `doing` is to count."""
    window = one.window or ALWAYS
    high, low = split_ids(one.prediction or bytes(16))
    deployment = {"deployment_id": store.index.deployments.known.get(one.deployment, -1)}
    versions = {"version_id": 0 if one.version is None else store.index.versions.known.get(one.version, -1)}
    times = {"start_us": window.start_us, "end_us": window.end_us}
    ids = {"by_id": one.prediction is not None, "id_high": int(high[0]), "id_low": int(low[0])}
    removed: Counter[str] = Counter()
    if one.prediction is None and (one.version is not None or one.window is not None):
        removed["actuals"] = _count(store, f"{doing}delete_actuals_of_predictions", deployment | versions | times)
    else:
        removed["actuals"] = _count(store, f"{doing}delete_actuals", deployment | ids)
    removed["predictions"] = _count(store, f"{doing}delete_predictions", deployment | versions | times | ids)
    if one.prediction is None:
        for name in ("judgements", "events"):
            removed[name] = _count(store, f"{doing}delete_{name}", deployment | times | {"version": one.version})
    return removed


@dataclass(frozen=True, slots=True)
class _Profiles:
    """The windows of a deletion's series."""

    store: TelemetryStore
    one: Tombstone
    doing: str = ""

    def count(self) -> Counter[str]:
        """How many windows and days go, or would where `doing` is to count."""
        gone, times = self._gone(), self._times()
        removed: Counter[str] = Counter()
        for level in ("", "settled"):
            for name in self._tables_of(level):
                count = _count(self.store, f"{self.doing}delete_series_{name}@{level}", times, {"gone": gone})
                removed["windows"] += count if name == "cells" else 0
        removed["days"] = self._count_days(times, gone)
        return removed

    def delete(self) -> Counter[str]:
        """Remove them, and make the days anew that were cut; how many went."""
        gone = self._gone()
        cut = self.store.rows("days_cut", self._times(), tables={"gone": gone})
        removed = self.count()
        for start_us, length_s in cut:
            day = {"start_us": start_us, "end_us": start_us + length_s * SECOND_US}
            self._count_days({"start_us": start_us, "end_us": start_us + 1}, gone)
            self._make_again(day, length_s, gone)
        return removed

    def _tables_of(self, level: str) -> tuple[str, ...]:
        """Those whose rows are to go, the cells first; to count, these alone."""
        names = tables_of(level)
        return names[:1] if self.doing else names

    def _times(self) -> dict[str, int]:
        window = self.one.window or ALWAYS
        return {"start_us": window.start_us, "end_us": window.end_us}

    def _count_days(self, times: dict[str, int], gone: Table) -> int:
        tables = {"gone": gone}
        cells, *rest = (f"{self.doing}delete_series_{name}@day" for name in self._tables_of("day"))
        count = _count(self.store, cells, times, tables)
        for name in rest:
            _count(self.store, name, times, tables)
        return count

    def _make_again(self, day: dict[str, int], length_s: int, gone: Table) -> None:
        """A day from what is left of its settled windows."""
        keys = self.store.arrays("keys_of_series@settled", day, tables={"gone": gone})
        if not len(keys["series_id"]):
            return
        starts = np.unique(keys["window_start_us"])
        rolls = {
            "window_start_us": starts,
            "to_start_us": np.full(len(starts), day["start_us"]),
            "to_length_s": np.full(len(starts), length_s, dtype=np.int32),
        }
        write(self.store, "day", roll_up(self.store, read_merged(self.store, "settled", keys_of(keys)), rolls))

    def _gone(self) -> Table:
        index = self.store.index
        series = (*index.series_of(self.one.deployment), *index.moments_of(self.one.deployment))
        numbers = [one.series_id for one in series if self.one.version in (None, one.key.version)]
        return {"series_id": np.array([-1, *numbers], dtype=np.int32)}


def _count(store: TelemetryStore, name: str, parameters: Parameters, tables: dict[str, Table] | None = None) -> int:
    ((count,),) = store.rows(name, parameters, tables=tables or {})
    return int(count)
