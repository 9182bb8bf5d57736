"""Who is there, who has fallen silent, and what is known of each."""

import pytest

from tidegauge.wire import telemetry_pb2 as pb
from tidegauge_collector.ingest.keeping import agent_of, record_of
from tidegauge_collector.ingest.presence import GONE_AFTER_US, AgentState, Dropped, EpochHeld
from tidegauge_collector.ingest.roster import MAX_EPOCHS, Roster

START_US = 1_700_000_000_000_000
MINUTE_US = 60_000_000
ONE, TWO = b"\x01" * 16, b"\x02" * 16


class Quay:
    """A roster, and a clock that goes on when told to."""

    def __init__(self, **options: int) -> None:
        self.us = START_US
        self.roster = Roster(lambda: self.us, **options)

    def hello(self, instance: str, *epochs: bytes, last_seq: int = 5, mark: int = 5, **more: object) -> None:
        skew_s, closed = more.get("skew_s", 0.0), bool(more.get("closed"))
        positions = [pb.EpochPosition(epoch=one, last_seq=last_seq, closed=closed) for one in epochs]
        identity = pb.AgentIdentity(host="web-1", pid=9, agent_version="1.0", instance_id=instance)
        sent_at_us = self.us + round(float(str(skew_s)) * 1e6)
        request = pb.HelloRequest(agent=identity, epochs=positions, sent_at_us=sent_at_us)
        self.roster.greeted(request, dict.fromkeys(epochs, mark), protocol=1)

    def ship(self, instance: str, epoch: bytes, mark: int, *gaps: pb.Gap, closed: bool = False) -> None:
        identity = pb.AgentIdentity(host="web-1", pid=9, agent_version="1.0", instance_id=instance)
        request = pb.ShipRequest(epoch=epoch, agent=identity)
        self.roster.shipped(request, mark, closed=closed, deployments=["shop"], gaps=gaps, sealed_at_us=self.us - 7)

    def states(self) -> dict[str, AgentState]:
        return {one.instance: self.roster.state(one) for one in self.roster.agents()}


def test_agent_is_silent_after_three_of_its_usual_intervals_and_live_when_it_comes_back() -> None:
    quay = Quay()
    quay.hello("a", ONE)
    quay.ship("a", ONE, 6)

    quay.us += 3 * MINUTE_US
    at_the_edge = quay.states()
    quay.us += 1
    silent = quay.roster.silent("shop")
    quay.hello("a", ONE)

    assert at_the_edge == {"a": AgentState.LIVE}
    assert [one.instance for one in silent] == ["a"]
    assert quay.states() == {"a": AgentState.LIVE}
    assert quay.roster.silent("shop") == []


def test_greeting_that_names_nobody_and_no_epoch_makes_no_agent() -> None:
    quay = Quay()

    quay.roster.greeted(pb.HelloRequest(protocol_version=1, sent_at_us=START_US), {}, protocol=1)
    quay.hello("a")

    assert quay.states() == {"a": AgentState.LIVE}


def test_agent_that_comes_every_hour_is_not_silent_after_two() -> None:
    quay = Quay()
    for _ in range(5):
        quay.hello("a", ONE)
        quay.ship("a", ONE, 6)
        quay.us += 60 * MINUTE_US

    quay.us += 60 * MINUTE_US
    after_two = quay.states()
    quay.us += 61 * MINUTE_US

    assert after_two == {"a": AgentState.LIVE}
    assert quay.states() == {"a": AgentState.SILENT}


def test_agent_that_ended_is_closed_and_one_that_never_shipped_is_gone() -> None:
    quay = Quay()
    quay.hello("a", ONE)
    quay.ship("a", ONE, 6, closed=True)
    quay.hello("b", TWO)

    quay.us += 10 * MINUTE_US

    assert quay.states() == {"a": AgentState.CLOSED, "b": AgentState.GONE}


def test_agent_whose_epochs_another_shipper_took_over_is_closed_not_silent() -> None:
    quay = Quay()
    quay.hello("a", ONE)
    quay.ship("a", ONE, 6)
    quay.hello("b", ONE)

    quay.us += 2 * MINUTE_US
    quay.hello("b", ONE)
    quay.us += 2 * MINUTE_US

    assert quay.states() == {"a": AgentState.CLOSED, "b": AgentState.LIVE}


def test_silent_agent_is_gone_after_a_week() -> None:
    quay = Quay()
    quay.hello("a", ONE)
    quay.ship("a", ONE, 6)

    quay.us += GONE_AFTER_US + 1

    assert quay.states() == {"a": AgentState.GONE}


def test_while_the_collector_was_down_nobody_was_silent() -> None:
    before = Quay()
    before.hello("a", ONE)
    before.ship("a", ONE, 6)
    after = Quay()
    after.us += 600 * MINUTE_US
    after.roster.listening_since_us = after.us
    after.roster.restore(before.roster.agents())

    at_start = after.states()
    after.us += 3 * MINUTE_US + 1

    assert (at_start, after.states()) == ({"a": AgentState.LIVE}, {"a": AgentState.SILENT})


