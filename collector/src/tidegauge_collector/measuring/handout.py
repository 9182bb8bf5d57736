"""What the collector hands out to agents: the reference bins of active baselines, encoded once for each deployment."""

from __future__ import annotations

from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.codec import encode_bins
from tidegauge_collector.control import ControlStore
from tidegauge_collector.measuring.baselines import Baselines

Configurations = list[pb.VersionConfiguration]


class Handout:
    """Answers many agents that greet at once from memory; from any thread."""

    def __init__(self, control: ControlStore, baselines: Baselines) -> None:
        self._control = control
        self._baselines = baselines
        self._encoded: dict[str, tuple[int, Configurations]] = {}  # by deployment, with its revision

    def since(self, known_revision: int) -> tuple[int, Configurations]:
        """The current revision, and the bins of the versions of deployments that changed since the known one."""
        current = self._control.config_revision()
        if known_revision == current:
            return current, []
        since = known_revision if known_revision < current else 0
        handed: Configurations = []
        for deployment in self._control.deployments():
            if deployment.config_revision > since:
                handed += self._of(deployment.name, deployment.config_revision)
        return current, handed

    def _of(self, deployment: str, revision: int) -> Configurations:
        kept = self._encoded.get(deployment)
        if kept is None or kept[0] != revision:
            kept = self._encoded[deployment] = (revision, self._encode(deployment))
        return kept[1]

    def _encode(self, deployment: str) -> Configurations:
        active = {one.name: self._baselines.active(deployment, one.name) for one in self._control.versions(deployment)}
        return [
            pb.VersionConfiguration(deployment=deployment, version=version, bins=encode_bins(found.baseline.bins))
            for version, found in active.items()
            if found is not None
        ]
