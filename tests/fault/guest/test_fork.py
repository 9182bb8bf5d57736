"""However a service forks: each process has an epoch of its own, every call is stored once, nothing is printed, nothing hangs."""

import re

import pytest
from guest_berth import HOSTS, Berth, digests, epochs_of, ids_in

from tidegauge.core.ids import digest_id

WAYS = re.findall(r'^    "([^"]+)": \w+,$', (HOSTS / "forks.py").read_text(), re.MULTILINE)
WAYS += [
    f"{kind} {method}"
    for kind in ("multiprocessing", "ProcessPoolExecutor")
    for method in ("fork", "spawn", "forkserver")
]


@pytest.mark.parametrize("way", WAYS)
def test_every_call_is_stored_once_by_the_process_that_made_it(berth: Berth, way: str) -> None:
    ended = berth.run_file(HOSTS / "forks.py", way)

    assert (ended.code, ended.out, ended.err) == (0, "", "")
    assert_stored_once(berth)


def assert_stored_once(berth: Berth) -> None:
    """Every call, in an epoch of its process and of nobody else."""
    spooled = berth.spooled()
    assert ids_in(spooled) == digests(berth.called())
    caller = {digest_id(name): path.stem for path in berth.ledger.glob("*.called") for name in path.read_text().split()}
    for epoch in epochs_of(spooled):
        ids = ids_in([one for one in spooled if one[0][0] == epoch])
        assert len({caller[one] for one in ids}) <= 1, f"two processes in {epoch}"
    assert_conserved(berth)


def assert_conserved(berth: Berth) -> None:
    """Frames are numbered from 1 without holes in each epoch."""
    numbers: dict[str, list[int]] = {}
    for (epoch, seq), _ in berth.spooled():
        numbers.setdefault(epoch, []).append(seq)
    assert all(found == list(range(1, len(found) + 1)) for found in numbers.values())


def test_every_way_is_tried() -> None:
    assert len(WAYS) == 9 + 6


def test_two_greenlets_that_start_shippers_at_once_do_not_stop_each_other(berth: Berth) -> None:
    """gevent patches the threads after the lock was made, as in gunicorn's workers; who starts a process lets others go on."""
    ended = berth.run(TWO_AT_ONCE, timeout_s=60)

    assert (ended.code, ended.out.split(), ended.err) == (0, ["one", "two"], "")


TWO_AT_ONCE = """
import sys, threading, time
from pathlib import Path
from tidegauge.shipper import start
from gevent import monkey

monkey.patch_all()
def start_slowly(root, token):
    time.sleep(0.05)
    print(root.name)

start._STARTS["process"] = start_slowly
threads = [threading.Thread(target=start.ensure_shipper, args=(Path(name),)) for name in ("one", "two")]
for one in threads:
    one.start()
for one in threads:
    one.join()
"""
