"""Carrying by hand: same epochs, same numbers, same bytes; nothing twice, nothing lost, in whatever order parcels and links come."""

import io
import json
import shutil
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tidegauge.errors import SpoolError
from tidegauge.operating import exporting
from tidegauge.operating.importing import import_parcel
from tidegauge.operating.parcel import DIGEST_NAME, MANIFEST_NAME, _digest
from tidegauge.shipper.destination import Destination, write_destination
from tidegauge.shipper.lock import Holder, ShipperLock
from tidegauge.shipper.process import ship_root
from tidegauge.spool import Hole, SpoolReader, SpoolWriter, list_epochs, read_position, release
from tidegauge.spool.holes import append_holes

from ..shipping.guarded import GuardedCollector
from ..shipping.serving import shipping, until

Seal = Callable[..., list[bytes]]


@pytest.fixture
def collector() -> Iterator[GuardedCollector]:
    running = GuardedCollector(None)
    yield running
    running.end()


def drain(root: Path, collector: GuardedCollector) -> None:
    write_destination(root, Destination(collector.address_in_the_clear))
    options = {"mode": "sidecar", "drain": True, "linger_s": None, "wait_s": 0.5}
    assert ship_root(root, on_start=lambda _: None, **options)  # type: ignore[arg-type]


def contents(root: Path) -> dict[str, list[Any]]:
    found = {}
    for epoch in list_epochs(root):
        reader = SpoolReader(epoch.path, after_seq=read_position(epoch.path).acknowledged_seq)
        found[epoch.path.name] = [item for items in iter(reader.read, []) for item in items]
    return found


def test_carried_frames_keep_epochs_numbers_and_bytes(tidegauge: Any, root: Path, tmp_path: Path, seal: Seal) -> None:
    with SpoolWriter(root) as first, SpoolWriter(root) as second:
        seal(first, "a", "b")
        seal(second, "c")
        exported = tidegauge("spool", "export", "--root", root, "--to", tmp_path / "p.tgspool")
    imported = tidegauge("spool", "import", tmp_path / "p.tgspool", "--root", tmp_path / "there")

    assert (exported, imported) == (0, 0)
    assert contents(tmp_path / "there") == contents(root)
    assert "2 epochs" in tidegauge.out


def test_collector_counts_once_what_comes_by_hand_and_over_the_link(
    tidegauge: Any, root: Path, tmp_path: Path, seal: Seal, collector: GuardedCollector
) -> None:
    with SpoolWriter(root) as writer:
        frames = seal(writer, "a", "b")
        tidegauge("spool", "export", "--root", root, "--to", tmp_path / "p.tgspool")
        frames += seal(writer, "c")
    tidegauge("spool", "import", tmp_path / "p.tgspool", "--root", tmp_path / "there")

    drain(tmp_path / "there", collector)
    by_hand = list(collector.frames[writer.epoch.bytes])
    drain(root, collector)

    assert by_hand == frames[:2]
    assert collector.frames == {writer.epoch.bytes: frames}


def test_importing_twice_changes_nothing_before_and_after_shipping(
    tidegauge: Any, root: Path, tmp_path: Path, seal: Seal, collector: GuardedCollector
) -> None:
    there, parcel = tmp_path / "there", tmp_path / "p.tgspool"
    with SpoolWriter(root) as writer:
        seal(writer, "a", "b")
    tidegauge("spool", "export", "--root", root, "--to", parcel)

    news = [tidegauge.json("spool", "import", parcel, "--root", there)["new_frames"]]
    before = contents(there)
    news.append(tidegauge.json("spool", "import", parcel, "--root", there)["new_frames"])
    between = contents(there)
    drain(there, collector)
    news.append(tidegauge.json("spool", "import", parcel, "--root", there)["new_frames"])

    assert news == [2, 0, 0]
    assert between == before
    assert contents(there) == {}


