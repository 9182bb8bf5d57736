"""What a due thread says becomes a message: what was told, the message and when to look again are one transaction.

`compose` makes the body within the transaction: it must be quick and must not raise.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from tidegauge_collector.control import alerts, outbox, threads
from tidegauge_collector.control.alerts import AlertRow
from tidegauge_collector.control.labelling import Labelling
from tidegauge_collector.control.tables import AlertEventRow, AlertTableRow, DeploymentRow, ThreadMemberRow, ThreadRow
from tidegauge_collector.core.routing import RANKS, Routing
from tidegauge_collector.core.silences import Silence, silencing
from tidegauge_collector.core.telling import (
    RESOLVED,
    Conversation,
    Decision,
    Said,
    Standing,
    decide,
    told_from_json,
    told_to_json,
)

FOREVER_US = 1 << 62  # an alert muted until it recovers
MUTED = "muted"
_COMMENTED_AT_ONCE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulletin:
    """What a message is made of: the whole state of a thread, and what is new in it.

    `alerts`: of each key the newest, the worst first, then those that are over; `lead` the first of them. `owner` and `runbook` are of
    the lead's deployment. `closed_by`: of a thread that is over, the people who closed the alerts that did not recover by themselves.
    """

    channel: str
    key: str
    labels: Mapping[str, str]
    seq: int
    event_type: str
    at_us: int
    changes: tuple[str, ...]
    comment: str
    alerts: Sequence[AlertRow]
    owner: str
    runbook: str
    closed_by: str = ""

    @property
    def lead(self) -> AlertRow:
        """The alert that the message is about in the first place."""
        return self.alerts[0]

    @property
    def firing(self) -> int:
        """How many fire."""
        return sum(one.status == "firing" for one in self.alerts)


Compose = Callable[[Bulletin], bytes]


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for all threads of a pass: routes, silences that may be active, and the time."""

    routing: Routing
    silences: Sequence[Silence]
    now_us: int


def tell(session: Session, thread_id: int, terms: Terms, compose: Compose) -> str | None:
    """Says what a thread has to say now, if there is something; returns the delivery id of the message."""
    row = session.get(ThreadRow, thread_id)
    if row is None or row.status != "open" or row.channel not in terms.routing.kinds:
        return None
    known = _members(session, row)
    decision = _decide(session, row, known, terms)
    if decision.escalates:
        _escalate(session, row, [known[number] for number in decision.escalates], terms)
        decision = _decide(session, row, known, terms)
    _note_held(session, decision, known, terms)
    was_firing = any(one.state not in {"", RESOLVED} for one in told_from_json(row.told).values())
    row.told, row.due_us = told_to_json(decision.told), decision.due_us
    if decision.closes:
        row.status, row.closed_at_us, row.due_us = "closed", terms.now_us, None
    if not decision.is_told:
        return None
    row.seq += 1
    bulletin = _bulletin(row, decision, known, now_us=terms.now_us, was_firing=was_firing)
    if bulletin.event_type == "alert.resolved":
        bulletin = replace(bulletin, closed_by=_closed_by(session, bulletin.alerts))
    row.told_at_us = terms.now_us
    message = outbox.Message(
        event_type=bulletin.event_type, body=compose(bulletin), alert_key=row.key, seq=row.seq, thread=row.id
    )
    return outbox.put(session, row.channel, message, terms.now_us)


_Known = dict[int, tuple[AlertTableRow, DeploymentRow]]


def _members(session: Session, row: ThreadRow) -> _Known:
    """The alerts that matter to a thread: those that fire, and those of which it has said something."""
    query = select(AlertTableRow, DeploymentRow).join(DeploymentRow, DeploymentRow.id == AlertTableRow.deployment_id)
    member = ThreadMemberRow.alert_id == AlertTableRow.id
    firing = query.join(ThreadMemberRow, member).where(
        ThreadMemberRow.thread_id == row.id, AlertTableRow.status == "firing"
    )
    found = {alert.id: (alert, owner) for alert, owner in session.execute(firing)}
    told = {said.alert for said in told_from_json(row.told).values()} - found.keys()
    for some in threads.chunks(told):
        found |= {alert.id: (alert, owner) for alert, owner in session.execute(query.where(AlertTableRow.id.in_(some)))}
    return found


def _decide(session: Session, row: ThreadRow, known: _Known, terms: Terms) -> Decision:
    policy = terms.routing.policy(row.route, row.channel, row.key)
    thread = threads.conversation(session, row, policy)
    return decide(thread, _standings(session, row, thread, known, terms), policy, terms.now_us)


def _standings(session: Session, row: ThreadRow, thread: Conversation, known: _Known, terms: Terms) -> list[Standing]:
    newest: dict[str, AlertTableRow] = {}
    for number in sorted(known):
        newest[known[number][0].key] = known[number][0]
    comments, labels = _comments(session, newest, thread.told), Labelling(session)
    found = [_standing(row, alert, terms, comments.get(alert.id, ())) for alert in newest.values()]
    return [_silenced(one, labels.of(*known[one.id]), terms) if _can_be_silenced(one, terms) else one for one in found]


