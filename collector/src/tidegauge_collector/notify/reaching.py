"""Connects a channel to addresses that it may reach, and to no others: looked up once for each connection, checked, and then used.

Checking a name and then letting somebody else look it up again would be answered twice by whoever owns the name, and differently.
"""

from __future__ import annotations

import socket
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from tidegauge_collector.core.destinations import Destinations


class DestinationRefused(OSError):  # noqa: N818 - says what is the case
    """The channel may not go there; the text says why, and names nothing secret."""


class CheckedResolver(AbstractResolver):
    """Gives addresses of one URL's host only where the channel may reach every one of them."""

    def __init__(self, url: URL, destinations: Destinations, resolver: AbstractResolver | None = None) -> None:
        self._url = url
        self._destinations = destinations
        self._resolver = resolver or ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Raises DestinationRefused."""
        found = await self._resolver.resolve(host, port, family)
        check(self._url, self._destinations, [one["host"] for one in found])
        return found

    async def close(self) -> None:
        await self._resolver.close()


def check(url: URL, destinations: Destinations, addresses: list[str]) -> None:
    """Raise DestinationRefused where the channel may not call a URL whose host is at these addresses."""
    refusal = destinations.refusal(url.scheme, url.raw_host or "", url.port or 0, addresses)
    if refusal is not None:
        raise DestinationRefused(refusal)


def check_literal(url: URL, destinations: Destinations) -> None:
    """The same for a URL whose host is an address, however it is written (127.1, 2130706433): nobody looks that up."""
    host = url.raw_host or ""
    if ":" in host:
        check(url, destinations, [host])
    elif host.replace(".", "").isdigit():
        try:
            address = socket.inet_ntoa(socket.inet_aton(host))
        except OSError:
            raise DestinationRefused(f"{host} is no address") from None
        check(url, destinations, [address])


def refusal_in(problem: BaseException) -> DestinationRefused | None:
    """The refusal that an error of the client is made of."""
    cause: Any = problem.os_error if isinstance(problem, aiohttp.ClientConnectorError) else problem
    return cause if isinstance(cause, DestinationRefused) else None
