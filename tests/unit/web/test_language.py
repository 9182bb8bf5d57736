"""Which language a page speaks."""

import pytest

from tidegauge_collector.web.language import choose_language


@pytest.mark.parametrize(
    ("requested", "accept", "expected"),
    [
        ("ja", "en", "ja"),
        ("en", "ja", "en"),
        (None, "ja", "ja"),
        (None, "ja-JP,en;q=0.5", "ja"),
        (None, "en;q=0.2, ja;q=0.9", "ja"),
        (None, "fr, ja;q=0.3", "ja"),
        (None, "ja;q=0, en", "en"),
        (None, "ja;q=none, en;q=0.1", "en"),
        ("tlh", "ja", "ja"),
        (None, "", "en"),
        (None, "fr", "en"),
        (None, ";;,=,;q", "en"),
    ],
)
def test_a_stated_language_wins_then_the_heaviest_known_tag(requested: str | None, accept: str, expected: str) -> None:
    assert choose_language(requested, accept) == expected
