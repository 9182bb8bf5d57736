"""A whole collector behind TLS and tokens, in a thread of the test; tokens are made with the command line."""

import asyncio
import ssl
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
import structlog

from tidegauge.shipper.credentials import read_credentials
from tidegauge.shipper.destination import Destination
from tidegauge.shipper.link import GrpcLink
from tidegauge.shipper.outcomes import Outcome
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge_collector.app import Collector, WallClock
from tidegauge_collector.cli import main
from tidegauge_collector.settings import Address, CollectorSettings

T = TypeVar("T")
WAIT_S = 120.0
ANY_PORT = Address("127.0.0.1", 0)
structlog.configure(processors=[structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer()])


class Skipping(WallClock):
    """The real time, and whatever it was turned ahead."""

    ahead_us = 0

    def now_us(self) -> int:
        return super().now_us() + self.ahead_us


class Fortress:
    """A collector that asks for tokens, with a private authority of its own."""

    def __init__(self, folder: Path, *, tls: bool = True, **settings: Any) -> None:
        self.folder, self.data = folder, folder / "data"
        self.clock = Skipping()
        self.tls = self.data / "tls"
        options: dict[str, Any] = {"http": ANY_PORT, "grpc": ANY_PORT, "access": "required"}
        if tls:
            self.cli("certs", "init", "--host", "collector.example")
            options |= {"tls_cert": self.tls / "server.pem", "tls_key": self.tls / "server.key"}
        self.settings = options | settings
        self._made = 0

    # ------------------------------------------------------------------ commands

    def cli(self, *arguments: str) -> None:
        """Run a command of the collector's on this data."""
        assert main([*arguments, "--data", str(self.data)]) == 0

    def token(self, scope: str, *deployments: str, **options: str) -> str:
        """A new token's text."""
        self._made += 1
        file = self.folder / f"token-{self._made}"
        flags = [part for one in deployments for part in ("--deployment", one)]
        flags += [part for name, value in options.items() for part in (f"--{name}", value)]
        self.cli("tokens", "create", f"t{self._made}", "--scope", scope, "--out", str(file), *flags)
        self.follow()
        return file.read_text().strip()

    def revoke(self, token: str) -> None:
        """End a token."""
        self.cli("tokens", "revoke", token.split("_")[1])
        self.follow()

    def follow(self) -> None:
        """Do now what the collector does every five seconds."""
        if hasattr(self, "collector"):
            self.collector.access.registry.follow()

    # ------------------------------------------------------------------ the collector

    def start(self) -> "Fortress":
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fortress")
        self._thread.start()
        self.collector = Collector(CollectorSettings(data=self.data, **self.settings), self.clock)
        try:
            self.call(self.collector.start())
        except BaseException:
            self._end_loop()
            raise
        return self

    def stop(self) -> None:
        try:
            self.call(self.collector.close())
        finally:
            self._end_loop()

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of a coroutine in the collector's event loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(WAIT_S)

    def _end_loop(self) -> None:
        self.call(self._loop.shutdown_default_executor())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # ------------------------------------------------------------------ callers

    @property
    def ca_file(self) -> Path:
        return self.tls / "ca.pem"

    @property
    def grpc_address(self) -> str:
        return self.collector.grpc_url

    def http(self, token: str | None = None) -> httpx.Client:
        """A client of the HTTP port, which believes the authority."""
        verify: ssl.SSLContext | bool = False
        if self.collector.access.tls is not None:
            verify = ssl.create_default_context(cafile=str(self.ca_file))
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.collector.http_url, verify=verify, headers=headers, timeout=WAIT_S)

    def greet(self, token: str | None = None, **files: str) -> Outcome:
        """What an agent's Hello gets."""
        return self._agent(token, files, lambda link, done: link.hello(pb.HelloRequest(protocol_version=1), done))

    def ship(self, request: pb.ShipRequest, token: str | None = None, **files: str) -> Outcome:
        """What a batch gets."""
        return self._agent(token, files, lambda link, done: link.ship(request, done))

    def _agent(
        self, token: str | None, files: dict[str, str], say: Callable[[GrpcLink, Callable[[Outcome], None]], None]
    ) -> Outcome:
        ca_file = str(self.ca_file) if self.collector.access.tls is not None else None
        destination = Destination(self.grpc_address, **{"ca_file": ca_file, **files})
        link = GrpcLink(destination, read_credentials(destination, token=token))
        answered, outcomes = threading.Event(), list[Outcome]()

        def done(outcome: Outcome) -> None:
            outcomes.append(outcome)
            answered.set()

        try:
            say(link, done)
            assert answered.wait(WAIT_S)
        finally:
            link.close()
        return outcomes[0]

    def metric(self, name: str, **labels: str) -> float:
        """A sample of `/metrics`, 0 where there is none."""
        for family, _, _, samples in self.collector.access.families():
            for found, value in samples if family == name else ():
                if dict(found) == labels:
                    return value
        return 0.0


@contextmanager
def fortress(folder: Path, **settings: Any) -> Iterator[Fortress]:
    """A collector for the time of a block."""
    running = Fortress(folder, **settings).start()
    try:
        yield running
    finally:
        running.stop()


def frames_of(*deployments: str) -> list[bytes]:
    return [pb.Frame(deployment=one, event=pb.Event(name="note", text="x")).SerializeToString() for one in deployments]


def batch(epoch: bytes, frames: Sequence[bytes], first_seq: int = 1) -> pb.ShipRequest:
    return pb.ShipRequest(epoch=epoch, first_seq=first_seq, frames=frames)


def until(is_so: Callable[[], bool], what: Callable[[], object] = lambda: "") -> None:
    """Return when something is so that nobody tells us of."""
    pause, deadline = threading.Event(), time.monotonic() + WAIT_S
    while not is_so():
        assert time.monotonic() < deadline, what()
        pause.wait(0.02)
