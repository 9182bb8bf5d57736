"""One epoch on its way, on a real spool, without a network."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tidegauge.shipper import sender as sender_module
from tidegauge.shipper.outgoing import take_batch
from tidegauge.shipper.sender import EpochSender
from tidegauge.spool import keep_quota
from tidegauge.spool.directory import list_epochs
from tidegauge.spool.position import Position, read_position
from tidegauge.spool.writer import SpoolWriter
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.codec import MAX_BATCH_BYTES, decode_frame
from tidegauge.wire.kinds import FrameKind
from tidegauge.wire.merging import merge_frames

ME = pb.AgentIdentity(host="here", pid=1)


def profile(*, rows: int) -> bytes:
    body = pb.Profile(window_start_us=0, window_length_s=3600, time_basis=pb.TIME_BASIS_EVENT)
    body.columns.add(name="x", kind=pb.COLUMN_KIND_TEXT, rows=rows, minimum=float("nan"), maximum=float("nan"))
    return pb.Frame(deployment="shop", profile=body).SerializeToString()


def event(text: str) -> bytes:
    return pb.Frame(deployment="shop", event=pb.Event(name="note", text=text)).SerializeToString()


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[SpoolWriter]:
    with SpoolWriter(tmp_path / "root", segment_size_bytes=4096) as writer:
        yield writer


def seal(writer: SpoolWriter, *texts: str) -> None:
    for text in texts:
        writer.append(FrameKind.EVENT, event(text))
    writer.commit()


def sender_of(writer: SpoolWriter) -> EpochSender:
    return EpochSender(writer.directory, random.Random(1))


def texts(request: pb.ShipRequest | None) -> list[str]:
    assert request is not None
    frames = [decode_frame(payload) for payload in request.frames]
    return [frame.event.text if frame.HasField("event") else frame.gap.reason for frame in frames]


def test_sealed_frames_are_sent_in_order_under_their_numbers(writer: SpoolWriter) -> None:
    seal(writer, "a", "b", "c")

    request = sender_of(writer).next_request(ME, 0.0)

    assert texts(request) == ["a", "b", "c"]
    assert request is not None
    assert (request.epoch, request.first_seq, request.closed) == (writer.epoch.bytes, 1, False)


def test_attempt_is_durable_before_the_frames_are_handed_out(writer: SpoolWriter) -> None:
    seal(writer, "a", "b")

    sender_of(writer).next_request(ME, 0.0)

    assert read_position(writer.directory) == Position(0, 2)


def test_acknowledged_frames_are_stored_and_never_sent_again(writer: SpoolWriter) -> None:
    seal(writer, "a", "b")
    sender = sender_of(writer)
    sender.next_request(ME, 0.0)

    assert sender.acknowledge(2) == 2
    assert sender.next_request(ME, 0.0) is None
    seal(writer, "c")
    following = sender_of(writer).next_request(ME, 0.0)

    assert read_position(writer.directory).acknowledged_seq == 2
    assert texts(following) == ["c"]


def test_acknowledged_segments_are_deleted(writer: SpoolWriter) -> None:
    seal(writer, *["x" * 2000] * 10)
    before = len(list_epochs(writer.directory.parent)[0].segments)
    sender = sender_of(writer)
    sender.next_request(ME, 0.0)

    sender.acknowledge(10)
    sender.next_request(ME, 0.0)

    assert before >= 4
    assert len(list_epochs(writer.directory.parent)[0].segments) <= 1


def test_lost_reply_sends_the_very_same_bytes_again(writer: SpoolWriter) -> None:
    seal(writer, "a", "b")
    sender = sender_of(writer)
    first = sender.next_request(ME, 0.0)

    sender.interrupt()
    seal(writer, "c")
    again = sender.next_request(ME, 0.0)

    assert first is not None
    assert again is not None
    assert (again.first_seq, list(again.frames)) == (first.first_seq, list(first.frames))


def test_rewind_reads_again_what_is_still_there_and_tells_of_what_is_not(writer: SpoolWriter) -> None:
    seal(writer, *["x" * 2000] * 10)
    sender = sender_of(writer)
    sender.next_request(ME, 0.0)
    sender.acknowledge(10)
    assert sender.next_request(ME, 0.0) is None
    seal(writer, "new")

    sender.rewind(1)
    request = sender.next_request(ME, 0.0)

    assert request is not None
    assert request.first_seq == 1
    assert texts(request)[0] == "missing"
    assert texts(request)[-1] == "new"
    gap = decode_frame(request.frames[0]).gap
    assert gap.first_seq == 1
    assert gap.last_seq + len(request.frames) - 1 == 11


def test_mark_beyond_ours_is_believed(writer: SpoolWriter) -> None:
    seal(writer, "a", "b", "c")
    sender = sender_of(writer)

    sender.acknowledge(2)

    assert texts(sender.next_request(ME, 0.0)) == ["c"]


def test_what_was_merged_since_it_was_read_is_read_anew(writer: SpoolWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender_module, "take_batch", lambda waiting, size, frames: take_batch(waiting, size, 3))
    for _ in range(100):
        writer.append(FrameKind.PROFILE, profile(rows=1))
    writer.commit()
    sender = sender_of(writer)
    first = sender.next_request(ME, 0.0)
    sender.acknowledge(3)

    root = writer.directory.parent
    keep_quota(root, list_epochs(root)[0].size_bytes - 1, lambda _: 1, merge=merge_frames)
    following = sender.next_request(ME, 0.0)

    assert first is not None
    assert following is not None
    assert [decode_frame(frame).profile.columns[0].rows for frame in first.frames] == [1, 1, 1]
    gap, merged = (decode_frame(frame) for frame in following.frames[:2])
    assert (gap.gap.first_seq, gap.gap.reason) == (4, "merged")
    assert merged.profile.columns[0].rows == gap.gap.last_seq - 3 + 1


def test_a_mark_beyond_what_was_attempted_is_stored_at_once(writer: SpoolWriter) -> None:
    seal(writer, "a", "b", "c")

    sender_of(writer).acknowledge(2)

    assert read_position(writer.directory) == Position(2, 2)


def test_frame_that_is_refused_is_found_set_aside_and_replaced_by_a_gap(writer: SpoolWriter) -> None:
    seal(writer, "good", "bad", "fine")
    sender = sender_of(writer)
    sent: list[list[str]] = []
    while (request := sender.next_request(ME, 0.0)) is not None:
        sent.append(texts(request))
        if "bad" in sent[-1]:
            sender.refuse("INVALID_ARGUMENT: too big")
        else:
            sender.acknowledge(request.first_seq + len(request.frames) - 1)

    assert sent == [["good", "bad", "fine"], ["good"], ["bad"], ["refused"], ["fine"]]
    (kept,) = (writer.directory.parent / "quarantine").glob("*.refused")
    assert kept.read_bytes() == event("bad")
    assert "too big" in kept.with_suffix(".reason").read_text()


def test_collector_that_does_not_even_take_a_gap_blocks_the_epoch_and_nothing_is_lost(writer: SpoolWriter) -> None:
    seal(writer, "a")
    sender = sender_of(writer)
    for _ in range(2):
        sender.next_request(ME, 0.0)
        sender.refuse("INVALID_ARGUMENT: no")

    assert sender.blocked == "INVALID_ARGUMENT: no"
    assert texts(sender_of(writer).next_request(ME, 0.0)) == ["a"]


def test_batches_stay_within_a_mebibyte(tmp_path: Path) -> None:
    with SpoolWriter(tmp_path) as writer:
        seal(writer, *["x" * 200_000] * 12)
        sender = sender_of(writer)
        sizes = []
        while (request := sender.next_request(ME, 0.0)) is not None:
            sizes.append(request.ByteSize())
            sender.acknowledge(request.first_seq + len(request.frames) - 1)

    assert len(sizes) >= 3
    assert max(sizes) <= MAX_BATCH_BYTES + 1024


def test_time_out_makes_batches_smaller_and_success_larger_again(tmp_path: Path) -> None:
    with SpoolWriter(tmp_path) as writer:
        seal(writer, *["x" * 30_000] * 60)
        sender = sender_of(writer)
        lengths = []
        for timed_out in (True, True, False, False):
            request = sender.next_request(ME, 0.0)
            assert request is not None
            lengths.append(len(request.frames))
            if timed_out:
                sender.interrupt(timed_out=True)
            else:
                sender.acknowledge(request.first_seq + len(request.frames) - 1)

    assert lengths[0] > lengths[1] > lengths[2]
    assert lengths[3] > lengths[2]


def test_closed_epoch_is_announced_with_its_last_frames_and_removed(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path)
    seal(writer, "a")
    writer.close()
    sender = sender_of(writer)

    request = sender.next_request(ME, 0.0)
    assert request is not None
    sender.acknowledge(1)

    assert request.closed
    assert sender.is_done
    assert sender.remove()
    assert list_epochs(tmp_path) == []


def test_epoch_closed_after_its_last_frame_was_sent_is_announced_alone(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path)
    seal(writer, "a")
    sender = sender_of(writer)
    sender.next_request(ME, 0.0)
    sender.acknowledge(1)
    writer.close()

    request = sender.next_request(ME, 10.0)
    assert request is not None
    sender.acknowledge(1)

    assert (request.first_seq, list(request.frames), request.closed) == (2, [], True)
    assert sender.is_done


def test_living_epoch_without_news_has_no_work(writer: SpoolWriter) -> None:
    sender = sender_of(writer)

    idle = sender.has_work(0.0)
    seal(writer, "a")

    assert not idle
    assert sender.has_work(0.0)


def test_position_tells_a_hello_where_the_epoch_stands(writer: SpoolWriter) -> None:
    seal(writer, "a", "b", "c")
    sender = sender_of(writer)
    sender.next_request(ME, 0.0)
    sender.acknowledge(2)

    position = sender.position()

    assert (position.epoch, position.last_seq, position.acknowledged_seq) == (writer.epoch.bytes, 3, 2)
    assert not position.closed
