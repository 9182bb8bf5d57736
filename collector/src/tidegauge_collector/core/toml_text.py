"""Writes plain values as TOML 1.0: tables of text, numbers, flags, lists and inline tables. `tomllib` takes them back unchanged."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def tables_text(key: str, tables: Iterable[Mapping[str, Any]]) -> str:
    """`[[key]]` tables, one below the other."""
    return "\n".join(
        f"[[{key}]]\n" + "".join(f"{_key(name)} = {_value(one)}\n" for name, one in table.items()) for table in tables
    )


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        inside = ", ".join(f"{_key(name)} = {_value(one)}" for name, one in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return repr(value)


def _text(value: str) -> str:
    """As JSON, whose escapes TOML shares; DEL must be escaped too."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
