"""Random lives of a spool that is merged and dropped from while it is sent, with crashes, against plain sums.

Frames are (key, count). The other side keeps what it got first for each number. At the end everything is sent: for each key what was
committed must be what the other side has, plus the rows of the losses it was told of.
"""

import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tidegauge.spool import (
    Hole,
    Position,
    Record,
    SpoolReader,
    SpoolWriter,
    announce_attempt,
    directory,
    interventions,
    keep_quota,
    list_epochs,
    merge,
    quota,
    read_position,
    release,
)

SEGMENT_BYTES = 600
KEYS = "abx"


class DiedError(BaseException):
    """The process is gone at this point."""


def frame(key: str, count: int, size: int) -> bytes:
    return f"{key}{count}".encode().ljust(size)


def counted(payload: bytes) -> tuple[str, int]:
    return payload[:1].decode(), int(payload[1:])


def add_up(records: Sequence[Record]) -> list[bytes | None]:
    """Equal keys but "x" add up."""
    payloads: list[bytes | None] = [record.payload for record in records]
    last: dict[str, tuple[int, int]] = {}
    for place, record in enumerate(records):
        if record.kind == 0 or record.payload[:1] == b"x":
            continue
        key, count = counted(record.payload)
        if key in last:
            before, so_far = last[key]
            payloads[before] = None
            count += so_far
            payloads[place] = frame(key, count, len(record.payload))
        last[key] = place, count
    return payloads


def rows_of(record: Record) -> int:
    return counted(record.payload)[1]


class OtherSide:
    """What arrived of one epoch: under each number what came first; the mark moves without holes."""

    def __init__(self) -> None:
        self.mark = 0
        self.frames: dict[int, bytes] = {}
        self.lost_rows = 0

    def take(self, first_seq: int, items: list[Record | Hole]) -> int:
        assert first_seq <= self.mark + 1, "sent beyond the mark"
        for item in items:
            first, last = (item.first_seq, item.last_seq) if isinstance(item, Hole) else (item.seq, item.seq)
            if last <= self.mark:
                continue
            assert first == self.mark + 1, "a number is missing, or a gap begins within another"
            if isinstance(item, Record):
                self.frames[item.seq] = item.payload
            else:
                assert item.reason in {"quota", "merged"}
                self.lost_rows += item.rows
            self.mark = last
        return self.mark


