"""The intake's figures for `/metrics`, beside its counters: agents, quarantine, what is under way, what is used of quotas."""

from collections import Counter

from tidegauge_collector.ingest.presence import AgentState
from tidegauge_collector.ingest.service import TelemetryService

Family = tuple[str, str, str, list[tuple[dict[str, str], float]]]


def families(service: TelemetryService, *, backlog_bytes: int, lag_s: float) -> list[Family]:
    """Families (name, type, help, samples)."""
    holding, admission = service.quarantine.holding(), service.intake.admission
    return [
        *_agents(service),
        _one("tidegauge_quarantine_frames", "Frames in quarantine.", holding.frames),
        _one("tidegauge_quarantine_bytes", "Their bytes.", holding.size_bytes),
        _one("tidegauge_quarantine_rows", "Rows in them, as far as they tell.", holding.rows),
        _one("tidegauge_quarantine_overflow_frames", "Frames that did not fit into it.", holding.overflow_frames),
        _one("tidegauge_intake_in_flight_bytes", "Bytes of batches under way.", admission.in_flight_bytes),
        _one("tidegauge_intake_calls", "gRPC calls under way.", service.calls.under_way),
        _one("tidegauge_fold_backlog_bytes", "Bytes in the frame log that wait to be folded.", backlog_bytes),
        _one("tidegauge_fold_lag_seconds", "Age of the newest folded frame while any wait.", lag_s),
        (
            "tidegauge_deployment_bytes_today",
            "gauge",
            "Bytes put into the frame log today (UTC), by deployment.",
            [({"deployment": name}, float(size)) for name, size in sorted(admission.quotas.used().items())],
        ),
    ]


def _agents(service: TelemetryService) -> list[Family]:
    roster = service.agents.roster
    agents = roster.agents()
    states = Counter(roster.state(one) for one in agents)
    here = [one for one in agents if roster.state(one) in (AgentState.LIVE, AgentState.SILENT)]
    versions = Counter((one.version, str(one.protocol)) for one in here)
    return [
        (
            "tidegauge_agents",
            "gauge",
            "Agents by state.",
            [({"state": state.value}, float(states[state])) for state in AgentState],
        ),
        (
            "tidegauge_agent_versions",
            "gauge",
            "Agents live or silent, by version and protocol version.",
            [
                ({"version": version, "protocol": protocol}, float(n))
                for (version, protocol), n in sorted(versions.items())
            ],
        ),
        _one(
            "tidegauge_agents_skewed",
            "Agents whose clock is off by more than 5 minutes.",
            sum(one.is_skewed for one in here),
        ),
        _one(
            "tidegauge_agents_lag_frames",
            "Frames that agents hold and have not shipped.",
            sum(one.lag_frames for one in here),
        ),
    ]


def _one(name: str, text: str, value: float) -> Family:
    return (name, "gauge", text, [({}, float(value))])
