"""Makes the reader of the documentation and the harness of whole collectors importable here."""

import importlib.util
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[2]


def load(name: str, path: Path) -> None:
    """Make a module of the tests importable by a name of its own."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])


load("docs_pages", TESTS / "contract/docs/pages.py")
load("collector_harbour", TESTS / "integration/collector/harbour.py")


@pytest.fixture(autouse=True)
def no_leaked_threads() -> None:
    """Collectors outlast a test here; `harbour` looks at its threads when it ends."""
