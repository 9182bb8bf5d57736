"""The names of segments that uploads have brought, by deployment: the same names as an agent gives."""

from __future__ import annotations

from collections import OrderedDict

from tidegauge.core.segments import SegmentNames

MAX_DEPLOYMENTS = 1_000


class KnownSegments:
    """The names seen of each deployment since the start, of the 1,000 that sent last."""

    def __init__(self) -> None:
        self._names: OrderedDict[str, SegmentNames] = OrderedDict()

    def of(self, deployment: str) -> SegmentNames:
        """Those of one deployment."""
        names = self._names.pop(deployment, None) or SegmentNames()
        self._names[deployment] = names
        while len(self._names) > MAX_DEPLOYMENTS:
            self._names.popitem(last=False)
        return names
