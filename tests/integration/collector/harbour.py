"""A whole collector in a thread of the test, real agents beside it, and a clock that goes on when told to."""

import asyncio
import contextlib
import functools
import importlib.util
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
import structlog

import tidegauge
from tidegauge.agent import Agent
from tidegauge.process import PROCESS
from tidegauge.shipper.destination import DESTINATION_NAME
from tidegauge.shipper.process import ship_root
from tidegauge_collector.app import Collector
from tidegauge_collector.control import ControlStore
from tidegauge_collector.settings import Address, CollectorSettings
from tidegauge_collector.telemetry.store import TelemetryStore

structlog.configure(processors=[structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer()])

T = TypeVar("T")
WAIT_S, POLL_S = 120.0, 0.005
SOON_S = 3_600
OPEN: set["Harbour"] = set()
QUAY: set[threading.Thread] = set()  # threads that were there before the first of them
ANY_PORT = Address("127.0.0.1", 0)
Json = dict[str, Any]


class Tide:
    """The collector's clock: real time, and whatever it was turned ahead. Who sleeps on it sleeps until it is turned."""

    def __init__(self) -> None:
        self.ahead_us = 0
        self._turned: list[tuple[int, asyncio.AbstractEventLoop, asyncio.Event]] = []

    def now_us(self) -> int:
        return time.time_ns() // 1_000 + self.ahead_us

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.Event()
        self._turned.append((self.now_us() + round(seconds * 1e6), asyncio.get_running_loop(), woken))
        await woken.wait()

    def turn(self, *, minutes: float) -> None:
        """Let time pass."""
        self.ahead_us += round(minutes * 60e6)
        now_us = self.now_us()
        due = [one for one in self._turned if one[0] <= now_us]
        self._turned = [one for one in self._turned if one[0] > now_us]
        for _, loop, woken in due:
            loop.call_soon_threadsafe(woken.set)


@functools.cache
def _first_start() -> dict[str, bytes]:
    """The files that a first start makes: made once in a process, since that takes longer than all else of a start."""
    with tempfile.TemporaryDirectory() as folder:
        TelemetryStore.open(Path(folder) / "telemetry.duckdb").close()
        ControlStore.open(Path(folder) / "control.sqlite").close()
        return {one.name: one.read_bytes() for one in Path(folder).iterdir()}


def make_stores(data: Path) -> None:
    """A new data directory with empty stores."""
    data.mkdir(mode=0o700, parents=True)
    for name, content in _first_start().items():
        (data / name).write_bytes(content)


