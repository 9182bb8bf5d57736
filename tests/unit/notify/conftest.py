"""The bodies and the strict providers of the integration tests, by name."""

import importlib.util
import sys
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "integration" / "notify"


def load(name: str, path: Path) -> None:
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])


load("notify_bodies", FOLDER / "bodies.py")
load("notify_strict", FOLDER / "strict.py")
load("notify_talking", Path(__file__).with_name("talking.py"))
