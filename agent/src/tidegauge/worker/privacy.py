"""What of a column's values may leave the host: `drop` nothing, `hash` a keyed digest, `mask` the form (`Ann-42` is `Aaa-99`).

Applied where rows are read, before anything is counted: kinds, categories, segments and baselines see only what is left.
A rule holds for every column of its name: a table that has it twice calls the second one `NAME.1`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tidegauge.core.columns import canonical_text, is_missing
from tidegauge.settings import AgentSettings
from tidegauge.worker.tabulate import Column, Columns, plain_name

DIGEST_BYTES = 8
_NUMBER = re.compile(r"(\.\d+)+\Z")


class Privacy:
    """The rules of one agent."""

    def __init__(self, settings: AgentSettings) -> None:
        self._dropped = frozenset(map(plain_name, settings.drop))
        self._id_column = settings.id_column
        key = (settings.hash_key or "").encode()
        ways: dict[str, Callable[[str], str]] = dict.fromkeys(
            map(plain_name, settings.hash), lambda text: keyed_digest(text, key)
        )
        ways.update(dict.fromkeys(map(plain_name, settings.mask), form_of))
        self._ways: Mapping[str, Callable[[str], str]] = ways

    def __bool__(self) -> bool:
        return bool(self._dropped or self._ways or self._id_column)

    def columns(self, columns: Columns) -> Columns:
        """The columns as they may be looked at."""
        if not self:
            return columns
        return {name: self.values(name, found) for name, found in columns.items() if not self._is_dropped(name)}

    def _is_dropped(self, name: str) -> bool:
        plain = _without_number(name)
        is_second_id = plain == self._id_column and name != self._id_column
        return name in self._dropped or plain in self._dropped or is_second_id

    def values(self, name: str, values: Column) -> Column:
        """The values of one column as they may be looked at; missing ones stay missing."""
        return np.array(self.listed(name, values.tolist()), dtype=object) if self._way(name) else values

    def listed(self, name: str, values: Sequence[Any]) -> Sequence[Any]:
        """The same for a list of values."""
        way = self._way(name)
        if way is None:
            return values
        known: dict[str, str] = {}
        return [_hidden(value, way, known) for value in values]

    def _way(self, name: str) -> Callable[[str], str] | None:
        return self._ways.get(name) or self._ways.get(_without_number(name))


def _without_number(name: str) -> str:
    """The name that a column shares with another: `city` of `city.1`. Too much is hidden rather than too little."""
    return _NUMBER.sub("", name)


def _hidden(value: Any, way: Callable[[str], str], known: dict[str, str]) -> str | None:
    if is_missing(value):
        return None
    text = canonical_text(value)
    text = f"<{type(value).__name__}>" if text is None else text
    if text not in known:
        known[text] = way(text)
    return known[text]


def keyed_digest(text: str, key: bytes) -> str:
    """16 hexadecimal digits of BLAKE2b of the text under the key (RFC 7693)."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), key=key, digest_size=DIGEST_BYTES).hexdigest()


def form_of(text: str) -> str:
    """The text with each capital letter as A, each other letter as a, each digit as 9; all else stays.

    >>> form_of("Ann-42 müller@example.org")
    'Aaa-99 aaaaaa@aaaaaaa.aaa'
    """
    return "".join("9" if c.isdigit() else ("A" if c.isupper() else "a") if c.isalpha() else c for c in text)
