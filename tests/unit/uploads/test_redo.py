"""Redo files: what was stored is read back, damage is told."""

import pytest

from tidegauge_collector.uploads.redo import MAX_HELD_BYTES, FrameBuffer, RedoDamaged, read_redo


def filled(path, frames):
    buffer = FrameBuffer(path / "work")
    for frame in frames:
        buffer.add(frame)
    return buffer


def test_frames_are_read_back_in_batches_that_the_intake_takes(tmp_path):
    frames = [bytes([i]) * 200_000 for i in range(20)]
    buffer = filled(tmp_path, frames)

    buffer.store(tmp_path / "x.redo")

    parts = list(read_redo(tmp_path / "x.redo"))
    assert [frame for part in parts for frame in part] == frames
    assert all(sum(map(len, part)) <= MAX_HELD_BYTES for part in parts)
    assert not buffer.is_small


def test_a_small_request_touches_no_disk_until_it_is_stored(tmp_path):
    buffer = filled(tmp_path, [b"a", b"b"])

    assert buffer.is_small
    assert list(tmp_path.iterdir()) == []


def test_what_is_discarded_is_gone(tmp_path):
    buffer = filled(tmp_path, [b"x" * MAX_HELD_BYTES, b"y"])

    buffer.discard()

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("cut", [5, 20, 30])
def test_a_file_that_ends_early_is_told(tmp_path, cut):
    filled(tmp_path, [b"frame" * 10]).store(tmp_path / "x.redo")
    whole = (tmp_path / "x.redo").read_bytes()
    (tmp_path / "x.redo").write_bytes(whole[:cut])

    with pytest.raises(RedoDamaged):
        list(read_redo(tmp_path / "x.redo"))


def test_a_flipped_bit_is_told(tmp_path):
    filled(tmp_path, [b"frame" * 10]).store(tmp_path / "x.redo")
    content = bytearray((tmp_path / "x.redo").read_bytes())
    content[-1] ^= 1
    (tmp_path / "x.redo").write_bytes(content)

    with pytest.raises(RedoDamaged, match="not as it was written"):
        list(read_redo(tmp_path / "x.redo"))
