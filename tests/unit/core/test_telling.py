"""What a thread says, by hand-written timelines: alerts and times in, messages out."""

from dataclasses import dataclass, field, replace

import pytest

from tidegauge_collector.core.calendar import Digest, Hours
from tidegauge_collector.core.routing import Policy
from tidegauge_collector.core.telling import (
    KEPT_RESOLVED,
    Conversation,
    Decision,
    Said,
    Standing,
    decide,
    tell_at_us,
    told_from_json,
    told_to_json,
)

S, M, H = 1_000_000, 60_000_000, 3_600_000_000
NOON = 1_795_435_200_000_000  # Monday 2026-11-23T12:00:00Z
AT_ONCE = Policy(wait_us=0, interval_us=0)


def alert(key="a", state="failing", number=1, **changes):
    return Standing(**{"id": number, "key": key, "state": state, "seq": 1, "opened_at_us": NOON} | changes)


@dataclass
class Thread:
    """A thread that is looked at when its time has come, and remembers what it said."""

    policy: Policy
    opened_at_us: int = NOON
    told: dict = field(default_factory=dict)
    told_at_us: int | None = None
    due_us: int | None = NOON
    closed: bool = False

    def at(self, now_us: int, *standings: Standing) -> Decision:
        thread = Conversation(self.opened_at_us, self.told_at_us, self.due_us, self.told)
        made = decide(thread, standings, self.policy, now_us)
        self.told, self.due_us, self.closed = dict(made.told), made.due_us, made.closes
        if made.is_told:
            self.told_at_us = now_us
        return made

    def says(self, now_us: int, *standings: Standing) -> tuple[str, ...]:
        return self.at(now_us, *standings).changes


def test_an_alert_is_told_when_it_opens_worsens_betters_and_is_over():
    thread = Thread(AT_ONCE)

    assert thread.says(NOON, alert(state="warning")) == ("opened",)
    assert thread.says(NOON + 1, alert(state="warning")) == ()
    assert thread.says(NOON + 2, alert(state="failing")) == ("worse",)
    assert thread.says(NOON + 3, alert(state="warning")) == ("better",)
    assert thread.says(NOON + 4, alert(state="resolved")) == ("resolved",)
    assert thread.closed


def test_a_group_waits_half_a_minute_and_then_says_all_at_once():
    thread = Thread(Policy())

    assert thread.says(NOON, alert("a")) == ()
    assert thread.due_us == NOON + 30 * S
    made = thread.at(NOON + 30 * S, alert("a"), alert("b", number=2))

    assert (made.changes, set(made.told)) == (("opened",), {"a", "b"})


def test_what_was_over_before_anybody_heard_is_never_told():
    thread = Thread(Policy())
    thread.at(NOON, alert())

    made = thread.at(NOON + 30 * S, alert(state="resolved"))

    assert (made.changes, made.closes, made.told) == ((), True, {})


def test_news_within_the_interval_waits_for_its_end_and_is_one_message():
    thread = Thread(Policy())
    thread.at(NOON + 30 * S, alert("a", "warning"))

    assert thread.says(NOON + M, alert("a", "failing")) == ()
    assert thread.due_us == NOON + 30 * S + 5 * M
    assert thread.says(thread.due_us, alert("a", "failing"), alert("b", number=2)) == ("worse", "joined")


def test_what_went_and_came_back_in_between_is_no_news():
    thread = Thread(Policy())
    thread.at(NOON + 30 * S, alert(number=1))

    assert thread.says(NOON + 6 * M, alert(number=2)) == ()
    assert thread.told["a"].alert == 2
    assert thread.says(NOON + 7 * M, alert(number=2, state="resolved")) == ("resolved",)


def test_one_that_opens_again_while_others_fire_is_reopened():
    thread = Thread(AT_ONCE)
    thread.at(NOON, alert("a"), alert("b", number=2))
    thread.at(NOON + 1, alert("a", "resolved"), alert("b", number=2))

    assert thread.says(NOON + 2, alert("a", number=3), alert("b", number=2)) == ("reopened",)


