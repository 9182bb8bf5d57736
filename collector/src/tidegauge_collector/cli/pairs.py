"""FIELD=PATTERN on a command line."""

from __future__ import annotations

from collections.abc import Sequence

from tidegauge_collector.errors import ConfigError


def read_pairs(texts: Sequence[str]) -> dict[str, list[str]]:
    """The patterns of each field; a field that is given twice has both."""
    found: dict[str, list[str]] = {}
    for text in texts:
        name, equals, pattern = text.partition("=")
        if not equals or not name:
            raise ConfigError(f"{text!r:.80}: write FIELD=PATTERN, e.g. deployment=shop-*")
        found.setdefault(name, []).append(pattern)
    return found
