"""The agents seen: what each has told and shipped, for people, `/metrics` and alerts. Kept over restarts by `keeping`.

An agent is a shipper process, known since its first Hello. An epoch belongs to the agent that spoke of it last.
"""

import threading
from collections import deque
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field

from tidegauge.wire import telemetry_pb2 as pb
from tidegauge_collector.ingest.presence import (
    AgentSeen,
    AgentState,
    Dropped,
    EpochHeld,
    median_skew_s,
    usual_interval_us,
)

MAX_AGENTS = 5_000
MAX_EPOCHS = 2_000  # of one agent, as many as one Hello of ours names
MAX_CLOSED = 20  # of these, ended ones: a shipper may outlast thousands of short processes
MAX_DEPLOYMENTS = 1_000
MAX_REASONS = 50
HELLOS = 9  # whose skew is looked at
PAUSES = 15  # between contacts, to know the usual one
MERGED = "merged"  # a gap whose rows are in a later frame: nothing is lost
END_US = 253_402_300_800_000_000  # year 10000: no calendar shows it
FORGET_AFTER_US = 400 * 86_400 * 1_000_000


@dataclass(slots=True)
class _Agent:
    host: str
    pid: int
    version: str
    first_contact_us: int
    last_contact_us: int
    protocol: int = 0
    newest_sealed_us: int | None = None
    skews_s: deque[float] = field(default_factory=lambda: deque(maxlen=HELLOS))
    pauses_us: deque[int] = field(default_factory=lambda: deque(maxlen=PAUSES))
    deployments: set[str] = field(default_factory=set)
    epochs: dict[bytes, EpochHeld] = field(default_factory=dict)
    dropped: dict[str, Dropped] = field(default_factory=dict)


class Roster:
    """At most `max_agents`: the longest unheard of go first. The event loop writes; any thread may read."""

    def __init__(self, now_us: Callable[[], int], *, max_agents: int = MAX_AGENTS) -> None:
        self._now_us = now_us
        self._max_agents = max_agents
        self._lock = threading.Lock()  # guards everything below
        self._agents: dict[str, _Agent] = {}  # in the order of last contact
        self._owners: dict[bytes, str] = {}
        self._changed: set[str] = set()
        self._silent_since: dict[str, int] = {}  # last contact of who was silent at the end of an earlier life
        self.listening_since_us = now_us()

    def greeted(self, request: pb.HelloRequest, marks: Mapping[bytes, int], *, protocol: int) -> None:
        """Note a Hello; `marks` holds the mark of each of its epochs. One without name and epochs (`tidegauge doctor`) only asks."""
        if not request.epochs and not (request.agent.instance_id or request.agent.host):
            return
        with self._lock:
            agent = self._heard(request.agent)
            agent.protocol = protocol
            if request.sent_at_us:
                agent.skews_s.append((request.sent_at_us - agent.last_contact_us) / 1e6)
            for position in request.epochs:
                mark = marks[position.epoch]
                closed = position.closed and position.last_seq <= mark
                self._hold(request.agent, agent, position.epoch, mark, last_seq=position.last_seq, closed=closed)
                self._serves(agent, position.deployments)

    def shipped(
        self,
        request: pb.ShipRequest,
        mark: int,
        *,
        closed: bool,
        deployments: Iterable[str],
        gaps: Iterable[pb.Gap],
        sealed_at_us: int,
    ) -> None:
        """Note an acknowledged Ship of an agent that has said Hello (an upload or a retry has not, and is none)."""
        with self._lock:
            if name_of(request.agent) not in self._agents:
                return
            agent = self._heard(request.agent)
            held = agent.epochs.get(request.epoch)
            last_seq = max(mark, held.last_seq if held else 0)
            self._hold(request.agent, agent, request.epoch, mark, last_seq=last_seq, closed=closed)
            self._serves(agent, deployments)
            for gap in gaps:
                _lose(agent, gap)
            if 0 < sealed_at_us < END_US:
                agent.newest_sealed_us = max(sealed_at_us, agent.newest_sealed_us or sealed_at_us)

    def agents(self) -> list[AgentSeen]:
        """Everybody seen, last contact first."""
        with self._lock:
            return [_seen(name, agent) for name, agent in reversed(self._agents.items())]

    def find(self, instance: str) -> AgentSeen | None:
        """The agent of a name."""
        with self._lock:
            agent = self._agents.get(instance)
            return _seen(instance, agent) if agent else None

    def silent(self, deployment: str) -> list[AgentSeen]:
        """The agents that shipped for a deployment and were not heard of for three of their intervals."""
        return [one for one in self.agents() if deployment in one.deployments and self.state(one) is AgentState.SILENT]

    def state(self, agent: AgentSeen) -> AgentState:
        """Whether an agent is there now. Nobody is silent for not being heard while the collector was down, but who was before."""
        was_silent = self._silent_since.get(agent.instance) == agent.last_contact_us
        return agent.state(self._now_us(), listening_since_us=0 if was_silent else self.listening_since_us)

    def take_changed(self) -> list[AgentSeen]:
        """The agents that have changed since the last call, to be stored."""
        with self._lock:
            changed, self._changed = self._changed, set()
            return [_seen(name, self._agents[name]) for name in changed if name in self._agents]

    def put_back(self, names: Iterable[str]) -> None:
        """Say that these could not be stored."""
        with self._lock:
            self._changed.update(names)

    def restore(self, agents: Iterable[AgentSeen], *, silent: Container[str] = ()) -> None:
        """Begin with what an earlier life of the collector has seen; `silent`: who was so then."""
        agents = list(agents)
        with self._lock:
            self._silent_since = {one.instance: one.last_contact_us for one in agents if one.instance in silent}
            for one in sorted(agents, key=lambda one: one.last_contact_us)[-self._max_agents :]:
                self._agents[one.instance] = _restored(one)
                self._owners |= {bytes.fromhex(held.epoch): one.instance for held in one.epochs}

    def _heard(self, identity: pb.AgentIdentity) -> _Agent:
        now_us, name = self._now_us(), name_of(identity)
        agent = self._agents.pop(name, None)
        if agent is None:
            agent = _Agent("", 0, "", now_us, now_us)
        elif now_us > agent.last_contact_us:
            agent.pauses_us.append(now_us - agent.last_contact_us)
        agent.host, agent.pid, agent.version = (
            printable(identity.host),
            identity.pid,
            printable(identity.agent_version),
        )
        agent.last_contact_us = now_us
        self._agents[name] = agent
        self._changed.add(name)
        while len(self._agents) > self._max_agents:
            self._forget(next(iter(self._agents)))
        return agent

    def _hold(
        self, identity: pb.AgentIdentity, agent: _Agent, epoch: bytes, mark: int, *, last_seq: int, closed: bool
    ) -> None:
        name = name_of(identity)
        before = self._owners.get(epoch)
        if before is not None and before != name and before in self._agents:
            self._agents[before].epochs.pop(epoch, None)
            self._changed.add(before)
        self._owners[epoch] = name
        agent.epochs.pop(epoch, None)
        agent.epochs[epoch] = EpochHeld(epoch.hex(), mark, last_seq, closed)
        ended = [one for one, held in agent.epochs.items() if held.closed] if closed else []
        surplus = ended[: max(0, len(ended) - MAX_CLOSED)]
        if not surplus and len(agent.epochs) > MAX_EPOCHS:
            surplus = list(agent.epochs)[: len(agent.epochs) - MAX_EPOCHS]
        for oldest in surplus:
            del agent.epochs[oldest]
            self._owners.pop(oldest, None)

    def _serves(self, agent: _Agent, deployments: Iterable[str]) -> None:
        for name in deployments:
            if name and len(agent.deployments) < MAX_DEPLOYMENTS:
                agent.deployments.add(name[:128])

    def _forget(self, name: str) -> None:
        for epoch in self._agents.pop(name).epochs:
            if self._owners.get(epoch) == name:
                del self._owners[epoch]


