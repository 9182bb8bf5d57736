"""Channels go to public addresses over https; elsewhere only where an operator has said so."""

from __future__ import annotations

from ipaddress import IPv4Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegauge_collector.core.destinations import Destinations, is_public

PUBLIC = ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"]
INSIDE = [
    "127.0.0.1",
    "127.8.9.1",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1%eth0",
    "fd00::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::7f00:1",
    "2002:7f00:1::",
    "2002:808:808::",
    "2001:0:7f00:1::",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_may_be_reached_over_https(address: str) -> None:
    assert Destinations().refusal("https", "hooks.example", 443, [address]) is None


@pytest.mark.parametrize("address", INSIDE)
def test_what_is_not_public_may_not_be_reached_and_the_refusal_says_how_to_allow_it(address: str) -> None:
    refusal = Destinations().refusal("https", "hooks.example", 443, [address])

    assert refusal is not None
    assert "not a public address" in refusal
    assert "allow" in refusal


def test_one_inner_address_among_public_ones_is_enough_to_refuse() -> None:
    assert Destinations().refusal("https", "hooks.example", 443, ["8.8.8.8", "10.0.0.1"]) is not None


@pytest.mark.parametrize(("scheme", "port", "word"), [("http", 80, "not encrypted"), ("https", 22, "port 22")])
def test_plain_http_and_unusual_ports_are_for_allowed_hosts_only(scheme: str, port: int, word: str) -> None:
    refusal = Destinations().refusal(scheme, "hooks.example", port, ["8.8.8.8"])
    allowed = Destinations.parse(["hooks.example"]).refusal(scheme, "Hooks.Example.", port, ["8.8.8.8"])

    assert refusal is not None
    assert word in refusal
    assert allowed is None


@pytest.mark.parametrize(
    ("allow", "host", "address", "is_allowed"),
    [
        ("10.0.0.0/8", "jira.internal", "10.1.2.3", True),
        ("10.0.0.0/8", "jira.internal", "::ffff:10.1.2.3", True),
        ("10.0.0.0/8", "jira.internal", "192.168.0.1", False),
        ("127.0.0.1", "localhost", "127.0.0.1", True),
        ("[::1]", "localhost", "::1", True),
        ("jira.internal", "jira.internal", "192.168.0.1", True),
        ("jira.internal", "other.internal", "192.168.0.1", False),
        ("jira.internal", "jira.internal.evil.example", "192.168.0.1", False),
    ],
)
def test_hosts_and_networks_are_allowed_as_they_are_written(
    allow: str, host: str, address: str, is_allowed: bool
) -> None:
    refusal = Destinations.parse([allow]).refusal("http", host, 8080, [address])

    assert (refusal is None) == is_allowed


@pytest.mark.parametrize("text", ["", "a b", "http://x", "10.0.0.0/33", "-" * 300])
def test_what_is_no_host_address_or_network_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="is no host name, address or network"):
        Destinations.parse([text])


@given(st.ip_addresses(v=4))
def test_an_address_within_ipv6_is_as_public_as_it_is_by_itself(address: IPv4Address) -> None:
    assert is_public(ip_address(f"::ffff:{address}")) == is_public(address)
    assert is_public(ip_address(f"64:ff9b::{address}")) == is_public(address)
