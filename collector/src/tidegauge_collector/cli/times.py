"""Times as people write them on a command line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tidegauge.core.windows import to_us
from tidegauge_collector.errors import ConfigError


def time_us(text: str | None, flag: str) -> int | None:
    """Microseconds of an RFC 3339 time or date (UTC where it says no zone); ConfigError that names the flag."""
    if text is None:
        return None
    try:
        return to_us(datetime.fromisoformat(text))
    except (ValueError, OverflowError) as problem:
        raise ConfigError(f"{flag} {text!r:.80}: write a time such as 2026-11-23T13:00:00Z, or a date") from problem


def rfc3339(at_us: int) -> str:
    """A time as the API reads it."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at_us)).isoformat()
