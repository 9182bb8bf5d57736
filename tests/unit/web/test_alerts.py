"""Alerts in the words of people: monitors by name, messages by channel, windows as days."""

from tidegauge_collector.web.alerts import ChannelState, by_channel, monitor_name, opened_elsewhere

from .fake_reader import ALERT, DEPLOYMENT, delivery


def test_a_monitor_goes_by_its_name_and_one_that_is_gone_by_its_id() -> None:
    assert (monitor_name(DEPLOYMENT, "drift"), monitor_name(DEPLOYMENT, "gone")) == ("Data drift", "gone")


def test_messages_are_told_by_channel_what_needs_a_person_first() -> None:
    messages = [
        delivery("ops", "delivered", delivered_at="2013-07-01T04:00:31Z"),
        delivery("jira", "pending", attempts=4, last_error="no answer"),
        delivery("ops", "dead", last_error="HTTP 400: refused"),
        delivery("ops", "delivered", delivered_at="2013-07-02T04:00:31Z"),
    ]

    told = by_channel(ALERT | {"deliveries": messages})

    assert told == [
        ChannelState("jira", "pending", 1, 4, None, "no answer"),
        ChannelState("ops", "dead", 1, 1, None, "HTTP 400: refused"),
        ChannelState("ops", "delivered", 2, 1, "2013-07-02T04:00:31Z", ""),
    ]


def test_a_state_of_a_later_release_is_told_last() -> None:
    told = by_channel(ALERT | {"deliveries": [delivery("ops", "snoozed"), delivery("ops", "pending")]})

    assert [state.status for state in told] == ["pending", "snoozed"]


def test_an_alert_that_still_speaks_of_its_first_window_did_not_open_elsewhere() -> None:
    assert opened_elsewhere(ALERT)
    assert not opened_elsewhere(ALERT | {"opened_window": ALERT["window"]})
