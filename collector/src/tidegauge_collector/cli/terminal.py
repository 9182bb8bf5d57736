"""Text of strangers for a terminal."""

from __future__ import annotations


def plain(text: str) -> str:
    """The text with nothing in it that steers a terminal."""
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)
