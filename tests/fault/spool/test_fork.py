"""Forked children: the parent's spool stays the parent's."""

import os
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from tidegauge.errors import SpoolError, UsageError
from tidegauge.spool import Record, SpoolReader, SpoolWriter, list_epochs, new_epoch


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def in_child(work: Callable[[], None]) -> int:
    """Fork, do `work` in the child and return its exit code: 0, or 1 with the traceback on stderr."""
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    try:
        work()
    except BaseException:  # noqa: BLE001  the child reports by its exit code, whatever it was
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def test_a_child_that_abandons_writes_nothing_and_leaves_the_lock(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path)
    writer.append(1, b"durable")
    writer.commit()
    writer.append(1, b"pending")

    def child() -> None:
        inherited = open_descriptors()
        writer.abandon_after_fork()
        writer.abandon_after_fork()
        assert open_descriptors() == inherited - 3

    assert in_child(child) == 0
    assert list_epochs(tmp_path)[0].is_live
    assert SpoolReader(writer.directory).read() == [Record(1, 1, 0, b"durable")]
    assert writer.commit() == 2
    writer.close()
    assert [item.seq for item in SpoolReader(writer.directory).read() if isinstance(item, Record)] == [1, 2]


def test_a_child_cannot_use_the_parents_writer(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path)

    def child() -> None:
        for use in (lambda: writer.append(1, b"x"), writer.commit, writer.close):
            with pytest.raises(SpoolError, match="abandon_after_fork"):
                use()

    assert in_child(child) == 0
    writer.close()


def test_a_child_does_not_wait_for_a_lock_that_a_thread_of_the_parent_held(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path)
    with writer._lock:
        assert in_child(writer.abandon_after_fork) == 0
    writer.close()


def test_a_child_makes_a_spool_of_its_own(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path)

    def child() -> None:
        writer.abandon_after_fork()
        with SpoolWriter(tmp_path) as own:
            own.append(1, b"child")

    assert in_child(child) == 0
    writer.append(1, b"parent")
    writer.close()

    epochs = list_epochs(tmp_path)
    assert [SpoolReader(epoch.path).read() for epoch in epochs] == [
        [Record(1, 1, 0, b"parent")],
        [Record(1, 1, 0, b"child")],
    ]


def test_the_owner_cannot_abandon(tmp_path: Path) -> None:
    with SpoolWriter(tmp_path) as writer, pytest.raises(UsageError, match="close"):
        writer.abandon_after_fork()


def test_a_closed_spool_is_not_held_by_a_child_that_never_abandoned(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path)
    gate_read, gate_write = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(gate_write)
        os.read(gate_read, 1)
        os._exit(0)
    os.close(gate_read)

    writer.close()

    assert not list_epochs(tmp_path)[0].is_live
    os.close(gate_write)
    os.waitpid(pid, 0)


def test_an_executed_program_inherits_no_descriptor(tmp_path: Path) -> None:
    with SpoolWriter(tmp_path) as writer:
        writer.append(1, b"x")
        writer.commit()
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                "import os; print([os.readlink(f'/proc/self/fd/{n}') for n in range(3, 20) if os.path.lexists(f'/proc/self/fd/{n}')])",
            ],
            capture_output=True,
            text=True,
            check=True,
            close_fds=False,
            timeout=120,
        )

    assert str(tmp_path) not in done.stdout


def test_children_make_other_epochs_than_their_parent(tmp_path: Path) -> None:
    names = tmp_path / "names"
    made = {str(new_epoch())}

    def child() -> None:
        with names.open("a") as file:
            file.writelines(f"{new_epoch()}\n" for _ in range(100))

    for _ in range(4):
        assert in_child(child) == 0
    child()
    made.update(names.read_text().split())

    assert len(made) == 501
