"""What the collector hands out to agents: the reference bins of active baselines, encoded once for each deployment."""

from __future__ import annotations

from collections.abc import Container

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
        self._revisions: tuple[int, dict[str, int]] = (-1, {})  # the global one, and those of the deployments in it

    def since(self, known_revision: int, wanted: Container[str] | None = None) -> tuple[int, Configurations]:
        """The current revision, and the bins of the versions of deployments that changed since the known one.

        `wanted`: of which deployments, None: of all.
        """
        current = self._control.config_revision()
        if known_revision == current:
            return current, []
        since = known_revision if known_revision < current else 0
        handed: Configurations = []
        for deployment, revision in self._revisions_in(current).items():
            if revision > since and (wanted is None or deployment in wanted):
                handed += self._of(deployment, revision)
        return current, handed

    def _revisions_in(self, current: int) -> dict[str, int]:
        known = self._revisions
        if known[0] != current:
            found = {one.name: one.config_revision for one in self._control.deployments()}
            known = self._revisions = (current, found)
        return known[1]

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
