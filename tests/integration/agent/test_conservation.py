"""`status()` adds up: captured = sealed + waiting + dropped by reason + sampled out, whatever went wrong, and no row is in two of them."""

import errno
import os
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tidegauge
from tidegauge import capture
from tidegauge.capture import FAULTS_BEFORE_PAUSE
from tidegauge.spool import Record, SpoolReader, list_epochs, own_directory, segment
from tidegauge.spool import writer as writer_module
from tidegauge.wire.kinds import FrameKind, rows_of
from tidegauge.worker import deployment, outbox, shapes
from tidegauge.worker.calls import LARGE_BYTES
from tidegauge.worker.runtime import ROWS_A_BLOCK

DAY_S = 86_400.0


class Ship:
    """An agent, a model of it, and how many rows that was handed: the oracle of these tests."""

    def __init__(self, make_agent: Callable[..., tidegauge.Agent], patches: pytest.MonkeyPatch, **options: Any) -> None:
        self.agent = make_agent(spool_quota_bytes=1024 * 1024, **options)
        self.patches = patches
        self.rows = 0
        self._model = self.agent.watch(lambda rows: [0.5] * len(rows))
        self._batch = 0

    def call(self, rows: int = 20, *, columns: int = 2) -> None:
        """Predict some rows, each batch with a name of its own, so that no profiles can be merged, and with ids and the truth."""
        self.rows, self._batch = self.rows + rows, self._batch + 1
        ids = [f"{self._batch}-{n}" for n in range(rows)]
        with self.agent.context(batch=f"batch-{self._batch}", prediction_ids=ids):
            self._model([{f"x{c}": float(n * c) for c in range(columns)} for n in range(rows)])
        self.agent.actuals(ids, [1.0] * rows)

    def flush(self) -> bool:
        """Whether the disk took everything."""
        try:
            return self.agent.flush()
        except tidegauge.SpoolError:
            return False

    def close_buffer(self) -> None:
        """The buffer is full."""
        self.agent._capture.buffer.limit(0)
        self.call()
        self.agent._capture.buffer.limit(capture.MAX_CALLS)

    def pause(self) -> None:
        """Faults of ours, and calls meanwhile."""
        recorders = list(self.agent._capture.recorders)
        for recorder in recorders * FAULTS_BEFORE_PAUSE:
            recorder.count_fault()
        self.call()
        for recorder in recorders:
            recorder._paused_until_ns = 0  # a minute later

    def hand_over_what_nobody_can_read(self) -> None:
        """An input of no kind that is known, and an extract function that raises."""
        self.agent.watch(lambda _: 0.5)(object())
        self.agent.watch(lambda _: 0.5, extract=lambda *_: 1 / 0)({"x0": 1.0})
        self.rows += 2

    def fail_within(self) -> None:
        """A fault of ours while rows are profiled."""
        with self.patches.context() as patch:
            patch.setattr(deployment, "derive", None)
            self.call()
            self.flush()

    def fail_while_taking(self) -> None:
        """Faults of ours on the way from the buffer into windows, each in another place; the calls before them wait there."""
        for place, name in (
            (deployment, "row_counts"),
            (deployment, "held_bytes"),
            (deployment.DeploymentWorker, "refresh_bins"),
            (deployment, "join_rows"),
            (deployment.DeploymentWorker, "_sampled"),
            (deployment.OpenWindows, "add_moments"),
            (shapes, "as_column_table"),
        ):
            self.call()
            with self.patches.context() as patch:
                patch.setattr(place, name, _fail)
                self.call(rows=30)
                self.call(rows=40)
                self.flush()
            self.call()
            assert self.flush()
            self.must_add_up()

    def fail_in_blocks(self) -> None:
        """A fault of ours in the second block of a call that is profiled block by block."""
        with self.patches.context() as patch:
            patch.setattr(deployment.DeploymentWorker, "aggregate", _fail)
            self._model(np.zeros((3 * ROWS_A_BLOCK, LARGE_BYTES // (16 * ROWS_A_BLOCK))))
        self.rows += 3 * ROWS_A_BLOCK
        assert self.flush()
        self.must_add_up()

    def seal_a_long_frame(self) -> None:
        """No record may be so long."""
        with self.patches.context() as patch:
            patch.setattr(writer_module, "MAX_PAYLOAD", 400)
            self.call(columns=30)
            self.flush()

    def find_no_spool(self) -> None:
        """No epoch can be made; what is in memory is bounded."""
        with self.patches.context() as patch:
            refuse(patch, own_directory, "open_directory")
            patch.setattr(outbox, "MAX_WAITING_BYTES", 20_000)
            self.flush_often()

    def find_a_full_disk(self) -> None:
        """Nothing can be written any more; what is in memory is bounded."""
        with self.patches.context() as patch:
            refuse(patch, segment, "write_all")
            patch.setattr(self.agent._capture.runtime._outbox._writer, "_max_pending_bytes", 20_000)
            self.flush_often()

    def flush_often(self) -> None:
        """Until far more waits than there is room for."""
        for _ in range(20):
            self.call(columns=20)
            assert not self.flush()
            self.must_add_up()

    def fill_the_quota(self) -> None:
        """Seal until the oldest goes."""
        for _ in range(500):
            self.call(columns=200)
            self.flush()
            if self.agent.status()["dropped"].get("quota"):
                return

    def grow_old(self) -> None:
        """A spool that was last written 8 days ago, in a process that has run for long."""
        writer = self.agent._capture.runtime._outbox._writer
        assert writer is not None
        writer._roll()
        for one in segment.list_segments(writer.directory):
            old_ns = one.written_ns() - int(8 * DAY_S * 1e9)
            os.utime(one.path, ns=(old_ns, old_ns))
        writer._keeper._began_s -= 2 * 3600.0
        writer._keeper._looked_s = float("-inf")
        self.call()
        self.flush()

    def must_add_up(self) -> dict[str, Any]:
        """Everything is in one place and no place knows more than was handed over."""
        status = self.agent.status()
        dropped, sampled_out = sum(status["dropped"].values()), status["counters"].get("sampled_out", 0)
        assert status["captured"] == self.rows
        assert status["captured"] == status["sealed"] + status["waiting"] + dropped + sampled_out, status
        return status

    def in_the_spool(self) -> Counter[int]:
        """Rows by kind of their frame, as a reader finds them."""
        found: Counter[int] = Counter()
        for epoch in list_epochs(self.agent.settings.root):
            reader = SpoolReader(epoch.path)
            while items := reader.read():
                for one in items:
                    if isinstance(one, Record):
                        found[one.kind] += rows_of(one.kind, one.payload)
        return found


def refuse(patch: pytest.MonkeyPatch, place: object, name: str) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    patch.setattr(place, name, fail)


@pytest.fixture(params=["seal", "always"])
def ship(make_agent: Callable[..., tidegauge.Agent], monkeypatch: pytest.MonkeyPatch, request: Any) -> Ship:
    monkeypatch.setattr("tidegauge.worker.runtime.SEAL_RECORDS_S", 3_600.0)  # nothing is sealed but by `flush`
    return Ship(make_agent, monkeypatch, durability=request.param)


def _fail(*_: object, **__: object) -> None:
    raise RuntimeError("a fault of ours")


REASONS: dict[str, Callable[[Ship], None]] = {
    "buffer_full": Ship.close_buffer,
    "paused": Ship.pause,
    "unreadable_input": Ship.hand_over_what_nobody_can_read,
    "extract_failed": Ship.hand_over_what_nobody_can_read,
    "internal_error": Ship.fail_within,
    "take_failed": Ship.fail_while_taking,
    "frame_too_long": Ship.seal_a_long_frame,
    "spool_unavailable": Ship.find_no_spool,
    "spool_unwritable": Ship.find_a_full_disk,
    "quota": Ship.fill_the_quota,
    "age": Ship.grow_old,
}


def test_captured_is_sealed_and_waiting_and_dropped_whatever_goes_wrong(ship: Ship) -> None:
    ship.find_no_spool()
    for cause in dict.fromkeys(REASONS.values()):
        if cause is not Ship.find_no_spool:
            ship.call()
            cause(ship)
            assert ship.flush()
            ship.must_add_up()
    ship.call()
    assert ship.flush()

    status = ship.must_add_up()
    assert set(status["dropped"]) == set(REASONS)
    assert status["waiting"] == 0
    found, counters = ship.in_the_spool(), status["counters"]
    assert found[FrameKind.PROFILE] == status["sealed"]
    assert found[FrameKind.ACTUALS] == counters["actuals"] - counters["actuals_dropped"]


def test_a_fault_in_one_block_of_a_large_call_loses_the_blocks_behind_it_and_counts_them(ship: Ship) -> None:
    ship.fail_in_blocks()

    assert ship.must_add_up()["dropped"] == {"take_failed": 2 * ROWS_A_BLOCK}


def test_calls_that_are_lost_on_their_way_hold_up_those_of_no_other_model(
    ship: Ship, make_agent: Callable[..., tidegauge.Agent], monkeypatch: pytest.MonkeyPatch
) -> None:
    sick = make_agent("sick")
    with monkeypatch.context() as patch:
        patch.setattr(sick._target, "_let_wait", _fail)
        sick.record([{"x0": 1.0}] * 7)
        ship.call()
        sick.record([{"x0": 1.0}] * 5)
        assert ship.flush()

    status = ship.agent.status()
    assert (status["sealed"], status["dropped"]) == (20, {"take_failed": 12})


def test_what_waits_for_the_disk_is_neither_sealed_nor_dropped(ship: Ship, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        refuse(patch, own_directory, "open_directory")
        ship.call(30)
        assert not ship.flush()
        assert ship.must_add_up()["waiting"] == 30
    assert ship.flush()
    with monkeypatch.context() as patch:
        refuse(patch, segment, "sync_data")
        ship.call(12)
        assert not ship.flush()
        assert ship.must_add_up()["waiting"] == 12
    assert ship.flush()

    status = ship.must_add_up()
    assert (status["sealed"], status["waiting"], status["dropped"]) == (42, 0, {})


def test_rows_that_the_sample_leaves_out_are_counted_beside_the_losses(
    make_agent: Callable[..., tidegauge.Agent], monkeypatch: pytest.MonkeyPatch
) -> None:
    ship = Ship(make_agent, monkeypatch, sample=0.5)
    for _ in range(10):
        ship.call(100)
    ship.close_buffer()
    ship.hand_over_what_nobody_can_read()
    assert ship.flush()

    status = ship.must_add_up()
    assert 300 < status["counters"]["sampled_out"] < 700
    assert set(status["dropped"]) == {"buffer_full", "unreadable_input", "extract_failed"}
