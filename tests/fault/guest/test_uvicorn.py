"""Under uvicorn, which ends a process by the signal that it got, without `atexit`: the middleware seals at the end of the lifespan."""

import signal
import socket
import sys

import pytest
from guest_berth import Berth, digests, ids_in
from guest_load import ask

CALLS = 30
NEVER_BY_ITSELF = "3600"


def serve_and_stop(berth: Berth, application: str, stop: signal.Signals) -> int:
    """Answer some requests, then send the signal; the server's exit code."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        port, number = door.getsockname()[1], door.fileno()
        command = [sys.executable, "-m", "uvicorn", "--fd", number, "--log-level", "error", f"service:{application}"]
        server = berth.start(*command, hands_on=[number], GUEST_SEAL_EVERY_S=NEVER_BY_ITSELF)
    assert [ask(port, f"id-{n}", float(n)) for n in range(CALLS)] == [(200, repr(n * 0.5 + 1.0)) for n in range(CALLS)]
    server.send_signal(stop)
    return server.wait(90)


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_every_answered_row_is_in_the_spool_when_uvicorn_is_told_to_end(berth: Berth, stop: signal.Signals) -> None:
    serve_and_stop(berth, "asgi", stop)

    assert (berth.directory / "err").read_text() == ""
    assert sum(berth.called().values()) == CALLS + 1  # one by the application's own shutdown
    assert ids_in(berth.spooled()) == digests(berth.called())


def test_open_windows_are_closed_with_their_sketches(berth: Berth) -> None:
    serve_and_stop(berth, "asgi", signal.SIGTERM)

    bodies = [frame.profile for _, frame in berth.frames() if frame.WhichOneof("body") == "profile"]
    closed = [body for body in bodies if body.window_closed]
    assert [column.sketch.points != b"" for body in closed for column in body.columns if column.name == "x"] == [True]


def test_without_the_middleware_rows_that_were_not_sealed_are_lost(berth: Berth) -> None:
    """What the page says of it; the day that uvicorn ends otherwise, this fails and the page can say so."""
    serve_and_stop(berth, "bare_asgi", signal.SIGTERM)

    assert ids_in(berth.spooled()).total() == 0
