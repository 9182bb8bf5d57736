"""How and why alerts are told, in the reader's words."""

from typing import Any

import pytest

from tidegauge_collector.web.catalogue import load_text
from tidegauge_collector.web.telling import hours, how_told, why_route

EN, JA = load_text("en"), load_text("ja")
POLICY: dict[str, Any] = {
    "wait_s": 30,
    "interval_s": 300,
    "repeat_s": None,
    "send_resolved": True,
    "hours": None,
    "digest": None,
    "escalate_after_s": None,
    "escalate_to": [],
}


@pytest.mark.parametrize(
    ("stated", "english", "japanese"),
    [
        ({}, "after 30 s, then at most every 5 min", "30 秒後に通知、以後は最短 5 分ごと"),
        ({"wait_s": 0}, "at once, then at most every 5 min", "すぐに通知、以後は最短 5 分ごと"),
        ({"wait_s": 0, "interval_s": 0}, "at once, each time", "毎回すぐに通知"),
        ({"interval_s": 5_400}, "after 30 s, then at most every 90 min", "30 秒後に通知、以後は最短 90 分ごと"),
        ({"digest": "hourly"}, "on every full hour", "毎正時にまとめて通知"),
        (
            {"digest": "daily 09:00 Asia/Tokyo"},
            "every day at 09:00 Asia/Tokyo",
            "毎日 09:00（Asia/Tokyo）にまとめて通知",
        ),
        (
            {"hours": "Mon-Fri 09:00-18:00 UTC", "digest": "hourly"},
            "on every full hour, only Mon-Fri 09:00-18:00 UTC",
            "毎正時にまとめて通知、通知は 月-金 09:00-18:00 UTC のみ",
        ),
        (
            {"digest": "hourly", "repeat_s": 43_200, "escalate_after_s": 1_800, "escalate_to": ["a", "b"]},
            "on every full hour, reminded every 12 h, after 30 min also a, b",
            "毎正時にまとめて通知、12 時間ごとに再通知、30 分たっても未確認なら a、b にも通知",
        ),
        (
            {"digest": "hourly", "send_resolved": False},
            "on every full hour, not when it is over",
            "毎正時にまとめて通知、解消は通知しない",
        ),
    ],
)
def test_how_a_channel_is_told_is_said_in_both_languages(stated: dict[str, Any], english: str, japanese: str) -> None:
    assert (how_told(POLICY | stated, EN), how_told(POLICY | stated, JA)) == (english, japanese)


@pytest.mark.parametrize(
    ("reason", "english", "japanese"),
    [
        ({"kind": "everything"}, "matches everything", "すべてに合う"),
        ({"kind": "matches"}, "matches", "合う"),
        (
            {"kind": "misfit", "field": "severity", "value": "warning", "patterns": ["failing"]},
            "Severity is Warning, not Failing",
            "重大度 は 警告（条件は 異常）",
        ),
        (
            {"kind": "misfit", "field": "label.team", "value": "", "patterns": ["a*", "b"]},
            "label.team is not said, not a* or b",
            "label.team は 未設定（条件は a* または b）",
        ),
        (
            {"kind": "severity", "severity": "failing"},
            "takes it, but tells only from Failing on",
            "受け取るが、通知は異常以上のみ",
        ),
        (
            {"kind": "taken", "by": "all"},
            "not asked: all took it, and does not go on",
            "調べない：all が受け取り、次へ続かない",
        ),
    ],
)
def test_what_a_route_makes_of_an_alert_is_said_in_both_languages(
    reason: dict[str, Any], english: str, japanese: str
) -> None:
    assert (why_route(reason, EN), why_route(reason, JA)) == (english, japanese)


def test_days_of_the_week_are_the_languages_and_zones_stay() -> None:
    assert hours("Sat,Sun 02:00-04:00 America/Sunday", JA) == "土,日 02:00-04:00 America/Sunday"
