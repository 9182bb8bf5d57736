"""The shipper of a living host is killed, and a host lives so shortly that it hardly has one: every sealed frame arrives, once."""

import os
import signal
import sys
import time
from typing import Any

import pytest
from guest_berth import Berth, crcs, digests, ids_in, state_of, wait_until

KILLS = 2
SERVICE = """
import sys, time
import service
import tidegauge.shipper.start, tidegauge.worker.runtime
tidegauge.shipper.start.START_AGAIN_S, tidegauge.worker.runtime.CARE_S = 1.0, 0.2  # in a hurry: it is 10 and 5 s
for number in iter(int, 1):
    service.answer(f"call-{time.monotonic_ns()}", 1.0)
    time.sleep(0.01)
    if service.os.path.exists(sys.argv[1]):
        break
"""
SHORT = """
import tidegauge
agent = tidegauge.init("guest", version="v1", id_column="id")
predict = agent.watch(lambda row: row["x"] * 0.5 + 1.0)
begun_s = time.monotonic()
for number in range(20):
    ledger.called(f"short-{os.getpid()}-{number}")
    predict({"id": f"short-{os.getpid()}-{number}", "x": 1.0})
print(time.monotonic() - begun_s)
"""


def the_shipper(berth: Berth, not_in: list[int]) -> int:
    """Wait for a shipper that is none of these."""
    found: list[int] = []

    def is_there() -> bool:
        found[:] = [pid for pid in berth.shippers() if pid not in not_in and state_of(pid) != "Z"]
        return bool(found)

    wait_until(is_there, "a shipper runs")
    assert len(found) == 1
    return found[0]


def all_sealed_is_stored(berth: Berth) -> bool:
    return berth.sealed().keys() <= dict(berth.stored()).keys()


def test_a_killed_shipper_is_buried_and_replaced_while_its_host_goes_on(berth: Berth) -> None:
    berth.start_intake()
    stop = berth.directory / "stop"
    host = berth.start(sys.executable, "-c", SERVICE, stop, TIDEGAUGE_SHIPPER="process")
    killed: list[int] = []
    took_s = []
    for _ in range(KILLS):
        shipper = the_shipper(berth, killed)
        stored = len(berth.stored())
        wait_until(lambda stored=stored: len(berth.stored()) > stored, "it ships")  # type: ignore[misc]
        os.kill(shipper, signal.SIGKILL)
        killed.append(shipper)
        began_s = time.monotonic()
        the_shipper(berth, killed)
        took_s.append(time.monotonic() - began_s)
        assert all(state_of(pid) == "" for pid in killed), "a killed shipper is not buried"
    stop.touch()
    assert host.wait(90) == 0
    wait_until(lambda: all_sealed_is_stored(berth), "the collector has every sealed frame")

    print(f"a new shipper after {[f'{one:.1f}' for one in took_s]} s, {len(berth.stored())} frames")
    stored_frames = berth.stored()
    assert crcs(stored_frames) == berth.sealed()
    assert ids_in(stored_frames) == digests(berth.called())


@pytest.mark.parametrize("hosts", [1, 3])
def test_what_a_host_of_a_moment_has_seen_arrives(berth: Berth, hosts: int) -> None:
    berth.start_intake()
    script = "import os, time, ledger\nledger.write_down_what_is_sealed()\n" + SHORT
    ended = [berth.run(script, TIDEGAUGE_SHIPPER="process") for _ in range(hosts)]
    wait_until(lambda: all_sealed_is_stored(berth), "the collector has every sealed frame")

    print(f"alive for {[one.out.strip() for one in ended]} s from the first call on")
    assert [(one.code, one.err) for one in ended] == [(0, "")] * hosts
    stored: list[Any] = berth.stored()
    assert crcs(stored) == berth.sealed()
    assert ids_in(stored) == digests(berth.called())
