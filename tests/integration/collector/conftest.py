"""Makes `collector_harbour` importable for the tests of this folder, as for those of the others that start collectors."""

import importlib.util
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent


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
load("collector_desks", FOLDER / "desks.py")
load("collector_parrot", FOLDER / "parrot.py")


@pytest.fixture(autouse=True)
def no_leaked_threads() -> None:
    """Collectors outlast a test here; `harbour` looks at its threads when it ends."""
