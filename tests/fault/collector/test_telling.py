"""Killed between an alert and its message, at every point: it is told by the next life, once, and nothing is lost."""

from pathlib import Path

import pytest
from collector_daemon import Daemon
from collector_mailbox import Mailbox
from collector_rows import REPLAY, give_baseline, record_days

import tidegauge
from tidegauge.process import PROCESS
from tidegauge.shipper.process import ship_root
from tidegauge_collector.crash_points import CRASH_POINTS, EXIT_CODE

NAME = "shop"
HEALTHY, BROKEN = 0.0, 40.0


@pytest.mark.parametrize("point", [one for one in CRASH_POINTS if one.startswith("tell.")])
def test_an_alert_is_told_by_the_life_after_the_one_that_died(
    daemon: Daemon, mailbox: Mailbox, tmp_path: Path, point: str
) -> None:
    daemon.start(crash_at=point)
    options = {"version": "v1", "shipper": "none", "alerts": "all", "collector": f"grpc://{daemon.grpc}"}
    agent = tidegauge.init(NAME, spool=str(tmp_path / "spool"), **options)
    root = agent.settings.root
    try:
        give_baseline(agent)
        record_days(agent, REPLAY, [HEALTHY, HEALTHY, BROKEN])
        agent.flush(0.0, wait="acknowledged")  # which also writes down where the collector is
    finally:
        agent._capture.runtime.close()
        PROCESS._captures.pop(root, None)
    assert ship_root(root, mode="sidecar", drain=True, linger_s=None, wait_s=120.0, on_start=lambda _: None)

    assert daemon.wait() == EXIT_CODE
    assert mailbox.events == []
    daemon.start()
    events = mailbox.until(1)

    (alert,) = daemon.get("/alerts")["items"]
    assert [(one["type"], one["data"]["alert_key"], one["data"]["seq"]) for one in events] == [
        ("alert.firing", alert["key"], 1)
    ]
    assert [one["id"] for one in alert["deliveries"]] == mailbox.ids
