"""Which alert is told where, together with which others, and how soon. Plain values; the configuration file is read elsewhere."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from tidegauge_collector.core.calendar import Digest, Hours
from tidegauge_collector.core.matching import Matchers, Misfit, matches, misfit

MINUTE_US = 60_000_000
GROUP_FIELDS = ("alert", "deployment", "monitor", "metric", "column", "segment", "version", "severity", "owner")
MACHINES = frozenset({"webhook", "alertmanager"})  # kinds of channels whose receivers group for themselves
BY_ALERT = ("alert",)
FOR_PEOPLE = ("deployment", "monitor")
RANKS = {"warning": 1, "failing": 2}
DEFAULT_WAIT_US, DEFAULT_INTERVAL_US = MINUTE_US // 2, 5 * MINUTE_US


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How soon and how often a thread is told of. `escalate_to` are channels; what is None is off."""

    wait_us: int = DEFAULT_WAIT_US
    interval_us: int = DEFAULT_INTERVAL_US
    repeat_us: int | None = None
    send_resolved: bool = True
    hours: Hours | None = None
    digest: Digest | None = None
    escalate_after_us: int | None = None
    escalate_to: tuple[str, ...] = ()
    storm_after: int = 50

    @property
    def storm_us(self) -> int:
        """Within how long so many threads are a storm."""
        return max(self.interval_us, DEFAULT_INTERVAL_US)

    def __str__(self) -> str:
        told = [f"after {_short(self.wait_us)}, then at most every {_short(self.interval_us)}"]
        if self.digest is not None:
            told = [str(self.digest)]
        if self.hours is not None:
            told.append(f"only {self.hours}")
        if self.repeat_us is not None:
            told.append(f"reminded every {_short(self.repeat_us)}")
        if self.escalate_after_us is not None:
            told.append(f"after {_short(self.escalate_after_us)} also {', '.join(self.escalate_to)}")
        if not self.send_resolved:
            told.append("not when it is over")
        return ", ".join(told)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One route as a user writes it; `channels` empty: all. What is None depends on the kind of the channel."""

    name: str = "default"
    match: Matchers = field(default_factory=dict)
    channels: tuple[str, ...] = ()
    group_by: tuple[str, ...] | None = None
    wait_us: int | None = None
    interval_us: int | None = None
    repeat_us: int | None = None
    min_severity: str = "warning"
    send_resolved: bool = True
    hours: Hours | None = None
    goes_on: bool = False
    escalate_after_us: int | None = None
    escalate_to: tuple[str, ...] = ()
    storm_after: int = 50
    digest: Digest | None = None

    def grouping(self, kind: str) -> tuple[str, ...]:
        """The labels that alerts of one group share, for a kind of channel."""
        if self.group_by is not None:
            return self.group_by
        return BY_ALERT if kind in MACHINES else FOR_PEOPLE

    def policy(self, kind: str) -> Policy:
        """How a kind of channel is told."""
        alone = self.grouping(kind) == BY_ALERT
        wait_us = 0 if alone else DEFAULT_WAIT_US
        interval_us = 0 if alone and kind in MACHINES else DEFAULT_INTERVAL_US
        return Policy(
            wait_us=wait_us if self.wait_us is None else self.wait_us,
            interval_us=interval_us if self.interval_us is None else self.interval_us,
            repeat_us=self.repeat_us,
            send_resolved=self.send_resolved,
            hours=self.hours,
            digest=self.digest,
            escalate_after_us=self.escalate_after_us,
            escalate_to=self.escalate_to,
            storm_after=self.storm_after,
        )


@dataclass(frozen=True, slots=True)
class Place:
    """Where an alert is told: a channel, the route that leads there, and the group with its key and labels."""

    channel: str
    route: str
    key: str
    labels: Mapping[str, str]
    policy: Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a route takes an alert or does not; each kind but the first two has its grounds."""

    kind: Literal["everything", "matches", "misfit", "severity", "taken"]
    misfit: Misfit | None = None
    severity: str = ""  # from which on it tells
    by: str = ""  # the route that took it before

    def __str__(self) -> str:
        match self.kind:
            case "everything":
                return "matches everything"
            case "matches":
                return "matches"
            case "misfit":
                return str(self.misfit)
            case "severity":
                return f"takes it, but tells from {self.severity} on only"
            case "taken":
                return f"not asked: {self.by} took it and does not say continue"


