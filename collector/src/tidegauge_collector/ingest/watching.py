"""What the intake does once a second beside taking frames in: people's requests, who has fallen silent, what is to be stored."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from tidegauge_collector.control.agents import StoredAgents
from tidegauge_collector.ingest import keeping
from tidegauge_collector.ingest.presence import AgentSeen, AgentState
from tidegauge_collector.ingest.quotas import Quotas
from tidegauge_collector.ingest.retrying import Retrying
from tidegauge_collector.ingest.roster import Roster
from tidegauge_collector.ingest.service import TelemetryService

STEP_S = 1.0
STORE_EVERY_US = 30 * 1_000_000
LOOK_EVERY_US = 5 * 1_000_000

log = structlog.get_logger(__name__)


class Watching:
    """`step` and `close` run in the event loop; each failure is counted and tried again at the next step."""

    def __init__(
        self,
        roster: Roster,
        stored: StoredAgents,
        quotas: Quotas,
        retrying: Retrying,
        *,
        now_us: Callable[[], int],
        count: Callable[[str, str], None],
    ) -> None:
        self._roster = roster
        self._stored = stored
        self._quotas = quotas
        self._retrying = retrying
        self._now_us = now_us
        self._count = count
        self._states = keeping.restore(stored, roster, quotas)
        self._looked_at_us = self._stored_at_us = now_us()

    async def run(self) -> None:
        """Step once a second until cancelled."""
        while True:
            await asyncio.sleep(STEP_S)
            await self.step()

    async def step(self) -> None:
        """Do what is due."""
        now_us = self._now_us()
        await self._tried("requests", self._retrying.step())
        if now_us - self._looked_at_us >= LOOK_EVERY_US:
            self._looked_at_us = now_us
            await self._tried("states", self._look(now_us))
        if now_us - self._stored_at_us >= STORE_EVERY_US:
            self._stored_at_us = now_us
            await self._tried("agents", self._store())

    async def close(self) -> None:
        """Store what is not stored yet."""
        await self._tried("agents", self._store())

    async def _look(self, now_us: int) -> None:
        """Say once of each agent that it has fallen silent, has come back, has ended."""
        agents = self._roster.agents()
        states = {one.instance: self._roster.state(one) for one in agents}
        for agent in agents:
            before, now = self._states.get(agent.instance), states[agent.instance]
            if now is not before:
                self._roster.put_back([agent.instance])  # its stored state is another now
                _tell(agent, before, now, now_us)
                self._count("agent", now.value)
        self._states = states

    async def _store(self) -> None:
        changed = self._roster.take_changed()
        records = [keeping.record_of(one, self._roster.state(one)) for one in changed]
        used = (self._quotas.day, self._quotas.used())
        try:
            await asyncio.to_thread(keeping.keep, self._stored, records, used, self._now_us())
        except BaseException:
            self._roster.put_back([one.instance for one in changed])
            raise

    async def _tried(self, what: str, work: Awaitable[object]) -> None:
        try:
            await work
        except Exception as problem:  # noqa: BLE001 - counted and logged; the next step tries again
            self._count("watching", what)
            log.warning("intake.watching", what=what, problem=repr(problem))


def watch_intake(service: TelemetryService, stored: StoredAgents, now_us: Callable[[], int]) -> Watching:
    """The watching of a service, with what an earlier life of the collector has stored."""
    count = service.counters.count
    return Watching(
        service.agents.roster,
        stored,
        service.intake.admission.quotas,
        Retrying(service.quarantine, service.intake, count),
        now_us=now_us,
        count=count,
    )


def _tell(agent: AgentSeen, before: AgentState | None, now: AgentState, now_us: int) -> None:
    facts = {
        "instance": agent.instance,
        "host": agent.host,
        "pid": agent.pid,
        "deployments": list(agent.deployments[:10]),
        "unheard_s": round((now_us - agent.last_contact_us) / 1e6),
    }
    if now is AgentState.SILENT:
        log.warning("agent.silent", **facts)
    else:
        log.info(f"agent.{now.value}", **facts, before=before.value if before else None)
