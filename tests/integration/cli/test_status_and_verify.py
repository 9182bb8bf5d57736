"""What lies in a spool, and whether it is whole: counted and read without changing a byte."""

import hashlib
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tidegauge.shipper.carried import Carried, note_carried
from tidegauge.shipper.destination import Destination, write_destination
from tidegauge.shipper.lock import Holder, ShipperLock
from tidegauge.shipper.status import ShipperStatus, write_status
from tidegauge.spool import Hole, Position, SpoolWriter, release, write_position
from tidegauge.spool.holes import append_holes
from tidegauge.spool.record import FORMAT_VERSION

Seal = Callable[..., list[bytes]]


def everything(directory: Path) -> dict[str, str]:
    """Each file and what is in it."""
    files = (path for path in directory.rglob("*") if path.is_file())
    return {str(path): hashlib.blake2b(path.read_bytes()).hexdigest() for path in files}


def test_every_number_of_an_epoch_is_accounted_for(tidegauge: Any, root: Path, seal: Seal) -> None:
    with SpoolWriter(root) as writer:
        seal(writer, *"abcdefgh")
    append_holes(writer.directory, writer.epoch, [Hole(2, 2, "quota", 5), Hole(7, 7, "quota", 9)])
    write_position(writer.directory, Position(4, 5))
    (root / "quarantine").mkdir()
    (root / "quarantine" / f"{writer.epoch}-3.refused").write_bytes(b"x")

    (epoch,) = tidegauge.json("spool", "status", "--root", root)["roots"][0]["epochs"]

    assert (epoch["created"], epoch["acknowledged"], epoch["spooled"]) == (8, 2, 3)
    assert (epoch["dropped"], epoch["quarantined"], epoch["carried"], epoch["unaccounted"]) == ({"quota": 2}, 1, 0, 0)
    assert (epoch["acknowledged_seq"], epoch["attempted_seq"], epoch["last_seq"]) == (4, 5, 8)
    assert (epoch["holes"], epoch["hole_rows"]) == ({"quota": 1}, {"quota": 9})


def test_numbers_that_went_by_hand_are_not_called_acknowledged(tidegauge: Any, root: Path, seal: Seal) -> None:
    with SpoolWriter(root) as writer:
        seal(writer, *"abcd")
    note_carried(root, {str(writer.epoch): Carried(1, 3)})
    release(writer.directory, 3)

    (epoch,) = tidegauge.json("spool", "status", "--root", root)["roots"][0]["epochs"]

    assert (epoch["acknowledged"], epoch["carried"], epoch["spooled"], epoch["unaccounted"]) == (1, 2, 1, 0)


def test_writers_are_told_apart(tidegauge: Any, root: Path, seal: Seal) -> None:
    with SpoolWriter(root) as closed:
        seal(closed, "a")
    with SpoolWriter(root) as orphan:
        seal(orphan, "b")
    (orphan.directory / "closed").unlink()
    with SpoolWriter(root) as live:
        seal(live, "c")
        epochs = tidegauge.json("spool", "status", "--root", root)["roots"][0]["epochs"]

    assert [one["writer"] for one in epochs] == ["closed", "orphan", "live"]


def test_table_names_collector_shipper_and_what_waits(tidegauge: Any, root: Path, seal: Seal) -> None:
    write_destination(root, Destination("grpc://127.0.0.1:1"))
    lock = ShipperLock.acquire(root, Holder(os.getpid(), "1.2.3", "sidecar"))
    assert lock is not None
    write_status(root, ShipperStatus(os.getpid(), "1.2.3", "", False, "UNAVAILABLE: \x1b[2J nobody", 0, 0, 0))
    with SpoolWriter(root) as writer:
        seal(writer, "a", "b")
        code = tidegauge("spool", "status", "--spool", root.parent)
    lock.release()

    assert code == 0
    assert "collector   grpc://127.0.0.1:1" in tidegauge.out
    assert f"process {os.getpid()} (sidecar), not connected; last error: UNAVAILABLE: \\x1b[2J nobody" in tidegauge.out
    assert "waiting     2 frames" in tidegauge.out
    assert str(writer.epoch) in tidegauge.out


def test_root_without_a_usable_destination_is_shown_all_the_same(tidegauge: Any, root: Path, seal: Seal) -> None:
    with SpoolWriter(root) as writer:
        seal(writer, "a")
    (root / "collector.json").write_text("{")

    code = tidegauge("spool", "status", "--root", root)

    assert code == 0
    assert "collector.json cannot be used" in tidegauge.out


@pytest.mark.parametrize("command", ["spool status", "spool verify", "dump", "dump --summary", "doctor"])
def test_looking_changes_nothing_not_even_where_bytes_are_damaged(
    tidegauge: Any, root: Path, seal: Seal, command: str
) -> None:
    with SpoolWriter(root) as writer:
        seal(writer, "a", "b" * 500, "c")
        flip(next(writer.directory.glob("*.open")), 150)
        before = everything(root)
        tidegauge(*command.split(), "--root", root)
        after = everything(root)

    assert after == before


def flip(path: Path, offset: int) -> None:
    content = bytearray(path.read_bytes())
    content[offset] ^= 0xFF
    path.write_bytes(bytes(content))


def test_whole_spool_is_clean(tidegauge: Any, root: Path, seal: Seal) -> None:
    with SpoolWriter(root) as writer:
        seal(writer, "a", "b")
        while_it_writes = tidegauge("spool", "verify", "--root", root)
    afterwards = tidegauge.json("spool", "verify", "--root", root)

    assert while_it_writes == 0
    assert afterwards["clean"]
    assert afterwards["roots"][0]["frames"] == 2


