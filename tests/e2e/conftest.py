"""The harness of the collector's integration tests, for tests of the whole service."""

import importlib.util
import sys
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "integration" / "collector"


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
load("collector_desks", FOLDER / "desks.py")
load("browser_chromium", Path(__file__).parent / "browser" / "chromium.py")