def test_a_clock_that_was_set_back_holds_nothing_up():
    thread = Thread(Policy(), opened_at_us=NOON + 10 * H)

    assert thread.says(NOON, alert()) == ("opened",)
    thread.told_at_us = NOON + 10 * H
    assert thread.says(NOON + 1, alert(state="warning")) == ("better",)


# ---------------------------------------------------------------- silences


def test_what_is_silenced_is_not_told_until_the_silence_ends_if_it_still_fires():
    thread = Thread(AT_ONCE)
    held = alert(held="s1", held_until_us=NOON + H)

    made = thread.at(NOON, held)
    assert (made.changes, made.due_us, made.held, made.closes) == ((), NOON + H, ((1, "s1"),), False)
    assert thread.at(NOON + M, held).held == ()
    assert thread.says(NOON + H, alert()) == ("opened",)


def test_what_was_silenced_all_its_life_is_never_told():
    thread = Thread(AT_ONCE)
    thread.at(NOON, alert(held="s1", held_until_us=NOON + H))

    made = thread.at(NOON + M, alert(state="resolved"))

    assert (made.changes, made.closes) == ((), True)


def test_a_silence_keeps_quiet_about_what_gets_worse_and_the_end_tells_it():
    thread = Thread(AT_ONCE)
    thread.at(NOON, alert(state="warning"))

    assert thread.says(NOON + 1, alert(state="failing", held="s1", held_until_us=NOON + H)) == ()
    assert thread.says(NOON + H, alert(state="failing")) == ("worse",)


def test_the_recovery_of_what_was_told_is_told_while_it_is_silenced():
    thread = Thread(AT_ONCE)
    thread.at(NOON, alert())
    thread.at(NOON + 1, alert(held="s1", held_until_us=NOON + H))

    assert thread.says(NOON + 2, alert(state="resolved")) == ("resolved",)
    assert thread.closed


def test_a_thread_that_said_all_is_over_goes_on_for_what_is_silenced():
    thread = Thread(AT_ONCE)
    thread.at(NOON, alert("a"))
    held = alert("b", number=2, held="s1", held_until_us=NOON + H)

    made = thread.at(NOON + 1, alert("a", "resolved"), held)
    assert (made.changes, made.closes, made.due_us) == (("resolved",), False, NOON + H)
    assert thread.says(NOON + H, alert("a", "resolved"), alert("b", number=2)) == ("reopened",)


# ---------------------------------------------------------------- people, reminders, escalation


def test_what_people_do_is_told():
    thread = Thread(AT_ONCE)
    thread.at(NOON, alert())

    assert thread.says(NOON + 1, alert(acknowledged_by="anna", assignee="anna")) == ("acknowledged", "assigned")
    made = thread.at(NOON + 2, alert(acknowledged_by="anna", assignee="anna", comments=("late feed",), seq=4))
    assert (made.changes, made.comment) == (("commented",), "late feed")
    assert thread.says(NOON + 3, alert(assignee="anna")) == ("unacknowledged",)


def test_a_reminder_comes_after_the_pause_while_nobody_looks_after_it():
    thread = Thread(replace(AT_ONCE, repeat_us=H))
    thread.at(NOON, alert())
    assert thread.due_us == NOON + H

    assert thread.says(NOON + H, alert()) == ("reminder",)
    assert thread.says(NOON + 2 * H - 1, alert()) == ()
    thread.at(NOON + 2 * H - 1, alert(acknowledged_by="anna"))
    assert thread.due_us is None
    assert thread.says(NOON + 4 * H, alert(acknowledged_by="anna")) == ()


