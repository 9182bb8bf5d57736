"""Deployments written straight into the stores of a data directory: what agents would send for hours comes in a second."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from tidegauge.core.baseline import Baseline, build_baseline
from tidegauge.core.bins import ReferenceBins
from tidegauge.core.columns import ColumnKind
from tidegauge.core.windows import DAY_US, HOUR_US
from tidegauge.wire.rows import encode_baseline
from tidegauge_collector.control import ControlStore
from tidegauge_collector.jobs.baselines import keep_part
from tidegauge_collector.telemetry.store import TelemetryStore

TRAINED, ROWS, BINS = 200, 100, 10
LATENCY_BUCKET = 1_150  # about 10 ms


@dataclass(frozen=True, slots=True)
class Filled:
    """A deployment with some rows an hour in each column and segment, over whole days up to the start of today; its hours are kept for
    the last `hours` of them, before are days. `labelled`: predictions with ids and their truths, so many a day, of each segment in turn.
    """

    name: str
    columns: Sequence[str] = ("amount", "_prediction")
    segments: Sequence[str] = ()
    versions: Sequence[str] = ("1",)
    days: int = 2
    hours: int = 48
    labelled: int = 0


def fill(folder: Path, deployments: Sequence[Filled], *, today_us: int) -> None:
    """Write them into the stores of an existing data directory that nobody has open."""
    control = ControlStore.open(folder / "control.sqlite")
    control.definitions.refresh(today_us)
    with TelemetryStore.open(folder / "telemetry.duckdb") as store:
        for number, one in enumerate(deployments, 1):
            _fill_telemetry(store, one, number, today_us)
    for one in deployments:
        _fill_control(control, one, today_us)
    control.close()


def _fill_control(control: ControlStore, one: Filled, today_us: int) -> None:
    start_us = today_us - one.days * DAY_US
    control.ensure_deployment(one.name, proposal={"task": "binary", "segments": []}, now_us=start_us)
    for i, version in enumerate(one.versions):
        control.ensure_version(one.name, version, role="champion" if i == 0 else "challenger", now_us=start_us + i)
    if one.columns:
        for part in encode_baseline(_baseline(tuple(one.columns))):
            keep_part(control, one.name, one.versions[0], part, now_us=start_us)


@cache
def _baseline(columns: tuple[str, ...]) -> Baseline:
    """All columns alike, so that thousands are made as soon as one."""
    one = build_baseline({"": np.arange(float(TRAINED))}, {"": ColumnKind.NUMERIC})
    return Baseline(
        TRAINED,
        ReferenceBins({name: replace(one.bins.columns[""], name=name) for name in columns}),
        {name: replace(one.profiles[""], name=name) for name in columns},
        importance={name: 1 / len(columns) for name in columns},
    )


def _fill_telemetry(store: TelemetryStore, one: Filled, number: int, today_us: int) -> None:
    run = store._cursor().execute
    ((before,),) = run("SELECT COALESCE(MAX(series_id), 0) FROM series").fetchall()
    run("BEGIN")
    run("INSERT INTO deployments_known VALUES (?, ?)", [number, one.name])
    run("INSERT INTO day_zones VALUES (?, 'UTC')", [one.name])
    for version in one.versions:
        run(_VERSION, [version])
        whose = {"name": one.name, "version": version, "segments": ["", *one.segments], "columns": list(one.columns)}
        if one.columns:
            run(_SERIES, whose | {"bins_id": _baseline(tuple(one.columns)).bins.bins_id})
        run(_SERVICE_SERIES, {"name": one.name, "version": version})
    times = {"before": before, "number": number, "today": today_us, "days": one.days, "hours": one.hours}
    for query in (_HOURS, _DAYS):
        for table, what in (("cells", _CELL), ("bins", _BIN)):
            asked = query.replace("{table}", table).replace("{what}", what).replace("{of}", _OF[table])
            run(asked.format(**times, rows=ROWS, bins=BINS, bucket=LATENCY_BUCKET))
    sets = "SELECT 1 + place, segment FROM (SELECT UNNEST($1) AS segment, UNNEST(range($2)) AS place)"
    run(f"INSERT INTO segment_sets {sets}", [list(one.segments), len(one.segments)])
    if one.labelled:
        for query in _RECORDS:
            of = {"labelled": one.labelled, "of_all": one.days * one.labelled, "segments": len(one.segments)}
            run(query.format(**times, **of, day=DAY_US, hour=HOUR_US))
    run("COMMIT")


_VERSION = (
    "INSERT INTO versions_known SELECT 1 + COUNT(*), $1 FROM versions_known HAVING COUNT(*) FILTER (version = $1) = 0"
)
_SERIES = """
INSERT INTO series
SELECT (SELECT COALESCE(MAX(series_id), 0) FROM series) + ROW_NUMBER() OVER (), $name, $version, 1, segment, '', column_name, 'numeric',
    $bins_id, 0, 1
