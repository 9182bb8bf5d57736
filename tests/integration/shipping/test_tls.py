"""Encryption: whom the shipper believes, what it shows, and that it takes up renewed certificates without a restart."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme

from tidegauge.errors import UsageError
from tidegauge.shipper.credentials import read_credentials
from tidegauge.shipper.destination import Destination, write_destination
from tidegauge.shipper.link import GrpcLink
from tidegauge.shipper.outcomes import Greeted, Outcome, Unavailable
from tidegauge.spool import SpoolWriter, read_position
from tidegauge.wire import telemetry_pb2 as pb

from .guarded import GuardedCollector, KeyPair, listening, pair_of, put, self_signed, write_pair
from .serving import event, last_error, seal, shipping, until

PAST, FUTURE = datetime(2021, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture
def authority(tmp_path: Path) -> trustme.CA:
    made = trustme.CA()
    put(tmp_path / "ca.pem", made.cert_pem.bytes())
    return made


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    return str(tmp_path / "ca.pem")


@pytest.fixture
def listen() -> Iterator[Callable[..., GuardedCollector]]:
    """Starts collectors, and ends them with the test."""
    with listening() as begin:
        yield begin


Listen = Callable[..., GuardedCollector]


def greet(destination: Destination) -> Outcome:
    answered, outcomes = threading.Event(), list[Outcome]()
    link = GrpcLink(destination)

    def done(outcome: Outcome) -> None:
        outcomes.append(outcome)
        answered.set()

    link.hello(pb.HelloRequest(), done)
    assert answered.wait(120)
    link.close()
    return outcomes[0]


def test_collector_with_a_known_authority_is_greeted(authority: trustme.CA, ca_file: str, listen: Listen) -> None:
    collector = listen(pair_of(authority.issue_cert("localhost")))

    outcome = greet(Destination(collector.address, ca_file))

    assert isinstance(outcome, Greeted)
    assert outcome.reply.config_revision == 5


WRONG: dict[str, tuple[Callable[[trustme.CA], KeyPair], str]] = {
    "another authority": (lambda _: pair_of(trustme.CA().issue_cert("localhost")), "CERTIFICATE_VERIFY_FAILED"),
    "another host": (lambda ca: pair_of(ca.issue_cert("elsewhere.example")), "Hostname Verification"),
    "expired": (lambda ca: pair_of(ca.issue_cert("localhost", not_after=PAST)), "certificate has expired"),
    "not yet valid": (lambda ca: pair_of(ca.issue_cert("localhost", not_before=FUTURE, not_after=FUTURE)), "not yet"),
    "signed by itself": (lambda _: self_signed("localhost"), "signed certificate"),
}


@pytest.mark.parametrize("case", WRONG)
def test_collector_with_a_wrong_certificate_is_not_believed_and_the_reason_is_said(
    authority: trustme.CA, ca_file: str, listen: Listen, case: str
) -> None:
    make, reason = WRONG[case]
    collector = listen(make(authority))

    outcome = greet(Destination(collector.address, ca_file))

    assert isinstance(outcome, Unavailable)
    assert reason in outcome.message
    assert collector.shown == []


def test_collector_is_not_believed_on_the_systems_authorities_alone(authority: trustme.CA, listen: Listen) -> None:
    collector = listen(pair_of(authority.issue_cert("localhost")))

    outcome = greet(Destination(collector.address))

    assert isinstance(outcome, Unavailable)


def test_encrypted_collector_is_not_greeted_in_the_clear(authority: trustme.CA, listen: Listen) -> None:
    collector = listen(pair_of(authority.issue_cert("localhost")))

    outcome = greet(Destination(collector.address_in_the_clear))

    assert isinstance(outcome, Unavailable)


def test_client_certificate_is_shown_where_one_is_asked_for(
    authority: trustme.CA, ca_file: str, listen: Listen, tmp_path: Path
) -> None:
    collector = listen(pair_of(authority.issue_cert("localhost")), clients=authority.cert_pem.bytes())
    certificate, key = write_pair(tmp_path, authority.issue_cert("agent.example"))

    without = greet(Destination(collector.address, ca_file))
    with_one = greet(Destination(collector.address, ca_file, certificate, key))

    assert isinstance(without, Unavailable)
    assert isinstance(with_one, Greeted)


def test_client_certificate_of_a_strange_authority_is_turned_away(
    authority: trustme.CA, ca_file: str, listen: Listen, tmp_path: Path
) -> None:
    collector = listen(pair_of(authority.issue_cert("localhost")), clients=authority.cert_pem.bytes())
    certificate, key = write_pair(tmp_path, trustme.CA().issue_cert("agent.example"))

    outcome = greet(Destination(collector.address, ca_file, certificate, key))

    assert isinstance(outcome, Unavailable)


def test_certificate_file_that_is_missing_is_an_error_that_the_shipper_survives(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nothing\.pem"):
        GrpcLink(Destination("grpcs://localhost:1", str(tmp_path / "nothing.pem")))


def test_file_of_another_user_is_not_used_for_this_one(authority: trustme.CA, ca_file: str, tmp_path: Path) -> None:
    certificate, key = write_pair(tmp_path, authority.issue_cert("agent.example"))
    stranger = Path(key).stat().st_uid + 1

    with pytest.raises(UsageError, match="run the shipper as the agents' user"):
        read_credentials(Destination("grpcs://localhost:1", ca_file, certificate, key), owner=stranger)


def test_rotated_authority_is_taken_up_without_a_restart_and_no_frame_is_lost(
    authority: trustme.CA, ca_file: str, listen: Listen, root: Path
) -> None:
    newer = trustme.CA()
    collector = listen(pair_of(authority.issue_cert("localhost")))
    write_destination(root, Destination(collector.address, ca_file))

    with SpoolWriter(root) as writer, shipping(root):
        seal(writer, "before")
        collector.until(lambda: len(collector.frames.get(writer.epoch.bytes, [])) == 1)
        collector.end()
        collector.begin(pair_of(newer.issue_cert("localhost")))
        seal(writer, "meanwhile")
        until(lambda: "CERTIFICATE_VERIFY_FAILED" in last_error(root), lambda: last_error(root))
        kept = read_position(writer.directory).acknowledged_seq
        put(Path(ca_file), newer.cert_pem.bytes())
        collector.until(lambda: len(collector.frames[writer.epoch.bytes]) == 2)
        epoch = writer.epoch.bytes

    assert kept <= 1
    assert collector.frames[epoch] == [event("before"), event("meanwhile")]


def test_renewed_client_certificate_is_shown_without_a_restart(
    authority: trustme.CA, ca_file: str, listen: Listen, root: Path, tmp_path: Path
) -> None:
    collector = listen(pair_of(authority.issue_cert("localhost")), clients=authority.cert_pem.bytes())
    certificate, key = write_pair(tmp_path, trustme.CA().issue_cert("agent.example"))
    write_destination(root, Destination(collector.address, ca_file, certificate, key))

    with SpoolWriter(root) as writer, shipping(root):
        seal(writer, "a", "b")
        until(lambda: "UNAVAILABLE" in last_error(root), lambda: last_error(root))
        write_pair(tmp_path, authority.issue_cert("agent.example"))
        collector.until(lambda: len(collector.frames.get(writer.epoch.bytes, [])) == 2)
        epoch = writer.epoch.bytes

    assert collector.frames[epoch] == [event("a"), event("b")]
