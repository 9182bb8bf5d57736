"""What many deployments leave in the telemetry store over many days, written straight into its tables: a few INSERT … SELECT for each day,
the rows of one range() in the order of series and time, so that filling goes as fast as DuckDB writes.

Every column of every deployment has a closed hour's cell and 20 bins for each hour, and its days; the service's columns come in minutes
over the last week and in hours before. Today's hours are as folded, not settled. Left out: sketches, names of categories, segments.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tidegauge.core.baseline import Baseline, build_baseline
from tidegauge.core.columns import ColumnKind
from tidegauge.core.windows import DAY_US, HOUR_US, MINUTE_US, Window
from tidegauge_collector.core.default_monitors import ACCURACY, AUC, DRIFT, ERROR_RATE
from tidegauge_collector.telemetry.store import TelemetryStore

BINS_USED, ROWS_AN_HOUR = 20, 200
COLUMNS = (*(f"c{i}" for i in range(9)), "_prediction")
SERVICE = (("_latency", "log_linear"), ("_rows", "numeric"), ("_error", "categorical"))
BUCKETS, FIRST_BUCKET = 8, 1_150  # of latencies about 10 ms
MINUTE_DAYS = 7
RECORDS_A_DAY = 20
VERSION = "1"


def name_of(number: int) -> str:
    """The deployment of a number."""
    return f"model-{number:04d}"


def baseline() -> Baseline:
    """The one that every deployment is measured against: 1,000 rows, even over the bins."""
    values = np.arange(1_000.0)
    edges = [50.0 * i for i in range(1, BINS_USED)]
    return build_baseline(
        dict.fromkeys(COLUMNS, values),
        dict.fromkeys(COLUMNS, ColumnKind.NUMERIC),
        edges=dict.fromkeys(COLUMNS, edges),
        importance={name: 1.0 + i for i, name in enumerate(COLUMNS[:-1])},
    )


@dataclass(frozen=True, slots=True)
class Filling:
    """So many deployments over so many days, the last of which is today, up to `end_us`: nothing is older than retention keeps it."""

    deployments: int
    days: int
    end_us: int

    @property
    def start_us(self) -> int:
        return self.end_us // DAY_US * DAY_US - (self.days - 1) * DAY_US

    def stretches(self) -> Iterator[Window]:
        """Each day, and what there is of today."""
        for at_us in range(self.start_us, self.end_us, DAY_US):
            yield Window(at_us, min(at_us + DAY_US, self.end_us))

    def is_today(self, stretch: Window) -> bool:
        return stretch.end_us == self.end_us

    @property
    def bins_id(self) -> bytes:
        return baseline().bins.bins_id


def fill_profiles(store: TelemetryStore, filling: Filling) -> None:
    """Columns in event time: hours and days of each."""
    run = store._cursor().execute
    names = [name_of(i) for i in range(filling.deployments)]
    run("BEGIN")
    run(
        "INSERT INTO deployments_known SELECT 1 + i, name FROM (SELECT UNNEST(?) AS name, UNNEST(range(?)) AS i)",
        [names, len(names)],
    )
    run("INSERT INTO day_zones SELECT deployment, 'UTC' FROM deployments_known")
    run(f"INSERT INTO versions_known VALUES (1, '{VERSION}')")
    for place, column in enumerate(COLUMNS):
        run(_SERIES, _series(place, len(COLUMNS), 0, column, "numeric", filling.bins_id, 1))
    run("COMMIT")
    series = filling.deployments * len(COLUMNS)
    for day in filling.stretches():
        run("BEGIN")
        for level, length_us in _levels(filling, day, HOUR_US):
            _write(store, level, series, day, length_us)
        run("COMMIT")
    run("CHECKPOINT")


def fill_service(store: TelemetryStore, filling: Filling) -> None:
    """Calls, latencies and errors in arrival time; call it after `fill_profiles`."""
    run = store._cursor().execute
    before = filling.deployments * len(COLUMNS)
    run("BEGIN")
    for place, (column, kind) in enumerate(SERVICE):
        run(_SERIES, _series(place, len(SERVICE), before, column, kind, b"", 2))
    run("COMMIT")
    for day in filling.stretches():
        step_us = MINUTE_US if day.start_us > filling.end_us - MINUTE_DAYS * DAY_US else HOUR_US
        run("BEGIN")
        for level, length_us in _levels(filling, day, step_us):
            asked = _asked(level, day, length_us) | {"before": before, "kinds": len(SERVICE)}
            rows = max(1, ROWS_AN_HOUR * length_us // HOUR_US)
            asked |= {"rows": rows, "cells": filling.deployments * len(SERVICE) * asked["windows"]}
            asked |= {"buckets": min(BUCKETS, rows), "first": FIRST_BUCKET}
            run(_SERVICE_CELLS.format(**asked))
            run(_LATENCIES.format(**asked, of=filling.deployments * asked["windows"] * asked["buckets"]))
            run(_ERRORS.format(**asked, of=filling.deployments * asked["windows"]))
        run("COMMIT")
    run("CHECKPOINT")


def fill_records(store: TelemetryStore, filling: Filling) -> None:
    """Predictions with an id and their truths, some each day before today, from one agent of each deployment that has ended."""
    run = store._cursor().execute
    asked = {
        "n": filling.deployments,
        "a_day": RECORDS_A_DAY,
        "start": filling.start_us,
        "day": DAY_US,
    }
    asked |= {"of": filling.deployments * (filling.days - 1) * RECORDS_A_DAY, "end": filling.end_us}
    run("BEGIN")
    for query in (_EPOCHS, _MARKS, _WATERMARKS, _PREDICTIONS, _ACTUALS):
        run(query.format(**asked))
    run("COMMIT")
    run("CHECKPOINT")


def fill_judgements(store: TelemetryStore, filling: Filling) -> None:
    """What the default monitors said: of each column a day, of the service an hour, of accuracy a day."""
    run = store._cursor().execute
    run("BEGIN")
    for monitor, columns in ((DRIFT, COLUMNS), (ERROR_RATE, ("",)), (AUC, ("",)), (ACCURACY, ("",))):
        times = filling.days * DAY_US // (monitor.every_s * 1_000_000)
        run(_NAMES_ASKED, [list(columns), list(range(len(columns)))])
        asked = {
            "end": filling.end_us,
            "every": monitor.every_s * 1_000_000,
            "window": monitor.window_s * 1_000_000,
            "times": times,
        }
        asked |= {"monitor": monitor.id, "metric": monitor.metric, "version": VERSION, "columns": len(columns)}
        run(_JUDGEMENTS.format(**asked, of=filling.deployments * times * len(columns)))
        run("DROP TABLE names_asked")
    run("COMMIT")
    run("CHECKPOINT")


def _series(place: int, of: int, before: int, column: str, kind: str, bins_id: bytes, basis: int) -> list[object]:
    return [before + 1 + place, of, VERSION, column, kind, bins_id, basis]


def _levels(filling: Filling, day: Window, step_us: int) -> list[tuple[str, int]]:
    """The tables that a day lies in, by what their names begin with, and how long their windows are."""
    return [("", step_us)] if filling.is_today(day) else [("settled_", step_us), ("day_", DAY_US)]


def _asked(level: str, day: Window, length_us: int) -> dict[str, Any]:
    """`more`: columns that only tables of the fold have."""
    windows = (day.end_us - day.start_us) // length_us
    return {
        "level": level,
        "at": day.start_us,
        "length": length_us,
        "windows": windows,
        "more": "" if level else ", 0, NULL",
    }


def _write(store: TelemetryStore, level: str, series: int, day: Window, length_us: int) -> None:
    """The cells and bins of every series in the windows of a day; the bins of a window add up to its rows."""
    rows = ROWS_AN_HOUR * length_us // HOUR_US
    asked = _asked(level, day, length_us) | {"rows": rows, "bins": BINS_USED, "each": rows // BINS_USED}
    run = store._cursor().execute
    run(_CELLS.format(**asked, of=series * asked["windows"]))
    run(_BINS.format(**asked, of=series * asked["windows"] * BINS_USED))


_SERIES = """
INSERT INTO series SELECT $1 + (deployment_id - 1) * $2, deployment, $3, 1, '', '', $4, $5, $6, 0, $7 FROM deployments_known
"""
_CELLS = """
INSERT INTO {level}cells
SELECT 1 + i // {windows}, {at} + i % {windows} * {length}, {length} // 1000000, {rows}, 1, 0, 0, 0, {rows} * 500.0,
    {rows} * 333333.0, 0, 999{more},
    {at} + (1 + i % {windows}) * {length}
