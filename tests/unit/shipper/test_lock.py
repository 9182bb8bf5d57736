"""One shipper per root."""

import os
from pathlib import Path

from tidegauge.shipper.lock import Holder, ShipperLock, is_held, read_holder

ME = Holder(os.getpid(), "1.2.3", "process")


def test_second_shipper_does_not_get_the_lock(tmp_path: Path) -> None:
    first = ShipperLock.acquire(tmp_path, ME)
    assert first is not None

    assert ShipperLock.acquire(tmp_path, ME, wait_s=0) is None
    first.release()
    second = ShipperLock.acquire(tmp_path, ME, wait_s=0)

    assert second is not None
    second.release()


def test_second_shipper_waits_until_the_first_has_gone(tmp_path: Path) -> None:
    first = ShipperLock.acquire(tmp_path, ME)
    assert first is not None
    naps: list[float] = []

    def nap(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 3:
            first.release()

    second = ShipperLock.acquire(tmp_path, ME, wait_s=60, sleep=nap)

    assert second is not None
    assert len(naps) == 3
    second.release()


def test_who_holds_the_lock_can_be_read(tmp_path: Path) -> None:
    assert (is_held(tmp_path), read_holder(tmp_path)) == (False, None)

    lock = ShipperLock.acquire(tmp_path, ME)
    assert lock is not None
    held = is_held(tmp_path), read_holder(tmp_path)
    lock.release()

    assert held == (True, ME)
    assert not is_held(tmp_path)


def test_forked_child_that_abandons_the_lock_leaves_it_to_the_parent(tmp_path: Path) -> None:
    lock = ShipperLock.acquire(tmp_path, ME)
    assert lock is not None
    twin = ShipperLock(os.dup(lock._descriptor))  # what a child inherits: the same open file

    twin.abandon()
    held = is_held(tmp_path)
    lock.release()

    assert held