def test_overlapping_parcels_add_only_what_is_new(tidegauge: Any, root: Path, tmp_path: Path, seal: Seal) -> None:
    with SpoolWriter(root) as writer:
        seal(writer, "a", "b")
        tidegauge("spool", "export", "--root", root, "--to", tmp_path / "1")
        seal(writer, "c")
        tidegauge("spool", "export", "--root", root, "--to", tmp_path / "2")

    tidegauge("spool", "import", tmp_path / "1", "--root", tmp_path / "there")
    second = tidegauge.json("spool", "import", tmp_path / "2", "--root", tmp_path / "there")
    first_again = tidegauge.json("spool", "import", tmp_path / "1", "--root", tmp_path / "there")

    assert (second["new_frames"], first_again["new_frames"]) == (1, 0)
    assert contents(tmp_path / "there") == contents(root)


def test_what_is_given_up_frees_its_space_and_the_next_parcel_goes_on(
    tidegauge: Any, root: Path, tmp_path: Path, seal: Seal, collector: GuardedCollector
) -> None:
    with SpoolWriter(root, segment_size_bytes=1) as writer:
        frames = seal(writer, "a", "b", "c")
        freed = tidegauge.json("spool", "export", "--root", root, "--to", tmp_path / "1", "--acknowledge")[
            "freed_bytes"
        ]
        left = contents(root)
        frames += seal(writer, "d")
        tidegauge("spool", "export", "--root", root, "--to", tmp_path / "2", "--acknowledge")
    gone = tidegauge("spool", "export", "--root", root, "--to", tmp_path / "3")
    for name in ("1", "2"):
        tidegauge("spool", "import", tmp_path / name, "--root", tmp_path / "there")
    drain(tmp_path / "there", collector)

    assert freed > 0
    assert left == {str(writer.epoch): []}
    assert (gone, (tmp_path / "3").exists()) == (0, False)
    assert collector.frames == {writer.epoch.bytes: frames}


def test_parcel_that_comes_before_an_earlier_one_is_refused_unless_that_is_lost(
    tidegauge: Any, root: Path, tmp_path: Path, seal: Seal
) -> None:
    there = tmp_path / "there"
    with SpoolWriter(root) as writer:
        seal(writer, "a")
        tidegauge("spool", "export", "--root", root, "--to", tmp_path / "1", "--acknowledge")
        seal(writer, "b")
        tidegauge("spool", "export", "--root", root, "--to", tmp_path / "2", "--acknowledge")

    too_early = tidegauge("spool", "import", tmp_path / "2", "--root", there)
    said, made = tidegauge.err, contents(there)
    accepted = tidegauge("spool", "import", tmp_path / "2", "--root", there, "--without-earlier")

    assert (too_early, accepted) == (1, 0)
    assert f"epoch {writer.epoch}: 1 to 1 went in an earlier parcel" in said
    assert made == {}
    assert [item.seq for item in contents(there)[str(writer.epoch)]] == [2]


def test_host_with_a_link_waits_for_its_parcel_instead_of_calling_it_lost(
    tidegauge: Any, root: Path, tmp_path: Path, seal: Seal, collector: GuardedCollector
) -> None:
    with SpoolWriter(root, segment_size_bytes=1) as writer:
        frames = seal(writer, "a", "b")
        tidegauge("spool", "export", "--root", root, "--to", tmp_path / "p", "--acknowledge")
        frames += seal(writer, "c")
        write_destination(root, Destination(collector.address_in_the_clear))
        with shipping(root):
            collector.until(lambda: len(collector.shown) >= 3)  # a Hello, and a Ship that was turned back
            too_early = list(collector.frames.get(writer.epoch.bytes, []))
            tidegauge("spool", "import", tmp_path / "p", "--root", tmp_path / "there")
            drain(tmp_path / "there", collector)
            until(lambda: collector.frames.get(writer.epoch.bytes) == frames, lambda: collector.frames)

    assert too_early == []


def test_exported_frames_stay_as_they_are(tidegauge: Any, root: Path, tmp_path: Path, seal: Seal) -> None:
    with SpoolWriter(root) as writer:
        seal(writer, "a", "b")
        before = read_position(writer.directory)
        tidegauge("spool", "export", "--root", root, "--to", tmp_path / "p")
        after = read_position(writer.directory)
    tidegauge("spool", "import", tmp_path / "p", "--root", tmp_path / "there")
    imported = read_position(tmp_path / "there" / str(writer.epoch))

    assert (before.attempted_seq, after.attempted_seq, after.acknowledged_seq) == (0, 2, 0)
    assert (imported.attempted_seq, imported.acknowledged_seq) == (2, 0)


