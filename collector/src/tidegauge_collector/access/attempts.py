"""Counts wrong guesses by address, and says when there were too many; a table that cannot grow.

Whoever shows a right token is let in from any address: guessing 256 bits is hopeless, so that the limit saves work and log
lines, and nobody can shut others out by guessing wrong from behind the same address translation.
"""

import ipaddress
from collections import OrderedDict

MAX_ADDRESSES = 10_000
GUESSES = 10
WINDOW_US = 60 * 1_000_000


class Attempts:
    """At most GUESSES wrong ones of an address (of an IPv6 network of 64 bits) in a minute; the longest silent address goes first."""

    def __init__(
        self, *, guesses: int = GUESSES, window_us: int = WINDOW_US, max_addresses: int = MAX_ADDRESSES
    ) -> None:
        self._guesses = guesses
        self._window_us = window_us
        self._max_addresses = max_addresses
        self._seen: OrderedDict[str, tuple[int, int]] = OrderedDict()  # address -> (begin of the window, wrong in it)

    def wrong(self, address: str, now_us: int) -> None:
        """Note a wrong guess."""
        key = network_of(address)
        begun_us, count = self._seen.pop(key, (now_us, 0))
        if not 0 <= now_us - begun_us < self._window_us:
            begun_us, count = now_us, 0
        self._seen[key] = (begun_us, count + 1)
        while len(self._seen) > self._max_addresses:
            self._seen.popitem(last=False)

    def wait_us(self, address: str, now_us: int) -> int:
        """How long an address is to wait before another guess is looked at; 0: not at all."""
        begun_us, count = self._seen.get(network_of(address), (now_us, 0))
        passed_us = now_us - begun_us
        return self._window_us - passed_us if count >= self._guesses and 0 <= passed_us < self._window_us else 0

    def __len__(self) -> int:
        return len(self._seen)


def network_of(address: str) -> str:
    """What is counted as one: an IPv4 address, the first 64 bits of an IPv6 one, the text itself where it is neither."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
