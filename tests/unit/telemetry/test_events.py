"""Events come a page at a time, each once, also where many are of one instant or alike in everything."""

from collections import Counter
from dataclasses import replace

import pytest

from tidegauge.core.windows import Window
from tidegauge_collector.telemetry.events import NEWEST, StoredEvent, events
from tidegauge_collector.telemetry.fold import LogPosition, fold
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.telemetry.testing import Sender, event_frame

HERE = LogPosition(b"log", 1)
ALWAYS = Window(0, 1_000)


def put(
    store: TelemetryStore, happened: list[tuple[str, int]], *, epoch: bytes = b"\x01", at_once: bool = False
) -> None:
    """Events by name and instant, received a second apart, or all `at_once`."""
    sender = Sender(epoch * 16)
    entries = [sender.send(event_frame(name, at_us)) for name, at_us in happened]
    if at_once:
        entries = [replace(one, received_us=7) for one in entries]
    fold(store, entries, HERE)


def plain(found: list[StoredEvent]) -> list[tuple[str, int, int]]:
    return [(one.name, one.at_us, one.received_us) for one in found]


@pytest.mark.parametrize("at_once", [False, True])
@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_pages_hold_every_event_once_however_many_are_of_one_instant(
    store: TelemetryStore, limit: int, at_once: bool
) -> None:
    same = [("same", 5)] * 4
    put(store, [("first", 1), *[(str(i), 5) for i in range(6)], *same, ("last", 9)], at_once=at_once)
    everything = events(store, "flights", window=ALWAYS)

    seen: list[StoredEvent] = []
    after = NEWEST
    while page := events(store, "flights", window=ALWAYS, after=after, limit=limit):
        assert len(page) <= limit
        seen += page
        after = page[-1].cursor

    assert plain(seen) == plain(everything)
    assert Counter(one.name for one in seen) == Counter(["first", *map(str, range(6)), *["same"] * 4, "last"])
    assert len({one.cursor for one in seen}) == 12
    assert [one.at_us for one in seen] == [9, *[5] * 10, 1]


def test_what_comes_between_two_pages_hides_and_repeats_nothing(store: TelemetryStore) -> None:
    put(store, [(str(i), 5) for i in range(4)])
    everything = events(store, "flights", window=ALWAYS)
    first = events(store, "flights", window=ALWAYS, limit=2)

    put(store, [("new", 5), ("newest", 6), ("0", 5)], epoch=b"\x02", at_once=True)
    rest = events(store, "flights", window=ALWAYS, after=first[-1].cursor)

    old = [one for one in [*first, *rest] if one.received_us != 7]
    assert plain(old) == plain(everything)
