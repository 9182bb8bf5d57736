"""The control store beside `filling.py`'s telemetry: deployments with owner and importance, their baseline, where every series stands, and
alerts: those that fire now, and twenty of the last 90 days that were resolved. In one transaction.
"""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import filling
from filling import COLUMNS, VERSION, Filling, name_of
from sqlalchemy import insert

from tidegauge.core.windows import DAY_US, HOUR_US
from tidegauge.wire.rows import encode_baseline
from tidegauge_collector.control import ControlStore, baselines, deployments
from tidegauge_collector.control.baselines import BaselinePart
from tidegauge_collector.control.tables import AlertEventRow, AlertTableRow, MonitorStateRow
from tidegauge_collector.core.alerts import SeriesState
from tidegauge_collector.core.default_monitors import ACCURACY, AUC, DRIFT, ERROR_RATE
from tidegauge_collector.core.monitors import Verdict

OWNERS = ("ops", "risk", "growth", "search", "")
IMPORTANCES = ("low", "normal", "normal", "high", "critical")
PAST_ALERTS = 20
SERIES = [
    *((DRIFT, column, place) for place, column in enumerate(COLUMNS)),
    *((one, "", 0) for one in (ERROR_RATE, AUC, ACCURACY)),
]


def fill_control(path: Path, wanted: Filling) -> None:
    """A new control store at `path`."""
    control = ControlStore.open(path)
    control.definitions.refresh(wanted.start_us)
    parts = [
        BaselinePart(one.digest, one.part, one.parts, one.SerializeToString(), one.origin, one.rows, one.bins.bins_id)
        for one in encode_baseline(filling.baseline())
    ]
    with control._write() as session:
        for i in range(wanted.deployments):
            name = name_of(i)
            deployments.ensure(session, name, {"task": "binary"}, wanted.start_us)
            deployments.ensure_version(session, name, VERSION, "champion", wanted.start_us)
            said = {"owner": OWNERS[i % 5], "importance": IMPORTANCES[i % 5], "labels": {"team": f"t{i % 20}"}}
            deployments.change(session, name, said, actor="bench", now_us=wanted.start_us)
            for part in parts:
                baselines.add_part(session, name, VERSION, part, wanted.start_us)
        session.flush()
        numbers = range(1, wanted.deployments + 1)
        session.execute(insert(MonitorStateRow), [row for i in numbers for row in _states(i, wanted)])
        alerts = [row for i in numbers for row in _alerts(i, wanted)]
        session.execute(insert(AlertTableRow), alerts)
        events = [
            {"alert_id": one["id"], "seq": 0, "kind": "opened", "at_us": one["opened_at_us"], "details": {}}
            for one in alerts
        ]
        session.execute(insert(AlertEventRow), events)
    control.close()


def _verdict(deployment: int, end_us: int, place: int) -> Verdict:
    """As `fill_judgements` writes it."""
    day = end_us // DAY_US
    if (deployment * 31 + day + place) % 40 == 0:
        return Verdict.FAILING
    return Verdict.WARNING if (deployment * 17 + day + place) % 40 == 0 else Verdict.OK


def _states(deployment: int, wanted: Filling) -> Iterator[dict[str, Any]]:
    for monitor, column, place in SERIES:
        verdict = _verdict(deployment, wanted.end_us, place)
        is_bad = verdict is not Verdict.OK
        state = SeriesState(
            status="firing" if is_bad else "quiet",
            severity=verdict.value if is_bad else None,
            recent=(Verdict.OK, verdict),
            last_window_end_us=wanted.end_us,
            verdict=verdict,
        )
        key = {"deployment_id": deployment, "monitor": monitor.id, "metric": monitor.metric, "column": column}
        whose = {"segment": "", "version": VERSION, "state": asdict(state), "last_window_end_us": wanted.end_us}
        yield key | whose


def _alerts(deployment: int, wanted: Filling) -> Iterator[dict[str, Any]]:
    """Numbered in the order in which they opened."""
    for i in range(PAST_ALERTS):
        at_us = wanted.end_us - (PAST_ALERTS - i) * wanted.days * DAY_US // PAST_ALERTS
        number = i * wanted.deployments + deployment
        yield _alert(number, deployment, DRIFT.id, COLUMNS[i % 10], "warning", at_us, at_us + DAY_US // 2)
    firing = PAST_ALERTS * wanted.deployments + deployment * len(SERIES)
    for i, (monitor, column, place) in enumerate(SERIES):
        verdict = _verdict(deployment, wanted.end_us, place)
        if verdict is not Verdict.OK:
            yield _alert(firing + i, deployment, monitor.id, column, verdict.value, wanted.end_us - HOUR_US, None)


def _alert(
    number: int, deployment: int, monitor: str, column: str, severity: str, at_us: int, resolved_us: int | None
) -> dict[str, Any]:
    metric = next(one.metric for one, *_ in SERIES if one.id == monitor)
    return {
        "id": number,
        "key": f"{number:032x}",
        "deployment_id": deployment,
        "monitor": monitor,
        "metric": metric,
        "column": column,
        "segment": "",
        "version": VERSION,
        "severity": severity,
        "status": "firing" if resolved_us is None else "resolved",
        "opened_window_start_us": at_us - DAY_US,
        "opened_window_end_us": at_us,
        "opened_at_us": at_us,
        "updated_at_us": resolved_us or at_us,
        "resolved_at_us": resolved_us,
        "value": 0.3,
        "threshold": 0.25,
        "details": {},
        "seq": 0,
        "acknowledged_at_us": None if resolved_us is None else at_us + HOUR_US,
    }
