"""The harness of the collector's integration tests, for tests of the whole service."""

import importlib.util
import sys
from pathlib import Path

PATH = Path(__file__).parents[1] / "integration" / "collector" / "harbour.py"

if "collector_harbour" not in sys.modules:
    spec = importlib.util.spec_from_file_location("collector_harbour", PATH)
    assert spec is not None
    assert spec.loader is not None
    sys.modules["collector_harbour"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules["collector_harbour"])
