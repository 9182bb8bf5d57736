"""What people read of an event: one line, facts with their labels, and what has changed, in English or Japanese."""

from __future__ import annotations

from tidegauge_collector.notify.events import Event, Told
from tidegauge_collector.notify.words import LANGUAGES, WORDS

__all__ = ["LANGUAGES", "alert_lines", "cut", "facts", "headline", "news", "number", "remarks", "state", "word"]

NAMED_AT_ONCE = 3
LISTED_AT_ONCE = 10


def word(name: str, language: str = "en") -> str:
    """A word of a language."""
    return WORDS[language][name]


def state(event: Event, language: str = "en") -> str:
    """How bad it is."""
    words = WORDS[language]
    if event.kind == "test":
        return words["state_test"]
    return words["resolved"] if event.is_over else words.get(event.severity, event.severity)


OWN_RULE = "channel"
"""The rule of what Tidegauge says of its own channels; a monitor's would have a metric that is measured."""


def headline(event: Event, language: str = "en") -> str:
    """One line without line breaks: how bad, which deployment, which metric of which column, its value and limit."""
    words = WORDS[language]
    if event.kind == "test":
        return words["test"]
    line = _of_many(event, language) if event.size > 1 else _of_one(event, language)
    return " ".join(f"[{state(event, language)}] {line}".split())


def _of_one(event: Event, language: str) -> str:
    words = WORDS[language]
    if event.rule == OWN_RULE:
        return words["own_over" if event.is_over else "own_line"].format(channel=event.column)
    line = words["closed" if event.closed_by else "over" if event.is_over else "line"].format(
        deployment=event.deployment,
        what=_what(event.metric, event.column, language),
        value=number(event.value, words["nothing"]),
    )
    limit = "" if event.is_over or event.threshold is None else words["limit"].format(threshold=number(event.threshold))
    return line + limit


def _of_many(event: Event, language: str) -> str:
    """`3 columns of flights-delay drift: dep_delay, carrier, …`"""
    words = WORDS[language]
    shown = [one for one in event.alerts if event.is_over or not one.is_over] or list(event.alerts)
    count = event.size if event.is_over else max(event.firing, 1)
    deployments = sorted({one.deployment for one in shown if one.deployment}) or [event.deployment]
    columns = list(dict.fromkeys(one.column for one in shown if one.column))
    where = deployments[0] if len(deployments) == 1 else words["deployments"].format(n=len(deployments))
    if event.is_over:
        return words["all_over"].format(n=count, where=where)
    if count == 1:
        return _of_one(event, language) + words["others_over"].format(n=event.resolved)
    drifts = len(columns) == len(shown) and {one.monitor for one in shown} <= {"drift", event.rule}
    kind = "columns_drift" if drifts and event.rule == "drift" else "alerts_of"
    names = columns if kind == "columns_drift" else [_what(one.metric, one.column, language) for one in shown]
    listed = ", ".join(list(dict.fromkeys(names))[:NAMED_AT_ONCE]) + (", …" if count > NAMED_AT_ONCE else "")
    return words[kind].format(n=count, where=where, names=listed)


def facts(event: Event, language: str = "en") -> list[tuple[str, str]]:
    """Labels and values, without those that say nothing."""
    words = WORDS[language]
    window = f"{event.window_start} – {event.window_end}" if event.window_start else ""
    found = [
        ("deployment", event.deployment),
        ("version", event.version),
        ("metric", event.metric),
        ("column", event.column),
        ("segment", event.segment),
        ("value", number(event.value)),
        ("threshold", number(event.threshold)),
        ("baseline", number(event.baseline)),
        ("n", "" if event.n is None else f"{event.n:,}"),
        ("window", window),
        ("since", event.since or event.opened_at),
        ("owner", event.owner),
        ("assignee", event.assignee),
        ("acknowledged_by", event.acknowledged_by),
        ("worst_segment", event.worst_segment),
        ("runbook", event.runbook),
    ]
    return [(words[name], value) for name, value in found if value]


def news(event: Event, language: str = "en") -> list[str]:
    """What has changed since the message before, a sentence each; nothing of the opening itself."""
    words = WORDS[language]
    values = {"who": event.acknowledged_by or words["somebody"], "assignee": event.assignee, "comment": event.comment}
    found = [
        words[f"news_{change}"].format(**values) if f"news_{change}" in words else change for change in event.changes
    ]
    return [line for line in found if line]


def alert_lines(event: Event, language: str = "en", most: int = LISTED_AT_ONCE) -> list[str]:
    """The alerts of a group, a line each, and how many more there are; nothing where there is only one."""
    if event.size <= 1:
        return []
    words = WORDS[language]
    more = event.size - min(len(event.alerts), most)
    lines = [_line(one, language) for one in event.alerts[:most]]
    return [*lines, words["more"].format(n=more)] if more > 0 else lines


def remarks(event: Event, language: str = "en") -> list[str]:
    """What changed, the alerts one by one, and the columns that moved most."""
    moved = [
        f"{one.column} {number(one.value)}"
        + ("" if one.importance is None else f" ({WORDS[language]['importance']} {number(one.importance)})")
        for one in event.moved[:LISTED_AT_ONCE]
    ]
    found = [*news(event, language), *alert_lines(event, language)]
    return [*found, f"{WORDS[language]['moved']}: {', '.join(moved)}"] if moved else found


def number(value: float | None, nothing: str = "") -> str:
    """Four significant digits."""
    return nothing if value is None else f"{value:.4g}"


def cut(text: str, most: int) -> str:
    """At most so many code points; one that was cut ends in an ellipsis."""
    return text if len(text) <= most else text[: most - 1] + "…"


def _what(metric: str, column: str, language: str) -> str:
    return WORDS[language]["of"].format(metric=metric, column=column) if column else metric


def _line(one: Told, language: str) -> str:
    words = WORDS[language]
    shown = words["resolved"] if one.is_over else words.get(one.severity, one.severity)
    what = _what(one.metric, one.column, language)
    place = " ".join(each for each in (one.deployment, one.version, one.segment) if each)
    limit = "" if one.threshold is None else f" / {number(one.threshold)}"
    taken = f" · {one.acknowledged_by}" if one.acknowledged_by and not one.is_over else ""
    return " ".join(f"[{shown}] {place}: {what} {number(one.value, words['nothing'])}{limit}{taken}".split())