class Harbour:
    """A running collector; `get` asks its API over HTTP. Where `data` is not there yet, its stores are copies of empty ones."""

    def __init__(self, data: Path, *, clock: Any = None, **settings: Any) -> None:
        self.data = data
        self.clock = clock or Tide()
        self._options = {"http": ANY_PORT, "grpc": ANY_PORT, **settings}

    def start(self) -> "Harbour":
        if not self.data.exists():
            make_stores(self.data)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="harbour")
        self._thread.start()
        self.collector = Collector(CollectorSettings(data=self.data, **self._options), self.clock)
        try:
            self.call(self.collector.start())
        except BaseException:
            self._end_loop()
            raise
        hooks: dict[str, list[Callable[..., Any]]] = {"response": [is_strict_json]}
        self.client = httpx.Client(base_url=self.collector.http_url, timeout=WAIT_S, event_hooks=hooks)
        return self

    def stop(self) -> None:
        self.client.close()
        try:
            self.call(self.collector.close())
        finally:
            self._end_loop()

    def restart(self) -> None:
        """Stop, and start again on the same data and ports."""
        self._options["http"] = _address(self.collector.http_url)
        self._options["grpc"] = _address(self.collector.grpc_url)
        self.stop()
        self.start()

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of a coroutine in the collector's event loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(WAIT_S)

    def settle(self) -> None:
        """Fold and judge everything that was acknowledged."""
        self.call(self.collector.catch_up())

    def get(self, path: str, **query: Any) -> Json:
        """The JSON of a path that must answer 200."""
        answer = self.client.get(f"/api/v1{path}", params=query)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def values(self, deployment: str, metric: str, **query: Any) -> list[Json]:
        """Measurements of a metric."""
        return list(self.get(f"/deployments/{deployment}/measurements", metric=metric, **query)["items"])

    def refused(self, path: str, **query: Any) -> tuple[int, str]:
        """Status and error of a path that must not answer 200."""
        answer = self.client.get(f"/api/v1{path}", params=query)
        assert answer.status_code != 200, answer.text
        return answer.status_code, answer.json()["error"]

    def until(self, is_so: Callable[[], bool]) -> None:
        """Ask again until something is so that happens by itself, such as a delivery being noted."""
        pause, deadline = threading.Event(), time.monotonic() + WAIT_S
        while not is_so():
            assert time.monotonic() < deadline, "it does not happen"
            pause.wait(POLL_S)  # whoever is to do it runs in this process

    def delivered(self, count: int) -> None:
        """Return when so many messages are delivered and noted as such."""
        self.until(
            lambda: (
                count
                <= sum(
                    message["status"] == "delivered"
                    for one in self.get("/alerts")["items"]
                    for message in one["deliveries"]
                )
            )
        )

    def ship(self, agent: Agent, *, end: bool = False) -> None:
        """Everything that an agent has goes to the collector; `end`: as if its process ended."""
        if agent.settings.shipper != "none":
            assert agent.flush(WAIT_S, wait="acknowledged")
            return
        runtime = agent._capture.runtime
        runtime.close() if end else runtime.flush()
        root = agent.settings.root
        self.until((root / DESTINATION_NAME).exists)  # the agent's worker writes it
        assert ship_root(root, mode="sidecar", drain=True, linger_s=None, wait_s=WAIT_S, on_start=lambda _: None)

    def _end_loop(self) -> None:
        self.call(self._loop.shutdown_default_executor())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def is_strict_json(answer: httpx.Response) -> None:
    """Fails where an answer that says it is JSON, or lines of JSON, holds what JSON has no word for: NaN, Infinity."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} in the answer of {answer.request.method} {answer.request.url}")

    kind = answer.headers.get("content-type", "")
    if "json" not in kind:
        return
    answer.read()
    for text in answer.text.splitlines() if "ndjson" in kind else [answer.text]:
        if text:
            json.loads(text, parse_constant=refuse)


def _address(url: str) -> Address:
    host, _, port = url.partition("//")[2].rpartition(":")
    return Address(host, int(port))


@contextlib.contextmanager
def harbour(data: Path, **options: Any) -> Iterator[Harbour]:
    """A collector for the time of a block; afterwards none of its threads is left."""
    if not OPEN:
        QUAY.update(threading.enumerate())
    running = Harbour(data, **options).start()
    OPEN.add(running)
    try:
        yield running
    finally:
        running.stop()
        OPEN.remove(running)
    if not OPEN:
        left = [one.name for one in set(threading.enumerate()) - QUAY if not one.daemon and one.is_alive()]
        QUAY.clear()
        assert not left, f"threads outlast the collectors: {left}"


@contextlib.contextmanager
def amid_a_month() -> Iterator[None]:
    """For what happens now and is asked for by month minutes later: where the month ends soon, the next one has begun in this process."""
    with _amid("%Y-%m"):
        yield


@contextlib.contextmanager
def amid_a_day() -> Iterator[None]:
    """For what is of today and yesterday, and looked at minutes later: where the day ends soon, the next one has begun in this process."""
    with _amid("%Y-%m-%d"):
        yield


@contextlib.contextmanager
def _amid(what: str) -> Iterator[None]:
    real_ns = time.time_ns
    now, soon = (datetime.fromtimestamp(real_ns() // 10**9 + later_s, UTC) for later_s in (0, SOON_S))
    with pytest.MonkeyPatch.context() as patch:
        if now.strftime(what) != soon.strftime(what):
            patch.setattr(time, "time_ns", lambda: real_ns() + SOON_S * 10**9)
            patch.setattr(time, "time", lambda: real_ns() / 1e9 + SOON_S)
        yield


@contextlib.contextmanager
def agent_at(port: Harbour, spool: Path, deployment: str, **options: Any) -> Iterator[Agent]:
    """An agent of its own spool, whose frames go out with `Harbour.ship`."""
    options = {"version": "v1", "collector": port.collector.grpc_url, "shipper": "none", **options}
    agent = tidegauge.init(deployment, spool=str(spool), **options)
    try:
        yield agent
    finally:
        agent._capture.runtime.close()
        PROCESS._captures.pop(agent.settings.root, None)


def load(name: str, path: Path) -> None:
    """Make a module of the tests importable by a name of its own."""
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[name])
