"""The gRPC side of the gate: what a call shows, and how a refusal is told so that the agent's `doctor` can repeat it."""

import ipaddress
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn, Protocol
from urllib.parse import unquote

import grpc
from google.protobuf.message import DecodeError

from tidegauge.wire import telemetry_pb2 as pb
from tidegauge_collector.access.gate import Gate, Limited, bearer_of
from tidegauge_collector.access.identity import UNAUTHENTICATED, Caller, Denied
from tidegauge_collector.access.tokens import Scope

DOOR = "grpc"
RETRY_AFTER_MS = "tidegauge-retry-after-ms"
_OTHER_CODES = {
    "limited": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "unavailable": grpc.StatusCode.UNAVAILABLE,
}


class CallGuard(Protocol):
    """What the intake's service asks of whoever guards it."""

    async def admit(self, context: Any) -> Caller:
        """Who calls; ends the call where he is not let in."""

    async def check(self, context: Any, caller: Caller, frames: Sequence[bytes]) -> None:
        """End the call where it brings frames of deployments that are not the caller's."""


class OpenGuard:
    """Lets everybody in: for tests and for what is embedded."""

    async def admit(self, _context: Any) -> Caller:
        """Anybody."""
        return Caller()

    async def check(self, _context: Any, _caller: Caller, _frames: Sequence[bytes]) -> None:
        """Anything."""


class GatedCalls:
    """A CallGuard that asks the gate."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def admit(self, context: Any) -> Caller:
        """Who calls, with scope `ingest`; ends the call where he is not let in."""
        if not self._gate.required:
            return Caller()
        try:
            caller = await self._gate.admit(DOOR, address_of(context), _bearer(context), _names(context))
        except Denied as denied:
            await _end(context, denied)
        try:
            caller.require_scope(Scope.INGEST)
        except Denied as denied:
            await self._refuse(context, denied)
        self._gate.passed(DOOR)
        return caller

    async def check(self, context: Any, caller: Caller, frames: Sequence[bytes]) -> None:
        """End the call where a frame is of a deployment that is not the caller's; none of its frames is taken then."""
        if not caller.is_bound:
            return
        try:
            caller.require_deployments(deployments_of(frames))
        except Denied as denied:
            await self._refuse(context, denied)

    async def _refuse(self, context: Any, denied: Denied) -> NoReturn:
        self._gate.denied(DOOR, address_of(context), denied)
        await _end(context, denied)


def deployments_of(frames: Iterable[bytes]) -> set[str]:
    """The deployments that frames name, also frames of a newer kind. What is no frame names none: the intake sets it aside."""
    found = set()
    for payload in frames:
        frame = pb.Frame()
        try:
            frame.ParseFromString(payload)
        except DecodeError:
            continue
        if frame.deployment:
            found.add(frame.deployment)
    return found


def address_of(context: Any) -> str:
    """The address of the other side, without its port; the text of gRPC where it is none (a Unix socket)."""
    peer = unquote(str(context.peer()))
    host = peer.partition(":")[2].rpartition(":")[0].strip("[]")
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return peer[:64]


def _bearer(context: Any) -> str | None:
    for key, value in context.invocation_metadata() or ():
        if key == "authorization":
            return bearer_of(value if isinstance(value, str) else value.decode("latin-1"))
    return None


def _names(context: Any) -> list[str]:
    """The alternative names of the client certificate that TLS has verified."""
    found = context.auth_context().get("x509_subject_alternative_name", ())
    return [name.decode("utf-8", "replace") for name in found]


async def _end(context: Any, denied: Denied) -> NoReturn:
    if denied.reason in UNAUTHENTICATED:
        code = grpc.StatusCode.UNAUTHENTICATED
    else:
        code = _OTHER_CODES.get(denied.reason, grpc.StatusCode.PERMISSION_DENIED)
    metadata = ((RETRY_AFTER_MS, str(denied.wait_us // 1_000)),) if isinstance(denied, Limited) else ()
    await context.abort(code, str(denied), metadata)
    raise AssertionError("abort has returned")
