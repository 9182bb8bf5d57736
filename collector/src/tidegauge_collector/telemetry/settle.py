"""Settling: the windows of a day that has closed leave the tables that the fold writes, sorted by series, and are added to their day.

A row lies in the fold's tables or among the settled ones, never in both, and a settled row is counted in its day: what reading adds
up is the same before and after each step. What comes late lies in the fold's tables again until the next pass adds it to both.
A step is one transaction: a crash costs a step, not a row. Days are cut in the deployment's time zone as it was first told.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np

from tidegauge.core.windows import SECOND_US, Window, day_start, next_day
from tidegauge_collector.crash_points import crash_here
from tidegauge_collector.telemetry.rolling import KEY, keys_of, merge_crowded, read_merged, remove, roll_up, write
from tidegauge_collector.telemetry.store import Table, TelemetryStore

STEP_CELLS = 20_000
ZoneOf = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Step:
    """Some windows of one local day of some series; `deployments`: whose they are, with their zone."""

    keys: Table
    day: Window
    deployments: dict[str, str]


def settle(store: TelemetryStore, zone_of: ZoneOf, *, before_us: int, most_steps: int | None = None) -> int:
    """Settle the days that end at or before `before_us`; returns how many windows were. `most_steps` bounds one call's work."""
    settled = 0
    for number, step in enumerate(_steps(store, zone_of, before_us)):
        if number == most_steps:
            break
        _settle(store, step)
        settled += len(step.keys["series_id"])
    return settled


def _settle(store: TelemetryStore, step: Step) -> None:
    with store.write():
        for deployment, zone in step.deployments.items():
            if deployment not in store.index.zones:
                store.execute("write_day_zone", [deployment, zone])
        merged = read_merged(store, "", step.keys)
        rolled = roll_up(store, merged, _into(step.day, step.keys))
        remove(store, "", step.keys)
        for level, rows in (("settled", merged), ("day", rolled)):
            write(store, level, rows)
            merge_crowded(store, level, keys_of(rows["cells"]))
        crash_here("settle.rolled")
    crash_here("settle.committed")
    store.index.zones.update(step.deployments)


def _into(day: Window, keys: Table) -> Table:
    starts = np.unique(keys["window_start_us"])
    return {
        "window_start_us": starts,
        "to_start_us": np.full(len(starts), day.start_us),
        "to_length_s": np.full(len(starts), day.length_s, dtype=np.int32),
    }


def _steps(store: TelemetryStore, zone_of: ZoneOf, before_us: int) -> Iterator[Step]:
    """What is due, day by day, in steps of at most STEP_CELLS windows."""
    waiting = store.arrays("closed_windows", [before_us])
    if not len(waiting["series_id"]):
        return
    owners = {number: key.deployment for number, key in store.index.series.things().items()}
    zones = {name: store.index.zones.get(name) or zone_of(name) for name in set(owners.values())}
    for zone in sorted(set(zones.values())):
        mine = np.array([number for number, name in owners.items() if zones[name] == zone], dtype=np.int32)
        here = np.isin(waiting["series_id"], mine)
        for day, keys in _days({name: waiting[name][here] for name in KEY}, ZoneInfo(zone), before_us):
            for part in _parts(keys):
                names = {owners[number] for number in np.unique(part["series_id"]).tolist()}
                yield Step(part, day, dict.fromkeys(names, zone))


def _days(keys: Table, zone: ZoneInfo, before_us: int) -> Iterator[tuple[Window, Table]]:
    """The closed local days, each with the windows that begin in it; `keys` are sorted by window start."""
    starts = keys["window_start_us"]
    at = 0
    while at < len(starts):
        start_us = day_start(int(starts[at]), zone)
        day = Window(start_us, next_day(start_us, zone))
        if day.end_us > before_us:
            return
        end = int(np.searchsorted(starts, day.end_us))
        ended = keys["window_start_us"][at:end] + keys["window_length_s"][at:end] * np.int64(SECOND_US) <= before_us
        yield day, {name: values[at:end][ended] for name, values in keys.items()}
        at = end


def _parts(keys: Table) -> Iterator[Table]:
    """Cut by series, so that the rows of one series come to lie together."""
    order = np.lexsort((keys["window_start_us"], keys["series_id"]))
    for start in range(0, len(order), STEP_CELLS):
        yield {name: values[order[start : start + STEP_CELLS]] for name, values in keys.items()}