def test_it_escalates_once_when_nobody_acknowledged_what_was_told():
    thread = Thread(replace(Policy(), escalate_after_us=10 * S, escalate_to=("pager",)))

    assert thread.at(NOON + 20 * S, alert()).escalates == ()  # nobody was told yet
    assert thread.due_us == NOON + 30 * S
    thread.at(NOON + 30 * S, alert())
    assert thread.at(NOON + 31 * S, alert()).escalates == (1,)
    assert thread.says(NOON + 6 * M, alert(is_escalated=True)) == ("escalated",)
    assert thread.at(NOON + 9 * H, alert(is_escalated=True)).escalates == ()


def test_what_is_acknowledged_or_silenced_does_not_escalate():
    thread = Thread(replace(AT_ONCE, escalate_after_us=10 * S, escalate_to=("pager",)))
    thread.at(NOON, alert("a"), alert("b", number=2))

    later = (alert("a", acknowledged_by="anna"), alert("b", number=2, held="s1", held_until_us=NOON + H))

    assert thread.at(NOON + M, *later).escalates == ()


# ---------------------------------------------------------------- hours, digests, what is not sent


def test_outside_of_its_hours_it_is_held_and_told_when_they_begin():
    thread = Thread(replace(AT_ONCE, hours=Hours.parse("Mon-Fri 09:00-18:00 Europe/Berlin")))
    evening = NOON + 6 * H  # 19:00 in Berlin

    assert thread.says(evening, alert()) == ()
    assert thread.due_us == NOON + 20 * H  # Tuesday, 09:00 in Berlin
    assert thread.says(thread.due_us, alert()) == ("opened",)


def test_what_is_over_before_the_hours_begin_is_never_told():
    thread = Thread(replace(AT_ONCE, hours=Hours.parse("Mon-Fri 09:00-18:00 Europe/Berlin")))
    thread.at(NOON + 6 * H, alert())

    assert thread.says(NOON + 20 * H, alert(state="resolved")) == ()
    assert thread.closed


def test_a_digest_says_all_that_changed_at_its_time_only():
    thread = Thread(replace(AT_ONCE, digest=Digest.parse("daily 09:00 UTC")))
    nine = NOON + 21 * H

    assert thread.says(NOON, alert("a")) == ()
    assert thread.due_us == nine
    assert thread.says(nine, alert("a"), alert("b", number=2)) == ("opened",)
    assert thread.says(nine + H, alert("a", "resolved"), alert("b", number=2)) == ()
    assert thread.due_us == nine + 24 * H
    assert thread.says(nine + 24 * H + S, alert("a", "resolved"), alert("b", number=2)) == ("resolved",)


def test_without_send_resolved_the_end_is_not_told_but_known():
    thread = Thread(replace(AT_ONCE, send_resolved=False))
    thread.at(NOON, alert("a"), alert("b", number=2))

    assert thread.says(NOON + 1, alert("a", "resolved"), alert("b", number=2)) == ()
    assert thread.told["a"].state == "resolved"
    assert thread.says(NOON + 2, alert("a", "resolved"), alert("b", "resolved", number=2)) == ()
    assert thread.closed


def test_a_thread_that_never_closes_remembers_so_many_that_are_over():
    thread = Thread(AT_ONCE)
    many = [alert(f"k{number}", number=number) for number in range(KEPT_RESOLVED + 20)]
    thread.at(NOON, alert("a", number=10_000), *many)

    thread.at(NOON + 1, alert("a", number=10_000), *(replace(one, state="resolved") for one in many))

    assert len(thread.told) == KEPT_RESOLVED + 1


@pytest.mark.parametrize("policy", [Policy(), AT_ONCE])
def test_nothing_is_said_before_its_time(policy):
    thread = Conversation(NOON, NOON, None, {})

    assert tell_at_us(thread, policy, NOON + 1) == max(NOON + policy.interval_us, NOON + 1)


def test_what_was_said_survives_the_store():
    told = {"a": Said("failing", 7, 3, "anna", "", True, ""), "b": Said("", 8, 1, held="s1")}

    assert told_from_json(told_to_json(told)) == told
