"""One test message through a channel, outside of the outbox: is it configured right, and what does the receiver say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tidegauge_collector.control import OutboxRow
from tidegauge_collector.control.ids import delivery_id
from tidegauge_collector.notify.channel import Channel
from tidegauge_collector.notify.delivery import attempt, open_session
from tidegauge_collector.notify.outcomes import Done
from tidegauge_collector.notify.webhook import render_test


@dataclass(frozen=True, slots=True)
class Said:
    """Whether the receiver took the message, and what to tell the operator."""

    was_taken: bool
    text: str


class _Nothing:
    """A test leaves no trace."""

    async def begin(self, now_us: int) -> None: ...

    async def remember(self, remembered: Mapping[str, Any]) -> None: ...


async def try_channel(channel: Channel, *, now_us: int, base_url: str = "") -> Said:
    """Send a test message once, and wait for the answer (15 s at most)."""
    message = OutboxRow(
        id=0,
        delivery_id=delivery_id(now_us),
        alert=None,
        alert_key="",
        seq=0,
        channel=channel.name,
        event_type="alert.test",
        body=render_test(channel.name, now_us=now_us, base_url=base_url),
        status="pending",
        attempts=0,
        next_attempt_us=now_us,
        last_error=None,
        created_at_us=now_us,
        delivered_at_us=None,
    )
    async with open_session(channel) as session:
        made = await attempt(session, channel, message, None, _Nothing(), now_us=now_us)
    if isinstance(made.outcome, Done):
        return Said(True, f"taken (HTTP {made.status_code}); look whether it arrived where people read it")
    return Said(False, f"not taken: {made.detail}")
