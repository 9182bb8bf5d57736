"""However a process ends: nothing of ours is printed, nothing hangs, and what can be sealed is; signal handlers stay the host's."""

import signal
import time

import pytest
from guest_berth import Berth, digests, ids_in

HEAD = """
import os, signal, sys, threading, time
import service
service.answer_many("before", 50)
service.agent.flush()
service.answer_many("unsealed", 20)
def done():
    os.write(1, f"{time.monotonic_ns()}".encode())
"""
GENTLE = {
    "end": ("done()", 0),
    "sys.exit": ("done(); sys.exit(3)", 3),
    "sys.exit in a thread": ("threading.Thread(target=lambda: (done(), sys.exit(5))).start()", 0),
    "unhandled": ("done(); raise RuntimeError('the host fails')", 1),
    "SIGTERM handled": (
        "signal.signal(signal.SIGTERM, lambda *_: (done(), sys.exit(0))); os.kill(os.getpid(), signal.SIGTERM)",
        0,
    ),
    "SIGINT": (  # a shell has its background jobs ignore it
        "signal.signal(signal.SIGINT, signal.default_int_handler); done(); os.kill(os.getpid(), signal.SIGINT); time.sleep(9)",
        -signal.SIGINT,
    ),
    "daemon thread that never stops calling": (
        "threading.Thread(target=lambda: [time.sleep(0.001) for _ in iter(int, 1)], daemon=True).start(); done()",
        0,
    ),
    "a call at exit": ("import atexit; atexit.register(service.answer_many, 'exit', 5); done()", 0),
}
HARSH = {
    "os._exit": ("done(); os._exit(4)", 4),
    "SIGTERM": ("done(); os.kill(os.getpid(), signal.SIGTERM); time.sleep(9)", -signal.SIGTERM),
    "SIGKILL": ("done(); os.kill(os.getpid(), signal.SIGKILL); time.sleep(9)", -signal.SIGKILL),
}


@pytest.mark.parametrize("way", GENTLE)
def test_a_process_that_ends_in_order_seals_every_call(berth: Berth, way: str) -> None:
    script, code = GENTLE[way]

    ended = berth.run(HEAD + script)
    print(f"{way}: ended {(time.monotonic_ns() - int(ended.out)) / 1e6:.0f} ms after its own work")

    assert ended.code == code
    assert "tidegauge" not in ended.err.replace(str(berth.directory), "")
    assert ended.err.count("Traceback") == (way in {"unhandled", "SIGINT"})
    assert ids_in(berth.spooled()) == digests(berth.called())


@pytest.mark.parametrize("way", HARSH)
def test_a_process_that_is_cut_off_keeps_what_was_sealed(berth: Berth, way: str) -> None:
    script, code = HARSH[way]

    ended = berth.run(HEAD + script)

    assert (ended.code, ended.err) == (code, "")
    found, called = ids_in(berth.spooled()), digests(berth.called())
    assert found <= called
    assert sum(found.values()) >= 50


def test_signal_handlers_stay_those_of_the_host(berth: Berth) -> None:
    script = """
import signal
handlers = lambda: [signal.getsignal(one) for one in sorted(signal.valid_signals())]
before = handlers()
import service
service.answer_many("call", 50)
service.agent.flush(wait="acknowledged", timeout_s=0.3)
assert handlers() == before
assert signal.set_wakeup_fd(-1) == -1
"""
    ended = berth.run(script, TIDEGAUGE_SHIPPER="process")

    assert (ended.code, ended.err) == (0, "")
