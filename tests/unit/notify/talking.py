"""Drives a channel's talk by hand: answers in, requests, notes and the outcome out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from notify_bodies import KEY, body

from tidegauge_collector.control import OutboxRow, Thread
from tidegauge_collector.notify.channel import Answer, Channel, Mail, Note, Request
from tidegauge_collector.notify.outcomes import Outcome

NOW_US = 1_795_435_200_000_000  # 2026-11-23T12:00:00Z
HOUR_US = 3_600_000_000


def message(found: Mapping[str, Any], delivery_id: str = "msg_1") -> OutboxRow:
    return OutboxRow(
        id=1,
        channel="ops",
        event_type=found["type"],
        body=body(found),
        delivery_id=delivery_id,
        alert=7,
        alert_key=KEY,
        seq=found["data"].get("seq", 0),
        status="pending",
        attempts=0,
        next_attempt_us=0,
        created_at_us=NOW_US,
        last_error=None,
        delivered_at_us=None,
        thread=1,
    )


def thread(remembered: Mapping[str, Any] | None = None, before: Thread | None = None, **changes: Any) -> Thread:
    found = {
        "id": 1 if before is None else 2,
        "channel": "ops",
        "key": KEY,
        "labels": {},
        "is_open": True,
        "opened_at_us": NOW_US,
        "closed_at_us": None,
        "remembered": remembered or {},
        "before": before,
    }
    return Thread(**(found | changes))


@dataclass
class Held:
    """What a talk came to."""

    outcome: Outcome | None = None
    requests: list[Request | Mail] = field(default_factory=list)
    notes: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def request(self) -> Any:
        (one,) = self.requests
        return one


def hold(
    channel: Channel,
    found: Mapping[str, Any],
    answers: Sequence[Answer] = (),
    *,
    of: Thread | None = None,
    now_us: int = NOW_US,
    may_have_arrived: int | None = None,
) -> Held:
    """The talk until it ends, or until there is no answer left."""
    talk = channel.converse(message(found), of, now_us=now_us, may_have_arrived=may_have_arrived)
    held, left = Held(), list(answers)
    answer: Answer | None = None
    try:
        while True:
            step = talk.send(answer)
            answer = None
            if isinstance(step, Note):
                held.notes.append(step.remembered)
                continue
            held.requests.append(step)
            if not left:
                return held
            answer = left.pop(0)
    except StopIteration as end:
        held.outcome = end.value
    finally:
        talk.close()
    assert not left, f"{len(left)} answers were not asked for"
    return held


def said(status: int, body: bytes = b"", **headers: str) -> Answer:
    return Answer(status, headers, body)
