"""What a receiver's answer means by its status, for all kinds of channels; a kind looks at more where it must."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from tidegauge_collector.notify.channel import Answer
from tidegauge_collector.notify.outcomes import DeadLetter, Done, Outcome, PauseChannel, Retry

MAX_RETRY_AFTER_S = 3600.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def judged(answer: Answer, *, now_us: int) -> Outcome:
    """What an answer means by its status alone."""
    return by_status(answer.status, answer.headers, now_us=now_us)


def by_status(status: int, headers: Mapping[str, str], *, now_us: int) -> Outcome:
    """What a status means for the message and its channel; header names in any case if `headers` looks them up so.

    Redirects are failures, tried again but never followed.
    """
    if 200 <= status < 300:
        return Done()
    if status in {401, 403, 404, 410}:
        return PauseChannel(f"HTTP {status}: {'gone, disabled' if status == 410 else 'refused'} by the receiver")
    if status in {408, 425, 429} or not 400 <= status < 500:
        return Retry(retry_after_s(headers.get("Retry-After"), now_us=now_us), f"HTTP {status}")
    return DeadLetter(f"HTTP {status}: the receiver does not take this message")


def retry_after_s(value: str | None, *, now_us: int) -> float:
    """Seconds that a Retry-After header asks for (RFC 9110, 10.2.3: seconds or a date), 0 to 3600; 0 where it says nothing."""
    if value is None:
        return 0.0
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), MAX_RETRY_AFTER_S)
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # not a date either: the schedule alone decides
        return 0.0
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    wait_s = (until - _EPOCH).total_seconds() - now_us / 1e6
    return min(max(wait_s, 0.0), MAX_RETRY_AFTER_S)
