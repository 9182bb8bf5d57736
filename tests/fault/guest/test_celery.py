"""Under Celery's prefork pool: each child seals what it saw when the worker ends, with an epoch of its own."""

import os
import signal
import sys

import pytest
from guest_berth import HOSTS, Berth, digests, ids_in, wait_until


@pytest.mark.parametrize("warm", ["", "yes"], ids=["cold", "model called before the fork"])
def test_children_of_the_pool_store_every_call_once(berth: Berth, warm: str) -> None:
    command = [sys.executable, "-m", "celery", "-A", "tasks", "worker", "-P", "prefork", "-c", 2, "-l", "WARNING"]
    worker = berth.start(
        *command, "--without-gossip", "--without-mingle", GUEST_WARM_UP=warm, GUEST_BROKER=str(berth.directory)
    )
    sent = berth.run_file(HOSTS / "tasks.py", GUEST_BROKER=str(berth.directory))
    assert (sent.code, sent.err) == (0, "")

    wait_until(lambda: sum(name.startswith("task") for name in berth.called()) == 40, "all tasks have run")
    os.kill(worker.pid, signal.SIGTERM)
    worker.wait(120)

    assert worker.returncode == 0
    assert ids_in(berth.spooled()) == digests(berth.called())
