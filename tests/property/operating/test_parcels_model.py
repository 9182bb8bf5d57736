"""Whatever the order of sealing, shipping, exporting, giving up and importing: in the end every frame arrived once, and no gap."""

import random
import tempfile
from collections.abc import Callable
from itertools import count
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tidegauge.errors import SpoolError
from tidegauge.operating.census import take_root_census
from tidegauge.operating.exporting import export_parcel
from tidegauge.operating.importing import import_parcel
from tidegauge.operating.verifying import verify_root
from tidegauge.shipper.loop import Shipper
from tidegauge.shipper.outcomes import Acknowledged, Greeted, Outcome, Rewind
from tidegauge.spool import SpoolWriter
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.codec import decode_frame
from tidegauge.wire.kinds import FrameKind

ACTIONS = ("seal", "restart", "ship", "ship here", "export", "give up", "give up", "import", "import and ship")
STEPS = 12


class Clock:
    """Runs only when told."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        return self.now

    def now_us(self) -> int:
        return int(self.now * 1e6)


class Collector:
    """The contract's other side, naively: consecutive numbers, each once."""

    def __init__(self) -> None:
        self.frames: dict[bytes, list[bytes]] = {}

    def __call__(self) -> "Collector":
        return self

    def hello(self, request: pb.HelloRequest, done: Callable[[Outcome], None]) -> None:
        marks = [pb.EpochMark(epoch=one.epoch, mark=len(self.frames.get(one.epoch, []))) for one in request.epochs]
        done(Greeted(pb.HelloReply(marks=marks)))

    def ship(self, request: pb.ShipRequest, done: Callable[[Outcome], None]) -> None:
        kept = self.frames.setdefault(request.epoch, [])
        if request.first_seq > len(kept) + 1:
            done(Rewind(len(kept) + 1))
            return
        numbered = [item for frame in request.frames for item in _numbers(frame)]
        kept.extend(numbered[len(kept) + 1 - request.first_seq :])
        done(Acknowledged(len(kept), 0))

    def close(self) -> None:
        """Nothing is open."""


def _numbers(frame: bytes) -> list[bytes]:
    """A frame once for each number that it takes."""
    gap = decode_frame(frame).gap
    return [frame] * max(1, gap.last_seq + 1 - gap.first_seq if gap.last_seq else 1)


class Voyage:
    """A site with a service and, now and then, a link; a stick; a site that always has a link; a collector."""

    def __init__(self, directory: Path) -> None:
        self.site, self.there, self._sticks = directory / "site", directory / "there", directory
        self.collector = Collector()
        self.sealed: dict[bytes, list[bytes]] = {}
        self.parcels: list[Path] = []
        self._names = count()
        self._writer = SpoolWriter(self.site, segment_size_bytes=1)
        self._clock = Clock()

    def seal(self) -> None:
        frame = pb.Frame(deployment="shop", event=pb.Event(name="note", text=f"{next(self._names)}" * 20))
        payload = frame.SerializeToString()
        self._writer.append(FrameKind.EVENT, payload)
        self._writer.commit()
        self.sealed.setdefault(self._writer.epoch.bytes, []).append(payload)

    def restart(self) -> None:
        self._writer.close()
        self._writer = SpoolWriter(self.site, segment_size_bytes=1)

    def ship(self, root: Path) -> None:
        """A shipper's short life; the site's and the other's alike."""
        shipper = Shipper(root, self.collector, clock=self._clock, rng=random.Random(0), version="1", linger_s=None)
        for _ in range(STEPS):
            self._clock.now += 400.0  # beyond any back-off
            if shipper.step() is None:
                break

    def export(self, *, acknowledge: bool) -> None:
        path = self._sticks / f"{len(self.parcels)}.tgspool"
        if export_parcel(self.site, path, acknowledge=acknowledge):
            self.parcels.append(path)

    def bring(self, which: int) -> None:
        """Import any parcel; one that comes too early is refused, and comes again at the end."""
        if self.parcels:
            try:
                import_parcel(self.parcels[which % len(self.parcels)], self.there)
            except SpoolError as error:
                assert "went in an earlier parcel" in str(error)  # noqa: PT017 - the only reason there may be

    def do(self, action: str, which: int) -> None:
        match action:
            case "seal":
                self.seal()
            case "restart":
                self.restart()
            case "ship":
                self.ship(self.there)
            case "ship here":
                self.ship(self.site)
            case "export":
                self.export(acknowledge=False)
            case "give up":
                self.seal()
                self.export(acknowledge=True)
            case "import":
                self.bring(which)
            case "import and ship":
                self.bring(which)
                self.ship(self.there)

    def end(self) -> None:
        self._writer.close()
        for parcel in self.parcels:
            import_parcel(parcel, self.there)
        for _ in range(3):
            self.ship(self.there)
            self.ship(self.site)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 5)), max_size=20))
def test_every_frame_arrives_once_by_hand_or_by_link(actions: list[tuple[str, int]]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        voyage = Voyage(Path(directory))

        for action, which in actions:
            voyage.do(action, which)
            for epoch in take_root_census(voyage.site).epochs:
                assert (epoch.unaccounted, epoch.lost) == (0, 0), action
                assert epoch.acknowledged >= 0
            assert verify_root(voyage.site).is_clean
        voyage.end()

        assert {epoch: frames for epoch, frames in voyage.collector.frames.items() if frames} == voyage.sealed
