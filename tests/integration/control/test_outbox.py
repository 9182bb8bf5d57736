import re

import pytest
from control_timeline import FAILING, QUIET, WARNING, Timeline

NOW = 2**60


def due(store, **options):
    return [(each.channel, each.seq) for each in store.due(NOW, **options)]


def test_a_resolve_is_not_due_before_its_trigger_is_settled(store):
    Timeline(store).judge(FAILING, QUIET, QUIET)
    assert due(store) == [("ops", 1)]

    store.delivered(store.due(NOW)[0].id, now_us=NOW, status_code=204)

    assert due(store) == [("ops", 2)]


def test_a_trigger_that_waits_for_its_retry_holds_its_resolve_back(store):
    Timeline(store).judge(FAILING, QUIET, QUIET)
    store.retry_at(store.due(NOW)[0].id, at_us=NOW + 10, now_us=NOW, error="HTTP 500")

    assert due(store) == []
    assert store.next_due_us() == NOW + 10
    assert [each.seq for each in store.due(NOW + 10)] == [1]


def test_a_later_alert_of_the_same_key_waits_for_the_earlier_ones_resolve(store):
    Timeline(store).judge(FAILING, QUIET, QUIET, FAILING)
    store.delivered(store.due(NOW)[0].id, now_us=NOW)

    assert due(store) == [("ops", 2)]


def test_channels_and_other_alerts_do_not_wait_for_each_other(store):
    Timeline(store, column="a", channels=("ops", "ml")).judge(FAILING, QUIET, QUIET)
    Timeline(store, column="b", channels=("ops",)).judge(WARNING)

    assert sorted(due(store)) == [("ml", 1), ("ops", 1), ("ops", 1)]
    assert due(store, channels=["ml"]) == [("ml", 1)]
    assert due(store, channels=[]) == []


def test_a_dead_message_lets_the_next_one_through_and_can_be_sent_again_under_its_id(store):
    Timeline(store).judge(FAILING, QUIET, QUIET)
    (trigger,) = store.due(NOW)
    store.dead_letter(trigger.id, now_us=NOW, error="HTTP 400", status_code=400)
    assert due(store) == [("ops", 2)]

    store.resend(trigger.id, now_us=NOW)

    (again,) = store.due(NOW)
    assert (again.delivery_id, again.body, again.attempts) == (trigger.delivery_id, trigger.body, 0)


def test_only_a_dead_message_can_be_sent_again(store):
    Timeline(store).judge(FAILING)

    with pytest.raises(LookupError, match="only a dead one"):
        store.resend(store.due(NOW)[0].id, now_us=NOW)


def test_each_attempt_leaves_a_receipt(store):
    (alert,) = Timeline(store).judge(FAILING)
    (message,) = store.due(NOW)
    store.retry_at(message.id, at_us=NOW + 5, now_us=NOW, error="HTTP 500", status_code=500)
    store.delivered(message.id, now_us=NOW + 6, status_code=200)

    (delivery,) = store.deliveries(alert.id)

    assert (delivery.status, delivery.attempts, delivery.last_error, delivery.delivered_at_us) == (
        "delivered",
        2,
        None,
        NOW + 6,
    )
    assert [(each.outcome, each.status_code, each.detail) for each in store.receipts(message.id)] == [
        ("retry", 500, "HTTP 500"),
        ("delivered", 200, ""),
    ]


def test_what_is_delivered_stays_delivered_whatever_a_slower_attempt_reports(store):
    (alert,) = Timeline(store).judge(FAILING)
    (message,) = store.due(NOW)
    store.delivered(message.id, now_us=NOW)
    store.retry_at(message.id, at_us=NOW + 5, now_us=NOW + 1, error="TimeoutError")

    assert store.deliveries(alert.id)[0].status == "delivered"
    assert [each.outcome for each in store.receipts(message.id)] == ["delivered", "retry"]


def test_expiry_gives_up_only_old_messages_of_that_channel(store):
    Timeline(store, column="a", channels=("ops", "ml")).judge(FAILING, now_us=100)
    Timeline(store, column="b", channels=("ops",)).judge(FAILING, now_us=200)

    assert store.expire_pending("ops", created_before_us=150, now_us=300) == 1

    assert store.outbox_depths() == {"ops": 1, "ml": 1}
    assert store.outbox_depth() == 2


def test_a_test_message_waits_for_nobody(store):
    Timeline(store).judge(FAILING)
    name = store.enqueue_test("ops", body=b"{}", now_us=1)

    assert re.fullmatch(r"msg_[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}", name)
    assert {each.event_type for each in store.due(NOW)} == {"alert.firing", "alert.test"}


def test_at_most_the_asked_number_is_due_longest_waiting_first(store):
    for number, column in enumerate("abcd"):
        Timeline(store, column=column).judge(FAILING, now_us=100 - number)

    assert [each.created_at_us for each in store.due(NOW, 3)] == [97, 98, 99]
