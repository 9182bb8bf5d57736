"""Makes `collector_harbour` and the rows of this folder importable."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
LIVES = FOLDER.parents[1] / "fault" / "collector"


def load(name: str, path: Path) -> None:
    """Make a module of the tests importable by a name of its own."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])


load("collector_harbour", FOLDER.parent / "collector" / "harbour.py")
load("upload_flights", FOLDER / "flights.py")
load("collector_lives", LIVES / "lives.py")
load("collector_daemon", LIVES / "daemon.py")

from collector_lives import Launcher  # noqa: E402  made importable above


@pytest.fixture(scope="session")
def launcher() -> Iterator[Launcher]:
    """Forks collectors that have imported everything already."""
    made = Launcher()
    yield made
    made.end()


@pytest.fixture(autouse=True)
def no_leaked_threads() -> None:
    """Collectors outlast a test here; `harbour` looks at its threads when it ends."""