FROM range({of}) AS a(i)
"""
_BINS = """
INSERT INTO {level}bins
SELECT 1 + i // {bins} // {windows}, {at} + i // {bins} % {windows} * {length}, {length} // 1000000, i % {bins},
    {each} + CASE i % 2 WHEN 0 THEN 1 ELSE -1 END * CAST(hash(i // 2 + {at}) % {each} AS BIGINT)
FROM range({of}) AS a(i)
"""
_SERVICE_CELLS = """
INSERT INTO {level}cells
SELECT 1 + {before} + i // {windows}, {at} + i % {windows} * {length}, {length} // 1000000,
    CASE i // {windows} % {kinds} WHEN 2 THEN {rows} // 3 ELSE {rows} END, 0, 0, 0, 0,
    CASE i // {windows} % {kinds} WHEN 0 THEN {rows} * 0.01 WHEN 1 THEN {rows} ELSE 0 END, {rows}, 0.009, 0.02{more},
    {at} + (1 + i % {windows}) * {length}
FROM range({cells}) AS a(i)
WHERE i // {windows} % {kinds} <> 2 OR i % 7 = 0
"""
_LATENCIES = """
INSERT INTO {level}bins
SELECT 1 + {before} + i // {buckets} // {windows} * {kinds}, {at} + i // {buckets} % {windows} * {length}, {length} // 1000000,
    {first} + i % {buckets}, {rows} // {buckets} + CASE i % {buckets} WHEN 0 THEN {rows} % {buckets} ELSE 0 END
FROM range({of}) AS a(i)
"""
_ERRORS = """
INSERT INTO {level}names
SELECT 3 + {before} + i // {windows} * {kinds}, {at} + i % {windows} * {length}, {length} // 1000000, 'system:TimeoutError', {rows} // 3
FROM range({of}) AS a(i)
WHERE (i // {windows} * {kinds} * {windows} + 2 * {windows} + i % {windows}) % 7 = 0 AND {rows} > 2
"""
_EPOCHS = (
    "INSERT INTO epochs_known SELECT deployment_id, UNHEX(LPAD(TO_HEX(deployment_id), 32, '0')) FROM deployments_known"
)
_MARKS = "INSERT INTO marks SELECT epoch, 1000, {end}, true FROM epochs_known"
_WATERMARKS = "INSERT INTO watermarks SELECT epoch, epoch_id, {end} FROM epochs_known"
_PREDICTIONS = """
INSERT INTO predictions
SELECT 1 + i // {a_day} % {n}, 1, 1, hash(i), i, at_us, at_us, at_us, hash(i + 1) % 1000 / 1000, NULL, NULL, NULL, 0, NULL,
    1 + i // {a_day} % {n}, 1, i
FROM (
    SELECT i, {start} + i // {a_day} // {n} * {day} + i % {a_day} * ({day} // {a_day}) AS at_us FROM range({of}) AS a(i)
)
"""
_ACTUALS = """
INSERT INTO actuals
SELECT deployment_id, id_high, id_low, CASE WHEN score + hash(id_low + 2) % 500 / 1000 > 0.75 THEN 1 ELSE 0 END, NULL,
    event_us + {day} // 24, event_us + {day} // 24, epoch, 2, row_number
FROM predictions JOIN epochs_known USING (epoch_id)
"""
_NAMES_ASKED = "CREATE TEMP TABLE names_asked AS SELECT UNNEST(?) AS name, UNNEST(?) AS place"
_JUDGEMENTS = """
INSERT INTO judgements
SELECT deployment_id, '{version}', '{monitor}', '{metric}', name, '', end_us - {window}, end_us, 0.05, NULL, 4800, 1000, NULL,
    CASE WHEN (deployment_id * 31 + end_us // 86400000000 + place) % 40 = 0 THEN 'failing'
        WHEN (deployment_id * 17 + end_us // 86400000000 + place) % 40 = 0 THEN 'warning' ELSE 'ok' END, NULL, NULL, end_us
FROM (
    SELECT 1 + i // {columns} // {times} AS deployment_id, i % {columns} AS place,
        {end} - ({times} - 1 - i // {columns} % {times}) * {every} AS end_us
    FROM range({of}) AS a(i)
) JOIN names_asked USING (place)
ORDER BY end_us
"""
