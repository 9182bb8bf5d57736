"""Who ships here, and who is still expected to."""

from tidegauge.wire import telemetry_pb2 as pb
from tidegauge_collector.ingest.agents import LIVE_US, Agents

START_US = 1_700_000_000_000_000


class Now:
    def __init__(self) -> None:
        self.us = START_US

    def __call__(self) -> int:
        return self.us


def hello(epoch: bytes, *, sent_at_us: int = START_US, last_seq: int = 0, closed: bool = False) -> pb.HelloRequest:
    position = pb.EpochPosition(epoch=epoch, last_seq=last_seq, closed=closed, deployments=["shop"])
    identity = pb.AgentIdentity(host="web-1", pid=9, agent_version="1.0", instance_id="i")
    return pb.HelloRequest(agent=identity, epochs=[position], sent_at_us=sent_at_us)


def test_skew_of_the_agents_clock_is_known_after_a_hello_and_kept() -> None:
    agents = Agents(Now())

    agents.greet(hello(b"e", sent_at_us=START_US + 7_500_000), {b"e": 0})
    agents.shipped(b"e", pb.AgentIdentity(host="web-1"), 4, closed=False)

    (seen,) = agents.epochs()
    assert (seen.skew_s, seen.mark, seen.deployments) == (7.5, 4, ("shop",))


def test_epoch_is_live_for_five_minutes_after_the_last_contact() -> None:
    now = Now()
    agents = Agents(now)
    agents.greet(hello(b"e"), {b"e": 0})

    now.us += LIVE_US
    at_the_edge = len(agents.live())
    now.us += 1

    assert (at_the_edge, len(agents.live())) == (1, 0)


def test_writer_that_ended_is_live_until_its_last_frame_is_here() -> None:
    agents = Agents(Now())
    agents.greet(hello(b"e", last_seq=5, closed=True), {b"e": 3})
    waiting = len(agents.live())

    agents.greet(hello(b"e", last_seq=5, closed=True), {b"e": 5})

    assert (waiting, len(agents.live())) == (1, 0)


def test_longest_unheard_of_is_forgotten_first() -> None:
    agents = Agents(Now(), max_epochs=2)

    for name in (b"a", b"b", b"a", b"c"):
        agents.shipped(name, pb.AgentIdentity(), 1, closed=False)

    assert [seen.epoch for seen in agents.epochs()] == [b"a", b"c"]


def test_of_a_stranger_no_more_is_kept_than_a_name_may_have() -> None:
    agents, long = Agents(Now()), "x" * 1_000_000
    request = hello(b"e")
    request.agent.MergeFrom(pb.AgentIdentity(host=long, agent_version=long, instance_id=long))
    request.epochs[0].deployments[:] = [long, *(f"shop-{number}" for number in range(2_000))]

    agents.greet(request, {b"e": 0})

    (seen,) = agents.epochs()
    assert [len(one) for one in (seen.host, seen.agent_version, seen.instance_id)] == [255, 255, 64]
    assert (len(seen.deployments), max(map(len, seen.deployments))) == (1_000, 128)
