"""The collector killed and ended at any moment: every record counts once, every alert is told once, restart is the only cure."""

import queue
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from collector_daemon import Daemon
from collector_mailbox import Mailbox
from collector_rows import REPLAY, amounts, give_baseline, record_days

import tidegauge
from tidegauge.agent import Agent
from tidegauge.process import PROCESS
from tidegauge.shipper.loop import Shipper
from tidegauge.shipper.process import ship_root
from tidegauge.shipper.start import stop_shipper

NAME = "shop"
HEALTHY, BROKEN = 0.0, 40.0
POINTS = ["before fold", "after fold", "after alerts"]  # the last: between alerts and judgements


@contextmanager
def shipping(daemon: Daemon, spool: Path, shipper: str) -> Iterator[Agent]:
    """An agent of the daemon, dead or alive."""
    options = {"version": "v1", "shipper": shipper, "alerts": "all", "collector": f"grpc://{daemon.grpc}"}
    made = tidegauge.init(NAME, spool=str(spool), **options)
    try:
        yield made
    finally:
        stop_shipper(made.settings.root)
        made._capture.runtime.close()
        PROCESS._captures.pop(made.settings.root, None)


def end(agent: Agent) -> None:
    """As the end of its process: everything sealed, the epoch closed; then everything shipped."""
    agent._capture.runtime.close()
    root = agent.settings.root
    stop_shipper(root)
    assert ship_root(root, mode="sidecar", drain=True, linger_s=None, wait_s=120.0, on_start=lambda _: None)


def ship_until_it_dies(daemon: Daemon, root: Path) -> int:
    """Ship what is sealed for as long as the collector lives; its exit code."""
    shippers: queue.SimpleQueue[Shipper] = queue.SimpleQueue()
    options = {"mode": "sidecar", "drain": False, "linger_s": None, "wait_s": 60.0, "on_start": shippers.put}
    shipping = threading.Thread(target=ship_root, args=(root,), kwargs=options)
    shipping.start()
    code = daemon.wait()  # it may have died of what the life before left to fold, with nothing shipped
    shippers.get(timeout=120).stop(drain_s=0.0)
    shipping.join()
    return code


def stored(daemon: Daemon) -> tuple[int, int]:
    counts = daemon.settled(NAME)["stored"]
    return counts["predictions"], counts["prediction_ids"]


def record(agent: Agent, first: int, count: int) -> None:
    """Rows with ids, and what was true of them."""
    ids = [f"order-{i}" for i in range(first, first + count)]
    times = [REPLAY + timedelta(minutes=i) for i in range(first, first + count)]
    agent.record(amounts(count, seed=first), [0.5] * count, prediction_ids=ids, timestamps=times)
    agent.actuals(ids, [1] * count)


def test_killed_while_folding_and_judging_it_counts_each_record_and_tells_each_alert_once(
    daemon: Daemon, mailbox: Mailbox, tmp_path: Path
) -> None:
    daemon.start(POINTS[0], 1)
    with shipping(daemon, tmp_path / "spool", shipper="none") as agent:
        give_baseline(agent)
        agent.flush(0.0, wait="acknowledged")  # which also writes down where the collector is
        for number, point in enumerate(POINTS):
            if number:
                daemon.start(point, 1)
            record(agent, number * 100, 100)
            record_days(agent, REPLAY + timedelta(days=2 * number), [HEALTHY, BROKEN])
            agent.flush()
            assert ship_until_it_dies(daemon, agent.settings.root) == -signal.SIGKILL, point
        left_behind = daemon.endpoints["pid"]
        daemon.start()
        end(agent)

    counts = stored(daemon)
    rows = daemon.get(f"/deployments/{NAME}/measurements", metric="psi", column="amount")["items"][0]["n"]
    assert (counts, rows) == ((300, 300), 96 * 6 + 300)
    assert left_behind != daemon.endpoints["pid"] == daemon.pid
    alerts = daemon.get("/alerts")["items"]
    events = [one["kind"] for alert in alerts for one in alert["events"]]
    messages = {one["id"] for alert in alerts for one in alert["deliveries"]}
    assert len(messages) == len(events) > 0
    letters = mailbox.letters()
    told = {(event["data"]["alert_key"], event["data"]["seq"]) for _, event in letters}
    ids = {one for one, _ in letters}
    assert ids <= messages
    assert len(told) == len(ids)


def test_sigterm_while_frames_arrive_loses_nothing(daemon: Daemon, tmp_path: Path) -> None:
    daemon.start()
    with shipping(daemon, tmp_path / "spool", shipper="thread") as agent:
        for number in range(20):
            record(agent, number * 50, 50)
            agent.flush()
            if number == 8:
                daemon.signal(signal.SIGTERM)
        code = daemon.wait()
        has_endpoints = (daemon.data / "endpoints.json").exists()
        daemon.start()
        end(agent)

    assert (code, has_endpoints) == (0, False)
    assert stored(daemon) == (1_000, 1_000)
    assert daemon.settled(NAME)["dropped"] == {}