class Sender:
    """Sends one epoch as the shipper does, with nothing but the spool's functions."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.sent: dict[int, Record | Hole] = {}  # by last number; over all lives
        self.restart()

    def restart(self) -> None:
        position = read_position(self.directory)
        self.acknowledged = position.acknowledged_seq
        self.attempted = position.attempted_seq
        self.read_anew(self.acknowledged)

    def read_anew(self, after_seq: int) -> None:
        self.seen = interventions(self.directory)
        self.reader = SpoolReader(self.directory, after_seq=after_seq)
        self.waiting: list[Record | Hole] = []

    def read(self, max_records: int) -> None:
        self.waiting += self.reader.read(max_records=max_records)

    def batch(self) -> list[Record | Hole] | None:
        if not self.waiting:
            return None
        last = self.waiting[-1]
        last_seq = last.seq if isinstance(last, Record) else last.last_seq
        if last_seq > self.attempted:
            if not announce_attempt(self.directory, Position(self.acknowledged, last_seq), self.seen):
                self.read_anew(self.acknowledged)
                return None
            self.attempted = last_seq
        return self.waiting

    def settle(self, mark: int) -> None:
        self.acknowledged = max(self.acknowledged, mark)
        self.waiting = [
            item for item in self.waiting if (item.seq if isinstance(item, Record) else item.last_seq) > mark
        ]


class MergeModel(RuleBasedStateMachine):
    """One writer at a time, crashed ones before it, all of them sent and kept within a quota."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.writers: list[SpoolWriter] = []
        self.committed: list[Counter[str]] = []
        self.pending: Counter[str] = Counter()
        self.senders: list[Sender] = []
        self.others: list[OtherSide] = []
        self.dropped = 0

    @initialize()
    def start(self) -> None:
        writer = SpoolWriter(self.root, segment_size_bytes=SEGMENT_BYTES, quota_bytes=None)
        self.writers.append(writer)
        self.committed.append(Counter())
        self.pending = Counter()
        self.senders.append(Sender(writer.directory))
        self.others.append(OtherSide())

    @rule(keys=st.text(KEYS, min_size=1, max_size=12), size=st.integers(10, 120))
    def seal(self, keys: str, size: int) -> None:
        for key in keys:
            self.writers[-1].append(1, frame(key, 1, size))
        self.writers[-1].commit()
        self.committed[-1].update(keys)

    @rule(torn=st.binary(max_size=40))
    def crash(self, torn: bytes) -> None:
        """The writer dies, with something half written at the end."""
        writer = self.writers[-1]
        writer.append(1, b"a1")
        writer._own.release()
        if writer._segment:
            writer._segment.close_inherited()
        for path in writer.directory.glob("*.open"):
            path.write_bytes(path.read_bytes() + torn)
        self.start()

    @rule()
    def close(self) -> None:
        self.writers[-1].close()
        self.start()

    @rule(which=st.integers(0, 9), max_records=st.integers(1, 30))
    def read(self, which: int, max_records: int) -> None:
        self.senders[which % len(self.senders)].read(max_records)

    @rule(which=st.integers(0, 9), is_lost=st.booleans())
    def send(self, which: int, is_lost: bool) -> None:
        self._send(which % len(self.senders), is_lost=is_lost)

    def _send(self, which: int, *, is_lost: bool) -> None:
        sender, other = self.senders[which], self.others[which]
        batch = sender.batch()
        if batch is None:
            return
        first = batch[0]
        mark = other.take(first.seq if isinstance(first, Record) else first.first_seq, batch)
        if not is_lost:
            sender.settle(mark)

    @rule(which=st.integers(0, 9))
    def restart_sender(self, which: int) -> None:
        self.senders[which % len(self.senders)].restart()

    @rule(which=st.integers(0, 9))
    def learn_the_mark(self, which: int) -> None:
        """A Hello: the mark may be ahead of what was heard."""
        which %= len(self.senders)
        sender, mark = self.senders[which], self.others[which].mark
        if mark > sender.acknowledged:
            sender.settle(mark)
            sender.read_anew(mark)

    @rule(which=st.integers(0, 9))
    def store(self, which: int) -> None:
        sender = self.senders[which % len(self.senders)]
        release(sender.directory, sender.acknowledged)

    @rule(quota_bytes=st.integers(0, 4_000))
    def keep(self, quota_bytes: int) -> None:
        self._count(keep_quota(self.root, quota_bytes, rows_of, merge=add_up)[1])

    @precondition(lambda self: any(len(epoch.segments) > 1 for epoch in list_epochs(self.root)))
    @rule(quota_bytes=st.integers(0, 3_000), point=st.integers(1, 6))
    def die_while_keeping(self, quota_bytes: int, point: int) -> None:
        """Whoever keeps the quota dies at the n-th place where that matters."""
        left = [point]

        def die(_: str) -> None:
            left[0] -= 1
            if left[0] == 0:
                raise DiedError

        places = (merge, quota, directory)
        try:
            for place in places:
                place.crash_here = die
            keep_quota(self.root, quota_bytes, rows_of, merge=add_up)
        except DiedError:
            pass
        finally:
            for place in places:
                place.crash_here = lambda _: None

    def _count(self, dropped: list[quota.Dropped]) -> None:
        self.dropped += sum(loss.hole.rows for loss in dropped)

    def teardown(self) -> None:
        self.writers[-1].close()
        for which, sender in enumerate(self.senders):
            sender.restart()
            while True:
                sender.read(50)
                if not sender.waiting:
                    break
                self._send(which, is_lost=False)
        for writer, committed, other in zip(self.writers, self.committed, self.others, strict=True):
            arrived: Counter[str] = Counter()
            for payload in other.frames.values():
                key, count = counted(payload)
                arrived[key] += count
            assert other.mark == writer.durable_seq
            assert sum(committed.values()) == sum(arrived.values()) + other.lost_rows
            assert all(arrived[key] <= committed[key] for key in KEYS)
        shutil.rmtree(self.root)


MergeModel.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestMergeModel = MergeModel.TestCase


def test_a_long_life_of_merging_counts_every_row_once() -> None:
    """The same, in one long seeded run with many small quotas: deep merges of merges."""
    chance = random.Random(7)
    model = MergeModel()
    model.start()
    for _ in range(1_500):
        match chance.choice("aaaaarsmqkd"):
            case "a":
                model.seal("".join(chance.choices("aab", k=chance.randint(1, 12))), chance.randint(10, 60))
            case "r":
                model.read(0, chance.randint(1, 20))
            case "s":
                model.send(0, chance.random() < 0.5)
            case "m":
                model.store(0)
            case "q":
                model.keep(chance.randint(500, 3_000))
            case "k":
                model.restart_sender(0)
            case "d":
                model.die_while_keeping(chance.randint(0, 3_000), chance.randint(1, 6))
    model.teardown()
