"""Channels from the tables of a configuration file: every problem with its key, its value and the fix, and no secret repeated."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tidegauge_collector.errors import ConfigError
from tidegauge_collector.notify.channel import Channel
from tidegauge_collector.notify.kinds.alertmanager import AlertmanagerChannel
from tidegauge_collector.notify.kinds.opsgenie import OpsgenieChannel
from tidegauge_collector.notify.kinds.pagerduty import PagerDutyChannel
from tidegauge_collector.notify.kinds.slack import SlackChannel
from tidegauge_collector.notify.kinds.teams import TeamsChannel
from tidegauge_collector.notify.kinds.webhook import WebhookChannel
from tidegauge_collector.notify.wording import LANGUAGES

_COMMON = ("name", "kind", "allow")
_SOURCES = ("", "_env", "_file")


@dataclass(frozen=True, slots=True)
class Kind:
    """How a kind of channel is configured: `secrets` are given as they are, or by the name of a variable or file that holds them."""

    make: Callable[..., Channel]
    secrets: Mapping[str, str] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()

    @property
    def keys(self) -> list[str]:
        """All keys of a table of this kind."""
        return [
            *_COMMON,
            *self.required,
            *self.optional,
            *(name + source for name in self.secrets for source in _SOURCES),
        ]


KINDS: Mapping[str, Kind] = {
    "webhook": Kind(WebhookChannel, {"secret": "a whsec_… key"}, required=("url",)),
    "slack": Kind(SlackChannel, {"url": "https://hooks.slack.com/services/…"}, optional=("language",)),
    "teams": Kind(TeamsChannel, {"url": "the workflow's https address"}, optional=("language",)),
    "pagerduty": Kind(PagerDutyChannel, {"routing_key": "32 letters and digits"}, optional=("url", "language")),
    "opsgenie": Kind(OpsgenieChannel, {"api_key": "the key of an API integration"}, optional=("url", "language")),
    "alertmanager": Kind(AlertmanagerChannel, required=("url",), optional=("language",)),
}


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
    found += [f"{label}.{_unknown(name, kind.keys)}" for name in one if name not in kind.keys]
    found += [f'{label}.{name}: missing; write {name} = "…"' for name in ("name", *kind.required) if not one.get(name)]
    found += _mistyped(label, one, kind)
    secrets = {name: _secret(label, name, hint, one, environment, found) for name, hint in kind.secrets.items()}
    if found:
        return None
    given = {name: one[name] for name in (*kind.required, *kind.optional) if name in one}
    try:
        return kind.make(one["name"], **given, **secrets, allow=tuple(one.get("allow", ())))
    except ConfigError as problem:
        found.append(f"{label}: {problem}")
    return None


def _mistyped(label: str, one: Mapping[str, Any], kind: Kind) -> list[str]:
    found = [
        f"{label}.{name} = {value!r}: write text in quotes"
        for name, value in one.items()
        if name in kind.keys and name != "allow" and not isinstance(value, str)
    ]
    allow = one.get("allow", [])
    if not isinstance(allow, list) or not all(isinstance(each, str) for each in allow):
        found.append(f'{label}.allow = {allow!r}: write a list of texts, e.g. ["10.0.0.0/8", "hooks.internal"]')
    if one.get("language", "en") not in LANGUAGES:
        found.append(f"{label}.language = {one['language']!r}: write one of {', '.join(LANGUAGES)}")
    return found


def _unknown(name: str, keys: list[str]) -> str:
    close = difflib.get_close_matches(name, keys, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"known keys are {', '.join(sorted(keys))}"
    return f"{name}: unknown key; {hint}"


def _secret(
    label: str, name: str, hint: str, one: Mapping[str, Any], environment: Mapping[str, str], found: list[str]
) -> str:
    given = [name + source for source in _SOURCES if one.get(name + source)]
    if len(given) != 1:
        choice = ", ".join(name + source for source in _SOURCES)
        found.append(f"{label}: give one of {choice} ({hint}); {len(given)} are given")
        return ""
    value = str(one[given[0]])
    if given[0] == name:
        return value
    if given[0] == f"{name}_env":
        if value not in environment:
            found.append(f"{label}.{given[0]}: the variable {value} is not set")
        return environment.get(value, "")
    try:
        return Path(value).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as problem:
        found.append(f"{label}.{given[0]} = {value!r}: {getattr(problem, 'strerror', None) or 'is no text'}")
        return ""
