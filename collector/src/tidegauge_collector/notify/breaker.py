"""Keeps a channel that fails from being hammered: after five failures in a row one probe a minute, until one succeeds."""

FAILURES_TO_OPEN = 5
PROBE_EVERY_US = 60_000_000


class Breaker:
    """State of one channel; owned by one task, so without a lock."""

    def __init__(self) -> None:
        self._failures = 0
        self._probe_at_us: int | None = None

    @property
    def probe_at_us(self) -> int | None:
        """When the next attempt is allowed, or None while the channel is not held back."""
        return self._probe_at_us

    def allows(self, now_us: int) -> bool:
        """May something be sent now?"""
        return self._probe_at_us is None or now_us >= self._probe_at_us

    def succeeded(self) -> None:
        """The receiver answered as it should: the channel is sound."""
        self._failures, self._probe_at_us = 0, None

    def failed(self, now_us: int) -> None:
        """The receiver failed; the fifth time in a row and ever after, the next attempt waits a minute."""
        self._failures += 1
        if self._failures >= FAILURES_TO_OPEN:
            self._probe_at_us = now_us + PROBE_EVERY_US
