"""Under uWSGI without `enable-threads`, where no thread would run. A simulation: a module named `uwsgi` with the options; uWSGI itself is
not in the test group."""

import pytest
from guest_berth import Berth, digests, ids_in

HOST = """
import sys, threading, time, types
sys.modules["uwsgi"] = types.ModuleType("uwsgi")
sys.modules["uwsgi"].opt = {options}
import service
end = time.monotonic() + 60
for number in range(10_000):
    service.answer_many(f"round-{{number}}", 10)
    if number >= 40 and service.agent.status()["sealed"] or time.monotonic() > end:
        break
    time.sleep(0.02)
print([thread.name for thread in threading.enumerate() if "tidegauge" in thread.name])
print(service.agent.status()["sealed"] > 0)
"""


@pytest.mark.parametrize(
    ("options", "threads"),
    [
        ({b"http": b":80"}, []),
        ({b"enable-threads": True}, ["tidegauge-worker"]),
        ({"threads": "2"}, ["tidegauge-worker"]),
    ],
    ids=["no threads", "enable-threads", "threads"],
)
def test_where_no_thread_can_run_calls_seal(berth: Berth, options: dict[object, object], threads: list[str]) -> None:
    ended = berth.run(HOST.format(options=options))

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines() == [str(threads), "True"]
    assert ids_in(berth.spooled()) == digests(berth.called())


def test_a_thread_that_the_system_refuses_is_done_without(berth: Berth) -> None:
    script = """
import threading
def refuse(self): raise RuntimeError("can't start new thread")
threading.Thread.start = refuse
import service
service.answer_many("call", 300)
print(service.agent.status()["counters"]["threads_refused"])
"""
    ended = berth.run(script)

    assert (ended.code, ended.out, ended.err) == (0, "1\n", "")
    assert ids_in(berth.spooled()) == digests(berth.called())
