"""What people read of an event: one line, and facts with their labels, in English or Japanese."""

from __future__ import annotations

from collections.abc import Mapping

from tidegauge_collector.notify.events import Event

LANGUAGES = ("en", "ja")

_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "warning": "WARNING",
        "failing": "FAILING",
        "resolved": "RESOLVED",
        "test": "Test message of Tidegauge: this channel works",
        "line": "[{state}] {deployment}: {what} is {value}",
        "over": "[{state}] {deployment}: {what} is {value} again",
        "limit": ", limit {threshold}",
        "of": "{metric} of {column}",
        "deployment": "Deployment",
        "version": "Version",
        "metric": "Metric",
        "column": "Column",
        "segment": "Segment",
        "value": "Value",
        "threshold": "Limit",
        "baseline": "Baseline",
        "n": "Rows",
        "window": "Window",
        "since": "Since",
        "open": "Open",
        "nothing": "not measured",
    },
    "ja": {
        "warning": "警告",
        "failing": "異常",
        "resolved": "回復",
        "test": "Tidegauge のテスト通知: このチャンネルは届いています",
        "line": "[{state}] {deployment}: {what} が {value}",
        "over": "[{state}] {deployment}: {what} が {value} に戻りました",
        "limit": "(しきい値 {threshold})",
        "of": "{column} の {metric}",
        "deployment": "デプロイメント",
        "version": "バージョン",
        "metric": "指標",
        "column": "列",
        "segment": "セグメント",
        "value": "値",
        "threshold": "しきい値",
        "baseline": "基準値",
        "n": "行数",
        "window": "期間",
        "since": "発生",
        "open": "開く",
        "nothing": "測定なし",
    },
}


def headline(event: Event, language: str = "en") -> str:
    """One line without line breaks: how bad, which deployment, which metric of which column, its value and limit."""
    words = _WORDS[language]
    if event.kind == "test":
        return words["test"]
    state = words["resolved"] if event.is_over else words.get(event.severity, event.severity)
    what = words["of"].format(metric=event.metric, column=event.column) if event.column else event.metric
    line = words["over" if event.is_over else "line"].format(
        state=state, deployment=event.deployment, what=what, value=number(event.value, words["nothing"])
    )
    limit = "" if event.is_over or event.threshold is None else words["limit"].format(threshold=number(event.threshold))
    return " ".join((line + limit).split())


def facts(event: Event, language: str = "en") -> list[tuple[str, str]]:
    """Labels and values, without those that say nothing."""
    words = _WORDS[language]
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
        ("since", event.opened_at),
    ]
    return [(words[name], value) for name, value in found if value]


def open_label(language: str = "en") -> str:
    """The text of a link to the page."""
    return _WORDS[language]["open"]


def number(value: float | None, nothing: str = "") -> str:
    """Four significant digits."""
    return nothing if value is None else f"{value:.4g}"


def cut(text: str, most: int) -> str:
    """At most so many code points; one that was cut ends in an ellipsis."""
    return text if len(text) <= most else text[: most - 1] + "…"
