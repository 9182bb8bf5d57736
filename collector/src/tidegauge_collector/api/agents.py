"""`/agents` and `/quarantine`: who ships here, and what could not be used."""

from __future__ import annotations

from tidegauge_collector.api.query import check_known, read_choice, read_int
from tidegauge_collector.api.scope import Json, Query, Sources
from tidegauge_collector.ingest.presence import AgentSeen, AgentState
from tidegauge_collector.ingest.quarantined import Quarantined
from tidegauge_collector.ingest.roster import Roster
from tidegauge_collector.measuring.measurement import finite, rfc3339

MAX_PAGE = 1_000


def list_agents(sources: Sources, query: Query) -> Json:
    """The agents seen, last contact first; of one deployment, in one state."""
    check_known(query, "deployment", "state", "limit", "after")
    deployment = query.get("deployment")
    wanted = read_choice(query, "state", tuple(AgentState), None)
    limit, after = read_int(query, "limit", MAX_PAGE, most=MAX_PAGE), query.get("after")
    found = [
        one
        for one in sources.roster.agents()
        if (not deployment or deployment in one.deployments) and (not wanted or sources.roster.state(one) == wanted)
    ]
    start = next((place + 1 for place, one in enumerate(found) if one.instance == after), 0) if after else 0
    page = found[start : start + limit]
    more = start + limit < len(found)
    return {
        "items": [agent_json(one, sources.roster.state(one)) for one in page],
        "next": page[-1].instance if more else None,
    }


def agent_json(agent: AgentSeen, state: AgentState) -> Json:
    """An agent as the API and the command line show it."""
    return {
        "instance": agent.instance,
        "host": agent.host,
        "pid": agent.pid,
        "version": agent.version,
        "protocol": agent.protocol,
        "state": state.value,
        "first_contact": rfc3339(agent.first_contact_us),
        "last_contact": rfc3339(agent.last_contact_us),
        "interval_s": agent.interval_us / 1e6,
        "skew_s": finite(agent.skew_s),
        "skewed": agent.is_skewed,
        "deployments": list(agent.deployments),
        "lag_frames": agent.lag_frames,
        "newest_frame": rfc3339(agent.newest_sealed_us),
        "dropped": {reason: {"frames": one.frames, "rows": one.rows} for reason, one in agent.dropped.items()},
        "epochs": [
            {"epoch": one.epoch, "mark": one.mark, "last_seq": one.last_seq, "closed": one.closed}
            for one in agent.epochs
        ],
    }


def shipper_of(roster: Roster, instance: str) -> Json:
    """What `/status` says beside an epoch of whom ships it; nulls where that is no agent (an upload)."""
    agent = roster.find(instance)
    if agent is None:
        return {"instance": instance or None, "state": None, "lag_frames": None, "dropped": {}}
    told = agent_json(agent, roster.state(agent))
    return {name: told[name] for name in ("instance", "state", "lag_frames", "dropped")}


def list_quarantine(sources: Sources, query: Query) -> Json:
    """The frames in quarantine, oldest first, and how much there is."""
    check_known(query, "deployment", "limit", "after")
    deployment = query.get("deployment")
    limit, after = read_int(query, "limit", MAX_PAGE, most=MAX_PAGE), query.get("after")
    held = [one for one in sources.quarantine.held() if not deployment or one.deployment == deployment]
    start = next((place + 1 for place, one in enumerate(held) if one.id == after), 0) if after else 0
    page = held[start : start + limit]
    holding = sources.quarantine.holding()
    return {
        "items": [quarantined_json(one) for one in page],
        "next": page[-1].id if start + limit < len(held) else None,
        "frames": holding.frames,
        "bytes": holding.size_bytes,
        "rows": holding.rows,
        "overflow": {"frames": holding.overflow_frames, "bytes": holding.overflow_bytes},
    }


def quarantined_json(one: Quarantined) -> Json:
    """A frame in quarantine as the API and the command line show it."""
    return {
        "id": one.id,
        "epoch": one.epoch,
        "seq": one.seq,
        "state": one.state.value,
        "stage": one.stage,
        "flaw": one.flaw,
        "reason": one.reason,
        "bytes": one.size_bytes,
        "rows": one.rows,
        "received": rfc3339(one.received_us),
        "deployment": one.deployment or None,
        "host": one.host or None,
        "tries": one.tries,
        "said": one.said or None,
    }