def test_lost_numbers_travel_as_holes_and_acknowledged_ones_stay_behind(
    tidegauge: Any, root: Path, tmp_path: Path, seal: Seal
) -> None:
    with SpoolWriter(root) as writer:
        seal(writer, "a", "b", "c", "d")
    append_holes(writer.directory, writer.epoch, [Hole(3, 3, "quota", 7)])
    release(writer.directory, 1)

    tidegauge("spool", "export", "--root", root, "--to", tmp_path / "p")
    tidegauge("spool", "import", tmp_path / "p", "--root", tmp_path / "there")
    items = contents(tmp_path / "there")[str(writer.epoch)]

    assert [getattr(item, "seq", item) for item in items] == [2, Hole(3, 3, "quota", 7), 4]


def test_shipper_at_work_keeps_frames_from_being_given_up(
    tidegauge: Any, root: Path, tmp_path: Path, seal: Seal
) -> None:
    with SpoolWriter(root) as writer:
        seal(writer, "a")
    lock = ShipperLock.acquire(root, Holder(1, "1", "sidecar"))
    assert lock is not None

    code = tidegauge("spool", "export", "--root", root, "--to", tmp_path / "p", "--acknowledge")
    lock.release()

    assert code == 1
    assert "a shipper is at work" in tidegauge.err
    assert not (tmp_path / "p").exists()
    assert len(contents(root)[str(writer.epoch)]) == 1


def test_what_is_acknowledged_while_it_is_packed_is_left_out_and_not_taken_for_lost(
    tidegauge: Any, root: Path, tmp_path: Path, seal: Seal, monkeypatch: pytest.MonkeyPatch
) -> None:
    with SpoolWriter(root, segment_size_bytes=1) as writer:
        for text in "abc":
            seal(writer, text)
        announce = exporting.announce_attempt

        def announce_and_ship(directory: Path, *arguments: Any) -> bool:
            was_announced = announce(directory, *arguments)
            release(directory, 2)
            return was_announced

        monkeypatch.setattr(exporting, "announce_attempt", announce_and_ship)
        packed = tidegauge.json("spool", "export", "--root", root, "--to", tmp_path / "p")
    tidegauge("spool", "import", tmp_path / "p", "--root", tmp_path / "there")

    assert (packed["epochs"][0]["first_seq"], packed["frames"]) == (3, 1)
    assert [item.seq for item in contents(tmp_path / "there")[str(writer.epoch)]] == [3]


def test_existing_file_is_not_replaced(tidegauge: Any, root: Path, tmp_path: Path, seal: Seal) -> None:
    with SpoolWriter(root) as writer:
        seal(writer, "a")
    (tmp_path / "p").write_text("precious")

    code = tidegauge("spool", "export", "--root", root, "--to", tmp_path / "p")

    assert (code, (tmp_path / "p").read_text()) == (2, "precious")


@pytest.fixture
def parcel(tidegauge: Any, root: Path, tmp_path: Path, seal: Seal) -> Path:
    with SpoolWriter(root) as writer:
        seal(writer, "a", "b" * 700)
    tidegauge("spool", "export", "--root", root, "--to", tmp_path / "p")
    return tmp_path / "p"


def test_flipped_byte_anywhere_never_changes_what_is_imported(parcel: Path, root: Path, tmp_path: Path) -> None:
    whole, right = parcel.read_bytes(), contents(root)
    refusals: list[str] = []

    for offset in range(0, len(whole), 61):
        parcel.write_bytes(whole[:offset] + bytes([whole[offset] ^ 0x20]) + whole[offset + 1 :])
        try:
            import_parcel(parcel, tmp_path / "there")
        except SpoolError as error:
            refusals.append(str(error))
        else:
            assert contents(tmp_path / "there") == right
            shutil.rmtree(tmp_path / "there")

    assert len(refusals) > 40
    assert all(f"parcel {parcel}: " in refusal for refusal in refusals)
    assert not (tmp_path / "there").exists()


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9])
def test_parcel_that_is_cut_off_is_refused(parcel: Path, tidegauge: Any, tmp_path: Path, share: float) -> None:
    whole = parcel.read_bytes().rstrip(b"\0")
    parcel.write_bytes(whole[: int(len(whole) * share)])

    code = tidegauge("spool", "import", parcel, "--root", tmp_path / "there")

    assert code == 1
    assert "nothing was imported" in tidegauge.err


