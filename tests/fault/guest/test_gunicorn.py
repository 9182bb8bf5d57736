"""Under gunicorn with --preload, workers killed under load: answers unchanged, every sealed frame stored once, one shipper, no zombie.

`GUEST_SECONDS` says for how long, 6 by default, a third of it for all kinds but the first; at least two workers are killed, one every
5 s at the latest.
"""

import os
import re
import signal
import sys

import pytest
from guest_berth import Berth, caught_by, children_of, crcs, digests, ids_in, state_of, wait_until
from guest_load import ENOUGH, Load, Watch, kill_now_and_then

SECONDS = float(os.environ.get("GUEST_SECONDS", "6"))
WORKERS = 4
THREADS = {"gthread": 2}


def start_gunicorn(berth: Berth, kind: str, application: str, **environment: str) -> tuple[int, int]:
    """The server's pid and port."""
    options = ["--preload", "--workers", WORKERS, "--worker-class", kind, "--threads", THREADS.get(kind, 1)]
    place = ["--bind", "127.0.0.1:0", "--worker-tmp-dir", berth.directory, "--no-control-socket"]
    command = [sys.executable, "-m", "gunicorn", *options, *place, application]
    process = berth.start(*command, TIDEGAUGE_SHIPPER="process", **environment)
    found: list[re.Match[str]] = []

    def listens() -> bool:
        found.extend(re.finditer(r"Listening at: http://127\.0\.0\.1:(\d+)", (berth.directory / "err").read_text()))
        return bool(found)

    wait_until(listens, "gunicorn listens")
    return process.pid, int(found[0][1])


def workers_of(berth: Berth, server: int) -> list[int]:
    """The server's children that answer."""
    shippers = berth.shippers()
    return [pid for pid in children_of(server) if pid not in shippers]


def dead_and_unburied(server: int) -> list[int]:
    """Children of the server and of its workers that have ended and that nobody has waited for."""
    families = [server, *children_of(server)]
    return [pid for parent in families for pid in children_of(parent) if state_of(pid) == "Z"]


def all_hear(workers: list[int]) -> bool:
    """Whether each has handlers of its own: until then it has gunicorn's, which takes SIGTERM, and nothing comes of it for 30 s."""
    return len(workers) == WORKERS and all(
        signal.SIGTERM in (caught := caught_by(pid)) and signal.SIGHUP not in caught for pid in workers
    )


def is_all_stored(berth: Berth) -> bool:
    return berth.sealed().keys() <= dict(berth.stored()).keys()


@pytest.mark.timeout(300 + 2 * SECONDS)
@pytest.mark.parametrize(
    ("kind", "application", "seconds", "warm"),
    [
        ("sync", "service:application", SECONDS, ""),
        ("sync", "service:application", SECONDS / 3, "yes"),
        ("gthread", "service:application", SECONDS / 3, ""),
        ("uvicorn.workers.UvicornWorker", "service:asgi", SECONDS / 3, ""),
        ("gevent", "service:application", SECONDS / 3, ""),
    ],
    ids=["sync", "sync, model called before the fork", "gthread", "uvicorn", "gevent"],
)
def test_workers_killed_under_load_cost_no_answer_and_no_frame(
    berth: Berth, kind: str, application: str, seconds: float, warm: str
) -> None:
    berth.start_intake()
    with Watch(berth) as watch:
        server, port = start_gunicorn(berth, kind, application, GUEST_WARM_UP=warm)
        with Load(port) as load:
            every_s = min(5.0, seconds / 2)
            killed = kill_now_and_then(lambda: workers_of(berth, server), load, every_s=every_s, for_s=seconds)
        wait_until(lambda: not dead_and_unburied(server), "no zombie is left")
        wait_until(
            lambda: all_hear(workers_of(berth, server)), "all workers are there and would end when they are told to"
        )
        os.kill(server, signal.SIGTERM)
        wait_until(lambda: state_of(server) in "Z", "gunicorn has ended")
        wait_until(lambda: is_all_stored(berth), "the collector has every sealed frame")
    stored = berth.stored()

    print(f"{kind}: {len(load.answers)} answers, {load.cut} cut, {len(killed)} killed, {len(stored)} frames,", end=" ")
    print(f"shippers at a time {dict(sorted(watch.shippers.items()))}, {len(watch.seen)} in all")
    assert len(killed) >= 1
    assert load.wrong() == []
    assert len(load.answers) > ENOUGH
    assert berth.sealed().items() <= crcs(stored).items() <= berth.sealed("sealing").items()
    assert_each_call_is_stored_once(berth, killed)
    assert max(watch.shippers) == 1
    assert len(watch.seen) == 1


def assert_each_call_is_stored_once(berth: Berth, killed: list[int]) -> None:
    """Nothing twice; of the processes that were not killed, everything."""
    found, called = ids_in(berth.stored()), digests(berth.called())
    assert found <= called
    assert digests(berth.called_except(killed)) <= found
