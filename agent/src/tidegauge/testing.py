"""For the tests of services that are watched: what would have left the host, without a collector, a shipper or a spool to clean up.

>>> import tidegauge
>>> from tidegauge.testing import capture
>>> with capture() as seen:
...     agent = tidegauge.init("flights-delay", id_column="flight")
...     predict = agent.watch(lambda row: 0.25)
...     answer = predict({"flight": "UA1", "distance": 719.0})
...     seen.rows(), seen.column("distance").rows, seen.has_prediction("UA1")
(1, 1, True)
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tidegauge.agent import Agent
from tidegauge.core.columns import CACHE, CONSUMER, ERROR, METRIC_PREFIX, ROWS, RULE_PREFIX
from tidegauge.core.ids import digest_id
from tidegauge.core.profile import ColumnProfile, merge_profiles
from tidegauge.process import PROCESS
from tidegauge.spool import Record, SpoolReader, list_epochs
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.codec import decode_frame, decode_profile
from tidegauge.wire.rows import ActualRows, RecordRows, decode_actuals, decode_records

_OVERRIDES = {"TIDEGAUGE_SHIPPER": "none", "TIDEGAUGE_ENABLED": "true"}


@contextmanager
def capture(agent: Agent | None = None) -> Iterator[Seen]:
    """See what is captured in the block: by agents that are made in it, or by an `agent` that exists already.

    In the block, `tidegauge.init` uses a temporary spool and no shipper, whatever its options say. Each look (`seen.rows()`, …)
    seals what was captured so far.
    """
    if agent is not None:
        yield Seen(agent.settings.root, after=_positions(agent.settings.root))
        return
    before = {name: os.environ.get(name) for name in ("TIDEGAUGE_SPOOL", *_OVERRIDES)}
    spool = Path(tempfile.mkdtemp(prefix="tidegauge-test-"))
    os.environ.update(_OVERRIDES, TIDEGAUGE_SPOOL=str(spool))
    try:
        yield Seen(spool)
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.__setitem__(name, value)
        for root in _roots(spool):
            PROCESS.close_capture(root)
        shutil.rmtree(spool, ignore_errors=True)


class Seen:
    """What was captured. Every look seals first; columns are merged over windows and versions."""

    def __init__(self, place: Path, after: dict[str, int] | None = None) -> None:
        """`place` is a spool root or a directory of them; `after` are the numbers of the frames that were there before."""
        self._place = place
        self._after = after or {}

    def frames(self) -> list[pb.Frame]:
        """All frames, as they would go to the collector (see docs/wire.md)."""
        found = []
        for root in _roots(self._place):
            PROCESS.flush(root)
            for epoch in list_epochs(root):
                reader = SpoolReader(epoch.path, after_seq=self._after.get(epoch.path.name, 0))
                while items := reader.read():
                    found += [decode_frame(item.payload) for item in items if isinstance(item, Record)]
        return found

    def rows(self, segment: str = "") -> int:
        """Predictions that were profiled, in all traffic or a segment such as "carrier=UA"."""
        return max((one.rows for one in self.columns(segment).values()), default=0)

    def columns(self, segment: str = "") -> dict[str, ColumnProfile]:
        """Features and predictions (`_prediction`, …) by name."""
        found = self._profiles(pb.TIME_BASIS_EVENT, segment)
        return {name: one for name, one in found.items() if not name.startswith((METRIC_PREFIX, RULE_PREFIX))}

    def column(self, name: str, segment: str = "") -> ColumnProfile:
        """One column; KeyError that names those that there are."""
        columns = self.columns(segment)
        if name not in columns:
            raise KeyError(f"no column {name!r} was captured; there are {sorted(columns)}")
        return columns[name]

    def requests(self, segment: str = "") -> int:
        """Calls, failed ones too."""
        found = self._profiles(pb.TIME_BASIS_ARRIVAL, segment).get(ROWS)
        return found.rows if found else 0

    def errors(self) -> Counter[str]:
        """Failed calls by "system:CLASS" or "user:CLASS"."""
        return self._names(ERROR)

    def consumers(self) -> Counter[str]:
        """Calls by who asked."""
        return self._names(CONSUMER)

    def cache(self) -> Counter[str]:
        """Calls whose answer came from a cache ("hit") or not ("miss"), where that was said."""
        return self._names(CACHE)

    def marked(self) -> Counter[str]:
        """Rows that each humility rule marked, by the rule's name."""
        found = self._profiles(pb.TIME_BASIS_EVENT)
        rules = {name.removeprefix(RULE_PREFIX): one for name, one in found.items() if name.startswith(RULE_PREFIX)}
        return Counter({name: one.names.get("true", 0) for name, one in rules.items()})

    def metric(self, name: str) -> ColumnProfile | None:
        """A custom metric; None where it was not reported."""
        return self._profiles(pb.TIME_BASIS_EVENT).get(METRIC_PREFIX + name)

    def records(self) -> list[RecordRows]:
        """Predictions with ids."""
        return [decode_records(one.records) for one in self.frames() if one.WhichOneof("body") == "records"]

    def actuals(self) -> list[ActualRows]:
        """Actuals."""
        return [decode_actuals(one.actuals) for one in self.frames() if one.WhichOneof("body") == "actuals"]

    def has_prediction(self, prediction_id: object, *, hash_key: str = "") -> bool:
        """Whether a prediction with this id was recorded."""
        digest = digest_id(prediction_id, hash_key.encode())
        size = len(digest)
        return any(digest == one.ids[at : at + size] for one in self.records() for at in range(0, len(one.ids), size))

    def events(self) -> list[str]:
        """Texts of `agent.event`, in their order."""
        bodies = [one.event for one in self.frames() if one.WhichOneof("body") == "event"]
        return [body.text for body in bodies if "." not in body.name]  # the agent's own kinds have a dot

    def _names(self, column: str) -> Counter[str]:
        found = self._profiles(pb.TIME_BASIS_ARRIVAL).get(column)
        return Counter(found.names if found else {})

    def _profiles(self, basis: int, segment: str = "") -> dict[str, ColumnProfile]:
        parts: dict[str, list[ColumnProfile]] = {}
        for frame in self.frames():
            body = frame.profile
            if frame.WhichOneof("body") == "profile" and (body.time_basis, body.segment) == (basis, segment):
                for column in body.columns:
                    parts.setdefault(column.name, []).append(decode_profile(column))
        return {name: merge_profiles(deltas) for name, deltas in parts.items()}


def _roots(place: Path) -> list[Path]:
    """The spool roots of this process that lie in a directory, or are it."""
    return [root for root in PROCESS.roots() if place in {root, root.parent}]


def _positions(root: Path) -> dict[str, int]:
    PROCESS.flush(root)
    last: dict[str, int] = {}
    for epoch in list_epochs(root):
        reader = SpoolReader(epoch.path)
        while items := reader.read():
            last[epoch.path.name] = items[-1].seq if isinstance(items[-1], Record) else items[-1].last_seq
    return last
