"""Looks at the tickets of open threads, for channels whose tool does not call: closed or taken by people there, so here.

A channel with an `inbound_secret` is called, and not looked at. What was seen of a ticket is kept in memory: after a restart the first
look finds its end and whose it is, and no more.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import aiohttp
import structlog

from tidegauge_collector.control import ControlStore, StoreUnavailable, Thread
from tidegauge_collector.inbound.acting import act
from tidegauge_collector.inbound.hearing import seen
from tidegauge_collector.notify.channel import Channel
from tidegauge_collector.notify.delivery import exchange, open_session
from tidegauge_collector.notify.hearing import Hears, Looks, hearing_of
from tidegauge_collector.notify.sender import Clock
from tidegauge_collector.notify.tickets import ticket_of

EVERY_S = 60.0
LOOK_TIMEOUT_S = 30
MOST_TICKETS = 30  # of a channel in a round; those not looked at for longest come first

log = structlog.get_logger(__name__)


class Lookable(Channel, Hears, Looks, Protocol):
    """A channel whose tickets can be looked at."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """When a ticket was looked at, in rounds, and as what; None where the tool has never said."""

    turn: int
    ticket: Mapping[str, Any] | None


class Polling:
    """`run` until cancelled, or `look` for one round. `is_paused` says whether nothing is to be asked of a channel's tool now."""

    def __init__(
        self,
        control: ControlStore,
        channels: Sequence[Channel],
        *,
        clock: Clock,
        is_paused: Callable[[str], bool],
        on_change: Callable[[], None],
        session_factory: Callable[[Channel], aiohttp.ClientSession] = open_session,
    ) -> None:
        self._control, self._clock, self._is_paused = control, clock, is_paused
        self._on_change, self._session_factory = on_change, session_factory
        self._channels = [one for one in channels if _is_looked_at(one)]
        self._seen: dict[str, dict[int, _Seen]] = {one.name: {} for one in self._channels}
        self._turn = 0
        self.counts: Counter[tuple[str, str]] = Counter()

    async def run(self) -> None:
        """A round a minute, as long as there is a channel to look at."""
        while self._channels:
            try:
                await self.look()
            except StoreUnavailable as problem:
                log.warning("polling.store_unavailable", problem=str(problem.orig))
            await self._clock.sleep(EVERY_S)
        await asyncio.Event().wait()

    async def look(self) -> int:
        """One round over all channels; how many alerts were changed."""
        self._turn += 1
        changed = 0
        for channel in self._channels:
            if not self._is_paused(channel.name):
                changed += await self._look_at_all(channel)
        if changed:
            self._on_change()
        return changed

    async def _look_at_all(self, channel: Any) -> int:
        threads = await asyncio.to_thread(self._control.talks.open_threads, channel.name)
        known = self._seen[channel.name]
        self._seen[channel.name] = known = {one.id: known[one.id] for one in threads if one.id in known}
        threads.sort(key=lambda one: known[one.id].turn if one.id in known else 0)
        changed = 0
        async with self._session_factory(channel) as session:
            for thread in threads[:MOST_TICKETS]:
                changed += await self._look_at(channel, session, thread)
        return changed

    async def _look_at(self, channel: Lookable, session: aiohttp.ClientSession, thread: Thread) -> int:
        before = self._seen[channel.name].get(thread.id)
        then = before.ticket if before is not None else None
        ticket = await self._ask(channel, session, thread)
        self.counts[channel.name, "unseen" if ticket is None else "seen"] += 1
        self._seen[channel.name][thread.id] = _Seen(self._turn, then if ticket is None else ticket)
        if ticket is None:
            return 0
        deeds = seen(channel.hearing, thread.key, ticket, then, is_reopened=_is_reopened(thread))
        if not deeds:
            return 0
        now_us = self._clock.now_us()
        return await asyncio.to_thread(act, self._control, channel.name, deeds, now_us=now_us)

    async def _ask(self, channel: Lookable, session: aiohttp.ClientSession, thread: Thread) -> Mapping[str, Any] | None:
        """The ticket, None where the tool does not say: the next round asks again, and the sender finds out why."""
        talk = channel.look(thread)
        try:
            async with asyncio.timeout(LOOK_TIMEOUT_S):
                step = next(talk)
                while True:
                    step = talk.send(await exchange(session, step))
        except StopIteration as end:
            found: Mapping[str, Any] | None = channel.endpoint.redact_in(end.value)
            return found
        except (aiohttp.ClientError, TimeoutError, OSError) as problem:
            self.counts[channel.name, type(problem).__name__] += 1
            return None
        except Exception as problem:  # of this look alone: the sender and other channels go on
            self.counts[channel.name, type(problem).__name__] += 1
            log.exception("polling.failed", channel=channel.name, thread=thread.id)
            return None
        finally:
            talk.close()


def _is_reopened(thread: Thread) -> bool:
    """Whether its ticket is that of the thread before it."""
    ticket, earlier = ticket_of(thread), ticket_of(thread.before)
    return ticket is not None and earlier is not None and ticket.key == earlier.key


def _is_looked_at(channel: Channel) -> bool:
    hearing = hearing_of(channel)
    return isinstance(channel, Looks) and hearing is not None and not hearing.secret
