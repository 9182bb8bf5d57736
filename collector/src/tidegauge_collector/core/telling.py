"""What a thread has to say now: what its alerts are, held against what was said of them last. Pure; `now_us` is given.

A thread is one channel's conversation about one group of alerts. What matters is the difference between what is and what was said, not
what happened in between: an alert that went away before anybody heard of it is never told, one that went and came back is no news.

    firing ──told──▶ said: warning, failing ──resolved──▶ said: resolved        said of nothing, resolved ──▶ nothing
       └─ silenced, muted: nothing is said of it until that ends; a recovery of what was said is said at once
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tidegauge_collector.core.routing import RANKS, Policy

CHANGES = (
    "opened",
    "reopened",
    "worse",
    "better",
    "joined",
    "resolved",
    "acknowledged",
    "unacknowledged",
    "assigned",
    "commented",
    "escalated",
    "reminder",
)
RESOLVED = "resolved"
KEPT_RESOLVED = 100  # of a thread that stays open, so many keys that it said are over are remembered


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An alert as it is: `state` is its severity while it fires, else resolved. `held`: why nothing is to be said of it, until when."""

    id: int
    key: str
    state: str
    seq: int
    opened_at_us: int
    acknowledged_by: str = ""
    assignee: str = ""
    is_escalated: bool = False
    comments: tuple[str, ...] = ()  # since the thread last said something of it
    held: str = ""
    held_until_us: int | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """What was said last of an alert key; `state` is "" where nothing was, only `held` is known."""

    state: str
    alert: int
    seq: int
    acknowledged_by: str = ""
    assignee: str = ""
    is_escalated: bool = False
    held: str = ""


