"""What a list of alerts says of each is read for all of them at once, and is what reading one by one says."""

from types import SimpleNamespace

import pytest
from control_timeline import DAY_US, FAILING, QUIET, START_US, Timeline
from sqlalchemy import Engine, event

from tidegauge_collector.api.alerts import list_alerts

NOW, M = START_US + DAY_US, 60_000_000


def opened(store, count):
    """Alerts of many columns in one thread; the first was told, has ended, and has opened again."""
    series = [Timeline(store, column=f"c{i:03}", channels=("chat",), kind="slack") for i in range(count)]
    for place, said in enumerate((FAILING, QUIET, QUIET, QUIET, FAILING)):
        now_us = NOW + 60 * place * M
        for one in series if place == 0 else series[:1]:
            one.record(one.update(said), now_us=now_us)
        series[0].tell(now_us + M)
        for message in store.due(2**60):
            store.delivered(message.id, now_us=now_us + 2 * M)


@pytest.fixture
def statements():
    """The statements of a block."""
    seen = []

    def note(connection, cursor, statement, *_):
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield seen
    event.remove(Engine, "before_cursor_execute", note)


def listed(store, limit):
    sources = SimpleNamespace(control=store, now_us=lambda: NOW)
    return list_alerts(sources, {"limit": str(limit)})["items"]


def test_a_page_of_alerts_takes_as_many_statements_as_one(store, statements):
    opened(store, 40)
    listed(store, 1)
    taken = []

    for limit in (1, 20, 41):
        statements.clear()
        found = listed(store, limit)
        taken.append((len(found), len(statements)))

    assert [n for n, _ in taken] == [1, 20, 41]
    assert len({count for _, count in taken}) == 1


def test_each_has_its_own_history_and_the_messages_since_it_opened(store):
    opened(store, 5)
    found = listed(store, 100)

    for one in found:
        assert [each["kind"] for each in one["events"]] == [each.kind for each in store.alert_events(one["id"])]
        assert [each["id"] for each in one["deliveries"]] == [each.delivery_id for each in store.deliveries(one["id"])]
    again, *_, first = sorted(found, key=lambda one: -one["id"])
    assert (again["column"], first["column"]) == ("c000", "c000")
    assert len(first["deliveries"]) > len(again["deliveries"]) > 0
    assert store.alert_histories([]) == store.deliveries_of([]) == {}
