"""Random lives of a spool against a list that does the same naively."""

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tidegauge.spool import (
    Hole,
    Record,
    SpoolReader,
    SpoolWriter,
    drop_oldest,
    list_epochs,
    read_position,
    release,
    remove_if_finished,
)


class ModelEpoch:
    """What an epoch must hold: committed payloads, what was read of them, what the quota took."""

    def __init__(self, writer: SpoolWriter) -> None:
        self.writer = writer
        self.reader = SpoolReader(writer.directory)
        self.pending: list[bytes] = []
        self.committed: list[bytes] = []
        self.read_up_to = 0
        self.acknowledged = 0
        self.dropped: set[int] = set()
        self.is_open = True


class SpoolModel(RuleBasedStateMachine):
    """The newest epoch is written; all are read, acknowledged, dropped and removed."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.epochs: list[ModelEpoch] = []

    def teardown(self) -> None:
        for epoch in self.epochs:
            if epoch.is_open:
                epoch.writer.close()
        shutil.rmtree(self.root)

    @initialize()
    def start(self) -> None:
        self.epochs.append(ModelEpoch(SpoolWriter(self.root, segment_size_bytes=600, quota_bytes=None)))

    @property
    def newest(self) -> ModelEpoch:
        return self.epochs[-1]

    @rule(payloads=st.lists(st.binary(max_size=120), min_size=1, max_size=6))
    def append(self, payloads: list[bytes]) -> None:
        for payload in payloads:
            assert self.newest.writer.append(1, payload) == len(self.newest.committed) + len(self.newest.pending) + 1
            self.newest.pending.append(payload)

    @rule()
    def commit(self) -> None:
        self.newest.committed += self.newest.pending
        self.newest.pending = []
        assert self.newest.writer.commit() == len(self.newest.committed)

    @rule()
    def crash(self) -> None:
        self.newest.writer._own.release()
        if self.newest.writer._segment:
            self.newest.writer._segment.close_inherited()
        self.newest.is_open = False
        self.newest.pending = []
        self.start()

    @rule()
    def close(self) -> None:
        self.newest.committed += self.newest.pending
        self.newest.pending = []
        self.newest.writer.close()
        self.newest.is_open = False
        self.start()

    @rule(which=st.integers(0, 20), max_records=st.integers(1, 9), max_bytes=st.integers(1, 500))
    def read(self, which: int, max_records: int, max_bytes: int) -> None:
        epoch = self.epochs[which % len(self.epochs)]
        for item in epoch.reader.read(max_bytes, max_records):
            if isinstance(item, Hole):
                assert item.first_seq == epoch.read_up_to + 1
                assert set(range(item.first_seq, item.last_seq + 1)) <= epoch.dropped
                assert item.reason == "quota"
                epoch.read_up_to = item.last_seq
            else:
                assert item == Record(epoch.read_up_to + 1, 1, 0, epoch.committed[epoch.read_up_to])
                epoch.read_up_to += 1
        if epoch.reader.finished:
            assert not epoch.is_open
            assert epoch.read_up_to == len(epoch.committed)

    @rule(which=st.integers(0, 20))
    def restart_reader(self, which: int) -> None:
        epoch = self.epochs[which % len(self.epochs)]
        epoch.read_up_to = read_position(epoch.writer.directory).acknowledged_seq
        assert epoch.read_up_to == epoch.acknowledged
        epoch.reader = SpoolReader(epoch.writer.directory, after_seq=epoch.read_up_to)

    @rule(which=st.integers(0, 20))
    def acknowledge(self, which: int) -> None:
        epoch = self.epochs[which % len(self.epochs)]
        epoch.acknowledged = max(epoch.acknowledged, epoch.read_up_to)
        release(epoch.writer.directory, epoch.read_up_to)

    @rule(quota_bytes=st.integers(0, 3000))
    def keep_quota(self, quota_bytes: int) -> None:
        by_name = {epoch.writer.epoch: epoch for epoch in self.epochs}
        for loss in drop_oldest(self.root, quota_bytes, lambda record: 1):
            lost = set(range(loss.hole.first_seq, loss.hole.last_seq + 1))
            assert loss.hole.rows == len(lost)
            assert not lost & by_name[loss.epoch].dropped
            assert loss.hole.first_seq > by_name[loss.epoch].acknowledged
            by_name[loss.epoch].dropped |= lost
        left = [segment for found in list_epochs(self.root) for segment in found.segments]
        open_bytes = sum(segment.size_bytes() for segment in left if not segment.is_sealed)
        assert sum(segment.size_bytes() for segment in left) <= max(quota_bytes, open_bytes)

    @precondition(lambda self: len(self.epochs) > 1)
    @rule(which=st.integers(0, 20))
    def remove(self, which: int) -> None:
        epoch = self.epochs[which % (len(self.epochs) - 1)]
        is_done = epoch.acknowledged == len(epoch.committed)
        assert remove_if_finished(epoch.writer.directory) == is_done
        if is_done:
            self.epochs.remove(epoch)

    @invariant()
    def epochs_are_listed_in_order(self) -> None:
        found = list_epochs(self.root)
        assert [entry.epoch for entry in found] == [epoch.writer.epoch for epoch in self.epochs]
        assert [entry.is_live for entry in found] == [epoch.is_open for epoch in self.epochs]


SpoolModel.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestSpoolModel = SpoolModel.TestCase
