"""The monthly report as Markdown, in English or Japanese, from its JSON."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

LANGUAGES = ("en", "ja")
Json = Mapping[str, Any]

WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "Service levels, {month}",
        "none": "No objective is defined.",
        "zone": "Days and times in {zone}.",
        "running": "The month is not over: up to {time}.",
        "head": "Objective | Promised | Reached | Budget used | Incidents | ",
        "kept": "kept",
        "missed": "missed",
        "no_data": "nothing counted",
        "detail": "{bad} of {total} {unit} were bad, {allowed} were allowed.",
        "requests": "requests",
        "minutes": "minutes",
        "worst": "Worst days",
        "worst_head": "Day | Bad | Reached | Budget used",
        "no_bad_day": "No bad day.",
        "incidents": "Incidents",
        "incident_head": "Alert | Severity | From | Until | For | Acknowledged by",
        "no_incident": "No incident.",
        "open": "still open",
        "warning": "warning",
        "failing": "failing",
        "availability": "answered requests (without callers' faults)",
        "error_rate": "requests without a system error",
        "latency": "requests under {under_s} s",
        "throughput": "minutes with {at_least_per_minute} requests or more",
        "freshness": "minutes with an answer of the last {stale_after_s} s",
        "generated": "Written by Tidegauge at {time}.",
        "hours": "{h} h {m} min",
        "minutes_long": "{m} min",
    },
    "ja": {
        "title": "サービスレベル報告 {month}",
        "none": "目標が定義されていません。",
        "zone": "日付と時刻は {zone} です。",
        "running": "月の途中です({time} まで)。",
        "head": "目標 | 約束 | 実績 | 消費した予算 | インシデント | ",
        "kept": "達成",
        "missed": "未達",
        "no_data": "対象なし",
        "detail": "{total} {unit}のうち {bad} が不良、許容は {allowed} でした。",
        "requests": "リクエスト",
        "minutes": "分",
        "worst": "悪かった日",
        "worst_head": "日 | 不良 | 実績 | 消費した予算",
        "no_bad_day": "悪い日はありません。",
        "incidents": "インシデント",
        "incident_head": "アラート | 重大度 | 開始 | 終了 | 継続時間 | 確認者",
        "no_incident": "インシデントはありません。",
        "open": "継続中",
        "warning": "警告",
        "failing": "異常",
        "availability": "応答できたリクエスト(呼び出し側の誤りを除く)",
        "error_rate": "システムエラーのないリクエスト",
        "latency": "{under_s} 秒未満のリクエスト",
        "throughput": "{at_least_per_minute} 件以上のリクエストがあった分",
        "freshness": "直近 {stale_after_s} 秒以内に応答があった分",
        "generated": "Tidegauge が {time} に作成しました。",
        "hours": "{h} 時間 {m} 分",
        "minutes_long": "{m} 分",
    },
}


def markdown(report: Json, language: str) -> str:
    """The whole report."""
    words = WORDS[language]
    parts = [f"# {words['title'].format(month=report['month'])}"]
    for one in report["deployments"]:
        parts += _deployment(one, report["generated_at"], words)
    if not any(one["objectives"] for one in report["deployments"]):
        parts.append(words["none"])
    parts.append(words["generated"].format(time=_time(report["generated_at"], "UTC") + " UTC"))
    return "\n\n".join(parts) + "\n"


def _deployment(found: Json, now: str, words: Mapping[str, str]) -> list[str]:
    zone = found["timezone"]
    said = words["zone"].format(zone=zone)
    if not found["complete"]:
        said += " " + words["running"].format(time=_time(now, zone))
    parts = [f"## {_cell(found['deployment'])}", said]
    if found["objectives"]:
        parts.append(_table(words["head"], [_row(one, words) for one in found["objectives"]]))
    for one in found["objectives"]:
        parts += _objective(one, zone, words)
    return parts


def _row(one: Json, words: Mapping[str, str]) -> list[str]:
    state = words["no_data"] if one["kept"] is None else words["kept" if one["kept"] else "missed"]
    return [
        _cell(one["name"]),
        _percent(one["target"]),
        _percent(one["reached"]),
        _percent(one["budget_used"], 1),
        str(len(one["incidents"])),
        state,
    ]


def _objective(one: Json, zone: str, words: Mapping[str, str]) -> list[str]:
    promised = words[one["indicator"]].format(**{name: f"{value:g}" for name, value in one["parameters"].items()})
    parts = [f"### {_cell(one['name'])}", f"{_percent(one['target'])} — {promised}"]
    if one["kept"] is not None:
        allowed = f"{one['budget']['allowed']:,.1f}"
        unit = words[one["unit"]]
        parts.append(
            words["detail"].format(bad=f"{one['bad']:,}", total=f"{one['total']:,}", unit=unit, allowed=allowed)
        )
    days = [
        [_time(day["start"], zone)[:10], f"{day['bad']:,} / {day['total']:,}", _percent(day["reached"]), _percent(day["budget_used"], 1)]
        for day in one["worst_days"]
    ]  # fmt: skip
    incidents = [
        [
            f"#{each['alert']}",
            words[each["severity"]],
            _time(each["opened_at"], zone),
            words["open"] if each["resolved_at"] is None else _time(each["resolved_at"], zone),
            _length(each["duration_s"], words),
            _cell(each["acknowledged_by"]),
        ]
        for each in one["incidents"]
    ]
    parts += [f"**{words['worst']}**", _table(words["worst_head"], days) if days else words["no_bad_day"]]
    parts += [
        f"**{words['incidents']}**",
        _table(words["incident_head"], incidents) if incidents else words["no_incident"],
    ]
    return parts


def _table(head: str, rows: Sequence[Sequence[str]]) -> str:
    columns = [one.strip() for one in head.split("|")]
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cell(text: str) -> str:
    """A stranger's text in a table: on one line, and no part of the table or of the page."""
    plain = " ".join(text.split())
    for sign in "\\`*_{}[]<>#|!":
        plain = plain.replace(sign, "\\" + sign)
    return plain


def _percent(share: float | None, digits: int = 3) -> str:
    return "—" if share is None else f"{100 * share:.{digits}f} %"


def _time(text: str, zone: str) -> str:
    return datetime.fromisoformat(text).astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")


def _length(seconds: float, words: Mapping[str, str]) -> str:
    hours, minutes = divmod(round(seconds / 60), 60)
    return words["hours" if hours else "minutes_long"].format(h=hours, m=minutes)
