"""Which addresses a channel may reach: public ones over https at the usual ports; anything else only where an operator said so.

Whoever can set a channel's address could else make the collector call what only it can reach: a router, a database without a password, the
metadata service of a cloud. Source: OWASP, Server-Side Request Forgery Prevention.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

PUBLIC_PORTS = {"https": frozenset({443, 8443}), "smtps": frozenset({465, 587, 2525})}
"""The usual ports of what is encrypted; smtps: mail over TLS, from the first byte or after STARTTLS."""
_TRANSLATED = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))
"""NAT64: the last 32 bits are an IPv4 address."""
_HOW = 'allow it by its host name, address or network, e.g. allow = ["10.0.0.0/8"]'


@dataclass(frozen=True, slots=True)
class Destinations:
    """Where a channel may go besides public addresses: host names as they are written in its URL, and networks."""

    hosts: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Destinations:
        """From host names, addresses and networks. Raises ValueError naming the first that is none of them."""
        hosts: set[str] = set()
        networks: list[Network] = []
        for text in texts:
            try:
                networks.append(ip_network(text.strip("[]")))
            except ValueError:
                if not _is_host(text):
                    raise ValueError(f"{text!r} is no host name, address or network") from None
                hosts.add(text.lower().rstrip("."))
        return cls(frozenset(hosts), tuple(networks))

    def refusal(self, scheme: str, host: str, port: int, addresses: Sequence[str]) -> str | None:
        """Why a URL of this scheme, host and port may not be called where its host is at these addresses; None: it may."""
        found = [ip_address(one.partition("%")[0]) for one in addresses]
        if host.lower().rstrip(".") in self.hosts or (found and all(map(self._is_allowed, found))):
            return None
        inside = [one for one in found if not (is_public(one) or self._is_allowed(one))]
        if inside:
            return f"{host} is at {inside[0]}, which is not a public address: {_HOW}"
        ports = PUBLIC_PORTS.get(scheme)
        if ports is None:
            return f"{scheme}://{host} is not encrypted: use https, or {_HOW}"
        if port not in ports:
            return f"port {port} of {host} is none of {', '.join(map(str, sorted(ports)))}: {_HOW}"
        return None

    def _is_allowed(self, address: Address) -> bool:
        plain = embedded(address) or address
        return any(one in network for network in self.networks for one in (address, plain))


def is_public(address: Address) -> bool:
    """Whether an address is one of the internet's. Addresses of tunnels (6to4, Teredo) are not: what is behind them is anybody's guess."""
    inner = embedded(address)
    if inner is not None:
        return is_public(inner)
    if isinstance(address, IPv6Address) and (address.sixtofour is not None or address.teredo is not None):
        return False
    return address.is_global and not address.is_multicast


def embedded(address: Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 one stands for, mapped or translated (NAT64); None where it stands for itself."""
    if isinstance(address, IPv4Address):
        return None
    if any(address in network for network in _TRANSLATED):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped


def _is_host(text: str) -> bool:
    labels = text.rstrip(".").split(".")
    return len(text) <= 253 and all(
        0 < len(label) <= 63 and label.replace("-", "a").replace("_", "a").isalnum() for label in labels
    )
