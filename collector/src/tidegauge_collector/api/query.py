"""Query parameters, read with errors that name the parameter, its value and the fix."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from tidegauge.core.windows import to_us
from tidegauge_collector.refusals import UNKNOWN_NAME, Coded

MAX_LIMIT = 50_000


class BadRequest(ValueError):  # noqa: N818 - named after the answer it becomes
    """A parameter or body is wrong: answered 400 with this text."""


class UnknownName(Coded, BadRequest):
    """The same where a name is none that there is."""

    code = UNKNOWN_NAME


class NotFound(LookupError):  # noqa: N818
    """What the path names does not exist: answered 404 with this text."""


def check_known(query: Mapping[str, str], *allowed: str) -> None:
    """Refuse parameters that would be ignored: a misspelt one must not look as if it worked."""
    unknown = [name for name in query if name not in allowed]
    if unknown:
        raise UnknownName(f"unknown parameter {unknown[0]!r}: this path takes {', '.join(allowed) or 'none'}")


def read_time(query: Mapping[str, str], name: str) -> int | None:
    """Microseconds of an RFC 3339 time, None where the parameter is not given."""
    text = query.get(name)
    if not text:
        return None
    try:
        return to_us(datetime.fromisoformat(text))
    except (ValueError, OverflowError) as problem:
        raise BadRequest(f"{name}={text!r:.80}: write a time such as 2026-11-23T13:00:00Z") from problem


def read_int(query: Mapping[str, str], name: str, default: int, *, least: int = 1, most: int = MAX_LIMIT) -> int:
    """A whole number within bounds."""
    text = query.get(name)
    if not text:
        return default
    try:
        value = int(text)
    except ValueError as problem:
        raise BadRequest(f"{name}={text!r:.80}: write a whole number") from problem
    if not least <= value <= most:
        raise BadRequest(f"{name}={value}: write a number from {least} to {most}")
    return value


def read_choice(query: Mapping[str, str], name: str, allowed: tuple[str, ...], default: str | None) -> str | None:
    """One of some words."""
    text = query.get(name) or default
    if text is not None and text not in allowed:
        raise BadRequest(f"{name}={text!r:.80}: write one of {', '.join(allowed)}")
    return text


def read_share(query: Mapping[str, str], name: str, default: float) -> float:
    """A number from 0 to 1."""
    wanted = "write a number from 0 to 1"
    return _read_number(query, name, default, lambda value: 0 <= value <= 1, hint=wanted, bounds=wanted)


def read_seconds(query: Mapping[str, str], name: str, default: float) -> float:
    """A length of time in seconds, above 0 and at most a day."""
    hint, bounds = "write seconds, such as 0.5", "write seconds above 0, at most 86400"
    return _read_number(query, name, default, lambda value: 0 < value <= 86_400, hint=hint, bounds=bounds)


def _read_number(
    query: Mapping[str, str], name: str, default: float, is_within: Callable[[float], bool], *, hint: str, bounds: str
) -> float:
    text = query.get(name)
    if not text:
        return default
    try:
        value = float(text)
    except ValueError as problem:
        raise BadRequest(f"{name}={text!r:.80}: {hint}") from problem
    if not is_within(value):  # NaN is within nothing
        raise BadRequest(f"{name}={text:.80}: {bounds}")
    return value
