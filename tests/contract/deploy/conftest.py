"""For tests of what is deployed."""

import socket
from collections.abc import Iterator

import pytest


@pytest.fixture
def door() -> Iterator[socket.socket]:
    """A socket that listens on a port of its own to the end of the test, for a program that takes it over."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening
