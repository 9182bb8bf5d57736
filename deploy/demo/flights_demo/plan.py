"""What one run of the demo is to do, as a file that its processes share."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from tidegauge.settings import parse_settings

DEPLOYMENT = "flights-delay"
VERSION = "2013-q1"
WORKERS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`data`: the run's directory; `collector`: its gRPC address; replayed are `days` days from 1 April on; `shift` as text or ""."""

    data: str
    collector: str
    days: int
    shift: str = ""
    workers: int = WORKERS
    flush_every: int = 12
    spread_hours: int = 6
    shipper: str = "process"

    @property
    def folder(self) -> Path:
        return Path(self.data)

    @property
    def model_file(self) -> Path:
        return self.folder / "model.pkl"

    @property
    def replay_file(self) -> Path:
        return self.folder / "replay.pkl"

    @property
    def agent_options(self) -> dict[str, object]:
        """What every process of the demo says to `tidegauge.init`."""
        return {
            "version": VERSION,
            "collector": self.collector,
            "spool": str(self.folder / "spool"),
            "segments": ["origin"],
            "time_zone": "America/New_York",
            "alerts": "all",
            "task": "binary",
            "positive_class": "1",
            "shipper": self.shipper,
        }

    @property
    def spool_root(self) -> Path:
        """Where the agents of the demo spool, and their shipper reads."""
        return parse_settings({"deployment": DEPLOYMENT, **self.agent_options}, os.environ).root

    def save(self) -> Path:
        """Write the plan into its directory and say where."""
        path = self.folder / "plan.json"
        path.write_text(json.dumps(asdict(self), indent=1))
        return path


def load_plan(path: Path) -> Plan:
    """The plan in a file."""
    return Plan(**json.loads(path.read_text()))
