"""Who may do what: scopes, deployments, names in certificates."""

import pytest

from tidegauge.wire import telemetry_pb2 as pb
from tidegauge_collector.access.calls import address_of, deployments_of
from tidegauge_collector.access.gate import bearer_of, identity_of_names
from tidegauge_collector.access.identity import Caller, Denied, Identity
from tidegauge_collector.access.tokens import Scope


def test_certificate_ships_for_all_deployments_that_it_names() -> None:
    identity = identity_of_names(["agent://shop-*/web-1", "web-1.example", "agent://cart/web-1"])

    assert identity is not None
    assert identity.scope is Scope.INGEST
    assert [identity.may_ship(one) for one in ("shop-eu", "cart", "flights")] == [True, True, False]


@pytest.mark.parametrize(
    "name", ["agent://shop", "agent:///x", "agent://Shop/x", "https://shop/x", "agent://shop/x/y", "agent://shop/x\n"]
)
def test_other_names_are_no_identity(name: str) -> None:
    assert identity_of_names([name]) is None


def test_each_credential_that_is_shown_must_allow_it() -> None:
    caller = Caller((Identity("certificate", Scope.INGEST, ("shop",)), Identity("token", Scope.ADMIN)))

    caller.require_scope(Scope.INGEST)
    with pytest.raises(Denied, match="certificate has scope ingest, this needs read"):
        caller.require_scope(Scope.READ)
    with pytest.raises(Denied, match="certificate may ship for shop, not for deployment 'cart'") as denied:
        caller.require_deployments(["shop", "cart"])
    assert (caller.is_bound, denied.value.reason) == (True, "deployment")


def test_name_of_a_deployment_is_told_without_control_characters_and_cut() -> None:
    with pytest.raises(Denied) as denied:
        Identity("token", Scope.INGEST, ("shop",)).require_deployments(["\x1b[31m" + "x" * 1_000])

    assert "\x1b" not in str(denied.value)
    assert len(str(denied.value)) < 400


def test_deployments_are_read_of_every_frame_also_of_a_newer_kind() -> None:
    event = pb.Frame(deployment="shop", event=pb.Event(name="x")).SerializeToString()
    newer = pb.Frame(deployment="flights").SerializeToString() + b"\xf2\x01\x00"
    gap = pb.Frame(gap=pb.Gap(first_seq=1, last_seq=2)).SerializeToString()

    assert deployments_of([event, newer, gap, b"\xff\xff"]) == {"shop", "flights"}


@pytest.mark.parametrize(
    ("header", "token"),
    [
        (None, None),
        ("", None),
        ("Bearer tgk_x", "tgk_x"),
        ("bearer  tgk_x ", "tgk_x"),
        ("Basic abc", "Basic abc"),
        ("tgk_x", "tgk_x"),
    ],
)
def test_what_is_no_bearer_token_counts_as_a_wrong_one(header: str | None, token: str | None) -> None:
    assert bearer_of(header) == token


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        ("ipv4:192.0.2.1:5000", "192.0.2.1"),
        ("ipv6:%5B::1%5D:5000", "::1"),
        ("ipv6:[2001:db8::1]:5000", "2001:db8::1"),
        ("unix:/run/tidegauge.sock", "unix:/run/tidegauge.sock"),
    ],
)
def test_address_of_a_peer_has_no_port(peer: str, address: str) -> None:
    class Context:
        def peer(self) -> str:
            return peer

    assert address_of(Context()) == address
