"""Channels from the tables of a configuration file: every problem with its key, its value and the fix, and no secret repeated."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tidegauge_collector.errors import ConfigError
from tidegauge_collector.notify.channel import Channel
from tidegauge_collector.notify.registry import KINDS, SOURCES, TABLE, Kind
from tidegauge_collector.notify.voice import Voice
from tidegauge_collector.notify.words import LANGUAGES

_HOW = {
    str: "write text in quotes",
    int: "write a whole number",
    bool: "write true or false",
    list: 'write a list of texts, e.g. ["10.0.0.0/8", "hooks.internal"]',
    dict: 'write a table of texts, e.g. {failing = "…", warning = "…"}',
    TABLE: "write a table, e.g. {customfield_10001 = 5}",
}
MOST_PER_MINUTE = 6_000
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
_PATH = re.compile(r"[~.]{0,2}/.*")


def read_channels(raw: Any, environment: Mapping[str, str], problems: list[str]) -> tuple[Channel, ...]:
    """The channels of the tables [[channels]]; what is wrong is added to `problems`."""
    if not isinstance(raw, list) or not all(isinstance(one, dict) for one in raw):
        problems.append("channels: write each channel as a [[channels]] table")
        return ()
    channels: list[Channel] = []
    for number, one in enumerate(raw, start=1):
        found: list[str] = []
        channel = _channel(f"channels[{number}]", one, environment, found)
        channels += [channel] if channel is not None and not found else []
        problems += found
    names = [channel.name for channel in channels]
    problems += [
        f"channels: the name {name!r} is given twice" for name in sorted({n for n in names if names.count(n) > 1})
    ]
    return tuple(channels)


def _channel(label: str, one: Mapping[str, Any], environment: Mapping[str, str], found: list[str]) -> Channel | None:
    kind = KINDS.get(one.get("kind", "webhook"))
    if kind is None:
        found.append(f"{label}.kind = {one['kind']!r}: this version knows {', '.join(KINDS)}")
        return None
    found += [f"{label}.{_unknown(name, list(kind.types))}" for name in one if name not in kind.types]
    required = {"name": str, **kind.required}
    found += [f"{label}.{name}: missing; {_example(name, of)}" for name, of in required.items() if not one.get(name)]
    found += _mistyped(label, one, kind)
    secrets = {name: _secret(label, name, kind, one, environment, found) for name in kind.secrets}
    if found:
        return None
    given = {name: _frozen(one[name]) for name in (*kind.required, *kind.optional) if name in one}
    try:
        voice = Voice(**{name: one[name] for name in ("language", "title", "text") if name in one})
        common = {"allow": tuple(one.get("allow", ())), "voice": voice, "per_minute": one.get("per_minute")}
        return kind.make(one["name"], **given, **{name: value for name, value in secrets.items() if value}, **common)
    except ConfigError as problem:
        found.append(f"{label}: {problem}")
    return None


def _example(name: str, of: type) -> str:
    return f'write {name} = ["…"]' if of is list else f'write {name} = "…"'


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _mistyped(label: str, one: Mapping[str, Any], kind: Kind) -> list[str]:
    types, hidden = kind.types, {*kind.secrets, "url"}
    found = [
        f"{label}.{name}{'' if name in hidden else f' = {value!r}'}: {_HOW[types[name]]}"
        for name, value in one.items()
        if name in types and not _is_of(value, types[name])
    ]
    if isinstance(one.get("language", "en"), str) and one.get("language", "en") not in LANGUAGES:
        found.append(f"{label}.language = {one['language']!r}: write one of {', '.join(LANGUAGES)}")
    per_minute = one.get("per_minute", 1)
    if isinstance(per_minute, int) and not 1 <= per_minute <= MOST_PER_MINUTE:
        found.append(f"{label}.per_minute = {per_minute}: write a number from 1 to {MOST_PER_MINUTE}")
    return found


def _is_of(value: Any, kind: type) -> bool:
    if kind is list:
        return isinstance(value, list) and all(isinstance(each, str) for each in value)
    if kind is TABLE:
        return isinstance(value, dict)
    if kind is dict:
        return isinstance(value, dict) and all(isinstance(each, str) for each in value.values())
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def _unknown(name: str, keys: list[str]) -> str:
    close = difflib.get_close_matches(name, keys, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"known keys are {', '.join(sorted(keys))}"
    return f"{name}: unknown key; {hint}"


def _secret(
    label: str, name: str, kind: Kind, one: Mapping[str, Any], environment: Mapping[str, str], found: list[str]
) -> str:
    given = [name + source for source in SOURCES if one.get(name + source)]
    if not given and name in kind.may_lack:
        return ""
    if len(given) != 1:
        choice = ", ".join(name + source for source in SOURCES)
        found.append(f"{label}: give one of {choice} ({kind.secrets[name]}); {len(given)} are given")
        return ""
    value = str(one[given[0]])
    if given[0] == name:
        return value
    if given[0] == f"{name}_env":
        if value not in environment:
            found.append(f"{label}.{given[0]}: the variable {_shown(value, _VARIABLE)} is not set")
        return environment.get(value, "")
    try:
        return Path(value).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as problem:
        reason = getattr(problem, "strerror", None) or "is no text"
        found.append(f"{label}.{given[0]} = {_shown(value, _PATH)!r}: {reason}")
        return ""


def _shown(value: str, form: re.Pattern[str]) -> str:
    """The name of a variable or file; *** where it looks like none, as it may be the secret itself in the wrong place."""
    return value if form.fullmatch(value) else "***"
