"""A fleet of simulated agents: begins them, has them seal at a rate, ends them."""

import asyncio
import math
import time
from collections.abc import Callable
from typing import Self

from fleetsim.agents import SimulatedAgent, Tally
from fleetsim.frames import FrameMaker
from tidegauge.core.windows import HOUR_US

TICK_S = 0.01
GREETING_AT_ONCE = 50  # agents that begin together, so that the beginning is not itself a herd


class Fleet:
    """Agents that seal one after another, `rate` frames a second together. Use as an asynchronous context."""

    def __init__(self, agents: int, maker: FrameMaker, address: Callable[[], str], *, minutes_each: int) -> None:
        """`minutes_each`: how many minutes an agent seals at most: so far back their first one lies."""
        self.tally = Tally()
        hours = math.ceil((minutes_each + 60) / 60) + 1
        begin_us = (time.time_ns() // 1_000 // HOUR_US - hours) * HOUR_US
        self.agents = [
            SimulatedAgent(number, address, maker, tally=lambda: self.tally, begin_us=begin_us)
            for number in range(agents)
        ]
        self.rate = 0.0
        self.late_s = 0.0  # the longest that the simulator itself was behind its clock
        self._next = 0
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        for number, agent in enumerate(self.agents):
            self._tasks.append(asyncio.create_task(agent.run()))
            if number % GREETING_AT_ONCE == GREETING_AT_ONCE - 1:
                await self.settled()
        self._tasks.append(asyncio.create_task(self._seal()))
        await self.settled()
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def sealed(self) -> int:
        """Frames sealed so far, the first ones of every agent with them."""
        return sum(agent.sealed for agent in self.agents)

    @property
    def acknowledged(self) -> int:
        """Frames that the collector has said to hold."""
        return sum(agent.acknowledged for agent in self.agents)

    def check(self) -> None:
        """Raise what has ended an agent."""
        for task in self._tasks:
            if task.done() and not task.cancelled():
                task.result()

    async def settled(self, timeout_s: float = 120.0) -> float:
        """Return once everything that agents begun so far have sealed is acknowledged; seconds that it took."""
        begun = time.monotonic()
        while any(agent.acknowledged < agent.sealed for agent in self.agents[: len(self._tasks)]):
            self.check()
            if time.monotonic() - begun > timeout_s:
                raise TimeoutError(
                    f"{self.sealed - self.acknowledged} frames not acknowledged after {timeout_s:.0f} s: {dict(self.tally.refusals)}"
                )
            await asyncio.sleep(0.05)
        return time.monotonic() - begun

    async def _seal(self) -> None:
        """Seal as many frames as time has passed for, in small steps, whatever becomes of those before."""
        due, before = 0.0, time.monotonic()
        while True:
            await asyncio.sleep(TICK_S)
            now = time.monotonic()
            due += self.rate * (now - before)
            self.late_s = max(self.late_s, now - before - TICK_S)
            before = now
            for _ in range(int(due)):
                self.agents[self._next].seal(now)
                self._next = (self._next + 1) % len(self.agents)
            due -= int(due)
