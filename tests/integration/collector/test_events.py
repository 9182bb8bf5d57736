"""Events over REST, a page at a time."""

from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest

from tidegauge_collector.api import events
from tidegauge_collector.telemetry.fold import LogPosition, fold
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.telemetry.testing import Sender, event_frame


@pytest.mark.parametrize("limit", ["1", "2", "1000"])
def test_events_of_one_instant_are_reached_however_many_are_on_a_page(
    monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(events, "find_deployment", lambda *_: None)
    names = Counter({"before": 1, "alike": 3, "a": 1, "b": 1, "c": 1})
    with TelemetryStore.open(None, memory_limit="500MB") as store:
        sources: Any = SimpleNamespace(telemetry=store)
        sender = Sender()
        fold(
            store,
            [sender.send(event_frame(name, 4 if name == "before" else 5)) for name in names.elements()],
            LogPosition(b"log", 1),
        )

        page = events.list_events(sources, "flights", {"limit": limit})
        seen = page["items"]
        while page["next"]:
            page = events.list_events(sources, "flights", {"limit": limit, "before": page["next"]})
            seen += page["items"]

    assert Counter(one["kind"] for one in seen) == names
    assert seen[-1]["kind"] == "before"
