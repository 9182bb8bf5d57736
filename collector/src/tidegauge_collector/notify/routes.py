"""Routes from the tables [[routes]] of a configuration file: every problem with its key, its value and the fix."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from tidegauge_collector.core.calendar import Digest, Hours, duration_us
from tidegauge_collector.core.matching import read_matchers
from tidegauge_collector.core.routing import GROUP_FIELDS, RANKS, Route
from tidegauge_collector.notify.channel import Channel


def kind_of(channel: Channel) -> str:
    """The kind of a channel, as its table calls it."""
    return type(channel).__name__.removesuffix("Channel").lower()


def read_routes(raw: Any, channels: Collection[str], problems: list[str]) -> tuple[Route, ...]:
    """The routes of the tables, between these channels; what is wrong is added to `problems`."""
    if not isinstance(raw, list) or not all(isinstance(one, dict) for one in raw):
        problems.append("routes: write each route as a [[routes]] table")
        return ()
    routes = [_route(number, one, channels, problems) for number, one in enumerate(raw, start=1)]
    names = [route.name for route in routes if route is not None]
    problems += [
        f"routes: the name {name!r} is given twice" for name in sorted({n for n in names if names.count(n) > 1})
    ]
    return tuple(route for route in routes if route is not None)


def _route(number: int, one: Mapping[str, Any], channels: Collection[str], problems: list[str]) -> Route | None:
    label = f"routes[{number}]"
    found: list[str] = [f"{label}.{_unknown(name)}" for name in one if name not in KEYS]
    given: dict[str, Any] = {"name": f"route {number}"}
    for name, value in one.items():
        if name not in KEYS:
            continue
        field, read = KEYS[name]
        try:
            given[field] = read(value)
        except (ValueError, TypeError) as problem:
            found += [f"{label}.{name} = {value!r}: {line}" for line in str(problem).split("\n")]
    for name in ("channels", "escalate_to"):
        for channel in given.get(name, ()):
            if channel not in channels:
                found.append(
                    f"{label}.{name}: no channel is called {channel!r}; there are {', '.join(channels) or 'none'}"
                )
    found += [f"{label}: {text}" for text in _contradictions(given)]
    problems += found
    return None if found else Route(**given)


def _contradictions(given: Mapping[str, Any]) -> list[str]:
    found = []
    if (given.get("escalate_after_us") is None) != (not given.get("escalate_to")):
        found.append(
            'escalate_after and escalate_to: give both, such as escalate_after = "30m" and escalate_to = ["pager"]'
        )
    if given.get("digest") is not None and given.get("hours") is not None:
        found.append("digest and hours: a digest has its own times; give one of them")
    return found


def _unknown(name: str) -> str:
    close = difflib.get_close_matches(name, KEYS, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"known keys are {', '.join(sorted(KEYS))}"
    return f"{name}: unknown key; {hint}"


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise TypeError("write text in quotes")
    return value.strip()


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(one, str) for one in value):
        raise TypeError('write a list of texts, e.g. ["slack", "pager"]')
    return tuple(value)


def _match(value: object) -> Mapping[str, tuple[str, ...]]:
    problems: list[str] = []
    found = read_matchers(value, problems)
    if problems:
        raise ValueError("\n".join(problems))
    return found


def _group_by(value: object) -> Sequence[str]:
    names = _texts(value)
    strange = [name for name in names if name not in GROUP_FIELDS]
    if strange:
        raise ValueError(f"alerts cannot be grouped by {strange[0]!r}: use {', '.join(GROUP_FIELDS)}")
    if "alert" in names and len(names) > 1:
        raise ValueError('"alert" alone is a group of its own: write ["alert"]')
    return names


def _severity(value: object) -> str:
    if value not in RANKS:
        raise ValueError(f"write one of {', '.join(RANKS)}")
    return str(value)


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError("write true or false")
    return value


def _duration(value: object) -> int:
    return duration_us(value)


def _pause(value: object) -> int:
    found = duration_us(value)
    if found < 1_000_000:
        raise ValueError("write at least 1s")
    return found


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 1_000_000:
        raise ValueError("write a whole number from 0 (never) to 1000000")
    return value


KEYS: Mapping[str, tuple[str, Callable[[object], Any]]] = {
    "name": ("name", _text),
    "match": ("match", _match),
    "channels": ("channels", _texts),
    "group_by": ("group_by", _group_by),
    "wait": ("wait_us", _duration),
    "interval": ("interval_us", _duration),
    "repeat": ("repeat_us", _pause),
    "min_severity": ("min_severity", _severity),
    "send_resolved": ("send_resolved", _flag),
    "hours": ("hours", lambda value: Hours.parse(_text(value))),
    "digest": ("digest", lambda value: Digest.parse(_text(value))),
    "escalate_after": ("escalate_after_us", _pause),
    "escalate_to": ("escalate_to", _texts),
    "storm_after": ("storm_after", _count),
    "continue": ("goes_on", _flag),
}
