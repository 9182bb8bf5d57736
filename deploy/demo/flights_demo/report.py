"""The table at the end: what was sent and stored, accuracy, drift, alerts, cost, and whether the promises held."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from flights_demo.checks import Check, opened_day, sklearn_accuracy, to_receiver
from flights_demo.evidence import Evidence, Json

Row = list[str]
WARNING_PSI = 0.1


def print_report(console: Console, seen: Evidence, checks: list[Check]) -> None:
    """Print every part in the order in which a newcomer asks."""
    console.print(_table("Drift by feature (each day against January to March)", DRIFT_HEAD, drift_rows(seen)))
    console.print(_table("Accuracy by month", ACCURACY_HEAD, accuracy_rows(seen)))
    console.print(_table("Alerts, and what the receiver got", ALERT_HEAD, alert_rows(seen)))
    if seen.stories:
        console.print(_table("What the people on call saw of the shift", STORY_HEAD, story_rows(seen)))
    console.print(_table("Cost per call (a DataFrame of an hour's flights; medians)", COST_HEAD, cost_rows(seen.costs)))
    console.print(_table("What was promised", CHECK_HEAD, check_rows(checks)))


DRIFT_HEAD = ["feature", "median psi", "highest", "on", "days > 0.1", "alerts"]
ACCURACY_HEAD = ["month", "flights", "truth", "Tidegauge", "scikit-learn"]
ALERT_HEAD = ["opened by", "over at", "what", "severity", "value", "sent", "received"]
STORY_HEAD = ["tool", "what happened there"]
COST_HEAD = ["worker", "calls", "the model", "added by the wrap", "99th percentile"]
CHECK_HEAD = ["", "claim", "grounds"]


def drift_rows(seen: Evidence) -> Iterable[Row]:
    """One row a column, the most drifted first."""
    by_column: dict[str, list[Json]] = {}
    for one in seen.psi:
        if one["value"] is not None:
            by_column.setdefault(one["column"], []).append(one)
    for column, days in sorted(by_column.items(), key=lambda item: -max(one["value"] for one in item[1])):
        values = np.array([one["value"] for one in days])
        worst = days[int(values.argmax())]
        alerts = sum(1 for one in seen.alerts if one["column"] == column and one["metric"] == "psi")
        yield [
            column,
            f"{np.median(values):.3f}",
            f"{values.max():.3f}",
            str(worst["window"]["start"])[:10],
            str(int((values > WARNING_PSI).sum())),
            str(alerts),
        ]


def accuracy_rows(seen: Evidence) -> Iterable[Row]:
    """One row a month."""
    for month, value in seen.accuracy:
        rows = seen.labelled(month.number)
        flights = int((seen.rows["month"] == month.number).sum())
        known = "-" if value["coverage"] is None else f"{value['coverage']:.1%}"
        measured = value["reason"] if value["value"] is None else f"{value['value']:.9f}"
        yield [month.name, f"{flights:,}", known, measured, f"{sklearn_accuracy(rows):.9f}"]


def alert_rows(seen: Evidence) -> Iterable[Row]:
    """One row an alert, the oldest first, in event time."""
    received = {one.id for one in seen.messages if not one.problem}
    for one in sorted(seen.alerts, key=lambda alert: str(alert["opened_window"]["end"])):
        deliveries = to_receiver(one)
        delivered = sum(1 for each in deliveries if each["status"] == "delivered")
        yield [
            opened_day(one).strftime("%Y-%m-%d"),
            str(one["window"]["end"])[:10] if one["status"] == "resolved" else "still open",
            f"{one['metric']} {one['column']}".strip(),
            one["severity"],
            "-" if one["events"][0]["value"] is None else f"{one['events'][0]['value']:.3f}",
            f"{delivered} of {len(deliveries)}",
            str(len({each["id"] for each in deliveries} & received)),
        ]


def story_rows(seen: Evidence) -> Iterable[Row]:
    """One row a step, tool after tool."""
    for story in seen.stories:
        for number, step in enumerate(story.history):
            yield [story.tool if number == 0 else "", escape(step)]


def cost_rows(costs: Iterable[Json]) -> Iterable[Row]:
    """One row a worker: DataFrames of one hour's flights."""
    for one in costs:
        if one["calls"]:
            times = [f"{one[name] / 1e3:.2f} ms" for name in ("model_us", "added_us", "added_p99_us")]
            yield [str(one["worker"] + 1), f"{one['calls']:,}", *times]


def check_rows(checks: Iterable[Check]) -> Iterable[Row]:
    """One row a claim."""
    for one in checks:
        yield ["[green]yes[/]" if one.holds else "[bold red]NO[/]", one.claim, one.grounds]


def _table(title: str, head: list[str], rows: Iterable[Row]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", header_style="dim")
    for name in head:
        table.add_column(name, no_wrap=name != "grounds", overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table
