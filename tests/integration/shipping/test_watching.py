"""The agents seen, over restarts: stored in time, told once of each transition."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from tidegauge.wire import telemetry_pb2 as pb
from tidegauge_collector.control import ControlStore
from tidegauge_collector.control.agents import agents_in
from tidegauge_collector.errors import ConfigError
from tidegauge_collector.ingest.counters import IngestCounters
from tidegauge_collector.ingest.presence import AgentState
from tidegauge_collector.ingest.quotas import Quotas
from tidegauge_collector.ingest.roster import Roster
from tidegauge_collector.ingest.watching import Watching

MINUTE_US = 60_000_000
EPOCH = b"\x01" * 16


class NoRequests:
    """A quarantine of which nobody wants anything."""

    async def step(self) -> int:
        return 0


class Watch:
    """A watching on a real control store, with a clock of the test's."""

    def __init__(self, path: Path) -> None:
        self.us = 1_700_000_000_000_000
        self.path = path
        self.begin()

    def begin(self) -> None:
        self.store, self.counters = ControlStore.open(self.path), IngestCounters()
        self.roster, self.quotas = Roster(lambda: self.us), Quotas(lambda name: 100)
        self.watching = Watching(
            self.roster,
            self.store.agents,
            self.quotas,
            NoRequests(),  # type: ignore[arg-type]
            now_us=lambda: self.us,
            count=self.counters.count,
        )

    def hear(self, instance: str = "a") -> None:
        identity = pb.AgentIdentity(host="web-1", pid=9, agent_version="1.0", instance_id=instance)
        epochs = [pb.EpochPosition(epoch=EPOCH, last_seq=9, deployments=["shop"])]
        self.roster.greeted(pb.HelloRequest(agent=identity, epochs=epochs, sent_at_us=self.us), {EPOCH: 4}, protocol=1)

    async def pass_minutes(self, minutes: int) -> list[Any]:
        """What is told while so much time passes, looked at every 15 seconds."""
        with capture_logs() as told:
            for _ in range(minutes * 4):
                self.us += MINUTE_US // 4
                await self.watching.step()
        return [one["event"] for one in told]


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    watch = Watch(tmp_path / "control.sqlite")
    yield watch
    watch.store.close()


async def test_silence_is_told_once_and_the_return_once(watch: Watch) -> None:
    watch.hear()
    told = [await watch.pass_minutes(2), await watch.pass_minutes(10), await watch.pass_minutes(10)]
    watch.hear()
    told.append(await watch.pass_minutes(2))

    assert told == [["agent.live"], ["agent.silent"], [], ["agent.live"]]
    assert watch.counters.value("agent", "silent") == 1


async def test_silence_is_not_told_again_after_a_restart(watch: Watch) -> None:
    watch.hear()
    await watch.pass_minutes(10)
    await watch.watching.close()
    watch.store.close()
    watch.begin()

    at_start = watch.roster.agents()
    told = await watch.pass_minutes(10)

    assert [(one.instance, one.host, one.lag_frames, one.deployments) for one in at_start] == [
        ("a", "web-1", 5, ("shop",))
    ]
    assert told == []
    assert watch.roster.state(watch.roster.agents()[0]) is AgentState.SILENT


async def test_agents_and_quotas_are_stored_within_half_a_minute_and_at_the_end(watch: Watch) -> None:
    watch.hear()
    watch.quotas.charge({"shop": 60}, watch.us)
    await watch.pass_minutes(1)
    stored = agents_in(watch.path)
    watch.hear("b")
    watch.quotas.charge({"shop": 40}, watch.us)
    await watch.watching.close()
    watch.store.close()
    watch.begin()

    assert [(one.id, one.state, one.details["skew_s"]) for one in stored] == [("a", "live", 0.0)]
    assert {one.instance for one in watch.roster.agents()} == {"a", "b"}
    assert watch.quotas.exceeded({"shop": 1}, watch.us) == "shop"


async def test_store_that_cannot_be_written_is_counted_and_nothing_is_forgotten(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch.hear()
    with monkeypatch.context() as broken:
        broken.setattr(watch.store.agents, "save", lambda *_, **__: (_ for _ in ()).throw(OSError("disk")))
        await watch.pass_minutes(1)
    failed = watch.counters.value("watching", "agents")
    await watch.pass_minutes(1)

    assert failed >= 1
    assert [one.id for one in agents_in(watch.path)] == ["a"]


async def test_agents_of_400_days_ago_are_forgotten(watch: Watch) -> None:
    watch.hear()
    await watch.watching.close()
    watch.us += 401 * 86_400 * 1_000_000

    watch.hear("b")
    await watch.watching.close()

    assert [one.id for one in agents_in(watch.path)] == ["b"]


def test_file_without_agents_is_said_to_be_none(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.sqlite", tmp_path / "text"):
        (tmp_path / "text").write_bytes(b"no database at all" * 100)
        with pytest.raises(ConfigError, match="cannot be read"):
            agents_in(path)
