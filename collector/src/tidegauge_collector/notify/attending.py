"""Looking after channels: how each stands, its dead letters, a test message, and going on after a pause. For REST and commands alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tidegauge_collector.control import ChannelFigures, ControlStore, OutboxRow
from tidegauge_collector.notify.sender import OutboxSender
from tidegauge_collector.notify.trying import Said, try_channel

TEST_EVERY_US = 10_000_000


class TooSoon(Exception):  # noqa: N818 - says what is the case
    """A channel was tested a moment ago; `wait_s`: seconds until it may be again."""

    def __init__(self, channel: str, wait_s: float) -> None:
        super().__init__(f"channel {channel!r} was tested a moment ago: wait {wait_s:.0f} s")
        self.wait_s = wait_s


class Attendant:
    """What can be asked of the channels of a running collector. Raises LookupError for a channel or a message that is not there."""

    def __init__(
        self, store: ControlStore, sender: OutboxSender, *, now_us: Callable[[], int], base_url: str = ""
    ) -> None:
        self._store, self._sender, self._now_us, self._base_url = store, sender, now_us, base_url
        self._tested_us: dict[str, int] = {}

    def listed(self) -> list[dict[str, Any]]:
        """Every channel that is configured, and those that are not any more and still have messages."""
        figures, states = self._store.talks.figures(), self._sender.states
        return [
            {
                "name": name,
                "kind": states[name].kind if name in states else None,
                "paused": states[name].paused if name in states else None,
                "probe_at_us": states[name].probe_at_us if name in states else None,
                **_figures(figures.get(name, ChannelFigures())),
            }
            for name in [*states, *sorted(figures.keys() - states.keys())]
        ]

    async def test(self, channel: str) -> Said:
        """Sends a test message now. Raises TooSoon within 10 s of the one before."""
        found = self._sender.channels.get(channel)
        if found is None:
            raise LookupError(self._unknown(channel))
        now_us = self._now_us()
        wait_us = self._tested_us.get(channel, now_us - TEST_EVERY_US) + TEST_EVERY_US - now_us
        if wait_us > 0:
            raise TooSoon(channel, wait_us / 1e6)
        self._tested_us[channel] = now_us
        return await try_channel(found, now_us=now_us, base_url=self._base_url)

    def resume(self, channel: str) -> None:
        """Tries a paused channel again; from any thread."""
        if channel not in self._sender.channels:
            raise LookupError(self._unknown(channel))
        self._sender.resume_soon(channel)

    def resend(self, delivery_id: str) -> OutboxRow:
        """Makes a dead message pending again; returns it as it was."""
        found = self._store.talks.find(delivery_id)
        if found is None:
            raise LookupError(f"there is no message {delivery_id!r:.80}")
        self._store.resend(found.id, now_us=self._now_us())
        self._sender.wake()
        return found

    def do(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """What a command asks for: {"action": "resume" | "resend", "of": name or delivery id}. Raises ValueError."""
        try:
            if wish.get("action") == "resume":
                self.resume(str(wish["of"]))
                return {"resumed": wish["of"]}
            return {"resent": self.resend(str(wish["of"])).delivery_id}
        except LookupError as problem:
            raise ValueError(str(problem)) from problem

    def _unknown(self, channel: str) -> str:
        known = ", ".join(self._sender.channels) or "none"
        return f"no channel is called {channel!r:.80}: there are {known}"


def _figures(found: ChannelFigures) -> dict[str, Any]:
    last = found.last
    return {
        "depth": found.depth,
        "oldest_us": found.oldest_us,
        "dead": found.dead,
        "last": None
        if last is None
        else {
            "at_us": last.at_us,
            "outcome": last.outcome,
            "status_code": last.status_code,
            "detail": last.detail,
        },
    }
