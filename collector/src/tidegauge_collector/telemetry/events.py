"""Events that agents reported."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from tidegauge.core.windows import Window
from tidegauge_collector.telemetry.store import TelemetryStore


class EventCursor(NamedTuple):
    """The place of an event in the order of pages: the newest first, of one instant those received last, then by their content; of those
    that are alike in all this, the `shown`th. Ask for what comes after it."""

    at_us: int
    received_us: int
    digest: str
    shown: int


NEWEST = EventCursor((1 << 63) - 1, (1 << 63) - 1, "", 0)
"""Before all events."""


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """Something that happened at `at_us`, as the agent says; `version` may be empty."""

    cursor: EventCursor
    name: str
    text: str
    at_us: int
    version: str
    attributes: Mapping[str, str]
    received_us: int


def events(
    store: TelemetryStore,
    deployment: str,
    *,
    window: Window,
    kind: str | None = None,
    version: str | None = None,
    after: EventCursor = NEWEST,
    limit: int = 1_000,
) -> list[StoredEvent]:
    """The events of a deployment within the window, of one kind (`name`) and version where asked, the newest first, at most `limit`
    from a place on: what is folded meanwhile neither hides nor repeats what lies behind that."""
    asked = {
        "deployment_id": store.index.deployments.known.get(deployment, -1),
        "start_us": window.start_us,
        "end_us": window.end_us,
        "kind": kind,
        "version": version,
        "most": limit,
        **after._asdict(),
    }
    found, cursor = [], after
    for name, text, at_us, of_version, attributes, received_us, digest in store.rows("events", asked):
        is_alike = cursor[:3] == (at_us, received_us, digest)
        cursor = EventCursor(at_us, received_us, digest, cursor.shown + 1 if is_alike else 1)
        found.append(StoredEvent(cursor, name, text, at_us, of_version, json.loads(attributes), received_us))
    return found
