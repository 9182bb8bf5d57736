"""Drawings of seven days: one bar a day, words for those who cannot see them, nothing from outside as markup."""

from tidegauge_collector.web.week import amount_week, share_days, verdict_week

HOSTILE = '"><img src=x>'


def test_a_week_has_a_bar_for_each_day_and_says_itself_in_words() -> None:
    drawn = verdict_week(("ok", None, "warning", "failing", "ok", "ok", "ok"), "Drift: fine")

    assert drawn.count("<path") == 7
    assert [drawn.count(f"week-{word}") for word in ("ok", "none", "warning", "failing")] == [4, 1, 1, 1]
    assert "<title>Drift: fine</title>" in drawn


def test_the_largest_day_is_the_highest_bar_and_none_is_invisible() -> None:
    drawn = amount_week((0, 5, 10, 0, 0, 0, 0), "n")

    assert "v14h" in drawn
    assert drawn.count("v1h") == 5


def test_a_share_a_day_is_told_by_height_and_colour() -> None:
    drawn = share_days((1.0, 0.1, -0.2, None), "left")

    assert [drawn.count(f"week-{word}") for word in ("ok", "warning", "failing", "none")] == [1, 1, 1, 1]


def test_what_it_says_is_text() -> None:
    assert "<img" not in verdict_week(("ok",), HOSTILE)
    assert "<img" not in amount_week((1,), HOSTILE)