def test_damage_is_told_with_file_offset_and_cost(tidegauge: Any, root: Path, seal: Seal) -> None:
    with SpoolWriter(root) as writer:
        seal(writer, "a", "b", "c", "d")
    segment = next(writer.directory.glob("*.seg"))
    size = len(segment.read_bytes()) - 34
    flip(segment, 34 + size // 4 + 20)

    found = tidegauge.json("spool", "verify", "--root", root)
    code = tidegauge("spool", "verify", "--root", root)

    (damage,) = found["roots"][0]["damages"]
    assert code == 1
    assert (damage["path"], damage["offset"], damage["size_bytes"]) == (str(segment), 34 + size // 4, size // 4)
    assert damage["cost"] == "frame 2"
    assert f"DAMAGED  {writer.epoch}/{segment.name} at {34 + size // 4}, {size // 4} bytes" in tidegauge.out


def test_several_damages_are_paired_with_what_each_costs(tidegauge: Any, root: Path, seal: Seal) -> None:
    with SpoolWriter(root) as writer:
        seal(writer, *"abcdefgh")
    segment = next(writer.directory.glob("*.seg"))
    record = (len(segment.read_bytes()) - 34) // 8
    for index in (1, 3, 4, 7):
        flip(segment, 34 + index * record + 20)

    damages = tidegauge.json("spool", "verify", "--root", root)["roots"][0]["damages"]

    assert [one["cost"] for one in damages] == ["frame 2", "frames 4 to 5", "frame 8"]


def test_damage_in_what_is_acknowledged_costs_nothing(tidegauge: Any, root: Path, seal: Seal) -> None:
    with SpoolWriter(root) as writer:
        seal(writer, "a", "b", "c")
    flip(next(writer.directory.glob("*.seg")), 60)
    release(writer.directory, 2)

    (damage,) = tidegauge.json("spool", "verify", "--root", root)["roots"][0]["damages"]

    assert damage["cost"].startswith("nothing: acknowledged already")


def test_segment_that_is_gone_is_told_by_its_numbers(tidegauge: Any, root: Path, seal: Seal) -> None:
    with SpoolWriter(root, segment_size_bytes=1) as writer:
        for text in "abc":
            seal(writer, text)
    (writer.directory / "00000002.seg").unlink()

    (damage,) = tidegauge.json("spool", "verify", "--root", root)["roots"][0]["damages"]

    assert (damage["problem"], damage["cost"]) == ("frame 2 not in any file", "frame 2")


def test_torn_end_that_was_never_durable_is_no_damage(tidegauge: Any, root: Path, seal: Seal) -> None:
    with SpoolWriter(root) as writer:
        seal(writer, "a", "b")
    (writer.directory / "closed").unlink()
    segment = next(writer.directory.glob("*.seg"))
    segment.rename(segment.with_suffix(".open"))
    with segment.with_suffix(".open").open("ab") as file:
        file.write(b"\x20\0\0\0half a record")

    found = tidegauge.json("spool", "verify", "--root", root)

    assert found["clean"]
    assert found["roots"][0]["cut_bytes"] == 17


@pytest.mark.parametrize("name", ["position", "closed", "lock", "holes"])
def test_damaged_small_file_is_told(tidegauge: Any, root: Path, seal: Seal, name: str) -> None:
    with SpoolWriter(root) as writer:
        seal(writer, "a", "b", "c")
    append_holes(writer.directory, writer.epoch, [Hole(1, 1, "quota")])
    write_position(writer.directory, Position(0, 1))
    flip(writer.directory / name, 45 if name == "holes" else 5)

    damages = tidegauge.json("spool", "verify", "--root", root)["roots"][0]["damages"]

    assert str(writer.directory / name) in [one["path"] for one in damages]


def test_frame_that_does_not_decode_is_told(tidegauge: Any, root: Path) -> None:
    with SpoolWriter(root) as writer:
        writer.append(5, b"\xff\xff")
        writer.commit()

    (damage,) = tidegauge.json("spool", "verify", "--root", root)["roots"][0]["damages"]

    assert damage["problem"].startswith("frame 1: ")
    assert damage["cost"] == "this frame: the collector sets it aside"


def test_segment_of_a_newer_version_is_told_and_left_alone(tidegauge: Any, root: Path, seal: Seal) -> None:
    with SpoolWriter(root) as writer:
        seal(writer, "a")
    segment = next(writer.directory.glob("*.seg"))
    content = bytearray(segment.read_bytes())
    content[4:6] = (FORMAT_VERSION + 1).to_bytes(2, "little")
    content[30:34] = zlib.crc32(bytes(content[:30])).to_bytes(4, "little")
    segment.write_bytes(bytes(content))

    code = tidegauge("spool", "verify", "--root", root)

    assert code == 1
    assert "NEWER" in tidegauge.out
    assert "upgrade it" in tidegauge.out


def test_losses_that_were_decided_are_no_damage(tidegauge: Any, root: Path, seal: Seal) -> None:
    with SpoolWriter(root) as writer:
        seal(writer, "a", "b", "c")
    append_holes(writer.directory, writer.epoch, [Hole(2, 2, "quota", 4)])

    found = tidegauge.json("spool", "verify", "--root", root)

    assert found["clean"]
    assert found["roots"][0]["given_up"] == {"quota": 1}