@dataclass(frozen=True, slots=True)
class Step:
    """What a route makes of an alert: the channels that it takes it to, and why (not)."""

    route: str
    channels: tuple[str, ...]
    reason: Reason


@dataclass(frozen=True, slots=True)
class Routing:
    """Routes in their order, and the kind of each channel by its name. Without routes one leads everything everywhere."""

    routes: Sequence[Route] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)

    @property
    def in_order(self) -> Sequence[Route]:
        """The routes, or the one that there is without any."""
        return self.routes or (Route(),)

    def places(self, alert_key: str, labels: Mapping[str, str]) -> list[Place]:
        """Where an alert is told: the first route that matches takes it, and those after it as long as they go on."""
        found: dict[tuple[str, str], Place] = {}
        for route in self._taking(labels):
            if RANKS[labels["severity"]] < RANKS[route.min_severity]:
                continue
            for place in self.of_route(route, self._channels(route), alert_key, labels):
                found.setdefault((place.channel, place.key), place)
        return list(found.values())

    def escalation(self, route: str, alert_key: str, labels: Mapping[str, str]) -> list[Place]:
        """Where an alert is told besides, since nobody acknowledged it."""
        found = self.route(route)
        if found is None:
            return []
        channels = [name for name in found.escalate_to if name in self.kinds]
        return self.of_route(found, channels, alert_key, labels)

    def of_route(self, route: Route, channels: Sequence[str], alert_key: str, labels: Mapping[str, str]) -> list[Place]:
        """The groups of an alert in some channels."""
        places = []
        for channel in channels:
            kind = self.kinds[channel]
            key, group = group_of(route.grouping(kind), alert_key, labels)
            places.append(Place(channel, route.name, key, group, route.policy(kind)))
        return places

    def route(self, name: str) -> Route | None:
        """The route of that name, or None."""
        return next((one for one in self.in_order if one.name == name), None)

    def rank(self, name: str) -> int:
        """The place of a route in their order; one that is gone comes last."""
        return next((i for i, one in enumerate(self.in_order) if one.name == name), len(self.in_order))

    def policy(self, route: str, channel: str, key: str) -> Policy:
        """How a thread of a route is told in a channel; one whose route is gone as without routes, that of a storm slowly."""
        policy = (self.route(route) or Route(name=route)).policy(self.kinds[channel])
        if key != storm_key(channel):
            return policy
        wait_us, interval_us = max(policy.wait_us, DEFAULT_WAIT_US), max(policy.interval_us, DEFAULT_INTERVAL_US)
        return replace(policy, wait_us=wait_us, interval_us=interval_us)

    def steps(self, labels: Mapping[str, str]) -> list[Step]:
        """What each route makes of an alert, in their order, for people who ask why."""
        found, taken = [], ""
        for route in self.in_order:
            wrong = misfit(route.match, labels)
            if taken:
                found.append(Step(route.name, (), Reason(kind="taken", by=taken)))
            elif wrong is not None:
                found.append(Step(route.name, (), Reason(kind="misfit", misfit=wrong)))
            elif RANKS[labels["severity"]] < RANKS[route.min_severity]:
                found.append(Step(route.name, (), Reason(kind="severity", severity=route.min_severity)))
            else:
                reason = Reason(kind="matches" if route.match else "everything")
                found.append(Step(route.name, self._channels(route), reason))
            if wrong is None and not route.goes_on and not taken:
                taken = route.name
        return found

    def _taking(self, labels: Mapping[str, str]) -> list[Route]:
        found = []
        for route in self.in_order:
            if matches(route.match, labels):
                found.append(route)
                if not route.goes_on:
                    break
        return found

    def _channels(self, route: Route) -> tuple[str, ...]:
        return tuple(name for name in route.channels or self.kinds if name in self.kinds)


def group_of(grouping: Sequence[str], alert_key: str, labels: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The key of an alert's group and the labels that it shares; a group by alert has the alert's own key."""
    shared = {name: labels.get(name, "") for name in grouping if name != "alert"}
    if "alert" in grouping:
        return alert_key, shared
    return _digest(["group", sorted(shared.items())]), shared


def storm_key(channel: str) -> str:
    """The key of the thread of a channel as a whole."""
    return _digest(["storm", channel])


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, separators=(",", ":")).encode("ascii")).hexdigest()[:32]


def _short(duration_us: int) -> str:
    seconds = duration_us // 1_000_000
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
