"""Tokens and certificates at the gRPC port: who may ship what, and in which words the others are turned away."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tidegauge.operating.checks_on_disk import advice_for
from tidegauge.shipper.outcomes import Acknowledged, Denied, Greeted, Outcome, Overloaded, Unavailable
from tidegauge.spool import new_epoch
from tidegauge_collector.access.attempts import GUESSES
from tidegauge_collector.cli import main
from tidegauge_collector.ingest.logreader import LogReader

from .fortress import Fortress, batch, fortress, frames_of

DAY_US = 86_400_000_000
UNKNOWN = "tgk_0123456789_" + "x" * 43


def message(outcome: Outcome) -> str:
    return str(getattr(outcome, "message", ""))


def logged(guarded: Fortress) -> int:
    """How many entries lie in the frame log."""
    reader, count = LogReader(guarded.data / "log"), 0
    while found := reader.read():
        count += len(found)
    return count


@pytest.fixture
def fresh(folder: Path) -> Iterator[Fortress]:
    """A collector that a test may do anything to."""
    with fortress(folder) as running:
        yield running


def test_call_without_a_token_is_told_how_to_get_one(guarded: Fortress) -> None:
    outcome = guarded.greet()

    assert isinstance(outcome, Unavailable)
    assert outcome.needs_person
    assert message(outcome).startswith("UNAUTHENTICATED: this collector asks for a token: `tidegauge-collector tokens")


@pytest.mark.parametrize("token", [UNKNOWN, "nonsense", "tgk_0123456789_short"])
def test_wrong_token_is_turned_away_and_not_repeated(fresh: Fortress, token: str) -> None:
    outcome = fresh.greet(token)

    assert message(outcome).startswith("UNAUTHENTICATED: ")
    assert token not in message(outcome)
    assert fresh.metric("tidegauge_access_total", door="grpc", outcome="ok") == 0


def test_wrong_secret_of_a_token_that_exists_says_no_more_than_of_one_that_does_not(fresh: Fortress) -> None:
    token = fresh.token("ingest")
    forged = token[:-43] + "y" * 43
    fresh.revoke(token)

    assert message(fresh.greet(forged)) == message(fresh.greet(UNKNOWN)).replace("0123456789", token.split("_")[1])


def test_token_for_shipping_is_let_in_and_one_for_reading_is_not(guarded: Fortress) -> None:
    epoch = new_epoch().bytes
    request = batch(epoch, frames_of("shop"))

    denied = guarded.ship(request, guarded.token("read"))
    taken = guarded.ship(request, guarded.token("ingest"))

    assert isinstance(denied, Denied)
    assert "has scope read, this needs ingest" in message(denied)
    assert isinstance(taken, Acknowledged)
    assert isinstance(guarded.greet(guarded.token("admin")), Greeted)


def test_frames_of_another_deployment_are_turned_away_before_anything_is_stored(fresh: Fortress) -> None:
    token, epoch = fresh.token("ingest", "shop-*", "cart"), new_epoch().bytes

    outcome = fresh.ship(batch(epoch, frames_of("shop-eu", "cart", "flights")), token)
    stored = logged(fresh)
    own = fresh.ship(batch(epoch, frames_of("shop-eu", "cart")), token)

    assert isinstance(outcome, Denied)
    assert "may ship for shop-*, cart, not for deployment 'flights'" in message(outcome)
    assert stored == 0
    assert isinstance(own, Acknowledged)
    assert fresh.metric("tidegauge_access_total", door="grpc", outcome="deployment") == 1


def test_bins_of_other_deployments_are_not_handed_to_a_token_that_is_bound(fresh: Fortress) -> None:
    from tidegauge.wire import telemetry_pb2 as pb

    async def everything(_known: int, _wanted: object) -> tuple[int, list[pb.VersionConfiguration]]:
        return 7, [pb.VersionConfiguration(deployment=one, version="v1") for one in ("shop", "flights")]

    fresh.collector.service._configurations = everything

    bound, unbound = fresh.greet(fresh.token("ingest", "shop")), fresh.greet(fresh.token("ingest"))

    assert isinstance(bound, Greeted)
    assert isinstance(unbound, Greeted)
    assert [one.deployment for one in bound.reply.configurations] == ["shop"]
    assert [one.deployment for one in unbound.reply.configurations] == ["shop", "flights"]
    assert bound.reply.config_revision == 7


def test_revoked_expired_and_rotated_tokens_say_which_and_when(fresh: Fortress) -> None:
    revoked, expired, rotated = fresh.token("ingest"), fresh.token("ingest", expires="1d"), fresh.token("ingest")
    out = fresh.folder / "successor"
    fresh.cli("tokens", "rotate", rotated.split("_")[1], "--overlap", "12h", "--out", str(out))
    fresh.follow()
    both = (fresh.greet(rotated), fresh.greet(out.read_text().strip()))
    fresh.revoke(revoked)
    fresh.clock.ahead_us = 2 * DAY_US

    answers = [message(fresh.greet(token)) for token in (revoked, expired, rotated)]

    assert all(isinstance(one, Greeted) for one in both)
    assert isinstance(fresh.greet(out.read_text().strip()), Greeted)
    assert all(answer.startswith("UNAUTHENTICATED: token 't") for answer in answers)
    assert [" was revoked on 20" in answers[0], *(" expired on 20" in one for one in answers[1:])] == [True] * 3


def test_every_refusal_has_its_own_next_step_in_doctor(fresh: Fortress) -> None:
    bound, revoked, expired = fresh.token("ingest", "shop"), fresh.token("ingest"), fresh.token("ingest", expires="1d")
    reader = fresh.token("read")
    fresh.revoke(revoked)
    denied = fresh.ship(batch(new_epoch().bytes, frames_of("flights")), bound)
    fresh.clock.ahead_us = 2 * DAY_US
    shown = (None, UNKNOWN, revoked, expired, reader)

    advice = [advice_for(message(one)) for one in (denied, *map(fresh.greet, shown))]

    assert len(set(advice)) == 6
    assert not any("look at the lines about the collector" in one for one in advice)


def test_too_many_guesses_are_put_off_and_a_right_token_is_let_in_all_the_same(fresh: Fortress) -> None:
    token = fresh.token("ingest")
    guesses = [f"tgk_0123456789_{number:043}" for number in range(GUESSES)]

    answers = [fresh.greet(guess) for guess in guesses]
    put_off = fresh.greet(UNKNOWN)

    assert {message(one).partition(":")[0] for one in answers} == {"UNAUTHENTICATED"}
    assert isinstance(put_off, Unavailable | Overloaded)
    assert "too many wrong tokens from this address" in message(put_off)
    assert isinstance(fresh.greet(token), Greeted)


def test_collector_that_cannot_read_its_tokens_lets_nobody_in_after_a_minute(
    fresh: Fortress, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = fresh.token("ingest")
    before = fresh.greet(token)

    def fail() -> int:
        raise OSError("disk gone")

    monkeypatch.setattr(fresh.collector.control.tokens, "revision", fail)
    fresh.follow()
    meanwhile = fresh.greet(token)
    fresh.clock.ahead_us = 61_000_000
    later = fresh.greet(token)
    monkeypatch.undo()
    fresh.follow()

    assert isinstance(before, Greeted)
    assert isinstance(meanwhile, Greeted)
    assert message(later).startswith("UNAVAILABLE: the collector cannot read its tokens")
    assert isinstance(fresh.greet(token), Greeted)


def test_use_of_a_token_is_noted_once_a_minute(fresh: Fortress) -> None:
    token = fresh.token("ingest")
    number = token.split("_")[1]

    def last_used() -> int | None:
        return next(one.last_used_at_us for one in fresh.collector.control.tokens.listed() if one.id == number)

    fresh.greet(token)
    fresh.clock.ahead_us = 61_000_000
    fresh.follow()
    first = last_used()
    fresh.greet(token)
    fresh.follow()
    again = last_used()
    fresh.clock.ahead_us = 122_000_000
    fresh.follow()

    assert first is not None
    assert again == first
    assert (last_used() or 0) > first


def test_client_certificate_names_the_agent_and_its_deployments(folder: Path) -> None:
    running = Fortress(folder)
    running.settings["tls_client_ca"] = running.ca_file
    running.cli("certs", "client", "web-1", "--deployment", "shop-*")
    files = {"cert_file": str(running.tls / "clients/web-1.pem"), "key_file": str(running.tls / "clients/web-1.key")}
    running.start()
    try:
        own = running.ship(batch(new_epoch().bytes, frames_of("shop-eu")), **files)
        strange = running.ship(batch(new_epoch().bytes, frames_of("flights")), **files)
        admin_but_bound_by_the_certificate = running.ship(
            batch(new_epoch().bytes, frames_of("flights")), running.token("admin"), **files
        )
        without = running.greet(running.token("ingest"))
    finally:
        running.stop()

    assert isinstance(own, Acknowledged)
    assert isinstance(strange, Denied)
    assert "certificate of 'web-1' may ship for shop-*" in message(strange)
    assert isinstance(admin_but_bound_by_the_certificate, Denied)
    assert isinstance(without, Unavailable)


def test_certificate_that_names_no_agent_needs_a_token_beside_it(folder: Path) -> None:
    company = trustme.CA()
    leaf = company.issue_cert("web-1.example")
    company.cert_pem.write_to_path(str(folder / "company.pem"))
    leaf.private_key_and_cert_chain_pem.write_to_path(str(folder / "agent.pem"))
    files = {"cert_file": str(folder / "agent.pem"), "key_file": str(folder / "agent.pem")}

    with fortress(folder, tls_client_ca=folder / "company.pem") as running:
        alone = running.greet(**files)
        with_token = running.greet(running.token("ingest"), **files)

    assert "names no agent (agent://DEPLOYMENT/NAME" in message(alone)
    assert isinstance(with_token, Greeted)


def test_on_loopback_everything_works_without_tokens_unless_asked_for(folder: Path) -> None:
    with fortress(folder, tls=False, access="auto") as running, running.http() as client:
        taken = running.ship(batch(new_epoch().bytes, frames_of("shop")))
        answers = {client.get(path).status_code for path in ("/", "/api/v1/deployments", "/metrics")}

    assert isinstance(taken, Acknowledged)
    assert answers == {200}


def test_tokens_are_asked_for_on_loopback_in_the_clear_too_where_access_is_required(folder: Path) -> None:
    with fortress(folder, tls=False) as running:
        without, with_one = running.greet(), running.greet(running.token("ingest"))

    assert isinstance(without, Unavailable)
    assert isinstance(with_one, Greeted)


@pytest.mark.parametrize("action", [["list"], ["revoke", "1a2b3c4d5e"], ["rotate", "1a2b3c4d5e"]])
def test_tokens_in_a_misspelt_directory_are_said_to_be_none_of_a_collector_and_it_is_not_made(
    folder: Path, capsys: pytest.CaptureFixture[str], action: list[str]
) -> None:
    code = main(["tokens", *action, "--data", str(folder / "misspelt")])

    assert code == 78
    assert "no collector has been here" in capsys.readouterr().err
    assert not (folder / "misspelt").exists()


def test_command_on_the_data_of_another_user_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 54_321)

    code = main(["tokens", "list", "--data", str(folder)])

    assert code == 78
    assert "run this as the collector's user" in capsys.readouterr().err
