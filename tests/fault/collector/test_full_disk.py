"""A small disk that fills up: refused before the store's own log fails, reading goes on, and nothing acknowledged is lost."""

import random
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
from collector_fleet import NAME, Fleet, frame
from collector_lives import Launcher, Lives

import tidegauge_collector.telemetry.store as store_module
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.telemetry_pb2_grpc import TelemetryStub
from tidegauge_collector.errors import StoreFatal
from tidegauge_collector.telemetry.extent import log_position, stored_counts
from tidegauge_collector.telemetry.faults import StoreRefused
from tidegauge_collector.telemetry.fold import LogPosition, fold
from tidegauge_collector.telemetry.store import TelemetryStore
from tidegauge_collector.telemetry.testing import Answers, Sender, records_frame

MIB = 1024 * 1024


@contextmanager
def disk(folder: Path, size_mib: int) -> Iterator[Path]:
    """A file system of its own; the test is skipped where none may be mounted."""
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size_mib}m", "tidegauge-test", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path, leave_bytes: int) -> Path:
    """A file that leaves so much room on the disk."""
    ballast = folder / "ballast"
    free = int(subprocess.run(["stat", "-f", "-c", "%a", str(folder)], capture_output=True, check=True).stdout) * 4096
    with ballast.open("wb") as file:
        for _ in range((free - leave_bytes) // MIB):
            file.write(bytes(MIB))
    return ballast


def test_the_intake_refuses_before_the_disk_is_full_and_takes_again_when_there_is_room(
    launcher: Launcher, tmp_path: Path
) -> None:
    fleet = Fleet(random.Random(1))
    with disk(tmp_path / "disk", 512) as small:  # of which the intake keeps a part free
        lives = Lives(launcher, tmp_path, small / "data")
        lives.configure(backs_up=False)
        try:
            address = lives.start()
            assert fleet.ship(address, 6)
            before = lives.folded(NAME)
            ballast = fill(small, 40 * MIB)

            refusal = refused(fleet, address)

            assert refusal.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
            assert "tidegauge-retry-after-ms" in dict(refusal.trailing_metadata())
            assert lives.folded(NAME) == before
            assert lives.get("/healthz").status_code == 200
            ballast.unlink()
            fleet.finish(address)
            lives.folded(NAME)
            lives.kill()
            assert lives.wait() == -9
            with TelemetryStore.open(lives.data / "telemetry.duckdb") as store:
                fleet.check(store)
        finally:
            lives.end()


def refused(fleet: Fleet, address: str) -> grpc.RpcError:
    """How the next batch is answered."""
    epoch = fleet.epochs[0]
    seq = epoch.made = epoch.acknowledged + 1  # begun: it may be in the log, whatever the answer, and is shipped again
    with grpc.insecure_channel(address) as channel, pytest.raises(grpc.RpcError) as told:
        TelemetryStub(channel).Ship(
            pb.ShipRequest(epoch=epoch.name.bytes, first_seq=seq, frames=[frame(epoch.name, seq)]), timeout=120
        )
    return told.value


def rows(store: TelemetryStore) -> tuple[int, int]:
    counts = stored_counts(store, "flights")
    return counts.prediction_rows, counts.prediction_ids


def fold_until_full(store: TelemetryStore, sender: Sender) -> tuple[int, list[object]]:
    """Fold batches until the disk is full; how many rows went in, and the batch that did not."""
    for number in range(10_000):
        ids = [f"{number}-{n}" for n in range(2_000)]
        entry = sender.send(records_frame(ids, range(2_000), Answers([0.5] * 2_000)))
        try:
            fold(store, [entry], LogPosition(b"log", number))
        except StoreRefused:
            return number * 2_000, [entry, number]
    raise AssertionError("the disk does not fill up")


def test_a_full_disk_in_the_write_ahead_log_undoes_one_fold_and_reading_goes_on(tmp_path: Path) -> None:
    with disk(tmp_path / "disk", 12) as small:
        with TelemetryStore.open(small / "t.duckdb") as store:
            folded, (entry, number) = fold_until_full(store, Sender())
            assert rows(store) == (folded, folded)
            assert store.healthy()
            assert not store.checkpoint()  # that would invalidate the instance
            assert rows(store) == (folded, folded)
        subprocess.run(["mount", "-o", "remount,size=96m", str(small)], check=True)

        with TelemetryStore.open(small / "t.duckdb") as store:
            assert log_position(store).log_seq == number - 1
            fold(store, [entry], LogPosition(b"log", number))
            assert store.checkpoint()
            assert rows(store) == (folded + 2_000, folded + 2_000)


@pytest.mark.parametrize("size_mib", [8, 10, 13, 16])
def test_a_full_disk_at_a_checkpoint_loses_no_fold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size_mib: int
) -> None:
    monkeypatch.setattr(store_module, "_has_room", lambda _: True)  # as if the guard were not there
    with disk(tmp_path / "disk", size_mib) as small:
        store = TelemetryStore.open(small / "t.duckdb")
        folded, _ = fold_until_full(store, Sender())
        try:
            store.checkpoint()
        except (StoreRefused, StoreFatal) as problem:
            print(f"the checkpoint failed: {problem}")
        finally:
            store.close()
        subprocess.run(["mount", "-o", "remount,size=96m", str(small)], check=True)

        with TelemetryStore.open(small / "t.duckdb") as reopened:
            assert rows(reopened) == (folded, folded)
            assert reopened.checkpoint()
