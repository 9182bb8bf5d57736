"""The connection to a collector: the only file of the agent's that imports gRPC. Turns status codes into outcomes."""

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc

from tidegauge.shipper.credentials import Credentials, read_credentials
from tidegauge.shipper.destination import Destination
from tidegauge.shipper.outcomes import (
    Acknowledged,
    Denied,
    Failed,
    Greeted,
    Outcome,
    Overloaded,
    Purged,
    Refused,
    Rewind,
    Unavailable,
)
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.telemetry_pb2_grpc import TelemetryStub

DEADLINE_S = 10.0
EXPECTED_SEQ = "tidegauge-expected-seq"
RETRY_AFTER_MS = "tidegauge-retry-after-ms"
RETRY_SCOPE = "tidegauge-retry-scope"

_OPTIONS = (
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.max_receive_message_length", 64 * 1024 * 1024),  # a HelloReply carries the bins of all versions
    ("grpc.use_local_subchannel_pool", 1),  # a new channel makes a new connection: the waiting is ours
    ("grpc.enable_retries", 0),
)
_NEEDS_PERSON = {grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.UNIMPLEMENTED}
_LINK_LOST = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED}

Done = Callable[[Outcome], None]


class GrpcLink:
    """Calls without waiting: `done` is called once, from a thread of gRPC's, within the deadline of 10 s."""

    def __init__(self, destination: Destination, credentials: Credentials | None = None) -> None:
        """Prepare; connects with the first call. Without `credentials` reads them: raises OSError or UsageError where it cannot."""
        shown = credentials or read_credentials(destination)
        self._channel = _open_channel(destination, shown)
        self._stub = TelemetryStub(self._channel)
        self._metadata = (("authorization", f"Bearer {shown.token}"),) if shown.token else ()

    def hello(self, request: pb.HelloRequest, done: Done) -> None:
        """Greet the collector."""
        self._call(self._stub.Hello, request, done, Greeted)

    def ship(self, request: pb.ShipRequest, done: Done) -> None:
        """Hand over a batch."""
        self._call(self._stub.Ship, request, done, lambda ack: Acknowledged(ack.mark, ack.config_revision))

    def close(self) -> None:
        """End the connection; calls under way end as Unavailable."""
        self._channel.close()

    def _call(self, method: Any, request: Any, done: Done, success: Callable[[Any], Outcome]) -> None:
        call = method.future(request, timeout=DEADLINE_S, metadata=self._metadata)
        call.add_done_callback(lambda call: done(_outcome(call, success)))


def _open_channel(destination: Destination, shown: Credentials) -> Any:
    if not destination.is_tls:
        return grpc.insecure_channel(destination.target, options=_OPTIONS)
    proof = grpc.ssl_channel_credentials(shown.authorities or _system_authorities(), shown.key, shown.certificate)
    return grpc.secure_channel(destination.target, proof, options=_OPTIONS)


def _system_authorities() -> bytes | None:
    ca_file = ssl.get_default_verify_paths().cafile
    return Path(ca_file).read_bytes() if ca_file else None  # None: the roots that come with gRPC


def _outcome(call: Any, success: Callable[[Any], Outcome]) -> Outcome:
    code = call.code()
    if code is grpc.StatusCode.OK:
        return success(call.result())
    message = f"{code.name}: {call.details()}"
    metadata = dict(call.trailing_metadata() or ())
    match code:
        case grpc.StatusCode.FAILED_PRECONDITION:
            expected = metadata.get(EXPECTED_SEQ, "")
            return Rewind(int(expected)) if expected.isdecimal() and int(expected) > 0 else Purged(message)
        case grpc.StatusCode.INVALID_ARGUMENT:
            return Refused(message)
        case grpc.StatusCode.PERMISSION_DENIED:
            return Denied(message)
        case grpc.StatusCode.RESOURCE_EXHAUSTED:
            wait = metadata.get(RETRY_AFTER_MS, "")
            epoch_only = metadata.get(RETRY_SCOPE) == "epoch"
            return Overloaded(message, int(wait) / 1000 if wait.isdecimal() else None, epoch_only)
    if code in _LINK_LOST or code in _NEEDS_PERSON:
        timed_out = code is grpc.StatusCode.DEADLINE_EXCEEDED
        return Unavailable(message, needs_person=code in _NEEDS_PERSON, timed_out=timed_out)
    return Failed(message)
