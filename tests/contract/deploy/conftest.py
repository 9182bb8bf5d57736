"""For tests of what is deployed."""

import socket

import pytest


@pytest.fixture
def free_port() -> int:
    """A port that was free a moment ago, for programs that cannot say which one they took."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