FROM (SELECT UNNEST($segments) AS segment) CROSS JOIN (SELECT UNNEST($columns) AS column_name)
"""
_SERVICE_SERIES = """
INSERT INTO series
SELECT (SELECT COALESCE(MAX(series_id), 0) FROM series) + place, $name, $version, 1, '', '', column_name, kind, ''::BLOB, 0, 2
FROM (VALUES (1, '_latency', 'log_linear'), (2, '_rows', 'numeric')) AS a(place, column_name, kind)
"""
_HOURS = """
INSERT INTO settled_{table}
SELECT series_id, at_us, 3600, {what}
FROM (
    SELECT series_id, column_name, {today} - (1 + h) * 3600000000 AS at_us, 1 AS times
    FROM series CROSS JOIN range({hours}) AS a(h) WHERE series_id > {before}
)
{of}
"""
_DAYS = """
INSERT INTO day_{table}
SELECT series_id, at_us, 86400, {what}
FROM (
    SELECT series_id, column_name, {today} - (1 + d) * 86400000000 AS at_us, 24 AS times
    FROM series CROSS JOIN range({days}) AS a(d) WHERE series_id > {before}
)
{of}
"""
_CELL = """
times * {rows}, 1, 0, 0, 0, times * {rows} * CASE WHEN column_name[1] = '_' THEN 0.5 ELSE 100.0 END, times * {rows} * 13333.0, 0, 199, at_us
"""
_BIN = """
CASE column_name WHEN '_latency' THEN {bucket} ELSE 1 END + bin, times * {rows} // {bins}
"""
_OF = {"cells": "", "bins": "CROSS JOIN range({bins}) AS b(bin) WHERE column_name <> '_rows'"}
_RECORDS = (
    "INSERT INTO epochs_known VALUES ({number}, UNHEX(LPAD(TO_HEX({number}), 32, '0')))",
    "INSERT INTO marks SELECT epoch, 10, {today}, true FROM epochs_known WHERE epoch_id = {number}",
    "INSERT INTO watermarks SELECT epoch, {number}, {today} FROM epochs_known WHERE epoch_id = {number}",
    """
    INSERT INTO predictions
    SELECT {number}, 1, 1, hash(i), i, at_us, at_us, at_us, hash(i + 1) % 1000 / 1000, NULL, NULL, NULL,
        CASE {segments} WHEN 0 THEN 0 ELSE 1 + i % GREATEST(1, {segments}) END, NULL, {number}, 1, i
    FROM (
        SELECT i, {today} - (1 + i // {labelled}) * {day} + i % {labelled} * ({day} // {labelled}) AS at_us
        FROM range({of_all}) AS a(i)
    )
    """,
    """
    INSERT INTO actuals
    SELECT deployment_id, id_high, id_low, CASE WHEN score + hash(id_low + 2) % 500 / 1000 > 0.75 THEN 1 ELSE 0 END, NULL,
        event_us + {hour}, event_us + {hour}, epoch, 2, row_number
    FROM predictions JOIN epochs_known USING (epoch_id) WHERE deployment_id = {number}
    """,
)
