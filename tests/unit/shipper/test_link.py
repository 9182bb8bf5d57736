"""What the shipper makes of a status code, and what it sends with each call."""

from collections.abc import Callable
from typing import Any

import grpc
import pytest

from tidegauge.shipper.credentials import Credentials
from tidegauge.shipper.destination import Destination
from tidegauge.shipper.link import EXPECTED_SEQ, RETRY_AFTER_MS, RETRY_SCOPE, GrpcLink, _outcome
from tidegauge.shipper.outcomes import (
    Acknowledged,
    Denied,
    Failed,
    Outcome,
    Overloaded,
    Purged,
    Refused,
    Rewind,
    Unavailable,
)
from tidegauge.wire import telemetry_pb2 as pb


class EndedCall:
    """A call as gRPC hands it over when it has ended."""

    def __init__(self, code: grpc.StatusCode, metadata: tuple[tuple[str, str], ...] | None = ()) -> None:
        self._code = code
        self._metadata = metadata

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return "because"

    def trailing_metadata(self) -> tuple[tuple[str, str], ...] | None:
        return self._metadata

    def result(self) -> pb.Ack:
        return pb.Ack(mark=7, config_revision=2)

    def add_done_callback(self, callback: Callable[[Any], None]) -> None:
        callback(self)


def outcome(code: grpc.StatusCode, *metadata: tuple[str, str]) -> Outcome:
    return _outcome(EndedCall(code, metadata), lambda ack: Acknowledged(ack.mark, ack.config_revision))


CODES = grpc.StatusCode


@pytest.mark.parametrize(
    ("code", "metadata", "expected"),
    [
        (CODES.OK, (), Acknowledged(7, 2)),
        (CODES.FAILED_PRECONDITION, ((EXPECTED_SEQ, "12"),), Rewind(12)),
        (CODES.FAILED_PRECONDITION, (), Purged("FAILED_PRECONDITION: because")),
        (CODES.FAILED_PRECONDITION, ((EXPECTED_SEQ, "0"),), Purged("FAILED_PRECONDITION: because")),
        (CODES.INVALID_ARGUMENT, (), Refused("INVALID_ARGUMENT: because")),
        (CODES.RESOURCE_EXHAUSTED, ((RETRY_AFTER_MS, "1500"),), Overloaded("RESOURCE_EXHAUSTED: because", 1.5)),
        (CODES.RESOURCE_EXHAUSTED, ((RETRY_AFTER_MS, "soon"),), Overloaded("RESOURCE_EXHAUSTED: because", None)),
        (
            CODES.RESOURCE_EXHAUSTED,
            ((RETRY_AFTER_MS, "1500"), (RETRY_SCOPE, "epoch")),
            Overloaded("RESOURCE_EXHAUSTED: because", 1.5, epoch_only=True),
        ),
        (CODES.UNAVAILABLE, (), Unavailable("UNAVAILABLE: because")),
        (CODES.DEADLINE_EXCEEDED, (), Unavailable("DEADLINE_EXCEEDED: because", timed_out=True)),
        (CODES.UNAUTHENTICATED, (), Unavailable("UNAUTHENTICATED: because", needs_person=True)),
        (CODES.PERMISSION_DENIED, (), Denied("PERMISSION_DENIED: because")),
        (CODES.UNIMPLEMENTED, (), Unavailable("UNIMPLEMENTED: because", needs_person=True)),
        (CODES.INTERNAL, (), Failed("INTERNAL: because")),
    ],
)
def test_status_is_sorted_by_what_comes_next(
    code: grpc.StatusCode, metadata: tuple[tuple[str, str], ...], expected: Outcome
) -> None:
    assert outcome(code, *metadata) == expected


def test_call_without_metadata_is_understood() -> None:
    assert _outcome(EndedCall(CODES.UNAVAILABLE, None), lambda _: Failed("")) == Unavailable("UNAVAILABLE: because")


@pytest.mark.parametrize(("token", "sent"), [(None, ()), ("tg_a1_secret", (("authorization", "Bearer tg_a1_secret"),))])
def test_token_goes_with_each_call(
    monkeypatch: pytest.MonkeyPatch, token: str | None, sent: tuple[tuple[str, str], ...]
) -> None:
    calls: list[tuple[str, Any]] = []

    class Method:
        def __init__(self, name: str) -> None:
            self._name = name

        def future(self, request: Any, *, timeout: float, metadata: Any) -> EndedCall:
            calls.append((self._name, metadata))
            return EndedCall(CODES.UNAVAILABLE)

    link = GrpcLink(Destination("grpc://127.0.0.1:1"), Credentials(token=token))
    monkeypatch.setattr(link, "_stub", type("Stub", (), {"Hello": Method("hello"), "Ship": Method("ship")}))

    link.hello(pb.HelloRequest(), lambda _: None)
    link.ship(pb.ShipRequest(), lambda _: None)
    link.close()

    assert calls == [("hello", sent), ("ship", sent)]
