"""The intake's service behind a guard: who is not let in, or brings what is not his, is answered before anything is looked at."""

from typing import Any, Protocol

from tidegauge.wire import telemetry_pb2 as pb
from tidegauge_collector.access.calls import CallGuard


class Service(Protocol):
    """The calls of the contract."""

    async def Hello(self, request: pb.HelloRequest, context: Any) -> pb.HelloReply: ...  # noqa: N802

    async def Ship(self, request: pb.ShipRequest, context: Any) -> pb.Ack: ...  # noqa: N802


class GuardedService:
    """A servicer for grpc.aio that asks a guard first."""

    def __init__(self, service: Service, guard: CallGuard) -> None:
        self._service = service
        self._guard = guard

    async def Hello(self, request: pb.HelloRequest, context: Any) -> pb.HelloReply:  # noqa: N802 - the contract's name
        """Greet; the bins of deployments that are not the caller's are kept back: they name categories."""
        caller = await self._guard.admit(context)
        reply = await self._service.Hello(request, context)
        if caller.is_bound and reply.configurations:
            own = [one for one in reply.configurations if caller.may_ship(one.deployment)]
            del reply.configurations[:]
            reply.configurations.extend(own)
        return reply

    async def Ship(self, request: pb.ShipRequest, context: Any) -> pb.Ack:  # noqa: N802 - the contract's name
        """Hand a batch on whose frames are all the caller's."""
        caller = await self._guard.admit(context)
        await self._guard.check(context, caller, request.frames)
        return await self._service.Ship(request, context)