def name_of(identity: pb.AgentIdentity) -> str:
    """What an agent is known by: its instance, or host and process where it says none."""
    return printable(identity.instance_id)[:64] or f"{printable(identity.host)}/{identity.pid}"


def printable(text: str) -> str:
    """A stranger's text for logs and terminals."""
    return "".join(one if one.isprintable() else "�" for one in text[:255])


def _lose(agent: _Agent, gap: pb.Gap) -> None:
    reason = gap.reason[:40] or "unknown"
    if reason == MERGED:
        return
    if reason not in agent.dropped and len(agent.dropped) >= MAX_REASONS:
        reason = "other"
    before = agent.dropped.get(reason, Dropped(0, 0))
    agent.dropped[reason] = Dropped(before.frames + gap.last_seq - gap.first_seq + 1, before.rows + gap.rows)


def _seen(name: str, agent: _Agent) -> AgentSeen:
    return AgentSeen(
        name,
        agent.host,
        agent.pid,
        agent.version,
        agent.protocol,
        agent.first_contact_us,
        agent.last_contact_us,
        usual_interval_us(agent.pauses_us),
        median_skew_s(agent.skews_s),
        agent.newest_sealed_us,
        tuple(sorted(agent.deployments)),
        tuple(agent.epochs.values()),
        dict(agent.dropped),
    )


def _restored(one: AgentSeen) -> _Agent:
    """An agent as it was stored: of the skews and pauses only their medians are known."""
    agent = _Agent(one.host, one.pid, one.version, one.first_contact_us, one.last_contact_us, one.protocol)
    agent.newest_sealed_us = one.newest_sealed_us
    if one.skew_s is not None:
        agent.skews_s.append(one.skew_s)
    agent.pauses_us.append(one.interval_us)
    agent.deployments = set(one.deployments)
    agent.epochs = {bytes.fromhex(held.epoch): held for held in one.epochs}
    agent.dropped = dict(one.dropped)
    return agent
