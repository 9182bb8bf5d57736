"""Which language a page speaks: `?lang=` first, then the browser's Accept-Language, else English; and its plural forms."""

from collections.abc import Mapping

LANGUAGES = ("en", "ja")
PLURALS: Mapping[str, tuple[str, ...]] = {"en": ("one", "other"), "ja": ("other",)}
"""The forms of each language by their CLDR names, as `Intl.PluralRules` has them in the browser."""


def plural_of(language: str, n: object) -> str:
    """The form that a number takes, as it is written: 1 row, 1.0 rows, 1,000 rows.

    >>> plural_of("en", "1"), plural_of("en", 2), plural_of("ja", 1)
    ('one', 'other', 'other')
    """
    return "one" if "one" in PLURALS[language] and str(n) == "1" else "other"


def choose_language(requested: str | None, accept_language: str) -> str:
    """The first known language of `requested`, then of the Accept-Language header by weight (RFC 9110, 12.5.4)."""
    if requested in LANGUAGES:
        return requested
    for tag in _tags_by_weight(accept_language):
        primary = tag.split("-")[0].lower()
        if primary in LANGUAGES:
            return primary
    return LANGUAGES[0]


def _tags_by_weight(header: str) -> list[str]:
    weighted = [_tag_and_weight(part) for part in header.split(",") if part.strip()]
    return [tag for tag, weight in sorted(weighted, key=lambda pair: -pair[1]) if weight > 0]


def _tag_and_weight(part: str) -> tuple[str, float]:
    """A malformed weight counts as 0: such a tag says nothing that could be trusted."""
    tag, _, parameter = part.partition(";")
    name, _, value = parameter.strip().partition("=")
    if name.strip() != "q":
        return tag.strip(), 1.0
    try:
        return tag.strip(), float(value)
    except ValueError:
        return tag.strip(), 0.0


def stated_language(query: Mapping[str, str]) -> str | None:
    """The language that the address states."""
    stated = query.get("lang")
    return stated if stated in LANGUAGES else None
