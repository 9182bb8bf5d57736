"""Makes the parts of the crash rounds importable by names of their own."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


def load(name: str, path: Path) -> None:
    """Make a module of the tests importable by a name of its own."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])


load("crash_intake", Path(__file__).with_name("intake.py"))
load("crash_oracle", Path(__file__).with_name("oracle.py"))
load("crash_rounds", Path(__file__).with_name("rounds.py"))

from crash_intake import Intake  # noqa: E402  made importable above


@pytest.fixture
def intake(tmp_path: Path) -> Iterator[Intake]:
    """A collector's intake that outlives the agents."""
    with Intake(tmp_path / "collector") as intake:
        yield intake
