"""Events that agents reported."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from tidegauge.core.windows import Window
from tidegauge_collector.telemetry.store import TelemetryStore


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """Something that happened at `at_us`, as the agent says; `version` may be empty."""

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
    limit: int = 1_000,
) -> list[StoredEvent]:
    """The events of a deployment within the window, of one kind (`name`) and version where asked, the newest first, at most `limit`."""
    asked = {
        "deployment_id": store.index.deployments.known.get(deployment, -1),
        "start_us": window.start_us,
        "end_us": window.end_us,
        "kind": kind,
        "version": version,
        "most": limit,
    }
    rows = store.rows("events", asked)
    return [
        StoredEvent(name, text, at_us, version, json.loads(attributes), received_us)
        for name, text, at_us, version, attributes, received_us in rows
    ]
