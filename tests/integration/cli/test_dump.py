"""What `dump` prints is what leaves, no more and no less."""

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tidegauge as library
from tidegauge.operating.dumping import follow
from tidegauge.operating.readable import readable
from tidegauge.shipper.destination import Destination, write_destination
from tidegauge.shipper.process import ship_root
from tidegauge.spool import Hole, SpoolWriter, release
from tidegauge.spool.holes import append_holes
from tidegauge.wire.codec import decode_frame
from tidegauge.wire.kinds import FrameKind

from ..shipping.guarded import GuardedCollector
from .conftest import note

Seal = Callable[..., list[bytes]]


@pytest.fixture
def collector() -> Iterator[GuardedCollector]:
    running = GuardedCollector(None)
    yield running
    running.end()


@pytest.fixture
def agent(make_agent: Callable[..., library.Agent]) -> library.Agent:
    """One that has sealed something of every kind."""
    made = make_agent(segments=["carrier"])
    rng = np.random.default_rng(0)
    made.baseline({"delay": rng.normal(size=200), "carrier": ["UA", "AA"] * 100})
    predict = made.watch(lambda rows: [0.5] * len(rows))
    with made.context(prediction_ids=["secret-id-1", "secret-id-2"]):
        predict([{"delay": 1.5, "carrier": "UA"}, {"delay": float("nan"), "carrier": "AA"}])
    made.actuals(["secret-id-1"], [1.0])
    made.event("cache cold")
    made.flush()
    return made


def test_frames_are_the_ones_that_the_collector_then_receives(
    tidegauge: Any, agent: library.Agent, collector: GuardedCollector
) -> None:
    root = agent.settings.root
    code = tidegauge("dump", "--root", root)
    printed = [json.loads(line) for line in tidegauge.out.splitlines()]

    write_destination(root, Destination(collector.address_in_the_clear))
    ship_root(root, mode="sidecar", drain=True, linger_s=None, wait_s=0.5, on_start=lambda _: None)
    (received,) = collector.frames.values()

    assert code == 0
    assert [one["size_bytes"] for one in printed] == [len(frame) for frame in received]
    assert [one["frame"] for one in printed] == [json.loads(json.dumps(readable(decode_frame(f)))) for f in received]
    assert {one["kind"] for one in printed} == {"profile", "records", "actuals", "baseline", "event"}


def test_ids_leave_as_digests_only(tidegauge: Any, agent: library.Agent) -> None:
    tidegauge("dump", "--root", agent.settings.root)

    records = [json.loads(line) for line in tidegauge.out.splitlines() if '"records"' in line]
    assert "secret-id" not in tidegauge.out
    assert [len(one) for one in records[0]["frame"]["records"]["prediction_ids"]] == [32, 32]


def test_gaps_leave_as_gaps_and_bytes_that_do_not_decode_as_they_are(tidegauge: Any, root: Path, seal: Seal) -> None:
    with SpoolWriter(root) as writer:
        seal(writer, "a", "b")
        writer.append(FrameKind.EVENT, b"\xff")
        writer.commit()
    append_holes(writer.directory, writer.epoch, [Hole(2, 2, "quota", 7)])

    tidegauge("dump", "--root", root)
    _, gap, bad = (json.loads(line) for line in tidegauge.out.splitlines())

    assert gap["frame"] == {"gap": {"first_seq": 2, "last_seq": 2, "reason": "quota", "rows": 7}}
    assert bad == {"epoch": str(writer.epoch), "first_seq": 3, "last_seq": 3, "size_bytes": 1, "undecodable": "ff"}


def test_acknowledged_frames_do_not_leave_again(tidegauge: Any, root: Path, seal: Seal) -> None:
    with SpoolWriter(root) as writer:
        seal(writer, "a", "b")
    release(writer.directory, 1)

    tidegauge("dump", "--root", root)

    assert [json.loads(line)["first_seq"] for line in tidegauge.out.splitlines()] == [2]


def test_one_deployment_can_be_chosen(tidegauge: Any, root: Path) -> None:
    with SpoolWriter(root) as writer:
        for deployment in ("shop", "flights-delay", "shop"):
            writer.append(FrameKind.EVENT, note("x", deployment))
        writer.commit()

    tidegauge("dump", "--root", root, "--deployment", "shop")

    assert [json.loads(line)["first_seq"] for line in tidegauge.out.splitlines()] == [1, 3]


def test_summary_adds_up_by_deployment_version_and_kind(tidegauge: Any, agent: library.Agent) -> None:
    items = tidegauge.json("dump", "--summary", "--root", agent.settings.root)["items"]
    tidegauge("dump", "--summary", "--root", agent.settings.root)

    records = next(one for one in items if one["kind"] == "records")
    profile = next(one for one in items if one["kind"] == "profile")
    assert (records["deployment"], records["version"], records["rows"], records["ids"]) == ("flights-delay", "v1", 2, 2)
    assert {"delay", "carrier", "_latency"} <= set(profile["columns"])
    assert "flights-delay" in tidegauge.out


def test_empty_spool_has_nothing_to_leave(tidegauge: Any, tmp_path: Path) -> None:
    codes = [tidegauge("dump", "--spool", tmp_path), tidegauge("dump", "--summary", "--spool", tmp_path)]

    assert codes == [0, 0]
    assert tidegauge.out == "nothing waits to leave\n"


class Stop(Exception):
    """The test has seen enough."""


def test_following_goes_on_with_what_comes_and_passes_over_what_was_shipped(root: Path, seal: Seal) -> None:
    seen: list[int] = []
    with SpoolWriter(root, segment_size_bytes=1) as writer:
        seal(writer, "a")

        def steps() -> Iterator[None]:
            seal(writer, "b", "c")
            yield
            seal(writer, "d")
            release(writer.directory, 4)
            seal(writer, "e")
            yield
            with SpoolWriter(root) as another:
                seal(another, "f")
            yield
            raise Stop

        coming = steps()
        with contextlib.suppress(Stop):
            for one in follow(lambda: [root], pause=lambda _: next(coming)):
                seen.append(one.outgoing.last_seq)  # noqa: PERF401 - what was seen before the end stays

    assert seen == [1, 2, 3, 5, 1]