def _standing(row: ThreadRow, alert: AlertTableRow, terms: Terms, comments: tuple[str, ...]) -> Standing:
    has_left = row.labels.get("severity", alert.severity) != alert.severity
    one = Standing(
        id=alert.id,
        key=alert.key,
        state=RESOLVED if has_left or alert.status != "firing" else alert.severity,
        seq=alert.seq,
        opened_at_us=alert.opened_at_us,
        acknowledged_by=alert.acknowledged_by,
        assignee=alert.assignee,
        is_escalated=alert.escalated_at_us is not None,
        comments=comments,
    )
    if one.state == RESOLVED:
        return one
    if alert.muted_until_us is not None and terms.now_us < alert.muted_until_us:
        until_us = None if alert.muted_until_us == FOREVER_US else alert.muted_until_us
        return replace(one, held=MUTED, held_until_us=until_us)
    return one


def _can_be_silenced(one: Standing, terms: Terms) -> bool:
    return bool(terms.silences) and one.state != RESOLVED and not one.held


def _silenced(one: Standing, labels: Mapping[str, str], terms: Terms) -> Standing:
    silence = silencing(terms.silences, labels, terms.now_us)
    if silence is None:
        return one
    return replace(one, held=silence.id, held_until_us=silence.until_us(terms.now_us))


def _comments(
    session: Session, newest: Mapping[str, AlertTableRow], told: Mapping[str, Said]
) -> dict[int, tuple[str, ...]]:
    """What people wrote since an alert was last told of; of many alerts at once nobody could read it."""
    stale = [
        (alert, told[key].seq)
        for key, alert in newest.items()
        if key in told and told[key].state and told[key].alert == alert.id and alert.seq > told[key].seq
    ]
    found = {}
    for alert, seq in stale[:_COMMENTED_AT_ONCE]:
        query = select(AlertEventRow).where(AlertEventRow.alert_id == alert.id, AlertEventRow.kind == "commented")
        rows = session.scalars(query.where(AlertEventRow.seq > seq).order_by(AlertEventRow.seq))
        found[alert.id] = tuple(str(event.details["text"]) for event in rows)
    return found


def _escalate(
    session: Session, row: ThreadRow, found: Sequence[tuple[AlertTableRow, DeploymentRow]], terms: Terms
) -> None:
    """Nobody has acknowledged these for too long: others hear of them too, once."""
    wanted, labels = [], Labelling(session)
    for alert, owner in found:
        alert.escalated_at_us = alert.updated_at_us = terms.now_us
        places = terms.routing.escalation(row.route, alert.key, labels.of(alert, owner))
        channels = sorted({place.channel for place in places})
        alerts.add_event(session, alert, "escalated", now_us=terms.now_us, details={"channels": channels})
        wanted += [(alert, place) for place in places]
    threads.Joining(session, terms.routing, terms.now_us).join(wanted)


def _note_held(session: Session, decision: Decision, known: _Known, terms: Terms) -> None:
    """The history says why nobody heard; once for each silence, however many threads it concerns."""
    by_id = {one.id: one for one in terms.silences}
    for number, reason in decision.held:
        if reason == MUTED:
            continue  # that a person muted it is an event already
        query = select(AlertEventRow).where(AlertEventRow.alert_id == number, AlertEventRow.kind == "silenced")
        if any(event.details.get("silence") == reason for event in session.scalars(query)):
            continue
        details = {"silence": reason, "comment": by_id[reason].comment}
        alerts.add_event(session, known[number][0], "silenced", now_us=terms.now_us, details=details)


def _bulletin(row: ThreadRow, decision: Decision, known: _Known, *, now_us: int, was_firing: bool) -> Bulletin:
    said = [one for one in decision.told.values() if one.state]
    told = sorted(said, key=lambda one: (one.state == RESOLVED, -RANKS.get(one.state, 0), one.alert))
    shown = [alerts.value(known[one.alert][0], known[one.alert][1].name) for one in told]
    fires = any(one.state != RESOLVED for one in said)
    lead = known[told[0].alert][1]
    return Bulletin(
        channel=row.channel,
        key=row.key,
        labels=row.labels,
        seq=row.seq,
        event_type="alert.resolved" if not fires else "alert.updated" if was_firing else "alert.firing",
        at_us=now_us,
        changes=decision.changes,
        comment=decision.comment,
        alerts=shown,
        owner=lead.owner,
        runbook=lead.runbook,
    )


def _closed_by(session: Session, found: Sequence[AlertRow]) -> str:
    """Who closed these alerts, "" where all recovered."""
    people = set[str]()
    for some in threads.chunks(one.id for one in found):
        query = select(AlertEventRow.actor).where(AlertEventRow.alert_id.in_(some), AlertEventRow.kind == "resolved")
        people.update(session.scalars(query))
    return ", ".join(sorted(people - {""}))
