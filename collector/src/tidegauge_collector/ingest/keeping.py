"""Between the agents seen and the control store: one transaction at most every 30 s, and all of it back at the next start."""

from dataclasses import asdict
from typing import Any

from tidegauge_collector.control.agents import AgentRecord, StoredAgents
from tidegauge_collector.ingest.presence import AgentSeen, AgentState, Dropped, EpochHeld
from tidegauge_collector.ingest.quotas import Quotas
from tidegauge_collector.ingest.roster import FORGET_AFTER_US, Roster

STORED_EPOCHS = 200  # of one agent, the newest
_OPTIONAL = ("skew_s", "newest_sealed_us")


def restore(stored: StoredAgents, roster: Roster, quotas: Quotas) -> dict[str, AgentState]:
    """Begin with what is stored; the state in which each agent was last, so that it is not told again."""
    records = stored.listed()
    silent = {one.id for one in records if one.state in (AgentState.SILENT, AgentState.GONE)}
    roster.restore([agent_of(one) for one in records], silent=silent)
    quotas.restore(*stored.used_today())
    return {one.id: AgentState(one.state) for one in records}


def keep(stored: StoredAgents, agents: list[AgentRecord], quotas: tuple[int, dict[str, int]], now_us: int) -> None:
    """Store them; raises what the control store raises."""
    day, used = quotas
    stored.save(agents, day=day, used_bytes=used, forget_before_us=now_us - FORGET_AFTER_US)


def record_of(agent: AgentSeen, state: AgentState) -> AgentRecord:
    """An agent as it is stored."""
    return AgentRecord(
        id=agent.instance,
        host=agent.host,
        pid=agent.pid,
        agent_version=agent.version,
        protocol=agent.protocol,
        state=state.value,
        first_contact_us=agent.first_contact_us,
        last_contact_us=agent.last_contact_us,
        details={
            "interval_us": agent.interval_us,
            "skew_s": agent.skew_s,
            "newest_sealed_us": agent.newest_sealed_us,
            "deployments": list(agent.deployments),
            "epochs": [asdict(one) for one in agent.epochs[-STORED_EPOCHS:]],
            "dropped": {reason: asdict(one) for reason, one in agent.dropped.items()},
        },
    )


def agent_of(record: AgentRecord) -> AgentSeen:
    """An agent as it was stored."""
    details: dict[str, Any] = record.details
    return AgentSeen(
        record.id,
        record.host,
        record.pid,
        record.agent_version,
        record.protocol,
        record.first_contact_us,
        record.last_contact_us,
        details["interval_us"],
        **{name: details[name] for name in _OPTIONAL},
        deployments=tuple(details["deployments"]),
        epochs=tuple(EpochHeld(**one) for one in details["epochs"]),
        dropped={reason: Dropped(**one) for reason, one in details["dropped"].items()},
    )
