"""What a shipper says of itself in `<root>/shipper.json`, for `agent.status()` and for people."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tidegauge.shipper.destination import replace_small_file

STATUS_NAME = "shipper.json"


@dataclass(frozen=True, slots=True)
class ShipperStatus:
    """`acknowledged` holds the acknowledged seq of each epoch here; `acknowledged_frames` counts since the shipper's start.

    `blocked`: epochs that can never be sent; `denied`: those that the collector does not take from us now; each with the reason.
    """

    pid: int
    version: str
    collector: str
    connected: bool
    last_error: str | None
    acknowledged_frames: int
    refused_frames: int
    config_revision: int
    acknowledged: Mapping[str, int] = field(default_factory=dict)
    blocked: Mapping[str, str] = field(default_factory=dict)
    denied: Mapping[str, str] = field(default_factory=dict)


def write_status(root: Path, status: ShipperStatus) -> None:
    """Store the status at once; raises OSError where the root cannot be written."""
    replace_small_file(root / STATUS_NAME, json.dumps(asdict(status)).encode())


def read_status(root: Path) -> ShipperStatus | None:
    """The last status, None where there is none that can be read; it may be older than its shipper's end."""
    try:
        fields = json.loads((root / STATUS_NAME).read_text())
        return ShipperStatus(**fields)
    except (OSError, ValueError, TypeError):
        return None  # a hint, nothing hangs on it