def test_skew_is_the_median_of_the_last_hellos_and_flagged_beyond_five_minutes() -> None:
    quay = Quay()
    for skew_s in (1.0, 400.0, 2.0):
        quay.hello("a", ONE, skew_s=skew_s)
    (steady,) = quay.roster.agents()
    for _ in range(9):
        quay.hello("a", ONE, skew_s=-301.0)
    (skewed,) = quay.roster.agents()

    assert (steady.skew_s, steady.is_skewed) == (2.0, False)
    assert (skewed.skew_s, skewed.is_skewed) == (-301.0, True)


def test_lag_is_what_the_agent_has_told_and_not_shipped() -> None:
    quay = Quay()
    quay.hello("a", ONE, TWO, last_seq=50, mark=20)
    quay.ship("a", ONE, 45)

    (agent,) = quay.roster.agents()

    assert agent.lag_frames == (50 - 45) + (50 - 20)
    assert agent.newest_sealed_us == START_US - 7


def test_losses_are_told_by_reason_and_merged_frames_are_none() -> None:
    quay = Quay()
    quay.hello("a", ONE)
    quay.ship(
        "a",
        ONE,
        9,
        pb.Gap(first_seq=1, last_seq=3, reason="quota", rows=70),
        pb.Gap(first_seq=4, last_seq=4, reason="merged"),
    )
    quay.ship("a", ONE, 10, pb.Gap(first_seq=10, last_seq=10, reason="quota", rows=5))

    (agent,) = quay.roster.agents()

    assert agent.dropped == {"quota": Dropped(4, 75)}


def test_ended_epochs_of_a_shipper_that_outlasts_many_processes_are_forgotten() -> None:
    quay = Quay()
    quay.hello("a", ONE)
    for number in range(100):
        quay.ship("a", number.to_bytes(16), 3, closed=True)
    (agent,) = quay.roster.agents()

    assert [one.epoch for one in agent.epochs][-1] == (99).to_bytes(16).hex()
    assert (len(agent.epochs), len(quay.roster._owners)) == (21, 21)
    assert agent.epochs[0] == EpochHeld(ONE.hex(), 5, 5, closed=False)


def test_only_so_many_open_epochs_of_a_shipper_are_remembered_and_the_oldest_go() -> None:
    quay = Quay()
    quay.hello("a", ONE)
    for number in range(1, MAX_EPOCHS + 1):
        quay.ship("a", number.to_bytes(16), 3)
    (agent,) = quay.roster.agents()

    assert len(agent.epochs) == MAX_EPOCHS
    assert ONE.hex() not in {one.epoch for one in agent.epochs}


def test_upload_that_never_said_hello_is_no_agent() -> None:
    quay = Quay()
    quay.ship("http", ONE, 9)

    assert quay.roster.agents() == []


def test_longest_unheard_of_is_forgotten_first_and_so_are_its_epochs() -> None:
    quay = Quay(max_agents=2)
    for name in ("a", "b", "a", "c"):
        quay.hello(name, name.encode() * 16)

    assert [one.instance for one in quay.roster.agents()] == ["c", "a"]
    assert quay.roster._owners.keys() == {b"a" * 16, b"c" * 16}


def test_stored_agent_is_what_was_seen() -> None:
    quay = Quay()
    quay.hello("a", ONE, TWO, last_seq=50, mark=20, skew_s=3.5)
    quay.ship("a", ONE, 45, pb.Gap(first_seq=1, last_seq=3, reason="age", rows=70))
    (agent,) = quay.roster.agents()

    assert agent_of(record_of(agent, AgentState.LIVE)) == agent


def test_only_what_changed_is_stored_and_what_could_not_be_is_offered_again() -> None:
    quay = Quay()
    quay.hello("a", ONE)
    quay.hello("b", TWO)
    first = quay.roster.take_changed()
    quay.hello("b", TWO)
    second = quay.roster.take_changed()
    quay.roster.put_back(["a", "unknown"])

    assert {one.instance for one in first} == {"a", "b"}
    assert [one.instance for one in second] == ["b"]
    assert [one.instance for one in quay.roster.take_changed()] == ["a"]


@pytest.mark.parametrize("text", ["a\x1b[31m", "a\nb", "a\u202eb"])
def test_names_of_strangers_steer_no_terminal(text: str) -> None:
    quay = Quay()
    identity = pb.AgentIdentity(host=text, agent_version=text, instance_id=text)
    quay.roster.greeted(pb.HelloRequest(agent=identity), {}, protocol=1)

    (agent,) = quay.roster.agents()

    assert all(one.isprintable() for one in (agent.host, agent.version, agent.instance))