def repack(parcel: Path, change: Callable[[dict[str, bytes]], None], kind: bytes = tarfile.REGTYPE) -> None:
    with tarfile.open(parcel) as tar:
        members = {one.name: tar.extractfile(one).read() for one in tar}  # type: ignore[union-attr]
    change(members)
    members[DIGEST_NAME] = _digest(members[MANIFEST_NAME]).encode()
    with tarfile.open(parcel, "w") as tar:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.type = len(content), tarfile.REGTYPE if name.startswith("manifest") else kind
            tar.addfile(entry, io.BytesIO(content))


def changed_manifest(**fields: object) -> Callable[[dict[str, bytes]], None]:
    def change(members: dict[str, bytes]) -> None:
        members[MANIFEST_NAME] = json.dumps(json.loads(members[MANIFEST_NAME]) | fields).encode()

    return change


def with_a_stranger(members: dict[str, bytes]) -> None:
    members["../../etc/cron.d/evil"] = b"* * * * * root true\n"


def with_another_name(members: dict[str, bytes]) -> None:
    manifest = members[MANIFEST_NAME].decode()
    name = next(name for name in members if name.endswith(".seg"))
    members["../evil.seg"] = members.pop(name)
    members[MANIFEST_NAME] = manifest.replace(name, "../evil.seg").encode()


def with_other_numbers(members: dict[str, bytes]) -> None:
    manifest = json.loads(members[MANIFEST_NAME])
    manifest["epochs"][0]["last_seq"] = 9
    members[MANIFEST_NAME] = json.dumps(manifest).encode()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (changed_manifest(version=2), "upgrade it"),
        (changed_manifest(format="something-else"), "something-else"),
        (changed_manifest(epochs=[{}]), "its manifest cannot be used"),
        (with_a_stranger, "is not in its manifest"),
        (with_another_name, "no name of a segment"),
        (with_other_numbers, "ends at 2 instead of 9"),
    ],
)
def test_parcel_that_is_newer_or_not_ours_is_refused(
    parcel: Path, tidegauge: Any, tmp_path: Path, change: Callable[[dict[str, bytes]], None], says: str
) -> None:
    repack(parcel, change)

    code = tidegauge("spool", "import", parcel, "--root", tmp_path / "there")

    assert code == 1
    assert says in tidegauge.err
    assert not (tmp_path / "there").exists()
    assert not (tmp_path.parent / "evil.seg").exists()


def test_links_in_a_parcel_are_refused(parcel: Path, tidegauge: Any, tmp_path: Path) -> None:
    repack(parcel, lambda members: None, kind=tarfile.SYMTYPE)

    assert tidegauge("spool", "import", parcel, "--root", tmp_path / "there") == 1
    assert "holds what no parcel holds" in tidegauge.err


def test_crash_while_unpacking_leaves_nothing_that_a_shipper_sees(
    parcel: Path, tidegauge: Any, root: Path, tmp_path: Path
) -> None:
    there = tmp_path / "there"
    half = there / ".import-01a209d3-22ce-70dc-93c6-9c221a1c5633"
    half.mkdir(parents=True)
    (half / "00000001.seg").write_bytes(b"half")

    seen = list_epochs(there)
    tidegauge("spool", "import", parcel, "--root", there)

    assert seen == []
    assert not half.exists()
    assert contents(there) == contents(root)


def test_parcel_does_not_go_back_into_the_spool_that_is_being_written(
    tidegauge: Any, root: Path, tmp_path: Path, seal: Seal
) -> None:
    with SpoolWriter(root) as writer:
        seal(writer, "a")
        tidegauge("spool", "export", "--root", root, "--to", tmp_path / "p")
        code = tidegauge("spool", "import", tmp_path / "p", "--root", root)

    assert code == 1
    assert "is being written" in tidegauge.err
