"""What a deployment's overview tells first: what is wrong, what changed, what is not there yet, each with the way to it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from .formats import moment
from .models import baseline_of
from .reader import Json
from .tabs import tab_of_block, tab_of_metric

MOST_BAD = 6
MOST_EVENTS = 3
RECENT = "7d"  # what is bad now would be lost in the sum of a longer range


@dataclass(frozen=True, slots=True)
class Hint:
    """`kind` is a key of the section `look`; `values` fill its text; `tab` and `wishes` are the way on; `level` as a verdict."""

    kind: str
    level: str
    tab: str
    values: Mapping[str, object] = field(default_factory=dict)
    wishes: Mapping[str, str] = field(default_factory=dict)


def look_at(
    deployment: Json, status: Json, health: Json, alerts: Sequence[Json], events: Sequence[Json], *, start: datetime
) -> list[Hint]:
    """The worst first; `start`: the beginning of the range that is shown, `events`: its newest."""
    hints = [
        *_bad(health, alerts),
        *_lost(status),
        *_changed(deployment, start),
        *_happened(events),
        *_wanting(deployment, status),
    ]
    return sorted(hints, key=lambda one: ("failing", "warning", "info").index(one.level))


def _bad(health: Json, alerts: Sequence[Json]) -> list[Hint]:
    """What is bad now, as the newest verdicts say; the value of each where an open alert tells it."""
    values = {(one["monitor"], one["column"] or "", one["segment"]): one for one in alerts if one["status"] == "firing"}
    hints = []
    for block in health["blocks"]:
        for one in block["because"]:
            alert = values.get((one["monitor"], one["column"], one["segment"]))
            metric = one["metric"] or "psi"
            hints.append(
                Hint(
                    "bad_column" if one["column"] else "bad",
                    one["verdict"],
                    tab_of_metric(one["metric"]) if one["metric"] else tab_of_block(block["block"]),
                    {
                        "metric": metric,
                        "column": one["column"],
                        "segment": one["segment"],
                        "value": alert["value"] if alert else None,
                        "window_end": one["window_end"],
                        "version": one["version"],
                    },
                    {"range": RECENT, "feature": one["column"], "segment": one["segment"], "version": one["version"]},
                )
            )
    return sorted(hints, key=lambda hint: hint.level != "failing")[:MOST_BAD]


def _lost(status: Json) -> list[Hint]:
    rows = sum(status["dropped"].values())
    live = [one for one in status["agents"] if one["live"]]
    hints = [Hint("lost", "warning", "agents", {"rows": rows})] if rows else []
    silent = [one for one in status["agents"] if one.get("state") == "silent"]
    if silent and not live:
        hints.append(Hint("silent", "warning", "agents", {"n": len(silent)}))
    return hints


def _changed(deployment: Json, start: datetime) -> list[Hint]:
    new = [one for one in deployment["versions"] if one["first_seen"] and moment(one["first_seen"]) >= start]
    known = len(deployment["versions"])
    return [
        Hint("new_version", "info", "versions", {"version": one["version"], "at": one["first_seen"]})
        for one in new[-3:]
        if known > 1
    ]


def _happened(events: Sequence[Json]) -> list[Hint]:
    """What people noted, not what agents say of themselves."""
    noted = [one for one in events if one["text"]]
    return [Hint("happened", "info", "metrics", {"text": one["text"], "at": one["at"]}) for one in noted[:MOST_EVENTS]]


def _wanting(deployment: Json, status: Json) -> list[Hint]:
    hints = []
    if baseline_of(deployment, "") is None:
        hints.append(Hint("no_baseline", "info", "drift"))
    if not status["stored"]["actuals"]:
        hints.append(Hint("no_actuals", "info", "accuracy"))
    if not deployment.get("owner"):
        hints.append(Hint("no_owner", "info", "settings"))
    return hints
