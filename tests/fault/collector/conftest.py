"""Makes `collector_harbour` importable for the tests of faults."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "integration" / "collector"


def load(name: str, path: Path) -> None:
    """Make a module of the tests importable by a name of its own."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])


load("collector_harbour", FOLDER / "harbour.py")
load("collector_rows", FOLDER / "rows.py")
load("collector_mailbox", FOLDER / "mailbox.py")
load("collector_crew", FOLDER / "crew.py")
load("collector_lives", Path(__file__).with_name("lives.py"))
load("collector_daemon", Path(__file__).with_name("daemon.py"))
load("collector_fleet", Path(__file__).with_name("fleet.py"))

from collector_daemon import Daemon  # noqa: E402  made importable above
from collector_lives import Launcher, Lives  # noqa: E402
from collector_mailbox import SECRET, Mailbox  # noqa: E402


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    opened = Mailbox()
    yield opened
    opened.close()


@pytest.fixture
def daemon(launcher: Launcher, tmp_path: Path, mailbox: Mailbox) -> Iterator[Daemon]:
    """One that tells the mailbox, and is not started yet."""
    config = tmp_path / "collector.toml"
    config.write_text(
        f'[[channels]]\nname = "mailbox"\nurl = "{mailbox.url}"\nsecret = "{SECRET}"\nallow = ["127.0.0.1"]\n'
    )
    made = Daemon(launcher, tmp_path, config)
    yield made
    made.end()


@pytest.fixture(scope="session")
def launcher() -> Iterator[Launcher]:
    """Forks collectors that have imported everything already."""
    made = Launcher()
    yield made
    made.end()


@pytest.fixture
def lives(launcher: Launcher, tmp_path: Path) -> Iterator[Lives]:
    """A data directory on which collectors live and die."""
    made = Lives(launcher, tmp_path)
    yield made
    made.end()


@pytest.fixture(autouse=True)
def no_leaked_threads() -> None:
    """Collectors outlast a test here; `harbour` looks at its threads when it ends."""