@dataclass(frozen=True, slots=True)
class Conversation:
    """A thread's own state; `told_at_us` is None before its first message. `before_us`: when the thread before it, of the same group in
    the same channel, was last told of."""

    opened_at_us: int
    told_at_us: int | None
    due_us: int | None
    told: Mapping[str, Said]
    before_us: int | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows: with `changes` a message is made, which says `told`; `due_us` is when to look again.

    `held` are alerts of which it is held back for the first time, with the reason; `escalates` alerts that nobody acknowledged.
    """

    changes: tuple[str, ...]
    told: Mapping[str, Said]
    due_us: int | None
    closes: bool
    comment: str = ""
    held: tuple[tuple[int, str], ...] = ()
    escalates: tuple[int, ...] = ()

    @property
    def is_told(self) -> bool:
        """Is there a message?"""
        return bool(self.changes)


def decide(thread: Conversation, standings: Sequence[Standing], policy: Policy, now_us: int) -> Decision:
    """What a thread says now, or when it is to be looked at again. `standings`: one for each key, the newest."""
    found = [_said_of(one, thread.told.get(one.key), thread) for one in standings]
    changes = {name for _, _, names in found for name in names}
    after = {key: said for key, said, _ in found if said is not None}
    fires = {one.key for one in standings if one.state != RESOLVED}
    speaks_of = [one for one in standings if one.key in fires and not one.held]
    if not policy.send_resolved and changes == {RESOLVED}:
        changes = set()
        thread = replace(thread, told=after)
    comment = "\n".join(text for one in standings if not one.held for text in one.comments)
    held = tuple((one.id, one.held) for one in standings if _is_newly_held(one, thread.told.get(one.key)))
    if not changes and _reminds(thread, speaks_of, policy, now_us):
        changes = {"reminder"}
    if not changes:
        due_us = _look_again(thread.told_at_us, standings, speaks_of, policy)
        escalates = _escalates(thread, speaks_of, policy, now_us)
        return Decision((), _forgetful(after), due_us, not fires, held=held, escalates=escalates)
    at_us = tell_at_us(thread, policy, now_us)
    if at_us > now_us:
        escalates = _escalates(thread, speaks_of, policy, now_us)
        due_us = _earliest([at_us, _escalation_us(_heard_of(thread, speaks_of), policy)])
        return Decision((), _marked(thread.told, after), due_us, False, held=held, escalates=escalates)
    return Decision(
        tuple(name for name in CHANGES if name in changes),
        _forgetful(after),
        _look_again(now_us, standings, speaks_of, policy),
        not fires,
        comment=comment,
        held=held,
    )


def tell_at_us(thread: Conversation, policy: Policy, now_us: int) -> int:
    """When what there is to say may be said: `now_us` or later. A clock that was set back holds up nothing."""
    if policy.digest is not None:
        is_time = thread.due_us is not None and thread.due_us <= now_us and policy.digest.is_time(thread.due_us)
        return now_us if is_time else policy.digest.next_us(now_us)
    since_us, pause_us = (
        (thread.opened_at_us, policy.wait_us) if thread.told_at_us is None else (thread.told_at_us, policy.interval_us)
    )
    at_us = now_us if since_us > now_us else max(since_us + pause_us, now_us)
    if thread.told_at_us is None and thread.before_us is not None and thread.before_us <= now_us:
        at_us = max(at_us, thread.before_us + policy.interval_us)  # a group that was over a moment ago is no new one
    if policy.hours is not None and not policy.hours.contains(at_us):
        return policy.hours.next_start_us(at_us)
    return at_us


def _said_of(one: Standing, before: Said | None, thread: Conversation) -> tuple[str, Said | None, list[str]]:
    """What is said of a key from now on, and what changes by it."""
    was = before.state if before is not None else ""
    if one.state == RESOLVED and not was:
        return one.key, None, []
    if one.state != RESOLVED and one.held:
        return one.key, replace(before or Said("", one.id, one.seq), held=one.held), []
    now = Said(one.state, one.id, one.seq, one.acknowledged_by, one.assignee, one.is_escalated)
    if before is None or not was:
        return one.key, now, _of_new(one, thread)
    return one.key, now, _of_known(one, before)


def _of_new(one: Standing, thread: Conversation) -> list[str]:
    said = [each for each in thread.told.values() if each.state]
    is_over = bool(said) and all(each.state == RESOLVED for each in said)
    first = "opened" if thread.told_at_us is None else "reopened" if is_over else "joined"
    return [first, *(["acknowledged"] if one.acknowledged_by else []), *(["escalated"] if one.is_escalated else [])]


def _of_known(one: Standing, before: Said) -> list[str]:
    changes = []
    if one.state != before.state:
        changes.append(_turn(before.state, one.state))
    if one.state != RESOLVED:
        if one.acknowledged_by != before.acknowledged_by:
            changes.append("acknowledged" if one.acknowledged_by else "unacknowledged")
        if one.is_escalated and not before.is_escalated:
            changes.append("escalated")
    if one.assignee != before.assignee:
        changes.append("assigned")
    if one.comments:
        changes.append("commented")
    return changes


def _turn(before: str, after: str) -> str:
    if after == RESOLVED:
        return RESOLVED
    if before == RESOLVED:
        return "reopened"
    return "worse" if RANKS[after] > RANKS[before] else "better"


def _is_newly_held(one: Standing, before: Said | None) -> bool:
    return one.state != RESOLVED and bool(one.held) and (before is None or before.held != one.held)


def _marked(told: Mapping[str, Said], after: Mapping[str, Said]) -> dict[str, Said]:
    """What was said, with the marks of what is held; nothing new is said yet."""
    marks = {key: said for key, said in after.items() if said.held}
    return {**{key: replace(said, held="") for key, said in told.items() if said.state}, **marks}


def _forgetful(after: Mapping[str, Said]) -> dict[str, Said]:
    over = sorted((said.alert, key) for key, said in after.items() if said.state == RESOLVED)
    gone = {key for _, key in over[:-KEPT_RESOLVED]}
    return {key: said for key, said in after.items() if key not in gone}


def _reminds(thread: Conversation, speaks_of: Iterable[Standing], policy: Policy, now_us: int) -> bool:
    if policy.repeat_us is None or thread.told_at_us is None or now_us < thread.told_at_us + policy.repeat_us:
        return False
    return any(not one.acknowledged_by for one in speaks_of)


def _escalates(thread: Conversation, speaks_of: Iterable[Standing], policy: Policy, now_us: int) -> tuple[int, ...]:
    """Those that were told, and that nobody has acknowledged for too long."""
    after_us = policy.escalate_after_us
    if after_us is None:
        return ()
    heard_of = _heard_of(thread, speaks_of)
    return tuple(one.id for one in heard_of if _can_escalate(one) and now_us >= one.opened_at_us + after_us)


def _heard_of(thread: Conversation, speaks_of: Iterable[Standing]) -> list[Standing]:
    return [one for one in speaks_of if one.key in thread.told and thread.told[one.key].state not in {"", RESOLVED}]


def _can_escalate(one: Standing) -> bool:
    return not one.acknowledged_by and not one.is_escalated


def _escalation_us(speaks_of: Iterable[Standing], policy: Policy) -> int | None:
    if policy.escalate_after_us is None:
        return None
    return _earliest(one.opened_at_us + policy.escalate_after_us for one in speaks_of if _can_escalate(one))


def _look_again(
    told_at_us: int | None, standings: Iterable[Standing], speaks_of: Sequence[Standing], policy: Policy
) -> int | None:
    """When something changes by the clock alone."""
    times = [one.held_until_us for one in standings if one.held and one.state != RESOLVED]
    times.append(_escalation_us(speaks_of, policy))
    if policy.repeat_us is not None and told_at_us is not None and any(not one.acknowledged_by for one in speaks_of):
        times.append(told_at_us + policy.repeat_us)
    return _earliest(times)


def _earliest(times: Iterable[int | None]) -> int | None:
    return min((one for one in times if one is not None), default=None)


def told_from_json(stored: Mapping[str, Any]) -> dict[str, Said]:
    """What was said, as a thread stores it: alert key -> the fields of `Said`."""
    return {key: Said(*fields) for key, fields in stored.items()}


def told_to_json(told: Mapping[str, Said]) -> dict[str, Any]:
    """The same to be stored."""
    return {
        key: [one.state, one.alert, one.seq, one.acknowledged_by, one.assignee, one.is_escalated, one.held]
        for key, one in told.items()
    }
